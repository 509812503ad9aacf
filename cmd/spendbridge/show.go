package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
	"spendbridge/etl/report"
	"spendbridge/etl/schedule"
	"spendbridge/etl/warehouse"
)

func newStatusCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say whether all is well, and what needs attention",
		Long: `One screen: whether everything is in order and since when, what needs attention
with the command that settles it, the last runs and the next slots.

It serves as a probe for monitoring: exit code 0 if all is well, 1 if something
failed and a later run may succeed, 3 if something needs attention. During a run
it shows the state as of the end of the run before.`,
		Example: `  spendbridge status
  spendbridge status --json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.status(cmd.Context()) },
	}
}

// A statusResult is the state with what the configuration adds to it.
type statusResult struct {
	report.State
	Line string     `json:"verdict"`        // the verdict
	Busy string     `json:"busy,omitempty"` // the command that holds the lock
	Next []etl.Slot `json:"next_slots"`
}

func (a *app) status(ctx context.Context) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	result, err := a.readState(ctx, c)
	if err != nil {
		return err
	}
	result.Next = append(result.Next, schedule.Coming(c, a.now(), 4)...)
	result.addOverdue(c, a.now())
	result.Line = result.Verdict()
	return errors.Join(a.print(result, func(w io.Writer) {
		result.print(&screen{w, paints(w), config.Location(c.Schedule.Timezone)})
	}), result.err())
}

// readState reads the state from the warehouse, or what the last run saved while
// another process holds the lock.
func (a *app) readState(ctx context.Context, c *config.Config) (*statusResult, error) {
	s, err := job.Open(ctx, c, a.options())
	var locked *warehouse.LockedError
	switch {
	case errors.As(err, &locked):
		return savedState(c, locked)
	case err != nil:
		return nil, err
	}
	defer s.Close()
	state, err := s.State(ctx)
	if err != nil {
		return nil, err
	}
	return &statusResult{State: *state, Next: []etl.Slot{}}, nil
}

func savedState(c *config.Config, locked *warehouse.LockedError) (*statusResult, error) {
	result := &statusResult{Busy: locked.Holder.Command, Next: []etl.Slot{}}
	text, err := os.ReadFile(c.StateFile())
	if errors.Is(err, os.ErrNotExist) {
		return result, nil // this is the first run
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &result.State); err != nil {
		return nil, fmt.Errorf("%s: %w; the next run replaces it", c.StateFile(), err)
	}
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
		RunE: func(cmd *cobra.Command, args []string) error { return a.explain(cmd.Context(), args[0]) },
	}
}

func (a *app) explain(ctx context.Context, id string) error {
	return a.inView(ctx, func(v *view) error {
		x, err := v.explain(ctx, id)
		if err != nil {
			return err
		}
		answer := struct {
			*report.Explanation
			asOf
		}{x, v.asOf}
		return a.print(answer, v.dated(func(w io.Writer) { printExplanation(w, x) }))
	})
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
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.quarantineList(cmd.Context()) },
	}, &cobra.Command{
		Use:     "show ID",
		Short:   "Show one record in quarantine with its payload and where it came from",
		Long:    "Show one record in quarantine. ID is its spend id, or the id it has at the vendor.",
		Example: "  spendbridge quarantine show procurify-acme-txn-4814",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.quarantineShow(cmd.Context(), args[0]) },
	})
	return cmd
}

func (a *app) quarantineList(ctx context.Context) error {
	return a.inView(ctx, func(v *view) error {
		found, err := report.ListQuarantine(ctx, v.db, "")
		if err != nil {
			return err
		}
		return a.printFrom(v, map[string]any{"quarantine": found}, func(w io.Writer) { printQuarantine(w, found) })
	})
}

func (a *app) quarantineShow(ctx context.Context, id string) error {
	return a.inView(ctx, func(v *view) error {
		x, err := v.explain(ctx, id)
		if err != nil {
			return err
		}
		q, err := report.ShowQuarantine(ctx, v.db, x)
		if err != nil {
			return err
		}
		return a.printFrom(v, map[string]any{"quarantine": []report.QuarantinedSource{q}}, func(w io.Writer) {
			printExplanation(w, x)
			printPayload(w, q.Payload)
		})
	})
}

func newQueryCmd(a *app) *cobra.Command {
	var (
		file    string
		timeout time.Duration
	)
	cmd := &cobra.Command{
		Use:   "query SELECT",
		Short: "Ask the analysts' copy, for servers without DuckDB",
		Long: `Run one SELECT on the published file, the analysts' copy of the last run. It
never waits for a run and never changes anything, and the statement reaches no
other file and no network. Start with the views: spend, spend_by_vendor_month,
deliveries, excluded, quarantine, possible_duplicates, runs, control_totals.
The table cuts long texts; --json has all of them.`,
		Example: `  spendbridge query "select vendor, sum(amount), currency from spend group by all"
  spendbridge query --json "select * from quarantine"
  spendbridge query "describe spend"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.query(cmd.Context(), file, timeout, args[0])
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "ask this `file` instead; then no configuration is read")
	cmd.Flags().DurationVar(&timeout, "timeout", time.Minute, "give up after this `time`")
	return cmd
}

func (a *app) query(ctx context.Context, file string, timeout time.Duration, statement string) error {
	if file == "" {
		c, err := a.config()
		if err != nil {
			return err
		}
		file = c.PublishedFile()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %s; ask for less, or allow more with --timeout", timeout))
	defer cancel()
	answer, err := job.Query(ctx, file, statement)
	if err != nil {
		return err
	}
	return a.print(answer, func(w io.Writer) { printAnswer(w, answer) })
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

func (a *app) report(ctx context.Context, name, out string) error {
	return a.inView(ctx, func(v *view) error {
		run, path, err := a.reportIn(ctx, v, name, out)
		if err != nil {
			return err
		}
		return a.printFrom(v, map[string]any{"run_id": run, "path": path}, func(w io.Writer) { fmt.Fprintln(w, path) })
	})
}

// reportIn writes the page of a run, or finds the one that the run wrote when
// it ended.
func (a *app) reportIn(ctx context.Context, v *view, name, out string) (run etl.RunID, path string, err error) {
	if v.session == nil {
		run, path, v.AsOf, err = job.WrittenReport(v.config, name)
		return run, path, err
	}
	if run, err = report.FindRun(ctx, v.db, name); err != nil {
		return run, "", err
	}
	path = cmp.Or(out, filepath.Join(v.config.ReportsDir(), string(run)+".html"))
	return run, path, v.session.WriteReport(ctx, run, path)
}

func (a *app) reportLedger(ctx context.Context, path, firstDay, dayAfter string) error {
	from, err := dayFlag("--from", firstDay)
	if err != nil {
		return err
	}
	to, err := dayFlag("--to", dayAfter)
	if err != nil {
		return err
	}
	return a.inSession(ctx, func(s *job.Session) error {
		items, err := report.ExportLedger(ctx, s.DB, path, from, to)
		if err != nil {
			return err
		}
		result := map[string]any{"path": path, "items": items}
		return a.print(result, func(w io.Writer) { fmt.Fprintf(w, "%d items in %s\n", items, path) })
	})
}

// dayFlag reads a flag that is a day.
func dayFlag(flag, text string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, etl.Usagef("%s: %q is not a day; write it as 2026-01-31", flag, text)
	}
	return t, nil
}
