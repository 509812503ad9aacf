// Package warehouse opens the embedded DuckDB, keeps its schema current and
// runs SQL files by name. It does not know what the files mean.
package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// Options says which warehouse to open and within what limits.
type Options struct {
	// Location is a file, or a "ducklake:…" or "md:…" address, which needs
	// DuckDB's extension for it. Empty means in memory, for tests and for
	// work that is thrown away.
	Location string

	MemoryLimit string // such as "1GB"; empty means DuckDB's default
	TempDir     string // where DuckDB spills; empty means DuckDB's default
	Threads     int    // 0 means one, and all processors once the file grows by much

	// Files holds the SQL: the steps in 1_schema and everything that is run by
	// name.
	Files fs.FS

	// Log receives at level debug how long each statement, commit, open and
	// close took. It may be nil.
	Log *slog.Logger
}

// A DB is one warehouse. A process opens at most one at a time on a file: a
// second DuckDB instance would break the first one's lock.
type DB struct {
	runner
	pool   *sql.DB
	spread *spread // nil if the number of threads is fixed
}

// Open attaches the warehouse and brings its schema up to date. It leaves a
// file that it cannot use unchanged and returns an error with the reason.
func Open(ctx context.Context, opts Options) (*DB, error) {
	began := time.Now()
	if err := checkLocation(opts.Location); err != nil {
		return nil, err
	}
	if err := makeLogFolder(opts.Location); err != nil {
		return nil, fmt.Errorf("warehouse %s: %w", opts.Location, err)
	}
	db, err := attach(ctx, opts)
	if err == nil {
		db, err = db.upgrade(ctx, opts)
	}
	if err != nil {
		return nil, explain(opts.Location, err)
	}
	db.logged(ctx, "open", began)
	return db, nil
}

// attach opens the warehouse without changing its schema.
func attach(ctx context.Context, opts Options) (*DB, error) {
	files := &files{fsys: opts.Files}
	duck, err := duckdb.NewConnector("", connect(files, opts))
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	pool := sql.OpenDB(connector{duck})
	if err := addFunctions(ctx, duck); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	db := &DB{runner: runner{files: files, q: pool, log: opts.Log}, pool: pool}
	if opts.startsNarrow() {
		db.spread = newSpread(opts.Location)
	}
	return db, nil
}

// upgrade brings the schema up to date. A file that is not empty is copied
// first.
func (db *DB) upgrade(ctx context.Context, opts Options) (*DB, error) {
	version, missing, err := db.pending(ctx)
	if err == nil && len(missing) > 0 && version > 0 && opts.Location != "" && !isRemote(opts.Location) {
		if err := db.Close(); err != nil {
			return nil, err
		}
		if err := keepBefore(opts.Location, version); err != nil {
			return nil, err
		}
		if db, err = attach(ctx, opts); err != nil {
			return nil, err
		}
	}
	if err == nil {
		err = db.apply(ctx, missing)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close closes the warehouse. DuckDB then folds its write-ahead log into the
// file.
func (db *DB) Close() error {
	defer db.logged(context.Background(), "close", time.Now())
	return db.pool.Close()
}

// A Tx is a transaction. After any error it can only be rolled back.
type Tx struct {
	runner
}

// InTx runs f in one transaction and commits if f returns nil. After any error
// nothing that f wrote remains: a commit after a failed statement is never
// attempted, since DuckDB rolls back then and reports success.
func (db *DB) InTx(ctx context.Context, f func(*Tx) error) error {
	if err := db.widen(ctx); err != nil {
		return err
	}
	tx, err := db.pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer tx.Rollback() // does nothing once committed

	t := &Tx{runner{files: db.files, q: tx, log: db.log}}
	if err := f(t); err != nil {
		return err
	}
	if t.failed.Load() {
		return errors.New("a statement of this transaction failed and its error was ignored")
	}
	defer t.logged(ctx, "commit", time.Now())
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// errUndo rolls back a transaction on purpose.
var errUndo = errors.New("undo")

// Undone runs f in a transaction that is always rolled back.
func (db *DB) Undone(ctx context.Context, f func(*Tx) error) error {
	err := db.InTx(ctx, func(tx *Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return nil
	}
	return err
}

// A Conn is one connection of the pool, for work that keeps temporary tables
// between statements without holding a transaction open.
type Conn struct {
	runner
	conn *sql.Conn
}

// InConn runs f on a connection of its own, which is closed afterwards with
// all its temporary tables.
func (db *DB) InConn(ctx context.Context, f func(*Conn) error) error {
	if err := db.widen(ctx); err != nil {
		return err
	}
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open connection: %w", err)
	}
	defer conn.Close()
	defer conn.Raw(func(any) error { return driver.ErrBadConn }) // not back into the pool
	return f(&Conn{runner: runner{files: db.files, q: conn, log: db.log}, conn: conn})
}

// connect returns what every new connection of the pool runs first: the first
// one configures the instance, and each one makes the warehouse its default
// database.
func connect(files *files, opts Options) func(driver.ExecerContext) error {
	var (
		mu    sync.Mutex
		ready bool
	)
	return func(conn driver.ExecerContext) error {
		mu.Lock()
		defer mu.Unlock()

		var statements []setting
		if !ready {
			statements = opts.settings()
		}
		statements = append(statements,
			setting{file: "warehouse/instance.set_time_zone"},
			setting{file: "warehouse/instance.use"})
		for _, s := range statements {
			if err := s.run(conn, files); err != nil {
				return fmt.Errorf("%s: %w", s.file, err)
			}
		}
		ready = true
		return nil
	}
}

// A setting is a statement of the instance: with a value as its parameter, or
// with a location written into the text where no parameter may stand.
type setting struct {
	file, value, location string
}

func (s setting) run(conn driver.ExecerContext, files *files) error {
	text, err := files.text(s.file)
	if err != nil {
		return err
	}
	text = place(text, s.location)
	var args []driver.NamedValue
	if s.value != "" {
		args = []driver.NamedValue{{Name: "value", Ordinal: 1, Value: s.value}}
	}
	_, err = conn.ExecContext(context.Background(), text, args)
	return err
}

// settings lists the statements that configure a new instance. Extensions are
// loaded only for a location that needs one.
func (opts Options) settings() []setting {
	location, attach, extensions := opts.Location, "warehouse/instance.attach_file", "false"
	switch {
	case location == "":
		location = ":memory:"
	case isRemote(location):
		attach, extensions = "warehouse/instance.attach_remote", "true"
	}
	all := []setting{
		{file: "warehouse/instance.set_autoinstall", value: extensions},
		{file: "warehouse/instance.set_autoload", value: extensions},
		{file: "warehouse/instance.set_insertion_order"},
	}
	if opts.MemoryLimit != "" {
		all = append(all, setting{file: "warehouse/instance.set_memory_limit", value: opts.MemoryLimit})
	}
	if opts.TempDir != "" {
		all = append(all, setting{file: "warehouse/instance.set_temp_directory", value: opts.TempDir})
	}
	threads := opts.Threads
	if opts.startsNarrow() {
		threads = 1
	}
	if threads > 0 {
		all = append(all, setting{file: "warehouse/instance.set_threads", value: strconv.Itoa(threads)})
	}
	return append(all, setting{file: attach, location: location})
}

// isRemote reports whether the location needs an extension.
func isRemote(location string) bool {
	return strings.HasPrefix(location, "ducklake:") || strings.HasPrefix(location, "md:")
}

// checkLocation rejects a location that DuckDB would create, overwrite or
// misread.
func checkLocation(location string) error {
	if location == "" || isRemote(location) {
		return nil
	}
	info, err := os.Stat(location)
	if errors.Is(err, fs.ErrNotExist) {
		return checkFolder(filepath.Dir(location))
	}
	if err != nil {
		return fmt.Errorf("warehouse %s: %w", location, err)
	}
	if info.IsDir() {
		return fmt.Errorf("warehouse %s is a directory; name a file, such as %s",
			location, filepath.Join(location, "warehouse.duckdb"))
	}
	f, err := os.OpenFile(location, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("warehouse %s: %w; give this user the right to read and write it", location, err)
	}
	defer f.Close()
	return checkHeader(f, location, info.Size())
}

func checkFolder(folder string) error {
	if _, err := os.Stat(folder); err != nil {
		return fmt.Errorf("warehouse folder %s: %w; create it or change data_dir", folder, err)
	}
	return nil
}

// checkHeader looks for DuckDB's magic number, the bytes DUCK after an
// eight-byte checksum.
func checkHeader(f *os.File, location string, size int64) error {
	header := make([]byte, 12)
	if _, err := f.ReadAt(header, 0); err != nil || string(header[8:]) != "DUCK" {
		return fmt.Errorf("warehouse %s is not a DuckDB file (%d bytes); restore it from a backup, or move it away and run: spendbridge verify --rebuild", location, size)
	}
	return nil
}

// explain adds a fix to an error from DuckDB.
func explain(location string, err error) error {
	var newer *NewerSchemaError
	var duck *duckdb.Error
	switch {
	case errors.As(err, &newer):
		return fmt.Errorf("warehouse %s: %w", location, err)
	case errors.As(err, &duck) && duck.Type == duckdb.ErrorTypeIO && strings.Contains(duck.Msg, "lock"):
		return fmt.Errorf("warehouse %s is in use by another process: %w; wait for it, or query the published spend.duckdb instead", location, err)
	}
	return fmt.Errorf("warehouse %s: %w", location, err)
}
