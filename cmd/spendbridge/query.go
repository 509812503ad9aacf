package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl/report"
	sqlfiles "spendbridge/sql"
)

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
		config, err := a.config()
		if err != nil {
			return err
		}
		file = config.PublishedFile()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %s; ask for less, or allow more with --timeout", timeout))
	defer cancel()
	answer, err := report.Query(ctx, file, sqlfiles.FS, statement)
	if err != nil {
		return err
	}
	return a.print(answer, func(w io.Writer) { printAnswer(w, answer) })
}

func printAnswer(w io.Writer, answer *report.Answer) {
	t := table{head: answer.Columns}
	for r := range answer.Rows {
		cells := make([]string, len(answer.Columns))
		for c := range cells {
			cells[c] = answer.Text(r, c)
		}
		t.add(cells...)
	}
	t.print(w)
}
