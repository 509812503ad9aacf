package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
	"spendbridge/etl/monitor"
	"spendbridge/etl/report"
	"spendbridge/etl/schedule"
	"spendbridge/etl/warehouse"
)

func newStatusCmd(a *app) *cobra.Command {
	var notify bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say whether all is well, and what needs attention",
		Long: `One screen: whether everything is in order and since when, what needs attention
with the command that settles it, the last runs and the next slots.

It serves as a probe for monitoring: exit code 0 if all is well, 1 if something
failed and a later run may succeed, 3 if something needs attention. During a run
it shows the state as of the end of the run before.

With --notify it calls notify.webhook as well, if that was not told yet. Call it
from a timer: it notices what no run can tell, such as a scheduler that is gone
and a data folder that cannot be opened. A run at work notifies by itself.`,
		Example: `  spendbridge status
  spendbridge status --json
  spendbridge status --notify`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			result, err := a.readState(cmd.Context(), c, notify)
			if err != nil && notify {
				err = errors.Join(err, monitor.NotifyOf(cmd.Context(), c, &a.redact, err))
			}
			if err != nil {
				return err
			}
			return errors.Join(a.print(result, func(w *screen) {
				w.zone = config.Location(c.Schedule.Timezone)
				result.print(w)
			}), result.err())
		},
	}
	cmd.Flags().BoolVar(&notify, "notify", false, "call notify.webhook if something has changed that it was not told of")
	return cmd
}

// A statusResult is the state with what the configuration adds to it.
type statusResult struct {
	report.State
	Line string     `json:"verdict"`        // the verdict
	Busy string     `json:"busy,omitempty"` // the command that holds the lock
	Next []etl.Slot `json:"next_slots"`
}

// readState reads the state from the warehouse, or what the last run saved while
// another process holds the lock.
func (a *app) readState(ctx context.Context, c *config.Config, notify bool) (*statusResult, error) {
	s, err := job.Open(ctx, c, a.options())
	var locked *warehouse.LockedError
	switch {
	case errors.As(err, &locked):
		result, err := savedState(c, locked)
		if err == nil {
			result.complete(c, a.now())
		}
		return result, err
	case err != nil:
		return nil, err
	}
	defer s.Close()
	state, err := s.State(ctx)
	if err != nil {
		return nil, err
	}
	result := &statusResult{State: *state, Next: []etl.Slot{}}
	result.complete(c, a.now())
	if notify && len(result.Runs) > 0 {
		s.Ended(ctx, s, job.Ended{Run: result.Runs[0].Run, State: &result.State})
	}
	return result, nil
}

// complete adds the next slots, a slot that was missed, and the verdict on all.
func (r *statusResult) complete(c *config.Config, now time.Time) {
	r.Next = append(r.Next, schedule.Coming(c, now, 4)...)
	r.addOverdue(c, now)
	r.Line = r.Verdict()
}

func savedState(c *config.Config, locked *warehouse.LockedError) (*statusResult, error) {
	result := &statusResult{Busy: locked.By(), Next: []etl.Slot{}}
	state, err := job.SavedState(c)
	switch {
	case errors.Is(err, os.ErrNotExist): // this is the first run
		return result, nil
	case err != nil:
		return nil, err
	}
	result.State = *state
	return result, nil
}

// addOverdue reports a missed slot if the last run came from the schedule.
func (r *statusResult) addOverdue(c *config.Config, now time.Time) {
	if r.Busy != "" || len(r.Runs) > 0 && !r.Runs[0].Scheduled {
		return
	}
	last := map[string]time.Time{}
	for _, s := range r.Slots {
		last[s.Job] = s.Due
	}
	slot, overdue := schedule.Overdue(c, last, now)
	if !overdue {
		return
	}
	what := fmt.Sprintf("job %s was due at %s and was missed: the scheduler was not running", slot.Job, slot.Due.Format(time.RFC3339))
	r.Missed = slot.Job
	r.Add(false, what, "spendbridge schedule")
}

// err decides the exit code.
func (r *statusResult) err() error {
	switch r.Status {
	case etl.StatusFailed:
		return errors.New("the last run of a stage failed; see the list")
	case etl.StatusNeedsPerson:
		return &etl.NeedsPersonError{What: fmt.Sprintf("%d thing(s) need attention; see the list", len(r.Todo))}
	case "":
		if r.Busy == "" {
			return &etl.NeedsPersonError{What: "nothing ran yet", Fix: "start a run: spendbridge run"}
		}
	}
	return nil
}

func newExplainCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID",
		Short: "Show one record's whole life, from the raw page to the JSON that was posted",
		Long: `Show what the vendor said of a record and when, what became of it and by which
rule, the snapshots it is in and every time it was posted. ID is a spend id, the
id it has at its vendor, or the transaction number or signature id at Productiv.`,
		Example: `  spendbridge explain productive-517-expense-27
  spendbridge explain procurify-acme-txn-4814 --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inView(cmd.Context(), func(v *view) error {
				x, err := v.explain(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				answer := struct {
					*report.Explanation
					asOf
				}{x, v.asOf}
				return a.print(answer, v.dated(func(w *screen) { printExplanation(w, x) }))
			})
		},
	}
}

func (v *view) explain(ctx context.Context, id string) (*report.Explanation, error) {
	if v.session == nil {
		return report.ExplainCopy(ctx, v.db, id, v.config.SnapshotsDir())
	}
	return report.Explain(ctx, v.db, id, v.config.SnapshotsDir())
}

func newQuarantineCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "List and show records that cannot become spend yet",
		Long: `A record that cannot be mapped goes to quarantine with its reason; nothing is
guessed. Fix the cause (a setting, a mapping, the record at the vendor): the next
run releases the record.`,
		Example: `  spendbridge quarantine list
  spendbridge quarantine show procurify-acme-txn-4814`,
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "list",
		Short:   "List what is in quarantine, by reason",
		Example: "  spendbridge quarantine list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.inView(cmd.Context(), func(v *view) error {
				found, err := report.ListQuarantine(cmd.Context(), v.db, "")
				if err != nil {
					return err
				}
				return a.printFrom(v, map[string]any{"quarantine": found}, func(w *screen) { printQuarantine(w, found) })
			})
		},
	}, &cobra.Command{
		Use:     "show ID",
		Short:   "Show one record in quarantine with its payload and where it came from",
		Long:    "Show one record in quarantine. ID is its spend id, or the id it has at the vendor.",
		Example: "  spendbridge quarantine show procurify-acme-txn-4814",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inView(cmd.Context(), func(v *view) error {
				x, err := v.explain(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				q, err := report.ShowQuarantine(cmd.Context(), v.db, x)
				if err != nil {
					return err
				}
				return a.printFrom(v, map[string]any{"quarantine": []report.QuarantinedSource{q}}, func(w *screen) {
					printExplanation(w, x)
					printPayload(w, q.Payload)
				})
			})
		},
	})
	return cmd
}

func newReportCmd(a *app) *cobra.Command {
	var out, ledger, from, to string
	cmd := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Write the report of a run, the last one if none is named",
		Long: `Write one HTML file that needs nothing else: how the run went, what needs
attention, whether the totals agree, spend by month, vendor and currency, what was
left out and why, and what was sent. Every run writes its own to the folder
reports/ below data_dir; this command writes it again, or elsewhere, and adds
possible duplicates and vendors that may be one, which take long to find.

With --ledger, write instead what was posted to Productiv in a period, one row
per record and attempt with its batch, its exact JSON and every decision: a .csv
or .parquet file for an auditor.`,
		Example: `  spendbridge report
  spendbridge report 20261121T020000Z-1f3a9c --out run.html
  spendbridge report --ledger ledger.csv --from 2026-01-01 --to 2027-01-01`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			isPeriod := cmd.Flags().Changed("from") || cmd.Flags().Changed("to")
			switch {
			case ledger == "" && isPeriod:
				return etl.Usagef("--from and --to go with --ledger: they are the period of the ledger")
			case ledger == "":
				return a.report(cmd.Context(), strings.Join(args, ""), out)
			case len(args) > 0 || out != "":
				return etl.Usagef("--ledger goes without a run and without --out: it names its own file")
			}
			return a.reportLedger(cmd.Context(), ledger, from, to)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&out, "out", "o", "", "write to this `file`")
	flags.StringVar(&ledger, "ledger", "", "write the delivery ledger to this `file`, .csv or .parquet")
	flags.StringVar(&from, "from", "1970-01-01", "with --ledger: first `day`, UTC")
	flags.StringVar(&to, "to", "9999-12-31", "with --ledger: `day` after the last, UTC")
	return cmd
}

// report writes the page of a run, or finds the one that the run wrote when it
// ended.
func (a *app) report(ctx context.Context, name, out string) error {
	if _, err := os.Stat(filepath.Dir(out)); out != "" && err != nil {
		return etl.Usagef("--out: %w", err)
	}
	return a.inView(ctx, func(v *view) (err error) {
		var run etl.RunID
		var path string
		if v.session == nil {
			run, path, v.AsOf, err = job.WrittenReport(v.config, name)
		} else if run, err = report.FindRun(ctx, v.db, name); err == nil {
			path = cmp.Or(out, filepath.Join(v.config.ReportsDir(), string(run)+".html"))
			err = v.session.WriteReport(ctx, run, path)
		}
		if err != nil {
			return err
		}
		return a.printFrom(v, map[string]any{"run_id": run, "path": path}, func(w *screen) { fmt.Fprintln(w, path) })
	})
}

func (a *app) reportLedger(ctx context.Context, path, firstDay, dayAfter string) error {
	from, fault := dayFlag("--from", firstDay)
	to, err := dayFlag("--to", dayAfter)
	if err = errors.Join(fault, err); err != nil {
		return err
	}
	return a.inSession(ctx, func(s *job.Session) error {
		items, err := report.ExportLedger(ctx, s.DB, path, from, to)
		if err != nil {
			return err
		}
		result := map[string]any{"path": path, "items": items}
		return a.print(result, func(w *screen) { fmt.Fprintf(w, "%d items in %s\n", items, path) })
	})
}

func dayFlag(flag, text string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, etl.Usagef("%s: %q is not a day; write it as 2026-01-31", flag, text)
	}
	return t, nil
}
