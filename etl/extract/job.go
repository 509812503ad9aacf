package extract

import (
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
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
	stored  bool // by an earlier run
}

func slotsOf(purpose string, windows []etl.Window) []*slot {
	var slots []*slot
	for _, w := range windows {
		slots = append(slots, newSlot(purpose, Query{Window: w}))
	}
	return slots
}

func newSlot(purpose string, q Query) *slot {
	return &slot{purpose: purpose, query: q, state: statePending, readID: newReadID()}
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
	known   *known
	kept    keptLines

	failures   failures
	concluding sync.Mutex // one conclusion at a time, and one update of the slots
	mu         sync.Mutex // guards what follows
	ended      []*ending  // windows that were read and are not concluded
	endedIDs   int        // records that they hold in memory
	nameless   nameless
	report     Report
	held       error    // what a person has to decide
	found      []string // records that answered when they were asked for
	done       int64    // pages read
	expected   int64    // pages to be read, as far as is known
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
	type row struct {
		ReadID  string `json:"read_id"`
		Purpose string `json:"purpose"`
		From    string `json:"window_from,omitempty"`
		To      string `json:"window_to,omitempty"`
	}
	var rows []row
	for _, s := range j.slots {
		rows = append(rows, row{s.readID, s.purpose, optionalText(s.query.From), optionalText(s.query.To)})
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := j.forget(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "extract/cursor.add", warehouse.Args{
			"job_id": j.id, "source": j.about.Name, "run_id": string(j.RunID), "slots": string(text), "now": now,
		})
		return err
	})
}

// forget removes what is known of the job, so that the next one begins anew.
func (j *job) forget(ctx context.Context, r warehouse.Runner) error {
	_, err := r.Exec(ctx, "extract/cursor.remove", warehouse.Args{"job_id": j.id})
	return err
}

// stored reads the slots of an earlier job with the same id.
func (j *job) stored(ctx context.Context) (slots []*slot, started, updated time.Time, err error) {
	err = j.DB.Each(ctx, "extract/cursor.list", warehouse.Args{"job_id": j.id}, func(rows *sql.Rows) error {
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
		s.stored = true
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
	j.failures.add(j.conclude(context.WithoutCancel(ctx)))
	slices.SortFunc(j.report.Proofs, func(a, b Proof) int { return a.Window.From.Compare(b.Window.From) })
	return j.failures.err()
}

// readSlot reads one window and leaves it to be concluded.
func (j *job) readSlot(ctx context.Context, s *slot) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &reader{
		source: j.source, about: j.about, keep: j.keep, kept: &j.kept,
		purpose: s.purpose, query: s.query, readID: s.readID, tell: j.tell,
	}
	left := &leftRead{pass: newPass(), n: 1}
	if s.isBegun() {
		var err error
		if left, err = r.resume(ctx); err != nil {
			return err
		}
		if err := j.giveUp(ctx, left.damaged); err != nil {
			return err
		}
	}
	if left.unusable || s.wasRead() {
		if err := j.renew(ctx, s); err != nil {
			return err
		}
		left = &leftRead{pass: newPass(), n: 1}
	}
	r.readID, s.state = s.readID, stateReading
	j.land.hold(s.readID)
	found, err := r.prove(ctx, left.pass, left.n)
	if errors.Is(err, errEndless) {
		err = errors.Join(err, j.renew(context.WithoutCancel(ctx), s))
	}
	if err != nil {
		return err
	}
	return j.end(ctx, s, found)
}

// isBegun reports whether an earlier run was reading the window.
func (s *slot) isBegun() bool {
	return s.stored && s.readID != "" && (s.state == statePending || s.state == stateReading)
}

// wasRead reports whether the window is read anew although an earlier run came
// to its end.
func (s *slot) wasRead() bool {
	return s.readID == "" || s.state == stateUnproven || s.state == stateHeld
}

// renew lets nothing come of what a read of the window has found so far, and
// gives it another one.
func (j *job) renew(ctx context.Context, s *slot) error {
	if s.isBegun() || s.state == stateReading {
		if err := j.land.supersede(ctx, s.readID, maxPasses+1); err != nil {
			return err
		}
		j.land.release(s.readID)
	}
	s.readID = newReadID()
	j.concluding.Lock()
	defer j.concluding.Unlock()
	return j.setSlots(ctx, j.DB, statePending, s)
}

// An ending is a window that was read to its end.
type ending struct {
	slot *slot
	*finding
	missing []string // what was to be found in it and was not
}

// maxEndedIDs bounds the memory for the records of windows that wait to be
// concluded.
const maxEndedIDs = 100_000

// end leaves a window to be concluded, together with others: each transaction
// costs as much as some hundred records.
func (j *job) end(ctx context.Context, s *slot, f *finding) error {
	if f.Proven && f.Passes > 1 {
		if err := j.land.supersede(ctx, s.readID, f.Passes); err != nil {
			return err
		}
	}
	j.land.release(s.readID)
	j.mu.Lock()
	j.ended = append(j.ended, &ending{slot: s, finding: f})
	for _, pass := range f.seen {
		j.endedIDs += len(pass)
	}
	full := j.endedIDs >= maxEndedIDs
	if j.OnProof != nil {
		j.OnProof(f.Proof)
	}
	j.mu.Unlock()
	if !full && !j.land.isFull() {
		return nil
	}
	return j.conclude(ctx)
}

// conclude lands the windows that have ended, notes what is missing from them,
// and makes their proofs known.
func (j *job) conclude(ctx context.Context) error {
	j.concluding.Lock()
	defer j.concluding.Unlock()
	j.mu.Lock()
	ended := j.ended
	j.ended, j.endedIDs = nil, 0
	j.mu.Unlock()
	if len(ended) == 0 {
		return nil
	}
	if err := j.land.land(ctx); err != nil {
		return err
	}
	var (
		concluded []*ending
		failed    []error
	)
	for _, e := range ended {
		if err := j.examine(ctx, e); err != nil {
			failed = append(failed, err)
		} else {
			concluded = append(concluded, e)
		}
	}
	if err := j.record(ctx, concluded); err != nil {
		return errors.Join(append(failed, err)...)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range concluded {
		j.report.Proofs = append(j.report.Proofs, e.Proof)
		j.nameless.add(e.slot, e.finding)
	}
	return errors.Join(failed...)
}

// examine finds out what is missing from a window that has landed.
func (j *job) examine(ctx context.Context, e *ending) error {
	if err := j.land.failure(e.slot.readID); err != nil || !e.Proven {
		return err
	}
	if err := j.missed(ctx, e); err != nil {
		return fmt.Errorf("missing records of window %s: %w", e.slot.query, err)
	}
	if err := j.askEarly(ctx, e.finding); err != nil {
		return fmt.Errorf("records of an earlier pass of window %s: %w", e.slot.query, err)
	}
	return nil
}

// record writes down what some windows have shown, all or nothing.
func (j *job) record(ctx context.Context, concluded []*ending) error {
	if len(concluded) == 0 {
		return nil
	}
	back, err := j.back(ctx, concluded)
	if err != nil {
		return err
	}
	var checks []check
	slots := map[string][]*slot{}
	for _, e := range concluded {
		c, err := e.check()
		if err != nil {
			return err
		}
		checks = append(checks, c)
		state := stateUnproven
		if e.Proven {
			state = stateRead
		}
		slots[state] = append(slots[state], e.slot)
	}
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := j.returned(ctx, tx, back); err != nil {
			return err
		}
		for _, e := range concluded {
			if err := j.noteMissing(ctx, tx, e); err != nil {
				return err
			}
		}
		if err := j.check(ctx, tx, checks...); err != nil {
			return err
		}
		for state, some := range slots {
			if err := j.setSlots(ctx, tx, state, some...); err != nil {
				return err
			}
		}
		return nil
	})
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

// setSlots notes how far some windows are.
func (j *job) setSlots(ctx context.Context, r warehouse.Runner, state string, slots ...*slot) error {
	type row struct {
		ReadID  string `json:"read_id"`
		Purpose string `json:"purpose"`
		From    string `json:"window_from,omitempty"`
	}
	var rows []row
	for _, s := range slots {
		s.state = state
		rows = append(rows, row{s.readID, s.purpose, optionalText(s.query.From)})
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = r.Exec(ctx, "extract/cursor.set", warehouse.Args{
		"job_id": j.id, "run_id": string(j.RunID), "slots": string(text), "state": state, "now": j.Now().UTC(),
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
