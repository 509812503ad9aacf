package extract

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// An Extractor copies sources into the warehouse.
type Extractor struct {
	DB     *warehouse.DB
	Folder string // the data folder
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
	var (
		b   Backfill
		err error
	)
	if b.From, err = day("from", from); err != nil {
		return b, err
	}
	if b.To, err = day("to", to); err != nil {
		return b, err
	}
	if b.Span, err = etl.ParseSpan(span); err != nil {
		return b, etl.Usagef("--window: %w", err)
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
	err = j.run(ctx)
	counts := j.land.counts
	counts.Read = max(counts.Read, j.known.seen)
	counts.Skipped = max(0, counts.Read-counts.Written)
	j.report.Counts = counts
	return j.report, err
}
