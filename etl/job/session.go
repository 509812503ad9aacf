package job

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/durable"
	"spendbridge/etl/extract"
	"spendbridge/etl/report"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
	sqlfiles "spendbridge/sql"
)

// Options is what the program around a session provides.
type Options struct {
	Log     *slog.Logger
	Redact  *etl.Redactor    // knows the configured secrets and the live tokens
	Now     func() time.Time // the clock of everything that is stored
	Program string           // this program's version
	Command string           // the command line, shown to others while the folder is locked

	Vendors []extract.Vendor // the kinds of sources; nil means [extract.Vendors]
	SQL     fs.FS            // nil means the program's own
	Schemas fs.FS            // nil means the program's own

	// Progress returns what a stage reports its progress to, and a function to
	// call when it ends.
	Progress func(stage string) (report etl.Progress, done func())

	// Interactive says that progress is shown on a terminal, so that no log line
	// repeats it.
	Interactive bool

	// FindDuplicates has the result of a run list possible duplicates, which
	// takes long.
	FindDuplicates bool

	// Retried is called before each wait for sending a request to a host again.
	// It may be nil.
	Retried func(host string, wait time.Duration)

	// Ended is called after each run, while the session is open. It may be nil.
	Ended func(context.Context, *Session, Ended)
}

func (o Options) withDefaults() Options {
	if o.Vendors == nil {
		o.Vendors = extract.Vendors
	}
	if o.SQL == nil {
		o.SQL = sqlfiles.FS
	}
	if o.Schemas == nil {
		o.Schemas = schemas.FS
	}
	return o
}

func (o Options) retried(address string) func(time.Duration) {
	u, err := url.Parse(address)
	if o.Retried == nil || err != nil {
		return nil
	}
	return func(wait time.Duration) { o.Retried(u.Host, wait) }
}

// An Ended is a run that has ended, and how the installation stands then.
type Ended struct {
	Run    etl.RunID
	Report string // the path of its report; empty if there is none
	State  *report.State
	Result *Result // nil if the run ended earlier
}

// A Session is the data folder, locked by this process, with its warehouse open.
type Session struct {
	Options
	Config *config.Config
	DB     *warehouse.DB
	Store  *store.Store // nil without one

	access *durable.Access // of what is published; nil: for this user alone
	note   string          // what an earlier run could not record
	unlock func(note string) error
}

// Open locks the data folder that the configuration names. Only one process can
// hold the lock; the error is a [*warehouse.LockedError] that names it.
func Open(ctx context.Context, c *config.Config, o Options) (*Session, error) {
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	note, unlock, err := lock(ctx, c, o)
	if err != nil {
		return nil, err
	}
	s := &Session{Options: o.withDefaults(), Config: c, note: note, unlock: unlock}
	if err = clearLeftovers(c); err == nil {
		s.Store, err = store.Open(ctx, c)
	}
	if err == nil {
		s.access, err = openPublished(c)
	}
	if err == nil {
		err = s.openWarehouse(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Store.Close(), unlock(note))
	}
	return s, nil
}

// lock locks the data folder. Unlock takes the note for its next holder.
func lock(ctx context.Context, c *config.Config, o Options) (note string, unlock func(note string) error, err error) {
	err = patiently(ctx, func() (err error) {
		note, unlock, err = warehouse.Lock(c.DataDir, o.holder())
		return err
	})
	return note, unlock, err
}

// A command that only reads, such as status, holds the lock for a moment. Others
// wait that long for it.
const (
	lockPatience = 3 * time.Second
	lockPause    = 50 * time.Millisecond
)

// patiently tries again while another process holds what try needs.
func patiently(ctx context.Context, try func() error) error {
	for deadline := time.Now().Add(lockPatience); ; {
		err := try()
		var locked *warehouse.LockedError
		if !errors.As(err, &locked) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPause):
		}
	}
}

// holder is this process, as others see it while it works.
func (o Options) holder() warehouse.Holder {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return warehouse.Holder{Host: host, PID: os.Getpid(), Command: o.Command, Started: o.Now()}
}

func (s *Session) openWarehouse(ctx context.Context) error {
	lake, err := lakeOf(ctx, s.Config)
	if err != nil {
		return err
	}
	err = patiently(ctx, func() (err error) {
		s.DB, err = warehouse.Open(ctx, warehouse.Options{
			Location: s.Config.WarehouseLocation(), Lake: lake,
			MemoryLimit: s.Config.EngineMemory(), TempDir: s.Config.TempDir(), Files: s.SQL, Log: s.Log,
		})
		return err
	})
	if err != nil {
		return err
	}
	err = s.DB.TakeOver(ctx, s.holder(), func(tx *warehouse.Tx) error { return deliver.Abandon(ctx, tx) })
	if err == nil {
		err = checkSources(ctx, s.DB, s.Config.Sources)
	}
	if err != nil {
		return errors.Join(err, s.DB.Close())
	}
	return nil
}

// Close closes the warehouse, then releases the lock.
func (s *Session) Close() error {
	return errors.Join(s.DB.Close(), s.Store.Close(), s.unlock(s.note))
}

// Query runs one SELECT of a user's on a published file; see [report.Query].
func Query(ctx context.Context, file, statement string) (*report.Answer, error) {
	return report.Query(ctx, file, sqlfiles.FS, statement)
}

// SaveParquet writes what [Query] would return to a Parquet file.
func SaveParquet(ctx context.Context, file, statement, out string) (rows int64, err error) {
	return report.SaveParquet(ctx, file, sqlfiles.FS, statement, out)
}

// OpenCopy opens the analysts' copy, which was published at asOf, because the
// data folder is locked. Without a copy the error is that of the lock.
func OpenCopy(ctx context.Context, c *config.Config, locked *warehouse.LockedError) (db *warehouse.DB, asOf time.Time, err error) {
	info, err := os.Stat(c.PublishedFile())
	if err != nil {
		return nil, asOf, locked
	}
	db, err = warehouse.OpenCopy(ctx, c.PublishedFile(), sqlfiles.FS)
	return db, info.ModTime().UTC(), err
}

// Complete lists what a word at the command line may go on as; see [report.Complete].
func Complete(ctx context.Context, c *config.Config, kinds, text string) (words []report.Word, err error) {
	err = inCopy(ctx, c, func(db *warehouse.DB) error {
		words, err = report.Complete(ctx, db, kinds, text)
		return err
	})
	return words, err
}

// ReadPublished reads what the console shows of the analysts' copy.
func ReadPublished(ctx context.Context, c *config.Config, now time.Time) (published *report.Published, err error) {
	err = inCopy(ctx, c, func(db *warehouse.DB) error {
		published, err = report.ReadPublished(ctx, db, now)
		return err
	})
	return published, err
}

// inCopy calls f with the analysts' copy, which waits for no run.
func inCopy(ctx context.Context, c *config.Config, f func(*warehouse.DB) error) error {
	db, err := warehouse.OpenCopy(ctx, c.PublishedFile(), sqlfiles.FS)
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.Close())
}

// PickSources returns the configured sources that are named, all of them for
// no name.
func PickSources(c *config.Config, names []string) ([]config.Source, error) {
	if len(names) == 0 {
		return c.Sources, nil
	}
	known := config.SourceNames(c.Sources)
	var picked []config.Source
	var faults []error
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			faults = append(faults, etl.Usagef("there is no source %s in the configuration%s", name, etl.DidYouMean(name, known)))
			continue
		}
		picked = append(picked, c.Sources[i])
	}
	return picked, errors.Join(faults...)
}

// checkSources rejects a source whose kind or tenant has changed since its first
// run: every key would change, and all its spend would be posted again.
func checkSources(ctx context.Context, db *warehouse.DB, sources []config.Source) error {
	var faults []error
	var stored []struct{ Source, Kind, Tenant string }
	if err := warehouse.Fill(ctx, db, &stored, "job/source.list", nil); err != nil {
		return err
	}
	for _, was := range stored {
		for _, s := range sources {
			same := s.Kind == was.Kind && s.Tenant() == was.Tenant
			switch {
			case s.Name == was.Source && !same:
				faults = append(faults, fmt.Errorf(
					"sources.%s was %s %s at its first run and is %s %s now; they are part of every key, so give the other organisation an entry of its own",
					s.Name, was.Kind, was.Tenant, s.Kind, s.Tenant()))
			case s.Name != was.Source && same:
				faults = append(faults, fmt.Errorf(
					"sources.%s is %s %s, which is stored as source %s; use that name", s.Name, was.Kind, was.Tenant, was.Source))
			}
		}
	}
	if len(faults) > 0 {
		return &etl.UsageError{Err: errors.Join(faults...)}
	}
	return nil
}
