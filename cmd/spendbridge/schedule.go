package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
	"spendbridge/etl/monitor"
	"spendbridge/etl/schedule"
)

func newScheduleCmd(a *app) *cobra.Command {
	var next int
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "Run the jobs of the configuration when they are due",
		Long: `Stays in the foreground and runs each job of schedule: in the configuration
when it is due: one extract per source, load (transform and load), and sweep.

One job runs at a time; extracts go before a load that waits. A job that is
still running when it is due again skips that slot. Slots that passed while the
scheduler was not running are recorded as missed; with catch_up: once, one run
makes up for them. A local time that a clock change leaves out is due right after it,
one that comes twice the first time.

SIGTERM, SIGINT, SIGHUP or a closed log lets the current run finish for
schedule.drain, then stops it; a second SIGTERM or SIGINT ends the
process at once. Either way the next run resumes where this one stopped.`,
		Example: `  spendbridge schedule
  spendbridge schedule --next 10`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			if next <= 0 {
				return a.serveSchedule(cmd.Context(), c)
			}
			slots := schedule.Coming(c, a.now(), next)
			if len(slots) == 0 {
				return etl.Usagef("%s: %w", a.configPath, schedule.ErrNoJob)
			}
			return a.print(slots, func(w *screen) {
				zone := config.Location(c.Schedule.Timezone)
				for _, s := range slots {
					fmt.Fprintf(w, "%s  %s\n", s.Due.In(zone).Format("Mon 2006-01-02 15:04 MST"), s.Job)
				}
			})
		},
	}
	cmd.Flags().IntVar(&next, "next", 0, "print the next `n` slots instead")
	return cmd
}

// consoleSlots is how many of the next slots the console shows.
const consoleSlots = 8

// serveSchedule is the daemon with its metrics, probes and console.
func (a *app) serveSchedule(ctx context.Context, c *config.Config) error {
	metrics := monitor.NewMetrics()
	console := &monitor.Console{
		Config: c, Now: a.now, Log: a.log,
		Next: func() []etl.Slot { return schedule.Coming(c, a.now(), consoleSlots) },
	}
	watch, err := monitor.Listen(ctx, c.HTTP.Listen, metrics, console, a.log)
	if err != nil {
		return err
	}
	defer watch.Close()
	o := a.options()
	o.Retried = metrics.Retried
	notify := o.Ended
	o.Ended = func(ctx context.Context, s *job.Session, ended job.Ended) {
		notify(ctx, s, ended)
		if err := metrics.Measure(ctx, s.DB, ended.State); err != nil {
			a.log.WarnContext(ctx, "metrics not measured", etl.Err(err))
		}
		a.printJob(c, ended.Result)
	}
	err = schedule.Serve(ctx, c, schedule.Options{
		Job:  o,
		Beat: watch.Beat,
		Loaded: func(ctx context.Context) {
			if err := monitor.Heartbeat(ctx, c, &a.redact); err != nil {
				a.log.WarnContext(ctx, "heartbeat not sent", etl.Err(err))
			}
		},
		Resumed: func(ctx context.Context, s *job.Session) error {
			state, err := s.State(ctx)
			if err != nil {
				return err
			}
			return metrics.Measure(ctx, s.DB, state)
		},
	})
	if errors.Is(err, schedule.ErrNoJob) {
		return etl.Usagef("%s: %w", a.configPath, err)
	}
	return err
}

// printJob shows somebody at a terminal how a scheduled job went.
func (a *app) printJob(c *config.Config, result *job.Result) {
	if result == nil || a.json || !isTerminal(a.stdout) {
		return
	}
	out := a.output(c, result)
	out.print(a.screen())
	fmt.Fprintln(a.stdout)
}
