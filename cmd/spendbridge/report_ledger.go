package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spendbridge/etl"
	"spendbridge/etl/report"
)

// A ledgerFlags is what report's command line says of the ledger.
type ledgerFlags struct {
	path, from, to string
}

func (f *ledgerFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.path, "ledger", "", "write the delivery ledger to this `file`, .csv or .parquet")
	flags.StringVar(&f.from, "from", "1970-01-01", "with --ledger: first `day`, UTC")
	flags.StringVar(&f.to, "to", "9999-12-31", "with --ledger: `day` after the last, UTC")
}

// check refuses what does not go together.
func (f *ledgerFlags) check(cmd *cobra.Command, args []string) error {
	flags := cmd.Flags()
	switch {
	case f.path == "" && (flags.Changed("from") || flags.Changed("to")):
		return etl.Usagef("--from and --to go with --ledger: they are the period of the ledger")
	case f.path != "" && (len(args) > 0 || flags.Changed("out")):
		return etl.Usagef("--ledger goes without a run and without --out: it names its own file")
	}
	return nil
}

func (a *app) reportLedger(ctx context.Context, f ledgerFlags) error {
	from, err := ledgerDay("--from", f.from)
	if err != nil {
		return err
	}
	to, err := ledgerDay("--to", f.to)
	if err != nil {
		return err
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	items, err := report.ExportLedger(ctx, s.db, f.path, from, to)
	if err != nil {
		return err
	}
	result := map[string]any{"path": f.path, "items": items}
	return a.print(result, func(w io.Writer) { fmt.Fprintf(w, "%d items in %s\n", items, f.path) })
}

// ledgerDay reads a flag that is a day.
func ledgerDay(flag, text string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, etl.Usagef("%s: %q is not a day; write it as 2026-01-31", flag, text)
	}
	return t, nil
}
