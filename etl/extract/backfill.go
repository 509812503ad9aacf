package extract

import (
	"context"
	"time"

	"spendbridge/etl"
)

// A Backfill is a period to be read again: the days from From up to and
// without To, cut into windows.
type Backfill struct {
	From, To time.Time // midnight UTC
	Span     etl.Span
	Restart  bool // begin anew, whatever was done before
}

// NewBackfill reads the bounds and the window size of a backfill as a person
// writes them: 2024-01-01, 2024-07-01, 1mo. What makes no sense at the time
// now is a [*etl.UsageError].
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
		return b, etl.Usagef("--from %s is not before --to %s; the day of --to is the first one that is not read", from, to)
	case b.To.After(tomorrow):
		return b, etl.Usagef("--to %s lies in the future; write --to %s or an earlier day", to, tomorrow.Format(time.DateOnly))
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

// id tells one backfill from another.
func (b Backfill) id() string {
	return "/" + b.From.Format(time.DateOnly) + "/" + b.To.Format(time.DateOnly) + "/" + b.Span.String()
}

// Backfill reads a period. One that was stopped goes on where it stood, and
// one that came to its end reads nothing again ([Report.DoneAhead] says so)
// unless b.Restart is set. Look-backs and their cursors are not touched.
func (x *Extractor) Backfill(ctx context.Context, s Source, b Backfill) (Report, error) {
	p := plan{
		purpose: purposeBackfill, job: b.id(), from: b.From, keep: true,
		slots: slotsOf(purposeBackfill, b.Span.Split(b.From, b.To)),
	}
	if b.Restart {
		j, err := x.newJob(s, p)
		if err != nil {
			return Report{}, err
		}
		if err := j.forget(ctx, j.DB); err != nil {
			return Report{}, err
		}
	}
	return x.run(ctx, s, p)
}

// A PlannedWindow is what reading one window would take.
type PlannedWindow struct {
	Window   etl.Window `json:"-"`
	Name     string     `json:"window"`
	Records  int        `json:"records"`
	Requests int        `json:"requests"`
	Done     bool       `json:"done"` // an earlier backfill finished it
}

// Plan says what a backfill would read. It asks the vendor to count every
// window and stores nothing.
func (x *Extractor) Plan(ctx context.Context, s Source, b Backfill) ([]PlannedWindow, error) {
	j, err := x.newJob(s, plan{
		purpose: purposeBackfill, job: b.id(), slots: slotsOf(purposeBackfill, b.Span.Split(b.From, b.To)),
	})
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

// requests is how many requests a window of n records takes if nothing
// changes meanwhile.
func (a About) requests(n int) int {
	pages := a.pages(n)
	switch {
	case !a.CountsPages:
		return pages + 2 // it is counted before and after
	case pages > 1:
		return 2 * pages // two passes have to agree
	}
	return max(1, pages)
}

// pages is how many pages n records fill.
func (a About) pages(n int) int { return (n + a.PageSize - 1) / a.PageSize }
