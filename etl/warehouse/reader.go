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

// A Reader answers statements that users wrote, on a DuckDB file that it
// cannot change. No statement reaches another file, the network or an
// extension, and no statement can loosen that.
type Reader struct {
	pool *sql.DB
}

// ErrNotOneSelect says that a text is not exactly one statement that reads.
var ErrNotOneSelect = errors.New("only one statement is allowed, and only a SELECT")

// OpenReader opens a file for statements of users. The SQL that sets the
// limits comes from files.
func OpenReader(ctx context.Context, path string, sqlFiles fs.FS) (*Reader, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	connector, err := duckdb.NewConnector("", confine(path, &files{fsys: sqlFiles}))
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	r := &Reader{pool: sql.OpenDB(connector)}
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
		setting{file: "queries/warehouse_set_autoinstall.sql", value: "false"},
		setting{file: "queries/warehouse_set_autoload.sql", value: "false"},
		setting{file: "queries/warehouse_set_time_zone.sql"},
		setting{file: "queries/analyst_attach.sql", location: path},
		setting{file: "queries/analyst_use.sql"}))
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

// confine returns what the only connection runs first.
func confine(path string, files *files) func(driver.ExecerContext) error {
	return prepare(files,
		setting{file: "queries/warehouse_set_autoinstall.sql", value: "false"},
		setting{file: "queries/warehouse_set_autoload.sql", value: "false"},
		setting{file: "queries/warehouse_set_memory_limit.sql", value: readerMemory},
		setting{file: "queries/warehouse_set_time_zone.sql"},
		setting{file: "queries/analyst_set_temp_directory.sql"},
		setting{file: "queries/analyst_attach.sql", location: path},
		setting{file: "queries/analyst_use.sql"},
		setting{file: "queries/analyst_set_external_access.sql"},
		setting{file: "queries/analyst_set_lock.sql"})
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

// Select runs one statement and calls read with its result. A text that is
// anything else is refused with [ErrNotOneSelect] before it runs.
func (r *Reader) Select(ctx context.Context, statement string, read func(*sql.Rows) error) error {
	conn, err := r.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
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

// onlySelect asks DuckDB's own parser what a text is.
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
