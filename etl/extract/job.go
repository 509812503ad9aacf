package extract

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"spendbridge/etl"
	"spendbridge/etl/httpretry"
	"spendbridge/etl/warehouse"
)

// Why a page was read, as raw.pages.purpose has it.
const (
	purposeWindow   = "window"   // the look-back of every run
	purposeCreated  = "created"  // what was typed in late
	purposeRecheck  = "recheck"  // one record
	purposeBackfill = "backfill" // a period a person asked for
	purposeSweep    = "sweep"    // everything
)

// The states of a slot, as raw.cursors.state has them.
const (
	statePending  = "pending"
	stateReading  = "reading"
	stateRead     = "read" // and proven; what is gone from it is not decided yet
	stateDone     = "done"
	stateUnproven = "unproven"
	stateHeld     = "held" // too much is gone for a program to believe it
)

// A slot is one window of a job, and how far it is.
type slot struct {
	purpose string
	query   Query
	state   string
	readID  string
}

func slotsOf(purpose string, windows []etl.Window) []*slot {
	var slots []*slot
	for _, w := range windows {
		slots = append(slots, &slot{purpose: purpose, query: Query{Window: w}, state: statePending})
	}
	return slots
}

// A job reads windows of one source side by side. What it has finished is in
// raw.cursors, so that the next one of the same id goes on there.
type job struct {
	*Extractor
	id      string
	source  Source
	about   About
	started time.Time
	slots   []*slot
	keep    *keeper
	land    *lander

	failures failures
	slotting sync.Mutex // DuckDB lets two updates of one table at a time fail
	mu       sync.Mutex // guards what follows
	nameless nameless
	report   Report
	held     error    // what a person has to decide
	found    []string // records that answered when they were asked for
	done     int64    // pages read
	expected int64    // pages to be read, as far as is known
}

// begin takes up the job where an interrupted one with the same windows
// stands, unless that one is further from now than fresh, in either direction:
// the clock may have been wrong. Zero means that none is.
func (j *job) begin(ctx context.Context, fresh time.Duration) error {
	now := j.Now().UTC()
	stored, started, updated, err := j.stored(ctx)
	if err != nil {
		return err
	}
	if sameSlots(stored, j.slots) && (fresh == 0 || now.Sub(updated).Abs() < fresh) {
		j.slots, j.started = stored, started
		return nil
	}
	j.started = now
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if _, err := tx.Exec(ctx, "queries/cursor_remove.sql", warehouse.Args{"job_id": j.id}); err != nil {
			return err
		}
		for _, s := range j.slots {
			if _, err := tx.Exec(ctx, "queries/cursor_add.sql", warehouse.Args{
				"job_id": j.id, "source": j.about.Name, "run_id": string(j.RunID), "purpose": s.purpose,
				"window_from": optionalDay(s.query.From), "window_to": optionalDay(s.query.To), "now": now,
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget removes what is known of the job, so that the next one begins anew.
func (j *job) forget(ctx context.Context) error {
	_, err := j.DB.Exec(ctx, "queries/cursor_remove.sql", warehouse.Args{"job_id": j.id})
	return err
}

// stored reads the slots of an earlier job with the same id.
func (j *job) stored(ctx context.Context) (slots []*slot, started, updated time.Time, err error) {
	err = j.DB.Each(ctx, "queries/cursor_list.sql", warehouse.Args{"job_id": j.id}, func(rows *sql.Rows) error {
		var (
			s        slot
			readID   sql.NullString
			from, to sql.NullTime
			last     time.Time
		)
		if err := rows.Scan(&readID, &s.purpose, &s.state, &from, &to, &started, &last); err != nil {
			return err
		}
		s.readID, s.query.From, s.query.To = readID.String, from.Time, to.Time
		if last.After(updated) {
			updated = last
		}
		slots = append(slots, &s)
		return nil
	})
	return slots, started, updated, err
}

// sameSlots reports whether the stored slots are those now asked for, and
// gives them the queries, which the table does not hold in full.
func sameSlots(stored, asked []*slot) bool {
	if len(stored) != len(asked) {
		return false
	}
	for _, a := range asked {
		i := slices.IndexFunc(stored, a.same)
		if i < 0 {
			return false
		}
		stored[i].query = a.query
	}
	return true
}

func (s *slot) same(other *slot) bool {
	return s.purpose == other.purpose &&
		s.query.From.Equal(other.query.From) && s.query.To.Equal(other.query.To)
}

// isRead reports whether a window needs no further reading.
func (s *slot) isRead() bool { return s.state == stateDone || s.state == stateRead }

// readSlots reads every window that is not done, as many side by side as the
// source allows. A window that fails stops no other, unless it is the source
// that fails.
func (j *job) readSlots(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(j.about.Parallel)
	for _, s := range j.slots {
		if s.isRead() {
			j.report.DoneAhead++
			continue
		}
		group.Go(func() error {
			if !j.failures.ofSource() {
				j.failures.add(j.readSlot(ctx, s))
			}
			return nil
		})
	}
	_ = group.Wait() // its errors are in j.failures
	slices.SortFunc(j.report.Proofs, func(a, b Proof) int { return a.Window.From.Compare(b.Window.From) })
	return j.failures.err()
}

// readSlot reads one window, lands it, and notes what it proved.
func (j *job) readSlot(ctx context.Context, s *slot) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &reader{
		source: j.source, about: j.about, keep: j.keep, land: j.land,
		purpose: s.purpose, query: s.query, readID: s.readID, tell: j.tell,
	}
	current, n, damaged, err := newPass(), 1, []damagedPage(nil), error(nil)
	if s.state == stateReading {
		if current, n, damaged, err = r.resume(ctx); err != nil {
			return err
		}
		if err := j.giveUp(ctx, damaged); err != nil {
			return err
		}
	}
	if current.pages == 0 {
		if r.readID, err = j.beginRead(ctx, s); err != nil {
			return err
		}
	}
	found, err := r.prove(ctx, current, n)
	if errors.Is(err, errEndless) {
		err = errors.Join(err, j.dropRead(context.WithoutCancel(ctx), s))
	}
	if err != nil {
		return err
	}
	return j.finishSlot(ctx, s, found)
}

// beginRead begins a window from its start. What an earlier read that has to
// be begun again had found does not count.
func (j *job) beginRead(ctx context.Context, s *slot) (readID string, err error) {
	if s.state == stateReading {
		if err := j.dropRead(ctx, s); err != nil {
			return "", err
		}
	}
	s.readID = newReadID()
	j.land.hold(s.readID)
	return s.readID, j.setSlot(ctx, s, stateReading)
}

// dropRead lets nothing come of what a window's read has found so far.
func (j *job) dropRead(ctx context.Context, s *slot) error {
	if err := j.land.supersede(ctx, s.readID, maxPasses+1); err != nil {
		return err
	}
	j.land.release(s.readID)
	return j.setSlot(ctx, s, statePending)
}

// finishSlot lands a window, notes what is missing from it, and makes its
// proof known.
func (j *job) finishSlot(ctx context.Context, s *slot, f *finding) error {
	if f.Proven && f.Passes > 1 {
		if err := j.land.supersede(ctx, s.readID, f.Passes); err != nil {
			return err
		}
	}
	j.land.release(s.readID)
	if err := errors.Join(j.land.land(ctx), j.land.failure(s.readID)); err != nil {
		return err
	}
	state := stateUnproven
	if f.Proven {
		state = stateRead
		if err := j.missed(ctx, s, f); err != nil {
			return fmt.Errorf("missing records of window %s: %w", s.query, err)
		}
		if err := j.askEarly(ctx, f); err != nil {
			return fmt.Errorf("records of an earlier pass of window %s: %w", s.query, err)
		}
	}
	if err := j.recordProof(ctx, f.Proof); err != nil {
		return err
	}
	if err := j.setSlot(ctx, s, state); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report.Proofs = append(j.report.Proofs, f.Proof)
	j.nameless.add(s, f)
	if j.OnProof != nil {
		j.OnProof(f.Proof)
	}
	return nil
}

// askEarly asks for what only an earlier pass than the proving one has found:
// it stays as it was, unless it answers.
func (j *job) askEarly(ctx context.Context, f *finding) error {
	asked, canAsk := j.source.(finder)
	if !canAsk {
		return nil
	}
	_, _, err := j.askEach(ctx, asked, f.early(), func(int) bool { return false })
	return err
}

func (j *job) setSlot(ctx context.Context, s *slot, state string) error {
	j.slotting.Lock()
	defer j.slotting.Unlock()
	s.state = state
	_, err := j.DB.Exec(ctx, "queries/cursor_set.sql", warehouse.Args{
		"job_id": j.id, "run_id": string(j.RunID), "read_id": s.readID, "state": state,
		"purpose": s.purpose, "window_from": optionalDay(s.query.From), "now": j.Now().UTC(),
	})
	return err
}

// tell adds to the job's progress: pages read, and pages that turned out to
// be expected.
func (j *job) tell(done, expected int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done += int64(done)
	j.expected += int64(expected)
	if j.Progress != nil {
		j.Progress("pages", j.done, max(j.expected, j.done))
	}
}

// failures are the windows of a job that could not be read. They tell a bad
// window, which costs that window, from a source that is down.
type failures struct {
	mu    sync.Mutex
	found []error
	row   int  // windows that failed one after another
	down  bool // the source is
}

// inARow is how many windows may fail one after another before a source
// counts as down.
const inARow = 3

// add notes how a window ended.
func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil || answered(err) {
		f.row = 0
	} else if f.row++; f.row >= inARow || ofSource(err) {
		f.down = true
	}
	if err != nil {
		f.found = append(f.found, err)
	}
}

// ofSource reports whether no other window can be expected to do better.
func (f *failures) ofSource() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.down
}

func (f *failures) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.found...)
}

// answered reports whether the source works, though a window failed.
func answered(err error) bool {
	var page *landPageError
	return errors.Is(err, etl.ErrDrift) || errors.Is(err, errEndless) || errors.As(err, &page)
}

func ofSource(err error) bool {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return true
	}
	var status *httpretry.StatusError
	if errors.As(err, &status) {
		switch status.Code {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
			return true
		}
	}
	return errors.Is(err, context.Canceled)
}
