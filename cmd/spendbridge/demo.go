package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
	"spendbridge/etl/sandbox"
)

func newDemoCmd(a *app) *cobra.Command {
	options := sandbox.DemoOptions()
	d := sandbox.Demo{Seed: options.Seed, Expenses: options.Expenses, Transactions: options.Transactions}
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the whole job on invented data",
		Long: `Start the sandbox, which plays the three vendors on this machine, and run the
whole job against it. Run it again on the same folder: nothing is posted twice.`,
		Example: `  spendbridge demo
  spendbridge demo --dir big --expenses 20000 --transactions 10000`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			vendors, path, err := d.Start(cmd.Context(), dir)
			if err != nil {
				return err
			}
			defer vendors.Close()
			if !a.json && !a.quiet {
				fmt.Fprintf(a.stdout, "Vendors on 127.0.0.1:%d to %d: %s expenses, %s transactions.\n\n",
					d.Port, d.Port+2, etl.Number(d.Expenses), etl.Number(d.Transactions))
			}
			a.configPath = path
			return a.do(cmd.Context(), func(c *config.Config) (job.Plan, error) { return job.Whole(c), nil })
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`folder` for everything the demo makes (default: a new temporary one)")
	dataFlags(cmd.Flags(), &d.Seed, &d.Expenses, &d.Transactions)
	return cmd
}

func dataFlags(flags *pflag.FlagSet, seed *uint64, expenses, transactions *int) {
	flags.Uint64Var(seed, "seed", *seed, "`number` that decides all generated data")
	flags.IntVar(expenses, "expenses", *expenses, "how many Productive.io expenses there are")
	flags.IntVar(transactions, "transactions", *transactions, "how many Procurify transactions there are")
}

type sandboxFlags struct {
	listen, faults, signatures string
	options                    sandbox.Options
}

func newSandboxCmd(a *app) *cobra.Command {
	f := sandboxFlags{options: sandbox.DemoOptions()}
	f.options.Months = sandbox.DemoMonths
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Play the three vendors on this machine, with faults if you like",
		Long: `Serve Productive.io, Procurify and Productiv on loopback with generated data,
until interrupted. What it prints on stdout is a configuration to run against.

Faults are separated by commas and read API:KIND[=ARGUMENT][@N[xTIMES] | ~RATE%]:
  productive:429@3              the third request is answered with 429
  productiv:5xx-after-store@2x3 three posts are stored, but answered 503
  all:transport~5%              one request in twenty fails in one way or another
  productiv:poison=Initech      records of one vendor are rejected
  productiv:firewall=Initech    a firewall blocks every post that holds this text
  productiv:firewall            and every post`,
		Example: `  spendbridge sandbox > sandbox.yaml &
  spendbridge run --config sandbox.yaml

  spendbridge sandbox --faults productive:429@3,productiv:drop~10%`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.sandbox(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "`address` of the first vendor; the others take the ports after it, 0 = any")
	flags.StringVar(&f.faults, "faults", "", "what goes wrong, see above")
	dataFlags(flags, &f.options.Seed, &f.options.Expenses, &f.options.Transactions)
	flags.BoolVar(&f.options.SeedOnly, "seed-only", false, "only the three expenses of the vendor's own example")
	flags.BoolVar(&f.options.Plain, "plain", false, "no data traps")
	flags.DurationVar(&f.options.Latency, "latency", 0, "how long each answer takes")
	flags.StringVar(&f.signatures, "signatures", "upsert", "what a repeated signatureId does: upsert, ignore or append")
	flags.StringVar(&f.options.Productiv.Strict, "strict", "", "reject fields outside of: finance or spend")
	flags.BoolVar(&f.options.Productiv.Partial422, "partial-422", false, "a rejected batch stores its valid records")
	flags.BoolVar(&f.options.Procurify.MinorUnits, "minor-units", false, "Procurify amounts come without a decimal point")
	return cmd
}

func (f sandboxFlags) parse() (sandbox.Options, error) {
	o := f.options
	signatures, ok := map[string]sandbox.Signatures{
		"upsert": sandbox.Upsert, "ignore": sandbox.Ignore, "append": sandbox.Append,
	}[f.signatures]
	if !ok {
		return o, etl.Usagef("--signatures %s: write upsert, ignore or append", f.signatures)
	}
	if s := o.Productiv.Strict; s != "" && s != "finance" && s != "spend" {
		return o, etl.Usagef("--strict %s: write finance or spend", s)
	}
	if o.Expenses < 0 || o.Transactions < 0 {
		return o, etl.Usagef("--expenses and --transactions: write 0 or more")
	}
	faults, err := sandbox.ParseFaults(f.faults)
	if err != nil {
		return o, etl.Usagef("--faults: %w", err)
	}
	o.Productiv.Signatures, o.Faults = signatures, faults
	return o, nil
}

func (a *app) sandbox(ctx context.Context, f sandboxFlags) error {
	options, err := f.parse()
	if err != nil {
		return err
	}
	s := sandbox.New(options)
	if err := s.Start(ctx, f.listen); err != nil {
		return &etl.UsageError{Err: err}
	}
	defer s.Close()
	text, err := s.Configuration()
	if err != nil {
		return err
	}
	urls := map[string]string{
		"productive": s.ProductiveURL(), "procurify": s.ProcurifyURL(),
		"productiv": s.ProductivURL(), "accepted": s.AdminURL() + "/_sandbox/records", "config": string(text),
	}
	if err := a.print(urls, func(w *screen) { w.Write(text) }); err != nil {
		return err
	}
	begun := time.Now()
	<-ctx.Done()
	a.log.Info("sandbox closed", etl.KeyDuration, time.Since(begun))
	return nil
}
