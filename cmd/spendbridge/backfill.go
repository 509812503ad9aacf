package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
)

// A backfillFlags is what the command line of backfill says.
type backfillFlags struct {
	from, to, window string
	sources          []string
	dryRun, restart  bool
}

func newBackfillCmd(a *app) *cobra.Command {
	var f backfillFlags
	cmd := &cobra.Command{
		Use:   "backfill --from DATE --to DATE",
		Short: "Read a past period, and resume by itself",
		Long: `Read the days from --from up to and without --to, window by window, and prove
each. A backfill that was stopped goes on where it stood; one that is finished
reads nothing again, unless --restart says so. It posts nothing: it ends by
saying what the next load would post.`,
		Example: `  spendbridge backfill --from 2024-01-01 --to 2024-07-01
  spendbridge backfill --from 2024-01-01 --to 2024-07-01 --source procurify --window 7d --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.backfill(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "first `day`, such as 2024-01-01 (required)")
	flags.StringVar(&f.to, "to", "", "the `day` after the last one, such as 2024-07-01 (required)")
	flags.StringSliceVar(&f.sources, "source", nil, "`name` of a source; default: all of them")
	flags.StringVar(&f.window, "window", "1mo", "`size` of a window: calendar months like 1mo, or days like 7d")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only say what would be read, and in how many requests")
	flags.BoolVar(&f.restart, "restart", false, "begin anew, whatever was done before")
	cmd.MarkFlagRequired("from")
	cmd.MarkFlagRequired("to")
	return cmd
}

func (a *app) backfill(ctx context.Context, f backfillFlags) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	sources, err := pickSources(config, f.sources)
	if err != nil {
		return err
	}
	b, err := extract.NewBackfill(f.from, f.to, f.window, a.now())
	if err != nil {
		return err
	}
	b.Restart = f.restart
	if f.dryRun {
		return a.planBackfill(ctx, config, sources, b)
	}
	return a.perform(ctx, config, "backfill", func(r *run) []etl.Stage { return r.backfillStages(sources, b) })
}

// backfillStages reads the period, makes spend of it, and says what the next
// load would post.
func (r *run) backfillStages(sources []config.Source, b extract.Backfill) []etl.Stage {
	var stages []etl.Stage
	for _, source := range sources {
		stages = append(stages, r.extractStage("backfill/", source, func(ctx context.Context, x *extract.Extractor, s extract.Source) (extract.Report, error) {
			if !isTerminal(r.stderr) { // where there is a bar
				x.OnProof = func(p extract.Proof) {
					x.Log.Info("window read", etl.KeyWindow, p.Name, etl.KeyRecords, p.Found, etl.KeyPage, p.Pages, etl.KeyPass, p.Passes)
				}
			}
			return x.Backfill(ctx, s, b)
		}))
	}
	return append(append(stages, r.transformStages()...), r.previewStage(""))
}

// previewStage finds out what the next load would post.
func (r *run) previewStage(payload string) etl.Stage {
	return etl.Stage{Name: "preview", Run: func(ctx context.Context) (etl.Counts, error) {
		dry, err := r.dryRun(ctx, payload)
		if err != nil {
			return etl.Counts{}, err
		}
		r.result.NextLoad = &dry
		return etl.Counts{Read: dry.New + dry.Changed + dry.Touched + dry.Withdrawn}, nil
	}}
}

// A backfillPlan is what a backfill of one source would read.
type backfillPlan struct {
	Source   string                  `json:"source"`
	Records  int                     `json:"records"`
	Requests int                     `json:"requests"`
	Windows  []extract.PlannedWindow `json:"windows"`
}

func (a *app) planBackfill(ctx context.Context, config *config.Config, sources []config.Source, b extract.Backfill) error {
	s, err := a.openWith(ctx, config)
	if err != nil {
		return err
	}
	defer s.Close()
	plans := []backfillPlan{}
	for _, source := range sources {
		plan, err := s.plan(ctx, source, b)
		if err != nil {
			return fmt.Errorf("plan of %s: %w", source.Name, err)
		}
		plans = append(plans, plan)
	}
	return a.print(map[string]any{"backfill": plans}, func(w io.Writer) { printPlans(w, plans) })
}

func (s *session) plan(ctx context.Context, source config.Source, b extract.Backfill) (backfillPlan, error) {
	vendor, err := s.openSource(source)
	if err != nil {
		return backfillPlan{}, err
	}
	x := s.unrecorded().extractor("backfill/"+source.Name, source, nil)
	windows, err := x.Plan(ctx, vendor, b)
	plan := backfillPlan{Source: source.Name, Windows: windows}
	for _, w := range windows {
		plan.Records += w.Records
		plan.Requests += w.Requests
	}
	return plan, err
}

func printPlans(w io.Writer, plans []backfillPlan) {
	for _, p := range plans {
		fmt.Fprintf(w, "%s: %s windows, %s records, about %s requests\n", p.Source, number(len(p.Windows)), number(p.Records), number(p.Requests))
		t := table{head: []string{"WINDOW", "RECORDS", "REQUESTS", "STATE"}}
		for _, window := range p.Windows {
			state := "to read"
			if window.Done {
				state = "done"
			}
			t.add(window.Name, number(window.Records), number(window.Requests), state)
		}
		t.print(w)
	}
}
