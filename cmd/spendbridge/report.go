package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

func newReportCmd(a *app) *cobra.Command {
	var out string
	var ledger ledgerFlags
	cmd := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Write the report of a run, the last one if none is named",
		Long: `Write one HTML file that needs nothing else: how the run went, what waits for a
person, whether the totals agree, spend by month, vendor and currency, what was
left out and why, and what was sent. Every run writes its own to the folder
reports/ below data_dir; this command writes one again, or elsewhere.

With --ledger, write instead what was posted to Productiv in a period, one row
per record and attempt with its batch, its exact JSON and every decision of a
person: a .csv or .parquet file for an auditor.`,
		Example: `  spendbridge report
  spendbridge report 20261121T020000Z-1f3a9c --out run.html
  spendbridge report --ledger ledger.csv --from 2026-01-01 --to 2027-01-01`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := ledger.check(cmd, args); err != nil {
				return err
			}
			if ledger.path != "" {
				return a.reportLedger(cmd.Context(), ledger)
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return a.report(cmd.Context(), name, out)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "write to this `file`")
	ledger.register(cmd.Flags())
	return cmd
}

func (a *app) report(ctx context.Context, name, out string) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	run, err := s.findRun(ctx, name)
	if err != nil {
		return err
	}
	if out == "" {
		out = filepath.Join(s.config.ReportsDir(), string(run)+".html")
	}
	if err := s.writeReport(ctx, run, out); err != nil {
		return err
	}
	return a.print(map[string]any{"run_id": run, "path": out}, func(w io.Writer) { fmt.Fprintln(w, out) })
}

// findRun returns the run of that name, the newest one for no name.
func (s *session) findRun(ctx context.Context, name string) (etl.RunID, error) {
	runs, err := warehouse.Strings(ctx, s.db, "queries/report_run_names.sql", nil)
	switch {
	case err != nil:
		return "", err
	case len(runs) == 0:
		return "", etl.Usagef("there is no run yet; start one: spendbridge run")
	case name == "":
		return etl.RunID(runs[0]), nil
	}
	for _, run := range runs {
		if run == name {
			return etl.RunID(run), nil
		}
	}
	return "", etl.Usagef("there is no run %s%s", name, etl.DidYouMean(name, runs))
}
