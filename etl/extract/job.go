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
	"spendbridge/etl/warehouse"
)

// Why a page was read: the values of raw.pages.purpose.
const (
	purposeWindow   = "window"   // the look-back of each run
	purposeCreated  = "created"  // entries made late
	purposeRecheck  = "recheck"  // one record
	purposeBackfill = "backfill" // a requested period
	purposeSweep    = "sweep"    // everything
)

// A job reads the windows of one source in parallel. raw.cursors records which
// are finished, so that the next job with the same id resumes there.
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
	divided bool // into several parts

	failures   failures
	notes      *notes     // see noted
	concluding sync.Mutex // serializes conclusions and updates of slots
	mu         sync.Mutex // guards what follows
	open       []*slot    // windows that are not concluded
	ended      []*finding // those of them that were read
	endedIDs   int        // ids that they hold in memory
	report     Report
	decided    *decision // nil: nothing is to be carried out
	held       error     // a decision that needs a person
	found      []string  // records that the vendor returned by id
	windows    int64     // windows read, by earlier runs too
	records    int64     // records read
	done       int64     // pages read
	expected   int64     // pages to read, as far as is known
}

func (x *Extractor) newJob(s Source, p plan) (*job, error) {
	about := s.About()
	files, err := newPageFiles(x.Folder, x.Store)
	if err != nil {
		return nil, err
	}
	known := newKnown()
	land := &lander{db: x.DB, files: files, source: about.Name, log: x.Log, known: known}
	keep := &keeper{
		about: about, run: x.RunID, now: x.Now, land: land, badIncluded: map[string]string{},
	}
	return &job{
		Extractor: x, plan: p, id: p.purpose + "/" + about.Name + p.name, source: s, about: about,
		keep: keep, land: land, known: known, kept: keptLines{lines: map[string]map[string]*pageLine{}},
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
	if err := j.divide(ctx); err != nil {
		return err
	}
	if err := j.accept(ctx); err != nil {
		return fmt.Errorf("accept what vanished: %w", err)
	}
	if err := j.readAll(ctx); err != nil {
		if ctx.Err() == nil {
			j.land.inAnyOrder = true // pages of other windows need not wait
			err = errors.Join(err, j.land.land(ctx))
		}
		return err
	}
	failed := j.land.failure("")
	if err := j.finish(ctx, failed == nil); err != nil || failed != nil {
		return errors.Join(failed, err)
	}
	var unstored error
	if j.land.journal.size > 0 {
		unstored = j.Store.PutFiles(ctx, j.land.journal.key(j.about.Name))
	}
	return errors.Join(j.held, j.report.unproven(), unstored)
}

// landLeft lands what a killed run left in its journal, and starts the journal
// of this job. If a page was damaged in the meantime, its window is read again.
func (j *job) landLeft(ctx context.Context) error {
	for _, s := range j.slots {
		if s.isBegun() {
			j.land.hold(s.readID)
		}
	}
	if err := j.land.load(ctx); err != nil {
		return err
	}
	newest, err := j.land.replayLeft(ctx)
	if err != nil {
		return err
	}
	j.land.journal = &journal{folder: journalFolder(j.Folder, j.about.Name), name: pageIDAfter(newest)}
	for _, s := range j.slots {
		if s.isBegun() && j.DB.Epoch() > 0 { // on a lake, the pages of this read may be on another machine
			if err := j.renew(ctx, s); err != nil {
				return err
			}
		}
	}
	if err := j.land.land(ctx); err != nil {
		return err
	}
	damaged := j.land.damaged(ctx)
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

// readAll reads what the plan asks for. A failed window does not stop the
// others unless the source itself is down. Deletions are decided only once every
// window was read, if need be by the run that resumes the job.
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

// settle decides what happened to the records that no window returned.
func (j *job) settle(ctx context.Context) error {
	if err := j.land.land(ctx); err != nil {
		return err
	}
	if err := j.decide(ctx); err != nil {
		return fmt.Errorf("vanished records: %w", err)
	}
	if err := j.deleteNameless(ctx); err != nil {
		return fmt.Errorf("records without an id: %w", err)
	}
	return nil
}

// finish carries out what was decided, and records that the job is finished if it is,
// in one transaction.
func (j *job) finish(ctx context.Context, isFinished bool) error {
	d := j.decided
	err := j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if d != nil {
			if err := j.carryOut(ctx, tx, d); err != nil {
				return fmt.Errorf("vanished records: %w", err)
			}
		}
		if journal := j.land.journal; isFinished && journal.size > 0 {
			if err := journal.setLanded(ctx, tx, j.about.Name, journal.size); err != nil {
				return err
			}
		}
		switch {
		case isFinished && !j.remember:
			return j.forget(ctx, tx)
		case d != nil:
			return j.setSlots(ctx, tx, d.windows...)
		}
		return nil
	})
	if err != nil || d == nil {
		return err
	}
	j.report.Held = len(d.waits)
	if !d.believed() {
		j.held = j.holdError(d)
	}
	return nil
}

// readSlots reads every window that is not done, as many in parallel as the
// source allows.
func (j *job) readSlots(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(j.about.Parallel)
	for _, s := range j.slots {
		if s.isRead() {
			j.report.DoneAhead++
			j.mu.Lock()
			j.windows++
			j.mu.Unlock()
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

// readSlot reads one window and queues it for conclusion.
func (j *job) readSlot(ctx context.Context, s *slot) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.part.load(); err != nil {
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

// renew discards what a read of the window has found so far, and assigns a new
// read to it.
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

// tell reports progress: pages read, with so many records, and further pages
// that are expected.
func (j *job) tell(pages, records, expected int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done += int64(pages)
	j.records += int64(records)
	j.expected += int64(expected)
	if j.Progress != nil {
		j.Progress("records", j.records, 0)
		j.Progress("pages", j.done, max(j.expected, j.done))
	}
}

// tellWindows reports progress in windows. The caller holds j.mu.
func (j *job) tellWindows() {
	if j.Progress != nil {
		j.Progress("windows", j.windows, int64(len(j.slots)))
	}
}

// failures collects the windows of a job that could not be read. It tells a bad
// window, which costs only that window, from a source that is down.
type failures struct {
	mu    sync.Mutex
	found []error
	row   int  // consecutive windows that failed
	down  bool // the source is
}

// inARow is how many consecutive windows fail before a source counts as down.
const inARow = 3

// add records how a window ended.
func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil || answered(err) {
		f.row = 0
	} else if f.row++; f.row >= inARow || ofSource(err) {
		f.down = true
	}
	same := func(other error) bool { return other.Error() == err.Error() }
	if err != nil && !slices.ContainsFunc(f.found, same) { // said once is enough
		f.found = append(f.found, err)
	}
}

// ofSource reports whether no other window can be expected to succeed.
func (f *failures) ofSource() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.down
}

// answered reports whether the source works although the window failed.
func answered(err error) bool {
	var page *landPageError
	return errors.Is(err, etl.ErrDrift) || errors.Is(err, errEndless) || errors.As(err, &page)
}

func ofSource(err error) bool {
	switch statusOf(err) {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return true
	}
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate) || errors.Is(err, context.Canceled)
}
