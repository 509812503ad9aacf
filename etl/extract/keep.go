package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// What became of a response, as raw.pages.outcome has it.
const (
	outcomePage    = "page"
	outcomeAbsent  = "absent"  // asked for, and gone
	outcomeDrift   = "drift"   // not as agreed
	outcomeRefused = "refused" // asked for, and something else was answered

	// Two more are set later: superseded, by a pass that counts, and damaged,
	// for a file that was damaged before its records landed.
)

// A pageRow is what a page's row says beside the page itself.
type pageRow struct {
	Page
	readID   string
	purpose  string
	recordID string
	window   etl.Window
	pass     int
	number   int // within the pass, from 1
	expected int
	outcome  string
	message  string

	id, sum, file string
	fetched       time.Time
	news          []int // places of the included objects that are to be landed
}

// A keeper makes pages durable: first the file, then the row, and pages that
// arrive together share one transaction.
type keeper struct {
	db    *warehouse.DB
	files *pageFiles
	about About
	run   etl.RunID
	now   func() time.Time
	last  string // the newest page id of the source; used by whoever commits

	mu     sync.Mutex
	queue  []*keeping
	active bool // somebody is committing the queue
}

type keeping struct {
	row  *pageRow
	done chan error
}

// keep stores a page and fills in its id and its file. When it returns, the
// page survives a loss of power.
func (k *keeper) keep(ctx context.Context, row *pageRow) error {
	var err error
	row.fetched = k.now().UTC()
	row.sum, row.file, err = k.files.write(k.about.Name, row.Body)
	if err != nil {
		return fmt.Errorf("keep page: %w", err)
	}
	k.mu.Lock()
	one := &keeping{row, make(chan error, 1)}
	k.queue = append(k.queue, one)
	lead := !k.active
	k.active = true
	k.mu.Unlock()
	if lead {
		k.commitQueue(context.WithoutCancel(ctx))
	}
	return <-one.done
}

// commitQueue commits what is queued until nothing is.
func (k *keeper) commitQueue(ctx context.Context) {
	for {
		k.mu.Lock()
		batch := k.queue
		k.queue = nil
		k.active = len(batch) > 0
		k.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		err := k.commit(ctx, batch...)
		for _, one := range batch {
			if err != nil && len(batch) > 1 {
				one.done <- k.commit(ctx, one) // one fault is not the others'
			} else {
				one.done <- err
			}
		}
	}
}

// commit adds pages in one transaction.
func (k *keeper) commit(ctx context.Context, pages ...*keeping) error {
	return k.db.InTx(ctx, func(tx *warehouse.Tx) error {
		for _, one := range pages {
			if err := k.add(ctx, tx, one.row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (k *keeper) add(ctx context.Context, tx *warehouse.Tx, row *pageRow) error {
	faults, err := row.faultsText()
	if err != nil {
		return err
	}
	row.id = pageIDAfter(k.last) // ids sort in the order of their rows
	k.last = row.id
	_, err = tx.Exec(ctx, "queries/page_add.sql", warehouse.Args{
		"page_id": row.id, "run_id": string(k.run), "source": k.about.Name,
		"stream": k.about.Stream, "read_id": row.readID,
		"purpose": row.purpose, "record_id": warehouse.Null(row.recordID),
		"window_from": optionalDay(row.window.From), "window_to": optionalDay(row.window.To),
		"url": row.URL, "sha256": row.sum, "file": row.file,
		"next_cursor": warehouse.Null(string(row.Next)), "paging": row.paging(),
		"outcome": row.outcome, "message": warehouse.Null(row.message),
		"pass": row.pass, "page_number": row.number, "status": row.Status,
		"bytes": len(row.Body), "records": len(row.objects),
		"expected": sql.NullInt64{Int64: int64(row.expected), Valid: row.expected != unknown},
		"faults":   faults, "fetched_at": row.fetched,
	})
	return err
}

// pageIDAfter returns an id that sorts after last, whatever the clock did in
// between: ids sort in the order of their rows.
func pageIDAfter(last string) string {
	id := uuid.Must(uuid.NewV7())
	if id.String() > last {
		return id.String()
	}
	id = uuid.MustParse(last) // the program's own
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			break
		}
	}
	return id.String()
}

// faultsText writes the faults of the page's objects as raw.pages has them.
func (p Page) faultsText() (sql.NullString, error) {
	faults := p.faults()
	if len(faults) == 0 {
		return sql.NullString{}, nil
	}
	text, err := json.Marshal(faults)
	return warehouse.Null(string(text)), err
}

// How a page was asked for, as raw.pages.paging has it.
const (
	pagingCursor   = "cursor"
	pagingUnsorted = "unsorted cursor"
	pagingNumber   = "number"
)

func (p Page) paging() string {
	switch {
	case p.Numbered:
		return pagingNumber
	case p.Unsteady:
		return pagingUnsorted
	}
	return pagingCursor
}

func optionalDay(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }
