// Package schedule runs the jobs of the configuration when they are due: one
// at a time, each due slot accounted for.
package schedule

import (
	"context"
	"database/sql"
	"errors"
	"time"
	_ "time/tzdata" // servers without a zone database run schedules too

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
	"spendbridge/etl/warehouse"
)

// overdueAfter is how long after its time a slot without any outcome shows
// that no daemon is there.
const overdueAfter = time.Hour

// Options is what the program around the daemon provides.
type Options struct {
	Job job.Options

	// Resumed is called once the daemon has read its warehouse, before the
	// first job.
	Resumed func(context.Context, *job.Session) error

	// Loaded is called after each scheduled load that did not fail.
	Loaded func(context.Context)

	// Beat is called in each round of the daemon's loop.
	Beat func(time.Time)
}

// Serve runs jobs until ctx ends, then lets the current one finish within
// schedule.drain. A configuration without jobs is an [*etl.UsageError].
func Serve(ctx context.Context, c *config.Config, o Options) error {
	jobs := jobsOf(c, o.Job)
	if len(jobs) == 0 {
		return ErrNoJob
	}
	for _, j := range jobs {
		if j.loads {
			j.run = thenTell(j.run, o.Loaded)
		}
	}
	if err := resumeWhenFree(ctx, c, o, jobs); err != nil {
		return err
	}
	d := &daemon{
		queue: &queue{jobs: jobs, catchUp: c.Schedule.CatchUp == "once"},
		drain: time.Duration(c.Schedule.Drain),
		now:   o.Job.Now, log: o.Job.Log, beat: o.Beat,
		record: func(ctx context.Context, slots []etl.Slot) error { return record(ctx, c, o.Job, slots) },
	}
	return d.serve(ctx)
}

// thenTell calls loaded after a run that began and did not fail.
func thenTell(run runFunc, loaded func(context.Context)) runFunc {
	return func(ctx context.Context, slots []etl.Slot) (etl.RunID, error) {
		id, err := run(ctx, slots)
		if id != "" && etl.Status(err) != etl.StatusFailed {
			loaded(ctx)
		}
		return id, err
	}
}

// ErrNoJob reports a configuration that schedules nothing.
var ErrNoJob = etl.Usagef("schedule: no job is configured; write for example load: \"0 3 * * *\"")

// Coming lists the next n slots of all jobs after now.
func Coming(c *config.Config, now time.Time, n int) []etl.Slot {
	return comingSlots(jobsOf(c, job.Options{}), now, n)
}

// Overdue returns the first slot that is long due although its job ran before,
// which means that no daemon is there; last is the newest settled slot of each
// job.
func Overdue(c *config.Config, last map[string]time.Time, now time.Time) (slot etl.Slot, ok bool) {
	for _, j := range jobsOf(c, job.Options{}) {
		settled, known := last[j.name]
		if !known {
			continue // where no daemon ever ran nobody expects one
		}
		if due := j.clock.Next(settled); !due.IsZero() && now.Sub(due) > overdueAfter {
			return etl.Slot{Job: j.name, Due: due}, true
		}
	}
	return etl.Slot{}, false
}

// jobsOf makes the jobs of the configuration, sources first.
func jobsOf(c *config.Config, o job.Options) []*entry {
	zone := config.Location(c.Schedule.Timezone)
	var jobs []*entry
	add := func(name, text string, plan job.Plan) *entry {
		if text == "" {
			return nil
		}
		parsed, err := config.ParseCron(text)
		if err != nil {
			panic(err) // the checks of the configuration let no other text through
		}
		j := &entry{name: name, clock: wallClock{parsed, zone}, run: func(ctx context.Context, slots []etl.Slot) (etl.RunID, error) {
			return run(ctx, c, o, plan, slots)
		}}
		jobs = append(jobs, j)
		return j
	}
	for _, s := range c.Sources {
		add(s.Name, c.Schedule.Extract[s.Name], job.Extract([]config.Source{s}, job.ExtractOptions{}))
	}
	add("sweep", c.Schedule.Sweep, job.Sweep(c))
	if load := add("load", c.Schedule.Load, job.Load(c)); load != nil {
		load.loads = true
	}
	return jobs
}

// run runs a plan for its slots. On a lake the daemon of another machine may have run
// them while this one waited: then it does nothing and returns that run.
func run(ctx context.Context, c *config.Config, o job.Options, plan job.Plan, slots []etl.Slot) (id etl.RunID, err error) {
	s, err := job.Open(ctx, c, o)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if c.HasLake() {
		newest := slots[len(slots)-1]
		err := s.DB.Get(ctx, "schedule/slot.run", warehouse.Args{"job": newest.Job, "due_at": newest.Due}, (*string)(&id))
		if !errors.Is(err, sql.ErrNoRows) {
			return id, err
		}
	}
	result, err := s.Do(ctx, plan)
	if result == nil {
		return "", err
	}
	if c.HasLake() {
		for i := range slots {
			slots[i].Run = result.RunID
		}
		err = errors.Join(err, save(context.WithoutCancel(ctx), s, slots))
	}
	return result.RunID, err
}

// resumeWhenFree waits for a data folder that another process holds.
func resumeWhenFree(ctx context.Context, c *config.Config, o Options, jobs []*entry) error {
	for {
		err := resume(ctx, c, o, jobs)
		var locked *warehouse.LockedError
		if !errors.As(err, &locked) {
			return err
		}
		o.Job.Log.WarnContext(ctx, "daemon waits", etl.Err(err))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(busyWait):
		}
	}
}

// resume finds the first slot of each job that is not settled yet. A job
// without any has nothing to make up for.
func resume(ctx context.Context, c *config.Config, o Options, jobs []*entry) error {
	s, err := job.Open(ctx, c, o.Job)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := o.Resumed(ctx, s); err != nil {
		return err
	}
	var settled []etl.Slot
	if err := warehouse.Fill(ctx, s.DB, &settled, "schedule/slot.last", warehouse.Args{"now": s.Now()}); err != nil {
		return err
	}
	follow(jobs, settled, s.Now())
	return nil
}

// follow has each job begin behind the slot that it settled last.
func follow(jobs []*entry, settled []etl.Slot, now time.Time) {
	for _, j := range jobs {
		j.due = j.clock.Next(now)
		for _, slot := range settled {
			if slot.Job == j.name {
				j.due = j.clock.Next(slot.Due)
			}
		}
	}
}

func record(ctx context.Context, c *config.Config, o job.Options, slots []etl.Slot) error {
	s, err := job.Open(ctx, c, o)
	if err != nil {
		return err
	}
	defer s.Close()
	return save(ctx, s, slots)
}

func save(ctx context.Context, s *job.Session, slots []etl.Slot) error {
	return s.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		for _, slot := range slots {
			if _, err := tx.Exec(ctx, "schedule/slot.save", warehouse.Args{
				"job": slot.Job, "due_at": slot.Due, "outcome": slot.Outcome,
				"run_id": warehouse.Null(string(slot.Run)), "recorded_at": s.Now(),
			}); err != nil {
				return err
			}
		}
		return nil
	})
}
