package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// A loadFlags is what the command line of load says.
type loadFlags struct {
	snapshotOnly bool
	postOnly     bool
	dryRun       bool
	payload      string // where a dry run writes what it would post
	approve      string // a plan, or lastPlan
	decision     decisionFlags
	asOf, out    string
}

func newLoadCmd(a *app) *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Write a snapshot, post what is new to Productiv, publish the copy for analysts",
		Long: `Transform what is new, then export and post it: a Parquet snapshot, what is new
to Productiv, and the copy for analysts. --dry-run says what a load would post
now, and changes nothing.

What is posted cannot be taken back. So gates hold records before their first
byte is sent: the first load of a source, a target or a data folder that is not
the one that posted last, a backfill, more changes than are usual. A held load
prints what it would post and the name of that plan; --approve=PLAN posts
exactly that.`,
		Example: `  spendbridge load
  spendbridge load --dry-run
  spendbridge load --approve=7f3a21 --note "checked against the card statement"
  spendbridge load --snapshot-only --as-of 2026-06-30T23:59:59Z --out june/`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && f.approve == lastPlan {
				return etl.Usagef("write --approve=%s, with an equals sign", args[0])
			}
			return cobra.NoArgs(nil, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return a.load(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.dryRun, "dry-run", false, "only say what would be posted, in records and money")
	flags.StringVar(&f.payload, "payload", "", "with --dry-run: write the exact JSON of all that would be posted to this `file`")
	flags.StringVar(&f.approve, "approve", "", "post exactly what the last load held, if it is that `plan`; needs --note")
	flags.Lookup("approve").NoOptDefVal = lastPlan
	f.decision.add(flags, "`why` it is approved, for the ledger")
	flags.BoolVar(&f.snapshotOnly, "snapshot-only", false, "write the snapshot and the analysts' copy, post nothing")
	flags.BoolVar(&f.postOnly, "post-only", false, "post, and publish the analysts' copy, without a new snapshot")
	flags.StringVar(&f.asOf, "as-of", "", "with --snapshot-only and --out: the state of a past `moment`, a run id or a time like 2026-06-30T23:59:59Z")
	flags.StringVar(&f.out, "out", "", "`folder` for the snapshot of --as-of")
	return cmd
}

// lastPlan is what --approve means without a plan: whatever the last load held.
const lastPlan = "held"

// check refuses flags that make no sense together.
func (f loadFlags) check() error {
	ways := 0
	for _, way := range []bool{f.snapshotOnly, f.postOnly, f.dryRun, f.approve != ""} {
		if way {
			ways++
		}
	}
	switch {
	case ways > 1:
		return etl.Usagef("--snapshot-only, --post-only, --dry-run and --approve exclude each other")
	case (f.approve != "") != (f.decision.note != ""):
		return etl.Usagef("--approve and --note belong together: write why it is right to post what is held")
	case f.payload != "" && !f.dryRun:
		return etl.Usagef("--payload needs --dry-run")
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
		return a.dryRun(ctx, config, f.payload)
	}
	return a.perform(ctx, config, "load", f.stages)
}

func (f loadFlags) stages(r *run) []etl.Stage {
	return r.loadStages(f)
}

// approveStage posts what the gates held.
func (r *run) approveStage(plan string, by decisionFlags) etl.Stage {
	if plan == lastPlan {
		plan = ""
	}
	return r.postStage("approve", func(ctx context.Context, d *deliver.Delivery) (deliver.Result, error) {
		return d.Approve(ctx, plan, by.decision())
	})
}

func (a *app) dryRun(ctx context.Context, config *config.Config, payload string) error {
	s, err := a.openWith(ctx, config)
	if err != nil {
		return err
	}
	defer s.Close()
	dry, err := s.unrecorded().dryRun(ctx, payload)
	if err != nil {
		return err
	}
	return a.print(dry, func(w io.Writer) { printDryRun(w, dry) })
}

// errRollback ends a dry run's transaction.
var errRollback = errors.New("a dry run is rolled back")

// dryRun does what a load does up to its first byte, in a transaction that is
// rolled back.
func (r *run) dryRun(ctx context.Context, payload string) (dry deliver.DryRun, err error) {
	err = r.db.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := saveSources(ctx, tx, r); err != nil {
			return err
		}
		if _, err := transform.In(ctx, tx, r.transformOptions()); err != nil {
			return err
		}
		if dry, err = r.delivery(nil).DryRun(ctx, tx, payload); err != nil {
			return err
		}
		return errRollback
	})
	if errors.Is(err, errRollback) {
		err = nil
	}
	return dry, err
}
