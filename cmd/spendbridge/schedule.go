package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
)

func newScheduleCmd(a *app) *cobra.Command {
	var next int
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "Run the jobs of the configuration when they are due",
		Long: `Stays in the foreground and runs each job of schedule: in the configuration
when it is due: one extract per source, load (transform and load), and sweep.

One job runs at a time; extracts go before a load that waits. A job that is
still running when it is due again skips that slot. Slots that passed while
nobody watched are recorded as missed; with catch_up: once, one run makes up
for them. A local time that a clock change leaves out is due right after it,
one that comes twice the first time.

SIGTERM, SIGINT, SIGHUP or a log that nobody reads any more let the run at work
finish for schedule.drain, then stop it; a second SIGTERM or SIGINT ends the
process at once. Either way the next run goes on where this one was.`,
		Example: `  spendbridge schedule
  spendbridge schedule --next 10`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if next > 0 {
				return a.printSlots(next)
			}
			return a.serveSchedule(cmd.Context())
		},
	}
	cmd.Flags().IntVar(&next, "next", 0, "print the next `n` slots instead")
	return cmd
}

// printSlots shows when which job is due.
func (a *app) printSlots(n int) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	jobs, err := a.parseSchedule(config)
	if err != nil {
		return err
	}
	slots := comingSlots(jobs, a.now(), n)
	return a.print(slots, func(w io.Writer) {
		zone := scheduleZone(config)
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, s := range slots {
			fmt.Fprintf(table, "%s\t%s\n", s.Due.In(zone).Format("Mon 2006-01-02 15:04 MST"), s.Job)
		}
		table.Flush()
	})
}

// serveSchedule is the daemon, from the first look at the warehouse to the
// end of the last run.
func (a *app) serveSchedule(ctx context.Context) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	jobs, err := a.parseSchedule(config)
	if err != nil {
		return err
	}
	a.figures = newFigures()
	a.log = slog.New(retryCounter{a.log.Handler(), a.figures})
	watch, err := a.watch(ctx, config)
	if err != nil {
		return err
	}
	defer watch.close()
	if err := a.resumeWhenFree(ctx, config, jobs); err != nil {
		return err
	}
	d := &daemon{
		queue: &queue{jobs: jobs, catchUp: config.Schedule.CatchUp == "once"},
		drain: time.Duration(config.Schedule.Drain),
		now:   a.now, log: a.log, beat: watch.beat,
		record: func(ctx context.Context, slots []slot) error { return a.recordSlots(ctx, config, slots) },
	}
	return d.serve(ctx)
}

// parseSchedule makes the jobs of the configuration, sources first. Without
// any it says so.
func (a *app) parseSchedule(c *config.Config) ([]*job, error) {
	var jobs []*job
	add := func(j *job, text string) {
		if text == "" {
			return
		}
		parsed, err := config.ParseCron(text)
		if err != nil {
			panic(err) // the checks of the configuration let no other text through
		}
		j.clock = wallClock{parsed, scheduleZone(c)}
		jobs = append(jobs, j)
	}
	for _, s := range c.Sources {
		add(&job{name: s.Name, run: func(ctx context.Context) (etl.RunID, error) {
			return a.extractJob(ctx, c, s.Name)
		}}, c.Schedule.Extract[s.Name])
	}
	add(&job{name: "sweep", run: func(ctx context.Context) (etl.RunID, error) { return a.sweepJob(ctx, c) }}, c.Schedule.Sweep)
	add(&job{name: "load", loads: true, run: func(ctx context.Context) (etl.RunID, error) { return a.loadJob(ctx, c) }}, c.Schedule.Load)
	if len(jobs) == 0 {
		return nil, etl.Usagef("%s: schedule: names no job; write for example load: \"0 3 * * *\"", a.configPath)
	}
	return jobs, nil
}

// resumeWhenFree waits for a data folder that another process holds.
func (a *app) resumeWhenFree(ctx context.Context, config *config.Config, jobs []*job) error {
	for {
		err := a.resume(ctx, config, jobs)
		var locked *warehouse.LockedError
		if !errors.As(err, &locked) {
			return err
		}
		a.log.WarnContext(ctx, "daemon waits", etl.Err(err))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(busyWait):
		}
	}
}

// resume finds the first slot of each job that is not settled yet. A job
// without any has nothing to make up for.
func (a *app) resume(ctx context.Context, config *config.Config, jobs []*job) error {
	s, err := a.openWith(ctx, config)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := a.figures.measure(ctx, s); err != nil {
		return err
	}
	settled := map[string]time.Time{}
	if err := s.db.Each(ctx, "queries/slot_last.sql", warehouse.Args{"now": a.now()}, func(rows *sql.Rows) error {
		var name string
		var due time.Time
		err := rows.Scan(&name, &due)
		settled[name] = due
		return err
	}); err != nil {
		return err
	}
	for _, j := range jobs {
		since, ok := settled[j.name]
		if !ok {
			since = a.now()
		}
		j.due = j.clock.Next(since)
	}
	return nil
}

// recordSlots writes down what became of slots.
func (a *app) recordSlots(ctx context.Context, config *config.Config, slots []slot) error {
	s, err := a.openWith(ctx, config)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.db.InTx(ctx, func(tx *warehouse.Tx) error {
		for _, slot := range slots {
			if _, err := tx.Exec(ctx, "queries/slot_save.sql", warehouse.Args{
				"job": slot.Job, "due_at": slot.Due, "outcome": slot.Outcome,
				"run_id": null(string(slot.Run)), "recorded_at": a.now(),
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

func scheduleZone(c *config.Config) *time.Location { return config.Location(c.Schedule.Timezone) }
