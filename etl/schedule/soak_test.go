package schedule

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A life is years of one installation: daemons that follow each other, are stopped,
// killed and away, with runs that fail, panic, take days or find the folder locked, and
// slots that cannot be recorded.
type life struct {
	t       *testing.T
	chance  *rand.Rand
	slots   map[string]string // what was recorded: its outcome by job and time
	newest  map[string]etl.Slot
	running int
	calm    bool // nothing goes wrong any more
}

func TestEverySlotOfYearsWithFaultsIsAccountedFor(t *testing.T) {
	length := 120 * day
	if os.Getenv("SPENDBRIDGE_SOAK") != "" {
		length = 3 * 365 * day
	}
	for _, catchUp := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			l := &life{t: t, chance: rand.New(rand.NewPCG(1, 2)), slots: map[string]string{}, newest: map[string]etl.Slot{}}
			began, end := time.Now(), time.Now().Add(length)
			for time.Now().Before(end) {
				l.serve(catchUp, l.between(time.Hour, 20*day), l.chance.IntN(2) == 0)
				if l.chance.IntN(3) == 0 {
					time.Sleep(l.between(time.Minute, 10*day)) // the machine is off
				}
			}
			l.calm = true
			l.serve(catchUp, 3*day, false)

			want, got := map[string]string{}, map[string]string{}
			count := map[string]int{}
			for _, j := range l.jobs() {
				for due := j.clock.Next(began); due.Before(time.Now().Add(-day)); due = j.clock.Next(due) {
					name := j.name + " " + due.Format(time.RFC3339)
					want[name] = "accounted for"
					if outcome := l.slots[name]; outcome != "" {
						got[name] = "accounted for"
						count[outcome]++
					}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("slots (-want +got):\n%s", diff)
			}
			t.Logf("catch up %t: %d slots: %v", catchUp, len(want), count)
			seldom := []string{slotRan, slotSkipped, slotMissed}
			if catchUp {
				seldom = append(seldom, slotCaughtUp)
			}
			for _, outcome := range seldom {
				if count[outcome] == 0 {
					t.Errorf("no slot was %s: too little went wrong", outcome)
				}
			}
		})
	}
}

const day = 24 * time.Hour

func (l *life) jobs() []*entry {
	jobs := []*entry{
		{name: "productive", clock: mustCron(l.t, "0 2 * * *", "Europe/Paris")},
		{name: "procurify", clock: mustCron(l.t, "20 2 * * *", "Europe/Paris")},
		{name: "sweep", clock: mustCron(l.t, "0 4 * * 0", "Europe/Paris")},
		{name: "load", clock: mustCron(l.t, "0 3,15 * * *", "Europe/Paris"), loads: true},
	}
	for _, j := range jobs {
		j.run = l.run
	}
	return jobs
}

// serve lets a daemon work for a while, which is then stopped, or killed: then nothing
// that it knows by that time is recorded any more.
func (l *life) serve(catchUp bool, length time.Duration, killed bool) {
	jobs := l.jobs()
	var settled []etl.Slot
	for _, slot := range l.newest {
		settled = append(settled, slot)
	}
	follow(jobs, settled, time.Now())
	b := newBench(catchUp, jobs...)
	ctx, stop := context.WithTimeout(l.t.Context(), length)
	defer stop()
	b.record = func(_ context.Context, slots []etl.Slot) error {
		switch {
		case killed && ctx.Err() != nil:
			return errors.New("the process is gone")
		case !l.calm && l.chance.IntN(10) == 0:
			return errors.New("disk full")
		}
		for _, slot := range slots {
			l.save(slot)
		}
		return nil
	}
	if killed {
		b.drain = 0
	}
	if err := b.serve(ctx); err != nil && l.calm {
		l.t.Error(err)
	}
}

func (l *life) save(slot etl.Slot) {
	name := slot.Job + " " + slot.Due.Format(time.RFC3339)
	if before, twice := l.slots[name]; twice {
		l.t.Errorf("%s is recorded as %s and as %s", name, before, slot.Outcome)
	}
	l.slots[name] = slot.Outcome
	if slot.Due.After(l.newest[slot.Job].Due) {
		l.newest[slot.Job] = slot
	}
}

func (l *life) run(ctx context.Context, slots []etl.Slot) (etl.RunID, error) {
	if l.running++; l.running > 1 {
		l.t.Error("two runs work at a time")
	}
	defer func() { l.running-- }()
	fate := l.chance.IntN(20)
	if l.calm {
		fate = 19
	}
	length := l.between(time.Minute, 40*time.Minute)
	switch fate {
	case 0:
		length = l.between(day, 3*day)
	case 1, 2:
		return "", &warehouse.LockedError{Folder: "data"}
	}
	select {
	case <-ctx.Done():
		return "stopped", ctx.Err()
	case <-time.After(length):
	}
	switch fate {
	case 3:
		panic("a nil map")
	case 4, 5:
		return "failed", errors.New("connection refused")
	}
	return "done", nil
}

// between is a chance length.
func (l *life) between(least, most time.Duration) time.Duration {
	return least + time.Duration(l.chance.Int64N(int64(most-least)))
}
