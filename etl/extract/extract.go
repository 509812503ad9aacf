package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// An Extractor copies sources into the warehouse.
type Extractor struct {
	DB     *warehouse.DB
	Folder string       // the data folder
	Store  *store.Store // where its files are kept too
	Log    *slog.Logger
	Now    func() time.Time
	RunID  etl.RunID

	// Progress receives page counts; it may be nil.
	Progress etl.Progress

	// OnProof receives the proof of each window as it ends, one at a time; it
	// may be nil.
	OnProof func(Proof)

	// Accept allows deleting the records that earlier runs listed as vanished;
	// nil allows none.
	Accept *Acceptance
}

// A Report is what one extraction of one source did and proved.
type Report struct {
	Counts etl.Counts `json:"counts"` // objects, the included ones too
	Source string     `json:"source"`
	From   time.Time  `json:"from"` // the first day that was read

	// First reports that nothing was stored before: spend from before From
	// needs a backfill.
	First bool `json:"first"`

	Proofs    []Proof  `json:"proofs"`
	DoneAhead int      `json:"done_ahead"`     // windows that an interrupted run had finished
	Rechecked int      `json:"rechecked"`      // old unsettled records that were fetched by id
	Gone      int      `json:"gone"`           // records marked as deleted
	Held      int      `json:"held"`           // records that look deleted and await acceptance
	Accepted  int      `json:"accepted"`       // of those that earlier runs held
	News      []string `json:"news,omitempty"` // members in no schema, seen for the first time

	Unconfirmed Unconfirmed `json:"unconfirmed"`
}

// unproven is an error that names the unproven windows.
func (r *Report) unproven() error {
	var found []error
	for _, p := range r.Proofs {
		if !p.Proven {
			found = append(found, fmt.Errorf("window %s is not proven after %d passes: %s; its records are loaded; the next run reads it again", p.Name, p.Passes, p.Reason))
		}
	}
	return errors.Join(found...)
}

// fresh is how long a stopped look-back can be resumed. After that its windows
// are read again, because yesterday's answers are not today's state.
const fresh = 6 * time.Hour

// Run reads a source's look-back: every window that may still change, entries
// made late, and old records that are not settled. A run that was stopped, or
// even killed, is resumed by the next one at its last committed page.
//
// After everything was read and landed, unproven windows are an error, and more
// deleted records than is plausible are a [*etl.NeedsPersonError].
func (x *Extractor) Run(ctx context.Context, s Source) (Report, error) {
	about := s.About()
	today := etl.Day(x.Now())
	from := today.AddDate(0, 0, -about.Lookback)
	slots := slotsOf(purposeWindow, etl.Month.SplitOpen(from, today))
	if about.CreatedFilter {
		slots = append(slots, newSlot(purposeCreated, Query{
			Window:      etl.Window{To: from},
			CreatedFrom: from.AddDate(0, 0, -1), // the vendor's days start in another time zone
		}))
	}
	return x.run(ctx, s, plan{purpose: purposeWindow, slots: slots, from: from, fresh: fresh})
}

// Sweep reads everything again, from the oldest stored day onwards.
func (x *Extractor) Sweep(ctx context.Context, s Source) (Report, error) {
	about := s.About()
	today := etl.Day(x.Now())
	var oldest sql.NullTime
	err := x.DB.Get(ctx, "extract/record.oldest",
		warehouse.Args{"source": about.Name, "stream": about.Stream}, &oldest)
	if err != nil {
		return Report{}, err
	}
	from := today.AddDate(0, 0, -about.Lookback)
	if oldest.Valid && oldest.Time.Before(from) {
		from = oldest.Time
	}
	slots := slotsOf(purposeSweep, etl.Month.SplitOpen(from, today))
	return x.run(ctx, s, plan{purpose: purposeSweep, slots: slots, from: from, fresh: 7 * 24 * time.Hour})
}

// A Backfill is a period to read again: the days from From up to but not
// including To, split into windows.
type Backfill struct {
	From, To time.Time // midnight UTC
	Span     etl.Span
	Restart  bool // start over, whatever was done before
}

// NewBackfill parses the bounds and the window size of a backfill, such as
// 2024-01-01, 2024-07-01 and 1mo. Invalid input is a [*etl.UsageError].
func NewBackfill(from, to, span string, now time.Time) (Backfill, error) {
	var b Backfill
	var faults [3]error
	b.From, faults[0] = day("from", from)
	b.To, faults[1] = day("to", to)
	if b.Span, faults[2] = etl.ParseSpan(span); faults[2] != nil {
		faults[2] = etl.Usagef("--window: %w", faults[2])
	}
	if err := errors.Join(faults[:]...); err != nil {
		return b, err
	}
	tomorrow := etl.Day(now).AddDate(0, 0, 1)
	switch {
	case !b.From.Before(b.To):
		return b, etl.Usagef("--from %s is not before --to %s; --to is the first day that is not read", from, to)
	case b.To.After(tomorrow):
		return b, etl.Usagef("--to %s is in the future; write --to %s or an earlier day", to, tomorrow.Format(time.DateOnly))
	}
	return b, nil
}

func day(flag, text string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, etl.Usagef("--%s %q is not a day; write it as 2024-01-31", flag, text)
	}
	return t, nil
}

func (b Backfill) plan() plan {
	days := "/" + b.From.Format(time.DateOnly) + "/" + b.To.Format(time.DateOnly)
	return plan{
		purpose: purposeBackfill, name: days + "/" + b.Span.String(), from: b.From,
		slots: slotsOf(purposeBackfill, b.Span.Split(b.From, b.To)), restart: b.Restart, remember: true,
	}
}

// Backfill reads a period. A stopped backfill is resumed, and a finished one
// reads nothing again (see [Report.DoneAhead]) unless b.Restart is set.
// Look-backs and their cursors are not affected.
func (x *Extractor) Backfill(ctx context.Context, s Source, b Backfill) (Report, error) {
	return x.run(ctx, s, b.plan())
}

// A PlannedWindow is the estimated cost of reading one window.
type PlannedWindow struct {
	Window   etl.Window `json:"-"`
	Name     string     `json:"window"`
	Records  int        `json:"records"`
	Requests int        `json:"requests"`
	Done     bool       `json:"done"` // an earlier backfill finished it
}

// Plan estimates what a backfill would read. It asks the vendor for the count
// of every window and stores nothing.
func (x *Extractor) Plan(ctx context.Context, s Source, b Backfill) ([]PlannedWindow, error) {
	j, err := x.newJob(s, b.plan())
	if err != nil {
		return nil, err
	}
	stored, _, _, err := j.stored(ctx)
	if err != nil {
		return nil, err
	}
	if sameSlots(stored, j.slots) && !b.Restart {
		j.slots = stored
	}
	var planned []PlannedWindow
	for _, one := range j.slots {
		w := PlannedWindow{Window: one.query.Window, Name: one.query.String(), Done: one.isRead()}
		if !w.Done {
			if w.Records, err = s.Count(ctx, one.query); err != nil {
				return nil, err
			}
			w.Requests = s.About().requests(w.Records)
		}
		planned = append(planned, w)
	}
	return planned, nil
}

// requests is how many requests a window of n records takes if nothing changes
// in the meantime.
func (a About) requests(n int) int {
	pages := a.pages(n)
	switch {
	case !a.CountsPages:
		return pages + 2 // counted before and after
	case pages > 1:
		return 2 * pages // two passes must agree
	}
	return max(1, pages)
}

// pages is how many pages n records fill.
func (a About) pages(n int) int { return (n + a.PageSize - 1) / a.PageSize }

// A plan says what a job reads.
type plan struct {
	purpose  string
	name     string // the rest of the job's id, after purpose and source
	slots    []*slot
	from     time.Time
	fresh    time.Duration // how long an interrupted job can be resumed; zero: forever
	restart  bool          // start over, whatever was done before
	remember bool          // keep the cursors after the job's end
}

// run runs a job to its end, resuming an earlier one that was stopped.
func (x *Extractor) run(ctx context.Context, s Source, p plan) (Report, error) {
	j, err := x.newJob(s, p)
	if err != nil {
		return Report{}, err
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	err = j.run(ctx)
	counts := j.land.counts
	counts.Read = max(counts.Read, j.known.count())
	counts.Skipped = max(0, counts.Read-counts.Written)
	report := j.report
	report.Counts = counts
	debug.FreeOSMemory() // of the job, at once: the next stage is DuckDB's
	return report, err
}

// The states of a slot: the values of raw.cursors.state.
const (
	statePending  = "pending"
	stateReading  = "reading"
	stateRead     = "read" // and proven; deletions are not decided yet
	stateDone     = "done"
	stateUnproven = "unproven"
	stateHeld     = "held" // too many records vanished: needs a person
)

// A slot is one window of a job and its state.
type slot struct {
	purpose string
	query   Query
	state   string
	readID  string
	stored  bool // by an earlier run
	part    *part
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

// MarshalJSON encodes a slot for the statement that stores it.
func (s *slot) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ReadID  string `json:"read_id"`
		Purpose string `json:"purpose"`
		State   string `json:"state"`
		From    string `json:"window_from,omitempty"`
		To      string `json:"window_to,omitempty"`
	}{s.readID, s.purpose, s.state, optionalText(s.query.From), optionalText(s.query.To)})
}

func (s *slot) same(other *slot) bool {
	return s.purpose == other.purpose &&
		s.query.From.Equal(other.query.From) && s.query.To.Equal(other.query.To)
}

// isRead reports whether the window need not be read any more.
func (s *slot) isRead() bool { return s.state == stateDone || s.state == stateRead }

// isBegun reports whether an earlier run started reading the window.
func (s *slot) isBegun() bool {
	return s.stored && s.readID != "" && (s.state == statePending || s.state == stateReading)
}

// wasRead reports whether the window is read again although an earlier run
// finished it.
func (s *slot) wasRead() bool {
	return s.readID == "" || s.state == stateUnproven || s.state == stateHeld
}

// span is from the first day of the windows to the last, without the pass for
// late entries, which is about other days.
func span(windows []*slot) etl.Window {
	days := windows[0].query.Window
	for _, s := range windows {
		if s.purpose == purposeCreated {
			continue
		}
		if s.query.From.Before(days.From) || days.From.IsZero() {
			days.From = s.query.From
		}
		if s.query.To.IsZero() || !days.To.IsZero() && s.query.To.After(days.To) {
			days.To = s.query.To
		}
	}
	return days
}

// begin resumes an interrupted job with the same windows while it is fresh. A
// job from the future is not fresh either: the clock may have been wrong.
func (j *job) begin(ctx context.Context) error {
	now := j.Now().UTC()
	stored, started, updated, err := j.stored(ctx)
	if err != nil {
		return err
	}
	if !j.restart && sameSlots(stored, j.slots) && (j.fresh == 0 || now.Sub(updated).Abs() < j.fresh) {
		j.slots, j.started = stored, started
		return nil
	}
	j.started = now
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if len(stored) > 0 {
			if err := j.forget(ctx, tx); err != nil {
				return err
			}
		}
		return j.setSlots(ctx, tx, j.slots...)
	})
}

// forget removes the state of the job, so that the next one starts over.
func (j *job) forget(ctx context.Context, r warehouse.Runner) error {
	_, err := r.Exec(ctx, "extract/cursor.remove", warehouse.Args{"job_id": j.id})
	return err
}

// stored reads the slots of an earlier job with the same id.
func (j *job) stored(ctx context.Context) (slots []*slot, started, updated time.Time, err error) {
	err = j.DB.Each(ctx, "extract/cursor.list", warehouse.Args{"job_id": j.id}, func(rows *sql.Rows) error {
		var (
			s        = slot{stored: true}
			from, to sql.NullTime
			last     time.Time
		)
		if err := rows.Scan(&s.readID, &s.purpose, &s.state, &from, &to, &started, &last); err != nil {
			return err
		}
		s.query.From, s.query.To = from.Time, to.Time
		if last.After(updated) {
			updated = last
		}
		slots = append(slots, &s)
		return nil
	})
	return slots, started, updated, err
}

// sameSlots reports whether the stored slots are those asked for now, and sets
// their queries, which the table does not store in full.
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

// setSlots stores the states of some windows.
func (j *job) setSlots(ctx context.Context, r warehouse.Runner, slots ...*slot) error {
	text, err := json.Marshal(slots)
	if err != nil {
		return err
	}
	_, err = r.Exec(ctx, "extract/cursor.set", warehouse.Args{
		"job_id": j.id, "source": j.about.Name, "run_id": string(j.RunID), "slots": string(text),
		"started_at": j.started, "now": j.Now().UTC(),
	})
	return err
}
