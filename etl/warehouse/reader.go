package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// readerMemory bounds what one statement may use: it cannot spill to disk.
const readerMemory = "1GB"

// A Reader runs statements written by users on a DuckDB file, read-only. No
// statement can reach another file, the network or an extension, call a
// function that writes, or lift these limits.
type Reader struct {
	pool  *sql.DB
	files *files
	write string
}

// ErrNotOneSelect reports text that is not exactly one select statement.
var ErrNotOneSelect = errors.New("only one statement is allowed, and only a SELECT")

// ErrFunction reports a call of a function that may do more than read the file,
// such as enable_logging.
var ErrFunction = errors.New("a SELECT may only call functions that read the published tables")

// OpenReader opens a file for statements written by users. The SQL that sets
// the limits comes from files. With a path to write, [Reader.SaveParquet] may
// write that file.
func OpenReader(ctx context.Context, path string, sqlFiles fs.FS, write string) (*Reader, error) {
	files := &files{fsys: sqlFiles}
	settings := []setting{
		set("warehouse/instance.set_memory_limit", readerMemory),
		{file: "warehouse/reader.set_temp_directory"},
	}
	if write != "" {
		settings = append(settings, set("warehouse/reader.set_allowed_path", write))
	}
	pool, err := openFile(ctx, path, files, append(settings,
		setting{file: "warehouse/reader.set_external_access"},
		setting{file: "warehouse/reader.set_lock"})...)
	return &Reader{pool, files, write}, err
}

// OpenCopy opens the analysts' copy for statements of this program, read-only.
// It has no schema steps and no state of its own.
func OpenCopy(ctx context.Context, path string, sqlFiles fs.FS) (*DB, error) {
	files := &files{fsys: sqlFiles}
	pool, err := openFile(ctx, path, files)
	return &DB{runner: runner{files: files, q: pool}, pool: pool}, err
}

// openFile opens a file read-only, with one connection that runs the settings
// once it is attached.
func openFile(ctx context.Context, path string, files *files, settings ...setting) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	first := []setting{
		set("warehouse/instance.set_autoinstall", "false"),
		set("warehouse/instance.set_autoload", "false"),
		{file: "warehouse/instance.set_time_zone"},
		{file: "warehouse/reader.attach", places: map[string]string{"location": path}},
		{file: "warehouse/reader.use"},
	}
	connector, err := duckdb.NewConnector("", func(conn driver.ExecerContext) error {
		return runSettings(conn, files, append(first, settings...))
	})
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1) // the settings are made once
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

// Select runs one statement and calls read with its result. Anything else is
// rejected with [ErrNotOneSelect] or [ErrFunction] before it runs.
func (r *Reader) Select(ctx context.Context, statement string, read func(*sql.Rows) error) error {
	return r.checked(ctx, statement, func(conn *sql.Conn) error {
		rows, err := conn.QueryContext(ctx, statement)
		if err != nil {
			return err
		}
		defer rows.Close()
		if err := read(rows); err != nil {
			return err
		}
		return rows.Err()
	})
}

// SaveParquet writes what one statement selects to the file that may be written,
// and returns the number of rows.
func (r *Reader) SaveParquet(ctx context.Context, statement string) (rows int64, err error) {
	err = r.checked(ctx, statement, func(conn *sql.Conn) error {
		save, err := r.files.statement("warehouse/reader.save_parquet")
		if err != nil {
			return err
		}
		text := place(save.text, map[string]string{"path": r.write})
		text = strings.Replace(text, "{statement}", strings.TrimRight(statement, "; \n\t"), 1)
		result, err := conn.ExecContext(ctx, text)
		if err == nil {
			rows, err = result.RowsAffected()
		}
		return err
	})
	return rows, err
}

// checked runs work on the connection if the statement only reads.
func (r *Reader) checked(ctx context.Context, statement string, work func(*sql.Conn) error) error {
	conn, err := r.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := r.onlyReads(ctx, conn, statement); err != nil {
		return err
	}
	if err := conn.Raw(func(c any) error { return onlySelect(c.(*duckdb.Conn), statement) }); err != nil {
		return err
	}
	return work(conn)
}

// Close closes the file.
func (r *Reader) Close() error { return r.pool.Close() }

// onlyReads checks the functions that a text calls. It runs first: preparing a
// statement already binds its functions.
func (r *Reader) onlyReads(ctx context.Context, conn *sql.Conn, statement string) error {
	var (
		noSelect bool
		refused  sql.NullString
		in       = runner{files: r.files, q: conn}
	)
	if err := in.Get(ctx, "warehouse/reader_calls.sql", Args{"statement": statement}, &noSelect, &refused); err != nil {
		return err
	}
	switch {
	case noSelect:
		return ErrNotOneSelect
	case refused.Valid:
		return fmt.Errorf("%s: %w", refused.String, ErrFunction)
	}
	return nil
}

// onlySelect asks DuckDB's own parser what kind of statement a text is.
func onlySelect(conn *duckdb.Conn, text string) error {
	prepared, err := conn.Prepare(text)
	if err != nil {
		var duck *duckdb.Error
		if errors.As(err, &duck) {
			return err // it is one statement, and wrong
		}
		return ErrNotOneSelect
	}
	defer prepared.Close()
	kind, err := prepared.(*duckdb.Stmt).StatementType()
	if err != nil {
		return err
	}
	if kind != duckdb.STATEMENT_TYPE_SELECT {
		return ErrNotOneSelect
	}
	return nil
}
