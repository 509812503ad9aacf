package main

import (
	"context"
	"io"
	"os/user"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/load"
)

// A loadFlags is what the command line of load says.
type loadFlags struct {
	snapshotOnly bool
	postOnly     bool
	dryRun       bool
	approve      bool
	note         string
	asOf, out    string
}

func newLoadCmd(a *app) *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Write a snapshot, post what is new to Productiv, publish the copy for analysts",
		Long: `Take out of the house what the last transform made: a Parquet snapshot, what is
new to Productiv, and the copy for analysts.

More changes than productiv.hold_changes_above are held until a person has
looked at them (--dry-run) and approves exactly them (--approve).`,
		Example: `  spendbridge load
  spendbridge load --dry-run
  spendbridge load --approve --note "vendors were renamed on purpose, JS"
  spendbridge load --snapshot-only --as-of 2026-06-30T23:59:59Z --out june/`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.load(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.dryRun, "dry-run", false, "only say what would be posted, in records and money")
	flags.BoolVar(&f.approve, "approve", false, "post exactly what the last load held; needs --note")
	flags.StringVar(&f.note, "note", "", "`why` it is approved, for the ledger")
	flags.BoolVar(&f.snapshotOnly, "snapshot-only", false, "write the snapshot and the analysts' copy, post nothing")
	flags.BoolVar(&f.postOnly, "post-only", false, "post, and publish the analysts' copy, without a new snapshot")
	flags.StringVar(&f.asOf, "as-of", "", "with --snapshot-only and --out: the state of a past `moment`, a run id or a time like 2026-06-30T23:59:59Z")
	flags.StringVar(&f.out, "out", "", "`folder` for the snapshot of --as-of")
	return cmd
}

// check refuses flags that make no sense together.
func (f loadFlags) check() error {
	ways := 0
	for _, way := range []bool{f.snapshotOnly, f.postOnly, f.dryRun, f.approve} {
		if way {
			ways++
		}
	}
	switch {
	case ways > 1:
		return etl.Usagef("--snapshot-only, --post-only, --dry-run and --approve exclude each other")
	case f.approve != (f.note != ""):
		return etl.Usagef("--approve and --note belong together: write why it is right to post what is held")
	case (f.asOf != "" || f.out != "") && !(f.snapshotOnly && f.asOf != "" && f.out != ""):
		return etl.Usagef("--as-of needs --snapshot-only and --out: a past state is only ever written to a folder")
	}
	return nil
}

func (a *app) load(ctx context.Context, f loadFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	config, err := a.config()
	if err != nil {
		return err
	}
	switch {
	case f.asOf != "":
		return a.loadAsOf(ctx, config, f.asOf, f.out)
	case f.dryRun:
		return a.dryRun(ctx, config)
	}
	return a.perform(ctx, config, "load", f.stages)
}

func (f loadFlags) stages(r *run) []etl.Stage {
	if f.approve {
		return []etl.Stage{r.approveStage(f.note), r.publishStage()}
	}
	var stages []etl.Stage
	if !f.postOnly {
		stages = append(stages, r.snapshotStage())
	}
	if !f.snapshotOnly {
		stages = append(stages, r.deliverStage())
	}
	return append(stages, r.publishStage())
}

// approveStage posts what the gates held.
func (r *run) approveStage(note string) etl.Stage {
	return r.postStage("approve", func(ctx context.Context, d *load.Delivery) (load.DeliveryResult, error) {
		return d.Approve(ctx, load.Decision{By: operator(), Note: note})
	})
}

// operator is who works at this terminal, for decisions that are recorded.
func operator() string {
	who, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return who.Username
}

func (a *app) dryRun(ctx context.Context, config *Config) error {
	s, err := a.openWith(ctx, config)
	if err != nil {
		return err
	}
	defer s.Close()
	r := s.unrecorded()
	dry, err := r.delivery(nil).DryRun(ctx)
	if err != nil {
		return err
	}
	return a.print(dry, func(w io.Writer) { printDryRun(w, dry) })
}
