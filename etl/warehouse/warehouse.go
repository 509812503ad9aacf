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
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// Options says which warehouse to open and within what limits.
type Options struct {
	// Location is a file, the "ducklake:postgres:…" address of a lake, or "md:…".
	// Empty means in memory, for tests and for work that is thrown away.
	Location string

	Lake *Lake // what a lake needs besides; nil for every other location

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
	worker *worker // nil unless the warehouse is a lake
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
	if err == nil && opts.Lake != nil {
		if err = db.lock(ctx, opts.Location); err != nil {
			err = errors.Join(err, db.Close())
		}
	}
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
	files := &files{fsys: opts.Files, lake: opts.Lake}
	duck, err := duckdb.NewConnector("", connect(files, opts))
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	pool := sql.OpenDB(connector{duck, newAccess(opts.Lake, duck, files)})
	if err := addFunctions(ctx, duck); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	db := &DB{runner: runner{files: files, q: pool, log: opts.Log}, pool: pool}
	if opts.Threads == 0 {
		db.spread = &spread{}
	}
	return db, nil
}

// upgrade brings the schema up to date. A file that is not empty is copied
// first.
func (db *DB) upgrade(ctx context.Context, opts Options) (*DB, error) {
	version, missing, err := db.pending(ctx)
	if err == nil && len(missing) > 0 && version > 0 && opts.isFile() {
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
// file. The lock of a lake is given back.
func (db *DB) Close() error {
	defer db.logged(context.Background(), "close", time.Now())
	return errors.Join(db.pool.Close(), db.worker.close())
}

// A Tx is a transaction. After any error it can only be rolled back.
type Tx struct {
	runner
	changed bool // it may have changed a table of the warehouse
}

// Exec runs a statement and returns how many rows it changed.
func (tx *Tx) Exec(ctx context.Context, name string, args Args) (int64, error) {
	n, err := tx.runner.Exec(ctx, name, args)
	if n > 0 || !tx.files.writes(name) {
		tx.changed = true
	}
	return n, err
}

// InTx runs f in one transaction and commits if f returns nil. After any error
// nothing that f wrote remains: a commit after a failed statement is never
// attempted, since DuckDB rolls back then and reports success.
//
// On a lake one transaction runs at a time, and f runs again if something else than
// this program has changed a table at the same time.
func (db *DB) InTx(ctx context.Context, f func(*Tx) error) error {
	return db.transact(ctx, db.pool, f)
}

// A beginner is a pool or one of its connections.
type beginner interface {
	BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
}

func (db *DB) transact(ctx context.Context, on beginner, f func(*Tx) error) error {
	if db.worker == nil {
		return db.once(ctx, on, f)
	}
	db.worker.writing.Lock()
	defer db.worker.writing.Unlock()
	return db.repeatedly(ctx, on, func(tx *Tx) error {
		if err := f(tx); err != nil || !tx.changed {
			return err
		}
		return db.fence(ctx, tx)
	})
}

// Exec runs a statement in a transaction of its own.
func (db *DB) Exec(ctx context.Context, name string, args Args) (int64, error) {
	return db.execOn(ctx, &db.runner, db.pool, name, args)
}

// Exec runs a statement, and on a lake one that changes it in a transaction of its own.
func (c *Conn) Exec(ctx context.Context, name string, args Args) (int64, error) {
	return c.db.execOn(ctx, &c.runner, c.conn, name, args)
}

func (db *DB) execOn(ctx context.Context, r *runner, on beginner, name string, args Args) (changed int64, err error) {
	if db.worker == nil {
		return r.Exec(ctx, name, args)
	}
	if !db.files.writes(name) {
		return r.Exec(ctx, name, args)
	}
	err = db.transact(ctx, on, func(tx *Tx) error {
		changed, err = tx.Exec(ctx, name, args)
		return err
	})
	return changed, err
}

func (db *DB) once(ctx context.Context, on beginner, f func(*Tx) error) error {
	if err := db.widen(ctx); err != nil {
		return err
	}
	tx, err := on.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer tx.Rollback() // does nothing once committed

	t := &Tx{runner: runner{files: db.files, q: tx, log: db.log, spread: db.spread}}
	if err := f(t); err != nil {
		return err
	}
	if t.failed.Load() {
		return errors.New("a statement of this transaction failed and its error was ignored")
	}
	defer t.logged(ctx, "commit", time.Now())
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", db.files.lake.fault(err))
	}
	return nil
}

// errUndo rolls back a transaction on purpose.
var errUndo = errors.New("undo")

// Undone runs f in a transaction that is always rolled back: f tries something, or
// reads with several statements what must be of one state.
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
	db   *DB
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
	return f(&Conn{runner: runner{files: db.files, q: conn, log: db.log, spread: db.spread}, conn: conn, db: db})
}

// isFile reports whether the warehouse is a file, which one process has open.
func (opts Options) isFile() bool { return isFile(opts.Location) }

// lakeScheme begins the location of a lake.
const lakeScheme = "ducklake:postgres:"

func isFile(location string) bool {
	return location != "" && !strings.HasPrefix(location, lakeScheme) &&
		!isMotherDuck(location) && !isInBucket(location)
}

func isInBucket(location string) bool { return strings.HasPrefix(location, "s3://") }

func isMotherDuck(location string) bool { return strings.HasPrefix(location, "md:") }

// checkLocation rejects a location that DuckDB would create, overwrite or
// misread.
func checkLocation(location string) error {
	if !isFile(location) {
		return nil
	}
	info, err := os.Stat(location)
	if errors.Is(err, fs.ErrNotExist) {
		folder := filepath.Dir(location)
		if _, err := os.Stat(folder); err != nil {
			return fmt.Errorf("warehouse folder %s: %w; create it or change data_dir", folder, err)
		}
		return nil
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
	header := make([]byte, 12) // an eight-byte checksum and DuckDB's magic number
	if _, err := f.ReadAt(header, 0); err != nil || string(header[8:]) != "DUCK" {
		return fmt.Errorf("warehouse %s is not a DuckDB file (%d bytes); restore it from a backup, or move it away and run: spendbridge verify --rebuild",
			location, info.Size())
	}
	return nil
}

// explain adds a fix to an error from DuckDB.
func explain(location string, err error) error {
	var locked *LockedError
	if errors.As(err, &locked) {
		return err
	}
	var duck *duckdb.Error
	if !errors.As(err, &duck) {
		return fmt.Errorf("warehouse %s: %w", location, err)
	}
	data := otherData.FindStringSubmatch(duck.Msg)
	switch {
	case data != nil:
		return fmt.Errorf("warehouse %s: %w", location, &OtherDataError{DataPath: data[1]})
	case duck.Type == duckdb.ErrorTypeIO && strings.Contains(duck.Msg, "lock"):
		return fmt.Errorf("warehouse %s is in use by another process: %w; wait for it, or query the published spend.duckdb instead", location, err)
	}
	return fmt.Errorf("warehouse %s: %w", location, err)
}

// InTx is [DB.InTx] on the connection.
func (c *Conn) InTx(ctx context.Context, f func(*Tx) error) error {
	return c.db.transact(ctx, c.conn, f)
}

// ExecAt runs a statement in which {location} stands where no parameter is
// allowed, as in attach. The location is inserted into the text, quoted.
func (c *Conn) ExecAt(ctx context.Context, file, location string) error {
	defer c.logged(ctx, file, time.Now())
	found, err := c.files.statement(file)
	if err != nil {
		return c.fail(file, err)
	}
	if err := makeLogFolder(location); err != nil {
		return c.fail(file, err)
	}
	if _, err := c.q.ExecContext(ctx, place(found.text, map[string]string{"location": location})); err != nil {
		return c.fail(file, err)
	}
	return nil
}

// UseWarehouse makes the warehouse the default database again.
func (c *Conn) UseWarehouse(ctx context.Context) error {
	_, err := c.Exec(ctx, "warehouse/instance.use", nil)
	return err
}

// ExecSelected runs a statement that selects statements and runs all of those
// in one transaction, for statements that take no parameters, such as comment
// on.
func (c *Conn) ExecSelected(ctx context.Context, file string, args Args) error {
	statements, err := Strings(ctx, c, file, args)
	if err != nil {
		return err
	}
	defer c.logged(ctx, file, time.Now())
	tx, err := c.conn.BeginTx(ctx, nil)
	if err != nil {
		return c.fail(file, err)
	}
	defer tx.Rollback() // does nothing once committed
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return c.fail(file, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return c.fail(file, err)
	}
	return nil
}

// place replaces {name} in a statement by a quoted text, for each name.
func place(text string, texts map[string]string) string {
	for name, value := range texts {
		text = strings.ReplaceAll(text, "{"+name+"}", "'"+strings.ReplaceAll(value, "'", "''")+"'")
	}
	return text
}

// makeLogFolder makes the folder in which DuckDB keeps the write-ahead log of
// a database file. It is the folder of the file, unless its path has a ?:
// DuckDB takes what follows for the parameters of a URL and writes .wal before
// it.
func makeLogFolder(location string) error {
	if !isFile(location) {
		return nil
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(location)) // as DuckDB does
	if err != nil {
		return err
	}
	before, after, found := strings.Cut(folder, "?")
	if !found {
		return nil
	}
	return os.MkdirAll(before+".wal?"+after, 0o700)
}

// Literal returns path as a pattern that matches this file alone, for
// statements that read files: DuckDB takes *, ? and [ for wildcards.
func Literal(path string) string {
	return strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(path)
}
