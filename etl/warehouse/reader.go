package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"

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
}

// ErrNotOneSelect reports text that is not exactly one select statement.
var ErrNotOneSelect = errors.New("only one statement is allowed, and only a SELECT")

// ErrFunction reports a call of a function that may do more than read the file,
// such as enable_logging.
var ErrFunction = errors.New("a SELECT may only call functions that read the published tables")

// OpenReader opens a file for statements written by users. The SQL that sets
// the limits comes from files.
func OpenReader(ctx context.Context, path string, sqlFiles fs.FS) (*Reader, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	r := &Reader{files: &files{fsys: sqlFiles}}
	connector, err := duckdb.NewConnector("", confine(path, r.files))
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	r.pool = sql.OpenDB(connector)
	r.pool.SetMaxOpenConns(1) // the limits are set once
	if err := r.pool.PingContext(ctx); err != nil {
		r.pool.Close()
		return nil, err
	}
	return r, nil
}

// OpenCopy opens the analysts' copy for statements of this program, read-only.
// It has no schema steps and no state of its own.
func OpenCopy(ctx context.Context, path string, sqlFiles fs.FS) (*DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	files := &files{fsys: sqlFiles}
	connector, err := duckdb.NewConnector("", prepare(files,
		setting{file: "warehouse/instance.set_autoinstall", value: "false"},
		setting{file: "warehouse/instance.set_autoload", value: "false"},
		setting{file: "warehouse/instance.set_time_zone"},
		setting{file: "warehouse/reader.attach", location: path},
		setting{file: "warehouse/reader.use"}))
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1) // the copy is attached once
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &DB{runner: runner{files: files, q: pool}, pool: pool}, nil
}

// confine returns the settings that the only connection runs first.
func confine(path string, files *files) func(driver.ExecerContext) error {
	return prepare(files,
		setting{file: "warehouse/instance.set_autoinstall", value: "false"},
		setting{file: "warehouse/instance.set_autoload", value: "false"},
		setting{file: "warehouse/instance.set_memory_limit", value: readerMemory},
		setting{file: "warehouse/instance.set_time_zone"},
		setting{file: "warehouse/reader.set_temp_directory"},
		setting{file: "warehouse/reader.attach", location: path},
		setting{file: "warehouse/reader.use"},
		setting{file: "warehouse/reader.set_external_access"},
		setting{file: "warehouse/reader.set_lock"})
}

// prepare returns a function that runs settings.
func prepare(files *files, settings ...setting) func(driver.ExecerContext) error {
	return func(conn driver.ExecerContext) error {
		for _, s := range settings {
			if err := s.run(conn, files); err != nil {
				return fmt.Errorf("%s: %w", s.file, err)
			}
		}
		return nil
	}
}

// Select runs one statement and calls read with its result. Anything else is
// rejected with [ErrNotOneSelect] or [ErrFunction] before it runs.
func (r *Reader) Select(ctx context.Context, statement string, read func(*sql.Rows) error) error {
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
	rows, err := conn.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := read(rows); err != nil {
		return err
	}
	return rows.Err()
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
