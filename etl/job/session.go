package job

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/report"
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

// retried is what the clients of one address call.
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
}

// A Session is the data folder, locked by this process, with its warehouse open.
type Session struct {
	Options
	Config *config.Config
	DB     *warehouse.DB

	note   string // what an earlier run could not record
	unlock func(note string) error
}

// Open locks the data folder that the configuration names. Only one process can
// hold the lock; the error is a [*warehouse.LockedError] that names it.
func Open(ctx context.Context, c *config.Config, o Options) (*Session, error) {
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	note, unlock, err := lock(ctx, c.DataDir, o)
	if err != nil {
		return nil, err
	}
	s := &Session{Options: o.withDefaults(), Config: c, note: note, unlock: unlock}
	if err := clearLeftovers(c); err != nil {
		return nil, errors.Join(err, unlock(note))
	}
	if err := s.openWarehouse(ctx); err != nil {
		return nil, errors.Join(err, unlock(note))
	}
	return s, nil
}

// A command that only reads, such as status, holds the lock for a moment. Others
// wait that long for it.
const (
	lockPatience = 3 * time.Second
	lockPause    = 50 * time.Millisecond
)

func lock(ctx context.Context, folder string, o Options) (note string, unlock func(string) error, err error) {
	holder := warehouse.Holder{PID: os.Getpid(), Command: o.Command, Started: o.Now()}
	for deadline := time.Now().Add(lockPatience); ; {
		note, unlock, err := warehouse.Lock(folder, holder)
		var locked *warehouse.LockedError
		if !errors.As(err, &locked) || time.Now().After(deadline) {
			return note, unlock, err
		}
		select {
		case <-ctx.Done():
			return "", nil, ctx.Err()
		case <-time.After(lockPause):
		}
	}
}

func (s *Session) openWarehouse(ctx context.Context) error {
	db, err := warehouse.Open(ctx, warehouse.Options{
		Location:    s.Config.WarehouseLocation(),
		MemoryLimit: s.Config.EngineMemory(),
		TempDir:     s.Config.TempDir(),
		Files:       s.SQL,
		Log:         s.Log,
	})
	if err != nil {
		return err
	}
	if err := checkSources(ctx, db, s.Config.Sources); err != nil {
		return errors.Join(err, db.Close())
	}
	s.DB = db
	return nil
}

// Close closes the warehouse, then releases the lock.
func (s *Session) Close() error { return errors.Join(s.DB.Close(), s.unlock(s.note)) }

// Query runs one SELECT of a user's on a published file; see [report.Query].
func Query(ctx context.Context, file, statement string) (*report.Answer, error) {
	return report.Query(ctx, file, sqlfiles.FS, statement)
}

// A Copy is the analysts' copy, opened while another process holds the lock.
type Copy struct {
	*warehouse.DB
	AsOf time.Time // when it was published
}

// OpenCopy opens the analysts' copy because the data folder is locked.
// Without a copy the error is that of the lock.
func OpenCopy(ctx context.Context, c *config.Config, locked *warehouse.LockedError) (*Copy, error) {
	info, err := os.Stat(c.PublishedFile())
	if err != nil {
		return nil, locked
	}
	db, err := warehouse.OpenCopy(ctx, c.PublishedFile(), sqlfiles.FS)
	if err != nil {
		return nil, err
	}
	return &Copy{db, info.ModTime().UTC()}, nil
}
