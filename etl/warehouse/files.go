package warehouse

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"regexp"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"spendbridge/etl"
)

// Args are a statement's named parameters.
type Args map[string]any

// querier is what *sql.DB, *sql.Tx and *sql.Conn have in common.
type querier interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// A Runner runs SQL files by name: the warehouse itself, a transaction or a
// connection.
type Runner interface {
	// Exec runs a file and returns how many rows it changed.
	Exec(ctx context.Context, file string, args Args) (int64, error)

	// Query runs a file. The caller closes the rows.
	Query(ctx context.Context, file string, args Args) (*sql.Rows, error)

	// Each runs a file and calls scan for every row of its result.
	Each(ctx context.Context, file string, args Args, scan func(*sql.Rows) error) error

	// Get runs a file that selects at most one row into dest. Without a row
	// it returns [sql.ErrNoRows].
	Get(ctx context.Context, file string, args Args, dest ...any) error

	// Folder returns the SQL files of one folder in name order.
	Folder(folder string) ([]string, error)

	// Hash returns the sha256 of the texts of files, in hex: another hash means
	// that one of them is another statement now.
	Hash(files ...string) (string, error)
}

type runner struct {
	files  *files
	q      querier
	log    *slog.Logger
	failed atomic.Bool // the warehouse itself is used by several goroutines
}

func (r *runner) Exec(ctx context.Context, file string, args Args) (int64, error) {
	defer r.logged(ctx, file, time.Now())
	text, params, err := r.files.bind(file, args)
	if err != nil {
		return 0, r.fail(file, err)
	}
	result, err := r.q.ExecContext(ctx, text, params...)
	if err != nil {
		return 0, r.fail(file, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, r.fail(file, err)
	}
	return n, nil
}

func (r *runner) Query(ctx context.Context, file string, args Args) (*sql.Rows, error) {
	defer r.logged(ctx, file, time.Now())
	return r.query(ctx, file, args)
}

func (r *runner) query(ctx context.Context, file string, args Args) (*sql.Rows, error) {
	text, params, err := r.files.bind(file, args)
	if err != nil {
		return nil, r.fail(file, err)
	}
	rows, err := r.q.QueryContext(ctx, text, params...)
	if err != nil {
		return nil, r.fail(file, err)
	}
	return rows, nil
}

func (r *runner) Each(ctx context.Context, file string, args Args, scan func(*sql.Rows) error) error {
	defer r.logged(ctx, file, time.Now())
	rows, err := r.query(ctx, file, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return r.fail(file, err)
		}
	}
	if err := rows.Err(); err != nil {
		return r.fail(file, err)
	}
	return nil
}

func (r *runner) Get(ctx context.Context, file string, args Args, dest ...any) error {
	found := false
	err := r.Each(ctx, file, args, func(rows *sql.Rows) error {
		if found {
			return fmt.Errorf("more than one row")
		}
		found = true
		return rows.Scan(dest...)
	})
	if err == nil && !found {
		return fmt.Errorf("%s: %w", file, sql.ErrNoRows)
	}
	return err
}

func (r *runner) fail(file string, err error) error {
	r.failed.Store(true)
	return fmt.Errorf("%s: %w", file, err)
}

// logged says how long a statement took: Exec and Each until its last row,
// Query until its first ones.
func (r *runner) logged(ctx context.Context, file string, began time.Time) {
	if r.log != nil && r.log.Enabled(ctx, slog.LevelDebug) {
		r.log.LogAttrs(ctx, slog.LevelDebug, "statement", slog.String(etl.KeyFile, file), slog.Duration(etl.KeyDuration, time.Since(began)))
	}
}

// files reads each SQL file once.
type files struct {
	fsys   fs.FS
	parsed sync.Map // name → *file
}

type file struct {
	text  string
	names []string // of its parameters, sorted
}

// A parameter is a $name outside quotes and comments.
var token = regexp.MustCompile(`(?s)'(?:[^']|'')*'|"[^"]*"|--[^\n]*|\$([a-z][a-z0-9_]*)`)

func (f *files) file(name string) (*file, error) {
	if known, ok := f.parsed.Load(name); ok {
		return known.(*file), nil
	}
	text, err := fs.ReadFile(f.fsys, name)
	if err != nil {
		return nil, err
	}
	parsed := &file{text: string(text), names: parameters(string(text))}
	f.parsed.Store(name, parsed)
	return parsed, nil
}

func (f *files) text(name string) (string, error) {
	file, err := f.file(name)
	if err != nil {
		return "", err
	}
	return file.text, nil
}

// bind pairs a file's parameters with args. DuckDB ignores a parameter too
// many and binds a misspelt one by position, so both are errors here.
func (f *files) bind(name string, args Args) (string, []any, error) {
	file, err := f.file(name)
	if err != nil {
		return "", nil, err
	}
	params := make([]any, 0, len(args))
	for _, n := range file.names {
		value, ok := args[n]
		if !ok {
			return "", nil, fmt.Errorf("parameter $%s is not given", n)
		}
		params = append(params, sql.Named(n, value))
	}
	if len(args) != len(file.names) {
		return "", nil, fmt.Errorf("given %s, but the file has %s", keys(args), strings.Join(file.names, ", "))
	}
	return file.text, params, nil
}

func parameters(text string) []string {
	seen := Args{}
	for _, match := range token.FindAllStringSubmatch(text, -1) {
		if match[1] != "" {
			seen[match[1]] = nil
		}
	}
	return sorted(seen)
}

func keys(args Args) string { return strings.Join(sorted(args), ", ") }

func sorted(args Args) []string {
	names := make([]string, 0, len(args))
	for name := range args {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (r *runner) Folder(folder string) ([]string, error) {
	names, err := fs.Glob(r.files.fsys, path.Join(folder, "*.sql"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no SQL files", folder)
	}
	sort.Strings(names)
	return names, nil
}

func (r *runner) Hash(files ...string) (string, error) {
	sum := sha256.New()
	for _, name := range files {
		text, err := r.files.text(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s\x00%s\x00", name, text)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
