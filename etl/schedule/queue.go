package schedule

import (
	"context"
	"slices"
	"time"

	"spendbridge/etl"
)

// What became of a slot.
const (
	slotRan      = "ran"
	slotCaughtUp = "caught_up" // made up for, later than it was due
	slotSkipped  = "skipped"   // the job's own run before it was still going
	slotMissed   = "missed"    // the scheduler was not running, or the run could not begin
)

// lateAfter is how long after its time a slot still counts as on time: a
// restart of the daemon takes less.
const lateAfter = 5 * time.Minute

// longAgo is how far back missed slots are listed.
const longAgo = 366 * 24 * time.Hour

// A runFunc does the work of some slots. An empty run id says that it could not begin.
type runFunc func(context.Context, []etl.Slot) (etl.RunID, error)

type entry struct {
	name  string // a source, load, sweep
	clock wallClock
	loads bool // waits for extracts that wait too

	run runFunc

	due     time.Time  // the first slot that has not come yet; zero = none
	last    time.Time  // the last slot that has
	waiting []etl.Slot // what the job's next run settles
	since   time.Time  // when the first of them came
	started time.Time  // the job's last run
	running bool
}

// A queue decides which job runs when its time has come. One job runs at a
// time, because a data folder has one writer.
type queue struct {
	jobs    []*entry
	catchUp bool

	// settled holds the slots whose outcome is known and not yet recorded.
	settled []etl.Slot
}

// arrive takes in every slot that came due up to now.
func (q *queue) arrive(now time.Time) {
	for _, j := range q.jobs {
		j.distrust(now)
		for !j.due.IsZero() && !j.due.After(now) {
			q.take(j, j.due, now)
			j.last, j.due = j.due, j.clock.Next(j.due)
		}
	}
}

// distrust corrects what a clock that was wrong has left behind: one that was
// ahead has used up slots that are still to come, one that was behind would
// have all slots since then listed as missed.
func (j *entry) distrust(now time.Time) {
	switch {
	case j.last.Sub(now) > lateAfter:
		j.last, j.due = time.Time{}, j.clock.Next(now)
	case !j.due.IsZero() && now.Sub(j.due) > longAgo:
		j.due = j.clock.Next(now.Add(-longAgo))
	}
}

func (q *queue) take(j *entry, due, now time.Time) {
	late := now.Sub(due) > lateAfter
	s := etl.Slot{Job: j.name, Due: due, Outcome: slotRan}
	switch {
	case j.running:
		q.settle(s, slotSkipped)
		return
	case late && !q.catchUp:
		q.settle(s, slotMissed)
		return
	case late:
		s.Outcome = slotCaughtUp
		q.giveUp(j) // one run makes up for all
	}
	if len(j.waiting) == 0 {
		j.since = now
	}
	j.waiting = append(j.waiting, s)
}

// giveUp settles what waits to be caught up as missed.
func (q *queue) giveUp(j *entry) {
	j.waiting = slices.DeleteFunc(j.waiting, func(s etl.Slot) bool {
		if s.Outcome == slotCaughtUp {
			q.settle(s, slotMissed)
		}
		return s.Outcome == slotCaughtUp
	})
}

func (q *queue) settle(s etl.Slot, outcome string) {
	s.Outcome = outcome
	q.settled = append(q.settled, s)
}

// next returns the waiting job whose turn it is, or nil: extracts go before a
// load, so that the load finds all there is. Only an extract that has run
// since the load began to wait does not, or the load might wait for ever.
func (q *queue) next() *entry {
	load := q.earliest(func(j *entry) bool { return j.loads })
	extract := q.earliest(func(j *entry) bool {
		return !j.loads && (load == nil || j.started.Before(load.since))
	})
	if extract != nil {
		return extract
	}
	return load
}

func (q *queue) earliest(of func(*entry) bool) *entry {
	var first *entry
	for _, j := range q.jobs {
		if len(j.waiting) == 0 || !of(j) {
			continue
		}
		if first == nil || j.waiting[0].Due.Before(first.waiting[0].Due) {
			first = j
		}
	}
	return first
}

// finish settles the slots that a run of j stands for.
func (q *queue) finish(j *entry, slots []etl.Slot, run etl.RunID) {
	j.running = false
	for _, s := range slots {
		s.Run = run
		if run == "" {
			s.Outcome = slotMissed
		}
		q.settle(s, s.Outcome)
	}
}

// nextDue returns when the next slot of any job comes.
func (q *queue) nextDue() time.Time {
	var first time.Time
	for _, j := range q.jobs {
		if first.IsZero() || !j.due.IsZero() && j.due.Before(first) {
			first = j.due
		}
	}
	return first
}

func comingSlots(jobs []*entry, now time.Time, n int) []etl.Slot {
	var slots []etl.Slot
	for _, j := range jobs {
		due := j.clock.Next(now)
		for i := 0; i < n && !due.IsZero(); i++ {
			slots = append(slots, etl.Slot{Job: j.name, Due: due})
			due = j.clock.Next(due)
		}
	}
	slices.SortStableFunc(slots, func(a, b etl.Slot) int { return a.Due.Compare(b.Due) })
	return slots[:min(n, len(slots))]
}
