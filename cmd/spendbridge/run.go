package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/job"
)

func newRunCmd(a *app) *cobra.Command {
	var dryRun bool
	var payload string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Do the whole job: extract, transform, snapshot, post, publish",
		Long: `Read what is new from all sources, transform it into spend, prove the totals,
write a Parquet snapshot, post what is new to Productiv and publish the copy for
analysts. One source that is down does not hold back the other; a transform or
snapshot that fails posts nothing; a failed delivery still publishes.

With --dry-run, what was extracted is kept and all that follows is rolled back:
it says what a load would post now.`,
		Example: `  spendbridge run
  spendbridge run --dry-run
  spendbridge run --config /etc/spendbridge/spendbridge.yaml --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if payload != "" && !dryRun {
				return etl.Usagef("--payload needs --dry-run")
			}
			return a.do(cmd.Context(), func(c *config.Config) (job.Plan, error) {
				if dryRun {
					return job.WholeDryRun(c, payload), nil
				}
				return job.Whole(c), nil
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "extract, then only say what a load would post")
	cmd.Flags().StringVar(&payload, "payload", "", "with --dry-run: write the exact JSON of all that would be posted to this `file`")
	return cmd
}

// do runs the plan that a configuration gives and prints the result, whether it
// worked or not.
func (a *app) do(ctx context.Context, makePlan func(*config.Config) (job.Plan, error)) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	plan, err := makePlan(c)
	if err != nil {
		return err
	}
	o := a.options()
	o.FindDuplicates = a.json // their document has a member for them
	result, err := job.Do(ctx, c, o, plan)
	if result == nil {
		return err
	}
	out := a.output(c, result)
	printed := a.print(out, out.print)
	if err != nil && len(result.Needs) > 0 && !a.json && isTerminal(a.stdout) && isTerminal(a.stderr) {
		err = &shownError{err} // the list says it; the verdict stays in sight
	}
	return errors.Join(err, printed)
}

func newExtractCmd(a *app) *cobra.Command {
	var (
		o        job.ExtractOptions
		accept   bool
		accepted extract.Acceptance
	)
	cmd := &cobra.Command{
		Use:   "extract [SOURCE…]",
		Short: "Read what is new from the sources",
		Long: `Read the look-back window of all sources, or of those that are named, and keep
every response that brought something new as it came. Only what changed becomes
a new version. It resumes where an earlier extract was stopped.

Records that the vendor no longer has are marked as gone. If they are more than
usual, or links such as the vendor are missing from many records, nothing is
marked and the exit code is 3, for a token that lost a permission looks the
same. Check it; --accept-vanished then accepts what the last run listed, and
nothing that vanishes later.`,
		Example: `  spendbridge extract
  spendbridge extract procurify
  spendbridge extract productive --accept-vanished --note "the trial projects were deleted"`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case accept:
				accepted.Who = cmp.Or(accepted.Who, operator())
				o.Accept = &accepted
			case accepted.Who != "" || accepted.Note != "":
				return etl.Usagef("--who and --note belong to --accept-vanished")
			}
			return a.do(cmd.Context(), func(c *config.Config) (job.Plan, error) {
				sources, err := job.PickSources(c, args)
				return job.Extract(sources, o), err
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&accept, "accept-vanished", false, "accept that the records which the last run listed are gone")
	flags.StringVar(&accepted.Who, "who", "", "who accepts it, such as an `address` (default: the user this runs as)")
	flags.StringVar(&accepted.Note, "note", "", "`why` it is accepted")
	flags.BoolVar(&o.Sweep, "sweep", false, "read everything again, from the oldest stored date")
	return cmd
}

func newBackfillCmd(a *app) *cobra.Command {
	var (
		from, to, window string
		names            []string
		dryRun, restart  bool
	)
	cmd := &cobra.Command{
		Use:   "backfill --from DATE --to DATE",
		Short: "Read a past period, and resume by itself",
		Long: `Read the days from --from up to and without --to, window by window, and prove
each. A backfill that was stopped resumes where it left off; a finished one reads
nothing again without --restart. It posts nothing: it ends by
saying what the next load would post.`,
		Example: `  spendbridge backfill --from 2024-01-01 --to 2024-07-01
  spendbridge backfill --from 2024-01-01 --to 2024-07-01 --source procurify --window 7d --dry-run`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, fault := extract.NewBackfill(from, to, window, a.now())
			b.Restart = restart
			c, err := a.config()
			if err = errors.Join(fault, err); c == nil {
				return err
			}
			sources, unknown := job.PickSources(c, names)
			if err = errors.Join(err, unknown); err != nil {
				return err
			}
			if dryRun {
				return a.planBackfill(cmd.Context(), sources, b)
			}
			return a.do(cmd.Context(), func(c *config.Config) (job.Plan, error) { return job.Backfill(c, sources, b), nil })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "first `day`, such as 2024-01-01 (required)")
	flags.StringVar(&to, "to", "", "the `day` after the last one, such as 2024-07-01 (required)")
	flags.StringSliceVar(&names, "source", nil, "`name` of a source; default: all of them")
	flags.StringVar(&window, "window", "1mo", "`size` of a window: calendar months like 1mo, or days like 7d")
	flags.BoolVar(&dryRun, "dry-run", false, "only say what would be read, and in how many requests")
	flags.BoolVar(&restart, "restart", false, "start over, whatever was done before")
	cmd.MarkFlagRequired("from")
	cmd.MarkFlagRequired("to")
	return cmd
}

func (a *app) planBackfill(ctx context.Context, sources []config.Source, b extract.Backfill) error {
	return a.inSession(ctx, func(s *job.Session) error {
		plans, err := s.PlanBackfill(ctx, sources, b)
		if err != nil {
			return err
		}
		return a.print(map[string]any{"backfill": plans}, func(w *screen) { printBackfillPlans(w, plans) })
	})
}

func newTransformCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "transform",
		Short: "Transform what was extracted into spend, and prove the totals",
		Long: `Transform raw records into canonical.spend, excluded and quarantine, in one
transaction: a check that fails leaves everything as it was. Posts nothing.`,
		Example: "  spendbridge transform",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.do(cmd.Context(), func(c *config.Config) (job.Plan, error) { return job.Transform(c), nil })
		},
	}
}

type loadFlags struct {
	snapshotOnly, postOnly, dryRun bool

	payload   string // where a dry run writes what it would post
	approve   string // a plan, or lastPlan
	decision  decisionFlags
	asOf, out string
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
	cmd.MarkFlagsMutuallyExclusive("snapshot-only", "post-only", "dry-run", "approve")
	return cmd
}

// lastPlan is what --approve means without a plan: whatever the last load held.
const lastPlan = "held"

func (f loadFlags) check() error {
	switch {
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
	switch {
	case f.asOf != "":
		return a.inSession(ctx, func(s *job.Session) error {
			past, err := s.AsOf(ctx, f.asOf, f.out)
			if past == nil {
				return err
			}
			return errors.Join(err, a.print(past, func(w *screen) { printPast(w, past) }))
		})
	case f.dryRun:
		return a.inSession(ctx, func(s *job.Session) error {
			dry, err := s.DryRun(ctx, f.payload)
			if err != nil {
				return err
			}
			return a.print(dry, func(w *screen) { printDryRun(w, dry) })
		})
	}
	return a.do(ctx, f.plan)
}

func (f loadFlags) plan(c *config.Config) (job.Plan, error) {
	switch {
	case f.approve == lastPlan:
		return job.Approve(c, "", f.decision.decision()), nil
	case f.approve != "":
		return job.Approve(c, f.approve, f.decision.decision()), nil
	case f.snapshotOnly:
		return job.SnapshotOnly(c), nil
	case f.postOnly:
		return job.PostOnly(c), nil
	}
	return job.Load(c), nil
}
