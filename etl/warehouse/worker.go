package warehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// A worker is this process as the only one that works on a lake. Two things keep it
// alone: a lock in PostgreSQL, which PostgreSQL releases when the process or its
// connection ends, and an epoch in the lake, which every transaction compares, for
// the process that was paused and does not know that its lock is gone.
type worker struct {
	id    string
	epoch int64 // 0 until it is raised

	asking sync.Mutex // one question at a time
	conn   *pgx.Conn  // holds the lock, and does nothing else

	writing sync.Mutex // transactions of one process would collide
}

// A LostLakeError reports that this process may not work on the lake any more: what
// it has begun is left to the process that does.
type LostLakeError struct {
	By  *LockedError // nil: nobody has taken over yet
	Err error        // why the lock is lost; nil if somebody took over
}

func (e *LostLakeError) Error() string {
	if e.By != nil {
		return fmt.Sprintf("another worker has taken over, so this one stops: %v", e.By)
	}
	return fmt.Sprintf("the lock of the lake is lost, so this worker stops: %v", e.Err)
}

func (e *LostLakeError) Unwrap() error { return e.Err }

const (
	// patience limits a question to PostgreSQL.
	patience = 10 * time.Second

	// conflictTries is how often a transaction runs that collides with one that is not
	// this program's, such as the upkeep of a lake.
	conflictTries = 4
)

// keepalives have PostgreSQL notice within a minute that a host has vanished.
var keepalives = map[string]string{
	"tcp_keepalives_idle": "20", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "4",
	"tcp_user_timeout": "45000", "application_name": "spendbridge",
}

// lock takes the lock of the lake. If another process has it, the error is a
// [*LockedError] that names it.
func (db *DB) lock(ctx context.Context, location string) error {
	catalog, err := pgx.ParseConfig(strings.TrimPrefix(location, lakeScheme))
	if err != nil {
		return err
	}
	for name, value := range keepalives {
		catalog.RuntimeParams[name] = value
	}
	catalog.ConnectTimeout = cmp.Or(catalog.ConnectTimeout, patience)
	text, err := db.files.statement("warehouse/worker.lock")
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, catalog)
	if err != nil {
		return fmt.Errorf("the lock of the lake: %w", err)
	}
	w := &worker{id: uuid.NewString(), conn: conn}
	var locked bool
	err = conn.QueryRow(ctx, text.text, catalog.Database).Scan(&locked)
	if err == nil && !locked {
		err = db.holder(ctx)
	}
	if err != nil {
		return errors.Join(err, w.close())
	}
	db.worker = w
	return nil
}

// close gives the lock back.
func (w *worker) close() error {
	if w == nil {
		return nil
	}
	w.asking.Lock()
	defer w.asking.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.conn.Close(ctx)
}

// holder says who works on the lake, in an error.
func (db *DB) holder(ctx context.Context) *LockedError {
	found := &LockedError{Lake: true}
	var by Holder
	if err := db.Get(ctx, "warehouse/worker.holder", nil, &by.Host, &by.PID, &by.Command, &by.Started); err == nil {
		by.Started = by.Started.UTC()
		found.Holder = by
	} // else it has just begun, on a lake without tables
	return found
}

// TakeOver makes this process the one that works on the lake: in one transaction it
// raises the epoch and does what else the change of workers requires. From then on no
// transaction of another process commits. A warehouse that is a file has its lock,
// and TakeOver does nothing.
func (db *DB) TakeOver(ctx context.Context, holder Holder, also func(*Tx) error) error {
	w := db.worker
	if w == nil {
		return nil
	}
	var epoch int64
	err := db.repeatedly(ctx, db.pool, func(tx *Tx) error {
		if err := tx.Get(ctx, "warehouse/worker.epoch", nil, &epoch); err != nil {
			return err
		}
		epoch++
		if _, err := tx.Exec(ctx, "warehouse/worker.take", Args{"epoch": epoch, "worker": w.id}); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "warehouse/worker.add", Args{
			"worker": w.id, "epoch": epoch, "host": holder.Host, "pid": holder.PID,
			"command": holder.Command, "started_at": holder.Started,
		}); err != nil {
			return err
		}
		return also(tx)
	})
	if err != nil {
		return fmt.Errorf("take over the lake: %w", err)
	}
	w.epoch = epoch
	return nil
}

// Worker is the id of this process in ops.workers, empty on a warehouse that is a
// file.
func (db *DB) Worker() string {
	if db.worker == nil {
		return ""
	}
	return db.worker.id
}

// Epoch counts the processes that have worked on the lake, this one included; it is 0
// on a warehouse that is a file.
func (db *DB) Epoch() int64 {
	if db.worker == nil {
		return 0
	}
	return db.worker.epoch
}

// Hold returns a [*LostLakeError] unless this process still has the lock of the lake. It
// asks the connection that holds it: what was true a moment ago is no answer.
func (db *DB) Hold(ctx context.Context) error {
	w := db.worker
	if w == nil {
		return nil
	}
	text, err := db.files.statement("warehouse/worker.alive")
	if err != nil {
		return err
	}
	w.asking.Lock()
	defer w.asking.Unlock()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := w.conn.Exec(ctx, text.text); err != nil {
		return &LostLakeError{Err: err}
	}
	return nil
}

// Fence returns a [*LostLakeError] if another worker has taken over the lake, for what
// changes more than rows. A transaction that changes rows needs no such question.
func (db *DB) Fence(ctx context.Context) error {
	return db.InTx(ctx, func(tx *Tx) error {
		if err := db.Hold(ctx); err != nil {
			return err
		}
		return db.fence(ctx, tx)
	})
}

// fence makes a transaction fail if another worker has taken over.
func (db *DB) fence(ctx context.Context, tx *Tx) error {
	w := db.worker
	if w == nil || w.epoch == 0 {
		return nil
	}
	changed, err := tx.Exec(ctx, "warehouse/worker.hold", Args{"epoch": w.epoch, "worker": w.id})
	if err != nil || changed == 1 {
		return err
	}
	return &LostLakeError{By: db.holder(ctx)}
}

// repeatedly runs f in a transaction, again after a conflict.
func (db *DB) repeatedly(ctx context.Context, on beginner, f func(*Tx) error) error {
	for try := 1; ; try++ {
		err := db.once(ctx, on, f)
		if !isConflict(err) || try == conflictTries {
			return err
		}
	}
}

// isConflict reports whether a transaction was rolled back because another one has
// changed what it read or wrote.
func isConflict(err error) bool {
	var duck *duckdb.Error
	return errors.As(err, &duck) && (duck.Type == duckdb.ErrorTypeTransaction ||
		strings.Contains(duck.Msg, "Transaction conflict") || strings.Contains(duck.Msg, "Exceeded the maximum retry count"))
}
