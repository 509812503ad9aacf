package transform

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// The keys of the user's files in ops.files and, except for rates, in the
// configuration.
const (
	keyAliases    = "vendors.aliases_file"
	keyCategories = "categories.file"
	keyRules      = "rules_file"
	keyTypes      = "types_file"
	keyRates      = "fx" // fx.rates_file, fx.url
)

func keyCardholders(source string) string { return "sources." + source + ".cardholder_emails" }

// sourceOfCardholders is the reverse of keyCardholders.
func sourceOfCardholders(key string) (source string, is bool) {
	source, is = strings.CutPrefix(key, "sources.")
	if !is {
		return "", false
	}
	return strings.CutSuffix(source, ".cardholder_emails")
}

// A userFile is a file that the configuration names.
type userFile struct {
	key, path string
	optional  bool // need not exist yet
	assumed   bool // the path is the default, so a file used from elsewhere is not missed there
}

// readUserFile parses a file and stores it as the last good copy. While the
// file is unusable, that copy is used and the run needs attention: a missing
// file is not an empty one. A file that was never good is an [*etl.UsageError].
func readUserFile[R any](ctx context.Context, t *transformer, f userFile, parse func([]byte) ([]R, error)) ([]R, error) {
	if f.path == "" {
		return []R{}, t.forget(ctx, f.key)
	}
	copied := t.copies[f.key]
	content, fault := readFile(f.path)
	if fault == nil {
		rows, err := parse(content)
		if err == nil {
			return rows, t.keep(ctx, f, copied, goodCopy{sha256: hexHash(content), content: content})
		}
		fault = fmt.Errorf("%s: %w", f.path, err)
	}
	switch {
	case copied != nil && (copied.path == f.path || f.optional && isAbsent(fault) && !f.assumed):
		t.needsAttention(f.key, fault, copied)
		return parse(copied.content)
	case f.optional && isAbsent(fault):
		return []R{}, t.forget(ctx, f.key)
	}
	return nil, neverGood(f.key, fault)
}

var (
	errMissing = errors.New("is missing")
	errEmpty   = errors.New("is empty")
)

// isAbsent reports whether the file is missing or empty.
func isAbsent(fault error) bool { return errors.Is(fault, errMissing) || errors.Is(fault, errEmpty) }

// readFile reads a file that is not empty: an empty file may still be being
// written or copied.
func readFile(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	var failed *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s %w", path, errMissing)
	case errors.As(err, &failed):
		return nil, fmt.Errorf("%s cannot be read: %w; make it a file that this user may read", path, failed.Err)
	case err != nil:
		return nil, err
	case len(bytes.Trim(content, " \t\r\n\ufeff")) == 0:
		return nil, fmt.Errorf("%s %w", path, errEmpty)
	}
	return content, nil
}

// neverGood is the error for an unusable file without a good copy.
func neverGood(key string, fault error) error {
	if isAbsent(fault) {
		return etl.Usagef("%s: %w; put the file there, or correct the path", key, fault)
	}
	return etl.Usagef("%s: %w", key, fault)
}

// needsAttention records that a copy is used instead of the file.
func (t *transformer) needsAttention(key string, fault error, copied *goodCopy) {
	fix := "correct the file, or remove " + key
	if isAbsent(fault) {
		fix = "put the file back, or remove " + key
	}
	if key == keyAliases {
		fix += `, or set it to ""` // without the key its usual file is read
	}
	t.attention = append(t.attention, &etl.NeedsPersonError{
		What: fmt.Sprintf("%s: %v; the copy read at %s is used", key, fault, copied.readAt.UTC().Format(time.RFC3339)),
		Fix:  fix,
	})
}

// A goodCopy is one of the user's files as last read without an error.
type goodCopy struct {
	path, sha256 string
	content      []byte
	readAt       time.Time
}

// goodCopies returns the copies of all files by their keys.
func goodCopies(ctx context.Context, r warehouse.Runner) (map[string]*goodCopy, error) {
	copies := map[string]*goodCopy{}
	err := r.Each(ctx, "transform/file.list", nil, func(rows *sql.Rows) error {
		var key string
		var c goodCopy
		err := rows.Scan(&key, &c.path, &c.sha256, &c.content, &c.readAt)
		copies[key] = &c
		return err
	})
	return copies, err
}

// keep stores the file as its last good copy, unless it is unchanged.
func (t *transformer) keep(ctx context.Context, f userFile, before *goodCopy, read goodCopy) error {
	if before != nil && before.path == f.path && before.sha256 == read.sha256 {
		return nil
	}
	_, err := t.tx.Exec(ctx, "transform/file.keep", warehouse.Args{
		"key": f.key, "path": f.path, "sha256": read.sha256, "content": read.content, "read_at": t.opts.Now().UTC(),
	})
	return err
}

// forget removes the copy of a file that the configuration no longer names.
func (t *transformer) forget(ctx context.Context, key string) error {
	if t.copies[key] == nil {
		return nil
	}
	_, err := t.tx.Exec(ctx, "transform/file.forget", warehouse.Args{"key": key})
	return err
}

// UserFiles are the sha256 of the user's files that the last transform used.
type UserFiles struct {
	Aliases, Rules string // over their content; the types belong to the rules
	Categories     string // empty if there is no such file
}

// HashUserFiles returns the hashes of the user's files.
func HashUserFiles(ctx context.Context, r warehouse.Runner) (hashes UserFiles, err error) {
	copies, err := goodCopies(ctx, r)
	if err != nil {
		return hashes, err
	}
	content := func(keys ...string) (all []byte) {
		for _, key := range keys {
			if copied := copies[key]; copied != nil {
				all = append(all, copied.content...)
			}
		}
		return all
	}
	hashes.Aliases, hashes.Rules = hexHash(content(keyAliases)), hexHash(content(keyRules, keyTypes))
	if copied := copies[keyCategories]; copied != nil {
		hashes.Categories = copied.sha256
	}
	return hashes, nil
}

func hexHash(content []byte) string {
	return fmt.Sprintf("%x", sha256.Sum256(content))
}
