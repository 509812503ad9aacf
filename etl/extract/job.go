package extract

import (
	"context"
	"crypto/tls"
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

// A job reads windows of one source side by side. What it has finished is in
// raw.cursors, so that the next one of the same id goes on there.
type job struct {
	*Extractor
	plan
	id      string
	source  Source
	about   About
	started time.Time
	keep    *keeper
	land    *lander
	known   *known
	kept    keptLines

	failures   failures
	concluding sync.Mutex // one conclusion at a time, and one update of the slots
	mu         sync.Mutex // guards what follows
	ended      []*finding // windows that were read and are not concluded
	endedIDs   int        // records that they hold in memory
	report     Report
	held       error    // what a person has to decide
	found      []string // records that answered when they were asked for
	done       int64    // pages read
	expected   int64    // pages to be read, as far as is known
}

func (x *Extractor) newJob(s Source, p plan) (*job, error) {
	about := s.About()
	files, err := newPageFiles(x.Folder)
	if err != nil {
		return nil, err
	}
	known := &known{objects: map[string]map[string]knownObject{}}
	land := &lander{db: x.DB, files: files, source: about.Name, log: x.Log, known: known}
	return &job{
		Extractor: x, plan: p, id: p.purpose + "/" + about.Name + p.name, source: s, about: about,
		known: known, land: land, keep: &keeper{about: about, run: x.RunID, now: x.Now, land: land, badIncluded: map[string]string{}},
		report: Report{Source: about.Name, From: p.from},
	}, nil
}

func (j *job) run(ctx context.Context) error {
	args := warehouse.Args{"source": j.about.Name}
	if err := j.DB.Get(ctx, "extract/record.missing", args, &j.report.First); err != nil {
		return err
	}
	if err := j.begin(ctx); err != nil {
		return fmt.Errorf("job %s: %w", j.id, err)
	}
	if err := j.landLeft(ctx); err != nil {
		return err
	}
	if err := j.DB.Get(ctx, "extract/page.newest", args, &j.keep.last); err != nil {
		return err
	}
	if err := j.known.load(ctx, j.DB, j.about.Name, span(j.slots).From, ""); err != nil {
		return err
	}
	if err := j.accept(ctx); err != nil {
		return fmt.Errorf("accept what vanished: %w", err)
	}
	if err := j.readAll(ctx); err != nil {
		if ctx.Err() == nil {
			j.land.inAnyOrder = true // what was read of other windows waits for none
			err = errors.Join(err, j.land.land(ctx))
		}
		return err
	}
	if err := j.land.failure(""); err != nil {
		return err
	}
	if err := j.finish(ctx); err != nil {
		return err
	}
	return errors.Join(j.held, j.report.unproven())
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
	all, err := j.land.replayLeft(ctx)
	if err != nil {
		return err
	}
	last := ""
	if len(all) > 0 {
		last = all[len(all)-1].name
	}
	j.land.journal = &journal{folder: journalFolder(j.Folder, j.about.Name), name: pageIDAfter(last)}
	if err := j.land.land(ctx); err != nil {
		return err
	}
	damaged := j.land.damaged()
	if err := j.land.giveUp(ctx, damaged); err != nil {
		return err
	}
	for _, s := range j.slots {
		is := func(e *landPageError) bool { return e.page.ReadID == s.readID }
		if s.isRead() && slices.ContainsFunc(damaged, is) {
			if err := j.renew(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// readAll reads what the plan asks for. A window that failed stops no other,
// unless it is the source that fails; but what is gone is decided only once
// every window was read, by the run that goes on with the job.
func (j *job) readAll(ctx context.Context) error {
	err := j.readSlots(ctx)
	if j.failures.ofSource() {
		return err
	}
	if j.purpose == purposeWindow {
		if failed := j.recheck(ctx, j.from); failed != nil {
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

// finish notes that the job came to its end.
func (j *job) finish(ctx context.Context) error {
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if journal := j.land.journal; journal.size > 0 {
			if err := journal.setLanded(ctx, tx, j.about.Name, journal.size); err != nil {
				return err
			}
		}
		if j.remember {
			return nil
		}
		return j.forget(ctx, tx)
	})
}

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
	return errors.Join(j.failures.found...)
}

// readSlot reads one window and leaves it to be concluded.
func (j *job) readSlot(ctx context.Context, s *slot) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &reader{j, s}
	p, err := r.resume(ctx)
	if err != nil {
		return fmt.Errorf("resume window %s: %w", s.query, err)
	}
	if p == nil || s.wasRead() {
		if err := j.renew(ctx, s); err != nil {
			return err
		}
		p = newPass(1)
	}
	s.state = stateReading
	j.land.hold(s.readID)
	found, err := r.prove(ctx, p)
	if errors.Is(err, errEndless) {
		err = errors.Join(err, j.renew(context.WithoutCancel(ctx), s))
	}
	if err != nil {
		return err
	}
	return j.end(ctx, found)
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
	s.readID, s.state = newReadID(), statePending
	j.concluding.Lock()
	defer j.concluding.Unlock()
	return j.setSlots(ctx, j.DB, s)
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
