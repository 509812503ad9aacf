package warehouse

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path"
	"regexp"
	"slices"
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

// A Runner runs statements by name: the warehouse itself, a transaction or a
// connection. "deliver/batch.finish" is the section finish of the file
// deliver/batch.sql; a file that holds one statement is named by its path, as
// "5_canonical/spend.sql".
type Runner interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, name string, args Args) (int64, error)

	// Query runs a statement. The caller closes the rows.
	Query(ctx context.Context, name string, args Args) (*sql.Rows, error)

	// Each runs a statement and calls scan for every row of its result.
	Each(ctx context.Context, name string, args Args, scan func(*sql.Rows) error) error

	// Get runs a statement that selects at most one row into dest. Without a row
	// it returns [sql.ErrNoRows].
	Get(ctx context.Context, name string, args Args, dest ...any) error

	// Folder returns the names of a folder's statements, by file and then in the
	// order of the file.
	Folder(folder string) ([]string, error)

	// Hash returns the sha256 of the texts of statements, in hex: another hash
	// means that one of them is another statement now.
	Hash(names ...string) (string, error)
}

type runner struct {
	files  *files
	q      querier
	log    *slog.Logger
	spread *spread     // nil if the number of threads is fixed
	failed atomic.Bool // the warehouse itself is used by several goroutines
}

func (r *runner) Exec(ctx context.Context, name string, args Args) (int64, error) {
	defer r.logged(ctx, name, time.Now())
	text, params, err := r.files.bind(name, args)
	if err != nil {
		return 0, r.fail(name, err)
	}
	result, err := r.q.ExecContext(ctx, text, params...)
	if err != nil {
		return 0, r.fail(name, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, r.fail(name, err)
	}
	if r.spread != nil {
		r.spread.written.Add(n)
	}
	return n, nil
}

func (r *runner) Query(ctx context.Context, name string, args Args) (*sql.Rows, error) {
	defer r.logged(ctx, name, time.Now())
	return r.query(ctx, name, args)
}

func (r *runner) query(ctx context.Context, name string, args Args) (*sql.Rows, error) {
	text, params, err := r.files.bind(name, args)
	if err != nil {
		return nil, r.fail(name, err)
	}
	rows, err := r.q.QueryContext(ctx, text, params...)
	if err != nil {
		return nil, r.fail(name, err)
	}
	return rows, nil
}

func (r *runner) Each(ctx context.Context, name string, args Args, scan func(*sql.Rows) error) error {
	defer r.logged(ctx, name, time.Now())
	rows, err := r.query(ctx, name, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return r.fail(name, err)
		}
	}
	if err := rows.Err(); err != nil {
		return r.fail(name, err)
	}
	return nil
}

func (r *runner) Get(ctx context.Context, name string, args Args, dest ...any) error {
	found := false
	err := r.Each(ctx, name, args, func(rows *sql.Rows) error {
		if found {
			return fmt.Errorf("more than one row")
		}
		found = true
		return rows.Scan(dest...)
	})
	if err == nil && !found {
		return fmt.Errorf("%s: %w", label(name), sql.ErrNoRows)
	}
	return err
}

func (r *runner) fail(name string, err error) error {
	r.failed.Store(true)
	return fmt.Errorf("%s: %w", label(name), r.files.lake.fault(err))
}

// logged says how long a statement took: Exec and Each until its last row,
// Query until its first ones.
func (r *runner) logged(ctx context.Context, name string, began time.Time) {
	if r.log != nil && r.log.Enabled(ctx, slog.LevelDebug) {
		r.log.LogAttrs(ctx, slog.LevelDebug, "statement", slog.String(etl.KeyFile, name), slog.Duration(etl.KeyDuration, time.Since(began)))
	}
}

// files reads each SQL file once.
type files struct {
	fsys   fs.FS
	lake   *Lake    // that they are for, which decides on its storage itself; else nil
	parsed sync.Map // path → []*sqlText, in the order of the file
}

// A sqlText is one statement of a file. The name of its section is empty if the
// file holds nothing else.
type sqlText struct {
	section    string
	text       string
	parameters func() []string // sorted; most statements of a file never run
}

// A Table is the value of {table}, which stands in a statement for a table's
// name, where no parameter is allowed.
type Table string

var tableName = regexp.MustCompile(`^[a-z]+\.[a-z][a-z0-9_]*$`)

// sectionLine begins a statement in a file of several, before its name.
const sectionLine = "\n-- name: "

// storage is how a column is stored in a file, which a lake refuses.
var storage = regexp.MustCompile(` using compression [a-z]+`)

// split returns the statements of a file.
func (f *files) split(file string) ([]*sqlText, error) {
	if known, ok := f.parsed.Load(file); ok {
		return known.([]*sqlText), nil
	}
	text, err := fs.ReadFile(f.fsys, file)
	if err != nil {
		return nil, err
	}
	if f.lake != nil {
		text = storage.ReplaceAll(text, nil)
	}
	var all []*sqlText
	parts := strings.Split("\n"+string(text), sectionLine)
	for _, part := range parts[1:] {
		section, text, _ := strings.Cut(part, "\n")
		all = append(all, newSQLText(section, text))
	}
	if all == nil {
		all = []*sqlText{newSQLText("", string(text))}
	}
	f.parsed.Store(file, all)
	return all, nil
}

func newSQLText(section, text string) *sqlText {
	text = strings.TrimSuffix(strings.TrimSpace(text), ";")
	return &sqlText{section, text, sync.OnceValue(func() []string { return parameters(text) })}
}

// writes reports whether a statement changes rows of a table of a schema, which
// temporary tables do not have.
func (f *files) writes(name string) bool {
	found, err := f.statement(name)
	return err == nil && write.MatchString(found.text)
}

var write = regexp.MustCompile(`^(--[^\n]*\n|\s)*(insert into|update|delete from|merge into)\s+([a-z]+\.|\{table\})`)

// locate returns the file of a statement and its section there.
func locate(name string) (file, section string) {
	if strings.HasSuffix(name, ".sql") {
		return name, ""
	}
	noun, section, _ := strings.Cut(name, ".")
	return noun + ".sql", section
}

// label is a statement's name as errors have it.
func label(name string) string {
	file, section := locate(name)
	if section == "" {
		return file
	}
	return file + ": " + section
}

func (f *files) statement(name string) (*sqlText, error) {
	file, section := locate(name)
	all, err := f.split(file)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.section == section {
			return one, nil
		}
	}
	return nil, errors.New("the file has no such statement")
}

// bind pairs a statement's parameters with args. DuckDB ignores a parameter too
// many and binds a misspelt one by position, so both are errors here.
func (f *files) bind(name string, args Args) (string, []any, error) {
	found, err := f.statement(name)
	if err != nil {
		return "", nil, err
	}
	text, params, wanted := found.text, make([]any, 0, len(args)), found.parameters()
	for _, n := range wanted {
		value, ok := args[n]
		if !ok {
			return "", nil, fmt.Errorf("parameter $%s is not given", n)
		}
		if table, ok := value.(Table); ok {
			if !tableName.MatchString(string(table)) {
				return "", nil, fmt.Errorf("%q is not the name of a table", table)
			}
			text = strings.ReplaceAll(text, "{table}", string(table))
			continue
		}
		params = append(params, sql.Named(n, value))
	}
	if len(args) != len(wanted) {
		return "", nil, fmt.Errorf("given %s, but the statement has %s",
			strings.Join(slices.Sorted(maps.Keys(args)), ", "), strings.Join(wanted, ", "))
	}
	return text, params, nil
}

// parameters returns the names of $name outside quotes and comments, and table
// for {table}. It is no regular expression, which takes most of the time in
// which a warehouse is opened.
func parameters(text string) []string {
	seen := map[string]bool{}
	for {
		i := strings.IndexAny(text, `'"-${`)
		if i < 0 {
			return slices.Sorted(maps.Keys(seen))
		}
		mark, rest := text[i], text[i+1:]
		switch {
		case mark == '\'', mark == '"':
			_, rest, _ = strings.Cut(rest, string(mark))
		case mark == '-' && strings.HasPrefix(rest, "-"):
			_, rest, _ = strings.Cut(rest, "\n")
		case mark == '$':
			if name := leadingName(rest); name != "" {
				seen[name] = true
			}
		case mark == '{' && strings.HasPrefix(rest, "table}"):
			seen["table"] = true
		}
		text = rest
	}
}

// leadingName returns the parameter's name that a text begins with, if any.
func leadingName(text string) string {
	isNamed := func(c rune) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' }
	end := strings.IndexFunc(text, func(c rune) bool { return !isNamed(c) })
	if end < 0 {
		end = len(text)
	}
	if end == 0 || text[0] < 'a' {
		return ""
	}
	return text[:end]
}

func (r *runner) Folder(folder string) ([]string, error) {
	paths, err := fs.Glob(r.files.fsys, path.Join(folder, "*.sql"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no SQL files", folder)
	}
	var names []string
	for _, file := range paths {
		all, err := r.files.split(file)
		if err != nil {
			return nil, err
		}
		for _, one := range all {
			if one.section == "" {
				names = append(names, file)
			} else {
				names = append(names, strings.TrimSuffix(file, "sql")+one.section)
			}
		}
	}
	return names, nil
}

func (r *runner) Hash(names ...string) (string, error) {
	sum := sha256.New()
	for _, name := range names {
		found, err := r.files.statement(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s\x00%s\x00", name, found.text)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
