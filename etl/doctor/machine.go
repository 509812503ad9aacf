package doctor

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"spendbridge/etl/job"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// Disk space below which the doctor warns, or fails.
const (
	littleSpace = 5 << 30
	noSpace     = 500 << 20
)

// examineFolder looks at the data folder: who may read it, whether this user
// may write, and how much space there is.
func (d *doctor) examineFolder() {
	folder := d.Config.DataDir
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		d.OK("data folder", "the first run creates %s", folder)
		d.examineSpace(filepath.Dir(folder))
		return
	}
	if err != nil || !info.IsDir() {
		d.Fail("data folder", "make it a folder of this user's, or correct data_dir", "%s cannot be used: %v", folder, err)
		return
	}
	probe, err := os.CreateTemp(folder, ".doctor-*")
	if err != nil {
		d.Fail("data folder", "chown it to the user that runs spendbridge", "this user cannot write to %s", folder)
		return
	}
	probe.Close()
	os.Remove(probe.Name())
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		d.Warn("data folder", "chmod 700 "+folder, "%s can be read by others (mode %o); it holds e-mail addresses and spend", folder, mode)
	} else {
		d.OK("data folder", "%s is this user's alone", folder)
	}
	d.examineSpace(folder)
}

func (d *doctor) examineSpace(folder string) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(folder, &fs); err != nil {
		d.Warn("disk", "make sure the folder exists", "free space of %s is not known: %v", folder, err)
		return
	}
	free := int64(fs.Bavail) * int64(fs.Bsize)
	switch {
	case free < noSpace:
		d.Fail("disk", "free some space; spendbridge prune removes old pages", "%d MB are free", free>>20)
	case free < littleSpace:
		d.Warn("disk", "free some space; spendbridge prune removes old pages", "%d MB are free", free>>20)
	default:
		d.OK("disk", "%d GB are free", free>>30)
	}
}

// examineWarehouse looks at the lock and at what the warehouse says of itself.
// It does not create a warehouse.
func (d *doctor) examineWarehouse(ctx context.Context) {
	location := d.Config.WarehouseLocation()
	if _, err := os.Stat(location); errors.Is(err, fs.ErrNotExist) && d.Config.Warehouse == "" {
		d.OK("warehouse", "the first run creates %s", location)
		d.examineRates(time.Time{})
		return
	}
	s, err := job.Open(ctx, d.Config, d.Job)
	var locked *warehouse.LockedError
	if errors.As(err, &locked) {
		d.OK("lock", "%v; the warehouse was not examined", err)
		return
	}
	if err != nil {
		d.Fail("warehouse", d.warehouseFix(err), "%v", err)
		return
	}
	defer s.Close()
	d.OK("lock", "no other process uses the data folder")
	version, err := s.DB.SchemaVersion(ctx)
	if err != nil {
		d.Fail("warehouse", "restore it from a backup, or run spendbridge verify --rebuild", "%v", err)
		return
	}
	d.OK("warehouse", "%s, schema version %d", location, version)
	d.examineEngine(ctx, s)
	var newest sql.NullTime
	if err := s.DB.Get(ctx, "doctor/rate.newest", nil, &newest); err != nil {
		d.Fail("exchange rates", "run spendbridge transform", "%v", err)
		return
	}
	d.examineRates(newest.Time)
	d.examineState(ctx, s)
}

// lakeData is the name of the checks of where a lake has its data.
const lakeData = "lake data"

// engineFix is for what DuckDB cannot do in a bucket and this program can.
const engineFix = "set s3.endpoint and s3.path_style; " +
	"DuckDB does not take them from the environment, as this program does"

// examineEngine has DuckDB itself write and read an object in the bucket of a lake.
func (d *doctor) examineEngine(ctx context.Context, s *job.Session) {
	if !d.Config.HasLakeInBucket() || d.Offline || d.dataFails {
		return
	}
	key := store.ProbeFolder + uuid.NewString() + ".parquet"
	location := strings.TrimRight(d.Config.Lake.DataPath, "/") + "/" + key
	err := s.DB.InConn(ctx, func(conn *warehouse.Conn) error {
		if err := conn.ExecAt(ctx, "doctor/bucket.write", location); err != nil {
			return err
		}
		return conn.ExecAt(ctx, "doctor/bucket.read", location)
	})
	if err != nil {
		d.Fail(lakeData, engineFix, "DuckDB cannot use it: %v", err)
	}
	data, err := store.OpenLakeData(ctx, d.Config)
	if err == nil {
		err = errors.Join(data.Delete(ctx, key), data.Close())
	}
	if err != nil {
		d.Fail(lakeData, "delete it by hand", "%s: %v", location, err)
	}
}

// warehouseFix says what to do about a warehouse that cannot be opened.
func (d *doctor) warehouseFix(err error) string {
	var missing *warehouse.MissingExtensionError
	var bucket *warehouse.BucketError
	var other *warehouse.OtherDataError
	switch {
	case errors.As(err, &other):
		return "see the message"
	case errors.As(err, &bucket) && d.dataFails:
		return "see what is said of the " + lakeData
	case errors.As(err, &bucket):
		return engineFix
	case errors.As(err, &missing):
		return "put the files that are missing into " + missing.Folders[0] + ", or name their folder in the key extensions"
	case d.Config.HasLake():
		return "have this machine reach PostgreSQL; correct the key warehouse, and PGPASSWORD or ~/.pgpass"
	}
	return "see the message"
}

// examineState sums up the state in one line.
func (d *doctor) examineState(ctx context.Context, s *job.Session) {
	state, err := s.State(ctx)
	switch {
	case err != nil:
		d.Fail("last runs", "see the message", "%v", err)
	case len(state.Todo) > 0:
		d.Warn("last runs", "spendbridge status", "%s", state.Verdict())
	case state.Status == "":
		d.OK("last runs", "none yet")
	default:
		d.OK("last runs", "all is well since %s", state.Since.Format("2006-01-02 15:04 MST"))
	}
}
