package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A bench is a daemon on the bubble's clock, with what it did.
type bench struct {
	*daemon
	runs  []string // "job start-end", in order
	slots []etl.Slot
}

// newBench makes a daemon for jobs. Call it inside a synctest bubble.
func newBench(catchUp bool, jobs ...*entry) *bench {
	b := &bench{}
	b.daemon = &daemon{
		queue: &queue{jobs: jobs, catchUp: catchUp},
		drain: 5 * time.Minute,
		now:   func() time.Time { return time.Now().UTC() },
		log:   slog.New(slog.DiscardHandler),
		beat:  func(time.Time) {},
		record: func(_ context.Context, slots []etl.Slot) error {
			b.slots = append(b.slots, slots...)
			return nil
		},
	}
	for _, j := range jobs {
		if j.due.IsZero() {
			j.due = j.clock.Next(time.Now())
		}
		if j.run == nil {
			j.run = func(context.Context, []etl.Slot) (etl.RunID, error) { return etl.RunID("run of " + j.name), nil }
		}
	}
	return b
}

func TestALoadThatDidNotFailIsTold(t *testing.T) {
	tests := map[string]struct {
		run  etl.RunID
		err  error
		want int
	}{
		"it went well":           {"a", nil, 1},
		"something needs a look": {"a", &etl.NeedsPersonError{What: "6 % of the records are set aside"}, 1},
		"it failed":              {"a", errors.New("connection refused"), 0},
		"it could not begin":     {"", &warehouse.LockedError{}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			told := 0
			run := thenTell(func(context.Context, []etl.Slot) (etl.RunID, error) { return tt.run, tt.err }, func(context.Context) { told++ })
			if id, err := run(t.Context(), nil); id != tt.run || err != tt.err || told != tt.want {
				t.Errorf("run %q, error %v, told %d times; want %d", id, err, told, tt.want)
			}
		})
	}
}

// takes makes a run that lasts.
func (b *bench) takes(name string, length time.Duration) func(context.Context, []etl.Slot) (etl.RunID, error) {
	return func(ctx context.Context, _ []etl.Slot) (etl.RunID, error) {
		start := time.Now()
		select {
		case <-ctx.Done():
		case <-time.After(length):
		}
		b.runs = append(b.runs, fmt.Sprintf("%s %s-%s", name, start.UTC().Format("15:04"), time.Now().UTC().Format("15:04")))
		return etl.RunID("run of " + name), ctx.Err()
	}
}

// serveFor runs the daemon for a while and then tells it to stop.
func (b *bench) serveFor(t *testing.T, length time.Duration) error {
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	return b.serve(ctx)
}

func jobAt(t *testing.T, name, text string) *entry {
	t.Helper()
	return &entry{name: name, clock: mustCron(t, text, "UTC"), loads: name == "load"}
}

// outcomes counts slots as "job outcome".
func outcomes(slots []etl.Slot) map[string]int {
	count := map[string]int{}
	for _, s := range slots {
		count[s.Job+" "+s.Outcome]++
	}
	return count
}

// In a bubble time starts at midnight, 2000-01-01 UTC. Both zones change
// their clocks twice in that year.
func TestEachDaysSlotRunsOnceInAYearWithTwoClockChanges(t *testing.T) {
	for _, zone := range []string{"Europe/Paris", "America/New_York"} {
		t.Run(zone, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				extract := &entry{name: "productive", clock: mustCron(t, "30 2 * * *", zone)}
				load := &entry{name: "load", clock: mustCron(t, "0 3 * * *", zone), loads: true}
				b := newBench(true, extract, load)
				if err := b.serveFor(t, 366*24*time.Hour); err != nil {
					t.Fatal(err)
				}
				want := map[string]int{"productive ran": 366, "load ran": 366}
				if diff := cmp.Diff(want, outcomes(b.slots)); diff != "" {
					t.Error(diff)
				}
				seen := map[string]bool{}
				for _, s := range b.slots {
					day := s.Job + s.Due.In(extract.clock.zone).Format(time.DateOnly)
					if seen[day] {
						t.Errorf("%s is due twice on %s", s.Job, s.Due)
					}
					seen[day] = true
				}
			})
		})
	}
}

func TestExtractsGoBeforeALoadThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		productive, procurify := jobAt(t, "productive", "0 2 * * *"), jobAt(t, "procurify", "20 3 * * *")
		load := jobAt(t, "load", "0 3 * * *")
		b := newBench(false, productive, procurify, load)
		productive.run = b.takes("productive", 90*time.Minute)
		procurify.run = b.takes("procurify", 10*time.Minute)
		load.run = b.takes("load", 5*time.Minute)
		if err := b.serveFor(t, 5*time.Hour); err != nil {
			t.Fatal(err)
		}
		want := []string{"productive 02:00-03:30", "procurify 03:30-03:40", "load 03:40-03:45"}
		if diff := cmp.Diff(want, b.runs); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]int{"productive ran": 1, "procurify ran": 1, "load ran": 1}, outcomes(b.slots)); diff != "" {
			t.Error(diff)
		}
	})
}

// Two extracts that are always behind wait by turns: a load that let both go
// first each time would never run.
func TestALoadIsNeitherSkippedNorPutOffForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		productive, procurify := jobAt(t, "productive", "*/10 * * * *"), jobAt(t, "procurify", "*/10 * * * *")
		load := jobAt(t, "load", "5 * * * *")
		b := newBench(false, productive, procurify, load)
		productive.run = b.takes("productive", 15*time.Minute)
		procurify.run = b.takes("procurify", 15*time.Minute)
		load.run = b.takes("load", time.Minute)
		b.drain = time.Hour
		if err := b.serveFor(t, 6*time.Hour+55*time.Minute); err != nil {
			t.Fatal(err)
		}
		got := outcomes(b.slots)
		if got["load ran"] != 7 || got["load skipped"] != 0 {
			t.Errorf("got %v, want all 7 loads to run", got)
		}
		if got["productive skipped"] == 0 {
			t.Errorf("got %v, want slots of the extract skipped while it runs", got)
		}
	})
}

// A clock that was wrong for a while neither stops a job nor floods its list.
func TestAJobIsDueAgainOnceTheClockIsRight(t *testing.T) {
	right := at("2026-03-01T12:00:00Z")
	tests := map[string]struct {
		wrong  time.Time
		listed int // slots at most, from a job that is due each hour
	}{
		"a month ahead":       {at("2026-04-01T12:00:00Z"), 31*24 + 1},
		"ten years ahead":     {at("2036-03-01T12:00:00Z"), 366*24 + 1},
		"at its very begin":   {at("1970-01-01T00:00:00Z"), 366*24 + 1},
		"a minute ahead":      {right.Add(time.Minute), 1},
		"ahead within a slot": {at("2026-03-01T12:59:00Z"), 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			j := jobAt(t, "load", "0 * * * *")
			j.due = j.clock.Next(minTime(right, tt.wrong).Add(-time.Second))
			q := &queue{jobs: []*entry{j}, catchUp: true}
			q.arrive(tt.wrong)
			q.arrive(right)
			if n := len(q.settled) + len(j.waiting); n > tt.listed {
				t.Errorf("%d slots are listed, want %d at most", n, tt.listed)
			}
			if want := at("2026-03-01T13:00:00Z"); !j.due.Equal(want) {
				t.Errorf("due at %s, want %s", j.due, want)
			}
		})
	}
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func TestSlotsThatWaitTogetherAreSettledByOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		extract, load := jobAt(t, "productive", "0 2 * * *"), jobAt(t, "load", "*/30 2-3 * * *")
		b := newBench(false, extract, load)
		extract.run = b.takes("productive", 100*time.Minute)
		load.run = b.takes("load", time.Minute)
		if err := b.serveFor(t, 4*time.Hour); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"productive 02:00-03:40", "load 03:40-03:41"}, b.runs); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]int{"productive ran": 1, "load ran": 4}, outcomes(b.slots)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSlotsThatPassedWhileNobodyWatched(t *testing.T) {
	tests := map[string]struct {
		catchUp bool
		want    []string
	}{
		"are missed": {false, []string{
			"load 1999-12-29 missed", "load 1999-12-30 missed", "load 1999-12-31 missed", "load 2000-01-01 ran",
		}},
		"are made up for by one run": {true, []string{
			"load 1999-12-29 missed", "load 1999-12-30 missed", "load 1999-12-31 caught_up", "load 2000-01-01 ran",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				load := jobAt(t, "load", "0 3 * * *")
				load.due = at("1999-12-29T03:00:00Z")
				b := newBench(tt.catchUp, load)
				if err := b.serveFor(t, 12*time.Hour); err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, s := range b.slots {
					got = append(got, s.Job+" "+s.Due.Format(time.DateOnly)+" "+s.Outcome)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestAPanicEndsOneRunAndNotTheJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load := jobAt(t, "load", "0 * * * *")
		n := 0
		load.run = func(context.Context, []etl.Slot) (etl.RunID, error) {
			if n++; n == 2 {
				panic("a nil map")
			}
			return "r", nil
		}
		b := newBench(false, load)
		if err := b.serveFor(t, 4*time.Hour+time.Minute); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int{"load ran": 3, "load missed": 1}, outcomes(b.slots)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAJobWaitsForADataFolderInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load := jobAt(t, "load", "0 1 * * *")
		free := time.Date(2000, 1, 1, 1, 30, 0, 0, time.UTC)
		var began time.Time
		load.run = func(context.Context, []etl.Slot) (etl.RunID, error) {
			if time.Now().Before(free) {
				return "", &warehouse.LockedError{Folder: "data"}
			}
			began = time.Now().UTC()
			return "r", nil
		}
		b := newBench(false, load)
		if err := b.serveFor(t, 2*time.Hour); err != nil {
			t.Fatal(err)
		}
		if began.Before(free) || began.Sub(free) > busyWait {
			t.Errorf("began at %s, want at most %s after %s", began, busyWait, free)
		}
		if diff := cmp.Diff(map[string]int{"load ran": 1}, outcomes(b.slots)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestStoppingDrainsWithinTheLimit(t *testing.T) {
	tests := map[string]struct {
		length  time.Duration
		stopped time.Duration // how long the daemon lives after the signal
		failed  bool
	}{
		"a run that ends in time ends": {3 * time.Minute, 2 * time.Minute, false},
		"a run that does not is told":  {time.Hour, 5 * time.Minute, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				load := jobAt(t, "load", "0 1 * * *")
				b := newBench(false, load)
				load.run = b.takes("load", tt.length)
				err := b.serveFor(t, time.Hour+time.Minute)
				if (err != nil) != tt.failed {
					t.Errorf("error %v, want one: %v", err, tt.failed)
				}
				want := time.Hour + time.Minute + tt.stopped
				if got := time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); got != want {
					t.Errorf("lived %s, want %s", got, want)
				}
				if diff := cmp.Diff(map[string]int{"load ran": 1}, outcomes(b.slots)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestARunThatIgnoresTheStopDoesNotHoldTheDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load := jobAt(t, "load", "0 1 * * *")
		load.run = func(context.Context, []etl.Slot) (etl.RunID, error) { time.Sleep(10 * time.Hour); return "r", nil }
		b := newBench(false, load)
		if err := b.serveFor(t, time.Hour+time.Minute); err == nil {
			t.Error("no error, want one that says the run goes down with the process")
		}
		if got := outcomes(b.slots); len(got) != 0 {
			t.Errorf("recorded %v while the run has the warehouse", got)
		}
		time.Sleep(10 * time.Hour) // let the run end before the bubble does
	})
}

func TestSlotsThatCannotBeRecordedAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load := jobAt(t, "load", "0 * * * *")
		b := newBench(false, load)
		store, calls := b.record, 0
		b.record = func(ctx context.Context, slots []etl.Slot) error {
			if calls++; calls < 5 {
				return errors.New("disk full")
			}
			return store(ctx, slots)
		}
		if err := b.serveFor(t, 3*time.Hour+time.Minute); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int{"load ran": 3}, outcomes(b.slots)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestComingSlotsAreInOrder(t *testing.T) {
	jobs := []*entry{jobAt(t, "productive", "0 2 * * *"), jobAt(t, "load", "0 */12 * * *")}
	got := comingSlots(jobs, at("2026-03-01T00:00:00Z"), 4)
	want := []etl.Slot{
		{Job: "productive", Due: at("2026-03-01T02:00:00Z")},
		{Job: "load", Due: at("2026-03-01T12:00:00Z")},
		{Job: "load", Due: at("2026-03-02T00:00:00Z")},
		{Job: "productive", Due: at("2026-03-02T02:00:00Z")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
