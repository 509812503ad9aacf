package warehouse

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"spendbridge/etl/durable"
)

// schemaFolder holds the schema as numbered steps, in one file for each group of
// tables. A step that was released never changes; a change is a further step.
const schemaFolder = "1_schema"

// A NewerSchemaError reports a warehouse written by a newer version of the
// program.
type NewerSchemaError struct {
	Found, Known int
}

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("schema version %d is newer than this program's %d; use the newer program, the file is untouched", e.Found, e.Known)
}

// pending returns the schema version that the warehouse has, and the steps
// that it does not have yet.
func (db *DB) pending(ctx context.Context) (version int, missing []step, err error) {
	steps, err := listSteps(db)
	if err != nil {
		return 0, nil, err
	}
	known := steps[len(steps)-1].number
	version, run, err := db.stepsRun(ctx)
	if err != nil {
		return 0, nil, err
	}
	if version > known {
		return 0, nil, &NewerSchemaError{version, known}
	}
	return version, slices.DeleteFunc(steps, func(s step) bool { return run[s.number] }), nil
}

// apply runs schema steps, all in one transaction.
func (db *DB) apply(ctx context.Context, missing []step) error {
	if len(missing) == 0 {
		return nil
	}
	now := time.Now().UTC()
	return db.InTx(ctx, func(tx *Tx) error {
		var numbers []string
		for _, step := range missing {
			if _, err := tx.Exec(ctx, step.name, nil); err != nil {
				return err
			}
			numbers = append(numbers, strconv.Itoa(step.number))
		}
		// The first steps create the table that this statement needs.
		_, err := tx.Exec(ctx, "warehouse/schema.add", Args{"versions": strings.Join(numbers, ","), "applied_at": now})
		return err
	})
}

// A step is one change of the schema.
type step struct {
	number int
	name   string
}

// listSteps returns all steps in the order of their numbers.
func listSteps(r Runner) ([]step, error) {
	names, err := r.Folder(schemaFolder)
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, name := range names {
		_, section := locate(name)
		number, _, _ := strings.Cut(section, "_")
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("%s: the name of a schema step begins with its number: %w", label(name), err)
		}
		steps = append(steps, step{n, name})
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.number, b.number) })
	return steps, nil
}

// StepsOf returns the schema steps that make the tables of some schemas, in the
// order in which they run.
func StepsOf(r Runner, schemas ...string) ([]string, error) {
	steps, err := listSteps(r)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, step := range steps {
		file, section := locate(step.name)
		if slices.ContainsFunc(schemas, func(schema string) bool {
			return strings.HasPrefix(path.Base(file), schema+"_") || strings.HasSuffix(section, "_"+schema)
		}) {
			names = append(names, step.name)
		}
	}
	return names, nil
}

// stepsRun returns the numbers of the steps that the warehouse has run, and the
// largest of them, 0 for an empty warehouse. The first version of this program
// recorded only its last step, and each of its steps can run again.
func (db *DB) stepsRun(ctx context.Context) (last int, run map[int]bool, err error) {
	var exists bool
	if err := db.Get(ctx, "warehouse/schema.exists", nil, &exists); err != nil || !exists {
		return 0, nil, err
	}
	run = map[int]bool{}
	err = db.Each(ctx, "warehouse/schema.list", nil, func(rows *sql.Rows) error {
		var n int
		err := rows.Scan(&n)
		last, run[n] = max(last, n), true
		return err
	})
	return last, run, err
}

// SchemaVersion returns the number of the last schema step that was applied,
// 0 for an empty warehouse.
func (db *DB) SchemaVersion(ctx context.Context) (int, error) {
	version, _, err := db.stepsRun(ctx)
	return version, err
}

// spareSpace must stay free on the disk after a copy.
const spareSpace = 64 << 20

// beforeName is the file with the copy of a warehouse before it was migrated
// from a schema version.
func beforeName(location string, version any) string {
	return fmt.Sprintf("%s.before-%v.duckdb", strings.TrimSuffix(location, ".duckdb"), version)
}

// keepBefore copies a closed warehouse before its schema changes. An existing
// copy stays: it is from an earlier migration that no successful run has
// followed yet.
func keepBefore(location string, version int) error {
	target := beforeName(location, version)
	if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := copyWhole(location, target); err != nil {
		return fmt.Errorf("keep a copy of schema version %d before the upgrade: %w", version, err)
	}
	return nil
}

// A Migration is what an upgrade changes in the schema of a warehouse.
type Migration struct {
	From, To int // schema versions
	Steps    int
	Kept     string // where the warehouse is copied to first
}

// OpenUpgraded opens a copy of the warehouse in a file, brings the schema of that copy
// up to date, and says what this changed. The file itself, which nobody may have open,
// stays as it is.
func OpenUpgraded(ctx context.Context, opts Options, copied string) (db *DB, m Migration, err error) {
	if err := checkLocation(opts.Location); err != nil {
		return nil, m, err
	}
	if err := copyWhole(opts.Location, copied); err != nil {
		return nil, m, err
	}
	location := opts.Location
	opts.Location = copied
	if db, err = attach(ctx, opts); err != nil {
		return nil, m, explain(location, err)
	}
	version, missing, err := db.pending(ctx)
	if err == nil {
		err = db.apply(ctx, missing)
	}
	m = Migration{From: version, To: version, Steps: len(missing), Kept: beforeName(location, version)}
	for _, step := range missing {
		m.To = max(m.To, step.number)
	}
	if err != nil {
		return nil, m, errors.Join(explain(location, err), db.Close())
	}
	return db, m, nil
}

// CopyLake copies a lake, as it is now, into a new file. Others may work on it meanwhile.
func CopyLake(ctx context.Context, opts Options, file string) error {
	db, err := attach(ctx, opts)
	if err != nil {
		return explain(opts.Location, err)
	}
	err = db.InConn(ctx, func(conn *Conn) error {
		if err := conn.ExecAt(ctx, "warehouse/instance.attach_copy", file); err != nil {
			return err
		}
		_, copied := conn.Exec(ctx, "warehouse/instance.copy_lake", nil)
		_, detached := conn.Exec(ctx, "warehouse/instance.detach_copy", nil)
		return errors.Join(copied, detached)
	})
	if err != nil {
		err = explain(opts.Location, err)
	}
	return errors.Join(err, db.Close())
}

// copyWhole copies a closed warehouse.
func copyWhole(location, target string) error {
	if _, err := os.Stat(location + ".wal"); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("the write-ahead log %s.wal is not folded into the warehouse; any command of the version that is installed does it, such as spendbridge status", location), err)
	}
	return copyFile(location, target)
}

// copyFile copies a file, by sharing its blocks where the file system can. It
// is never a hard link: DuckDB changes its file in place.
func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	temp := to + ".tmp"
	target, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(temp) // is gone once renamed
	if err := clone(target, source); err != nil {
		err = copyBytes(target, source)
		if err != nil {
			return errors.Join(err, target.Close())
		}
	}
	if err := errors.Join(target.Sync(), target.Close()); err != nil {
		return err
	}
	return durable.Rename(temp, to)
}

func copyBytes(target, source *os.File) error {
	info, err := source.Stat()
	if err != nil {
		return err
	}
	var disk syscall.Statfs_t
	if err := syscall.Fstatfs(int(target.Fd()), &disk); err != nil {
		return err
	}
	if free := int64(disk.Bavail) * int64(disk.Bsize); free < info.Size()+spareSpace {
		return fmt.Errorf("%d MB are free in %s and the copy takes %d MB; free some space, nothing was changed",
			free>>20, filepath.Dir(target.Name()), (info.Size()+spareSpace)>>20)
	}
	_, err = io.Copy(target, source)
	return err
}

// ForgetBefore removes the copies from before migrations. It is called once a
// run has succeeded with the new schema.
func ForgetBefore(location string) error {
	if !isFile(location) {
		return nil
	}
	pattern := beforeName(Literal(filepath.Base(location)), "[0-9]*")
	folder := filepath.Dir(location)
	names, err := fs.Glob(os.DirFS(folder), pattern)
	for _, name := range names {
		err = errors.Join(err, os.Remove(filepath.Join(folder, name)))
	}
	return err
}
