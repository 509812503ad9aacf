package extract

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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

	// Progress is told of pages as they are read; nil means nobody is.
	Progress etl.Progress

	// OnProof is told of every window as it ends, one at a time; nil means
	// nobody is.
	OnProof func(Proof)

	// Accept lets the records be marked as gone that ended runs have listed as
	// vanished; nil means nobody has accepted that.
	Accept *Acceptance
}

// A Report is what one extraction of one source did and proved.
type Report struct {
	Counts etl.Counts `json:"counts"` // objects, the included ones too
	Source string     `json:"source"`
	From   time.Time  `json:"from"` // the first day that was read

	// First says that nothing was stored before: what was spent earlier than
	// From needs a backfill.
	First bool `json:"first"`

	Proofs    []Proof  `json:"proofs"`
	DoneAhead int      `json:"done_ahead"`     // windows an interrupted run had finished: not read again
	Rechecked int      `json:"rechecked"`      // old unsettled records that were asked for one by one
	Gone      int      `json:"gone"`           // records marked as gone
	Held      int      `json:"held"`           // records that look gone and wait until somebody accepts it
	Accepted  int      `json:"accepted"`       // of what earlier runs held
	News      []string `json:"news,omitempty"` // members that no schema knows and that are new

	Unconfirmed Unconfirmed `json:"unconfirmed"`
}

// fresh is for how long a look-back that was stopped is continued. After that
// its windows are read anew: what was read yesterday is not today's state.
const fresh = 6 * time.Hour

// Run reads a source's look-back: every window that may still change, what
// was typed in late, and old records that are not settled. A run that was
// stopped, even killed, is continued by the next one at its last committed
// page.
//
// Windows that could not be proven are an error, and more records gone than
// plausible a [*etl.NeedsPersonError], after everything was read and landed.
func (x *Extractor) Run(ctx context.Context, s Source) (Report, error) {
	about := s.About()
	today := etl.Day(x.Now())
	from := today.AddDate(0, 0, -about.Lookback)
	slots := slotsOf(purposeWindow, etl.Month.SplitOpen(from, today))
	if about.CreatedFilter {
		slots = append(slots, newSlot(purposeCreated, Query{
			Window:      etl.Window{To: from},
			CreatedFrom: from.AddDate(0, 0, -1), // the vendor's days begin elsewhere
		}))
	}
	return x.run(ctx, s, plan{purpose: purposeWindow, slots: slots, from: from, fresh: fresh})
}

// Sweep reads everything again, from the oldest stored day on.
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

// A plan is what a job has to read.
type plan struct {
	purpose string
	job     string // what its id has beside purpose and source
	slots   []*slot
	from    time.Time
	fresh   time.Duration // for how long an interrupted job is continued; zero means for ever
	keep    bool          // remember what is done after the job's end
}

// run does a job from its beginning, or from where an earlier one was
// stopped, to its end.
func (x *Extractor) run(ctx context.Context, s Source, p plan) (Report, error) {
	j, err := x.newJob(s, p)
	if err != nil {
		return Report{}, err
	}
	err = j.run(ctx, p)
	counts := j.land.counts
	counts.Read = max(counts.Read, j.known.seen)
	counts.Skipped = max(0, counts.Read-counts.Written)
	j.report.Counts = counts
	return j.report, err
}

func (x *Extractor) newJob(s Source, p plan) (*job, error) {
	about := s.About()
	files, err := newPageFiles(x.Folder)
	if err != nil {
		return nil, err
	}
	known := &known{objects: map[string]map[string]knownObject{}}
	land := &lander{db: x.DB, files: files, source: about.Name, known: known}
	return &job{
		Extractor: x, id: p.purpose + "/" + about.Name + p.job, source: s, about: about, slots: p.slots,
		known: known, land: land,
		keep:   &keeper{files: files, about: about, run: x.RunID, now: x.Now, known: known, land: land},
		report: Report{Source: about.Name, From: p.from},
	}, nil
}

func (j *job) run(ctx context.Context, p plan) error {
	err := j.DB.Get(ctx, "extract/record.missing", warehouse.Args{"source": j.about.Name}, &j.report.First)
	if err != nil {
		return err
	}
	if err := j.begin(ctx, p.fresh); err != nil {
		return fmt.Errorf("job %s: %w", j.id, err)
	}
	if err := j.landLeft(ctx); err != nil {
		return err
	}
	if err := j.DB.Get(ctx, "extract/page.newest", warehouse.Args{"source": j.about.Name}, &j.keep.last); err != nil {
		return err
	}
	if err := j.known.load(ctx, j.DB, j.about.Name, span(j.slots).From, ""); err != nil {
		return err
	}
	if err := j.accept(ctx); err != nil {
		return err
	}
	if err := j.readAll(ctx, p); err != nil {
		if ctx.Err() == nil {
			j.land.inAnyOrder = true // what was read of other windows waits for none
			err = errors.Join(err, j.land.land(ctx))
		}
		return err
	}
	if err := j.land.failure(""); err != nil {
		return err
	}
	if err := j.finish(ctx, p.keep); err != nil {
		return err
	}
	return errors.Join(j.held, j.report.unproven())
}

// finish notes that the job came to its end.
func (j *job) finish(ctx context.Context, keep bool) error {
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if journal := j.land.journal; journal.size > 0 {
			if err := journal.setLanded(ctx, tx, j.about.Name, journal.size); err != nil {
				return err
			}
		}
		if keep {
			return nil
		}
		return j.forget(ctx, tx)
	})
}

// readAll reads what the plan asks for. A window that failed stops no other,
// unless it is the source that fails; but what is gone is decided only once
// every window was read, by the run that goes on with the job.
func (j *job) readAll(ctx context.Context, p plan) error {
	err := j.readSlots(ctx)
	if j.failures.ofSource() {
		return err
	}
	if p.purpose == purposeWindow {
		if failed := j.recheck(ctx, p.from); failed != nil {
			err = errors.Join(err, fmt.Errorf("unsettled records: %w", failed))
		}
	}
	if err == nil {
		err = j.settle(ctx)
	}
	return errors.Join(err, j.recordBadIncluded(ctx), j.recordNews(ctx))
}

// settle decides what became of the records that no window showed.
func (j *job) settle(ctx context.Context) error {
	if err := j.land.land(ctx); err != nil {
		return err
	}
	if err := j.decide(ctx); err != nil {
		return fmt.Errorf("vanished records: %w", err)
	}
	if err := j.buryNameless(ctx); err != nil {
		return fmt.Errorf("records without an id: %w", err)
	}
	return nil
}

// landLeft lands what a killed run left in its journal, and begins the journal
// of this one. A page that was damaged since is given up, and its window is
// read again.
func (j *job) landLeft(ctx context.Context) error {
	for _, s := range j.slots {
		if s.isBegun() {
			j.land.hold(s.readID)
		}
	}
	if err := j.land.load(ctx); err != nil {
		return err
	}
	all, err := j.land.replayLeft(ctx, j.Folder, j.Log)
	if err != nil {
		return err
	}
	own := newJournal(j.Folder, j.about.Name, all)
	j.keep.journal, j.land.journal = own, own
	if err := j.land.land(ctx); err != nil {
		return err
	}
	damaged := j.land.damaged()
	if err := j.giveUp(ctx, damaged); err != nil {
		return err
	}
	for _, s := range j.slots {
		if !s.isRead() || !slices.ContainsFunc(damaged, func(p damagedPage) bool { return p.readID == s.readID }) {
			continue
		}
		if err := j.renew(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// giveUp lets nothing come of pages that can no longer be read back.
func (j *job) giveUp(ctx context.Context, damaged []damagedPage) error {
	for _, p := range damaged {
		if err := j.land.giveUp(ctx, p); err != nil {
			return err
		}
		j.Log.WarnContext(ctx, "stored page is damaged; its records are read again", etl.Err(p.err))
	}
	return nil
}
