package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/job"
	"spendbridge/etl/report"
)

// A query is one statement for the analysts' copy, and what becomes of the answer.
type query struct {
	file, format, out string
	timeout           time.Duration
}

// The formats of an answer.
var formats = []string{"table", "csv", "json", "parquet"}

func newQueryCmd(a *app) *cobra.Command {
	var q query
	cmd := &cobra.Command{
		Use:   "query SELECT",
		Short: "Ask the analysts' copy, for servers without DuckDB",
		Long: `Run one SELECT on the published file, the analysts' copy of the last run. It
never waits for a run and never changes anything, and the statement reaches no
other file and no network. Start with the views: spend, spend_by_vendor_month,
deliveries, excluded, quarantine, possible_duplicates, runs, control_totals.

The table cuts long texts, the other formats have all of them. With --out, the
format is that of the file's name unless --format says another; parquet needs it.`,
		Example: `  spendbridge query "select vendor, sum(amount), currency from spend group by all"
  spendbridge query --json "select * from quarantine"
  spendbridge query --out spend.parquet "from spend"
  spendbridge query "describe spend"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := q.complete(a.json); err != nil {
				return err
			}
			if q.file == "" {
				c, err := a.config()
				if err != nil {
					return err
				}
				q.file = c.PublishedFile()
			}
			late := fmt.Errorf("no answer within %s; ask for less, or allow more with --timeout", q.timeout)
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), q.timeout, late)
			defer cancel()
			return a.query(ctx, q, args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&q.file, "file", "", "ask this `file` instead; then no configuration is read")
	flags.StringVar(&q.format, "format", "", "`format` of the answer: table, csv, json or parquet")
	flags.StringVarP(&q.out, "out", "o", "", "write the answer to this `file`")
	flags.DurationVar(&q.timeout, "timeout", time.Minute, "give up after this `time`")
	return cmd
}

// complete decides the format.
func (q *query) complete(isJSON bool) error {
	kind := strings.TrimPrefix(filepath.Ext(q.out), ".")
	switch {
	case isJSON && (q.out != "" || q.format != "" && q.format != "json"):
		return etl.Usagef("--json goes without --format and --out; write --format json --out FILE")
	case isJSON:
		q.format = "json"
	case q.format == "" && slices.Contains(formats, kind):
		q.format = kind
	case q.format == "":
		q.format = "table"
	case !slices.Contains(formats, q.format):
		return etl.Usagef("--format %s: write %s", q.format, strings.Join(formats, ", "))
	}
	if q.format == "parquet" && q.out == "" {
		return etl.Usagef("--format parquet needs --out: it is not for a terminal")
	}
	return nil
}

func (a *app) query(ctx context.Context, q query, statement string) error {
	if q.format == "parquet" {
		rows, err := job.SaveParquet(ctx, q.file, statement, q.out)
		if err != nil {
			return err
		}
		return a.wroteRows(rows, q.out)
	}
	answer, err := job.Query(ctx, q.file, statement)
	switch {
	case err != nil:
		return err
	case q.out == "" && q.format != "csv":
		a.json = q.format == "json"
		return a.print(answer, func(w *screen) { printAnswer(w, answer) })
	}
	text, err := q.render(answer)
	switch {
	case err != nil:
		return err
	case q.out == "":
		_, err = a.out().Write(text)
		return err
	}
	if err := durable.WriteFile(q.out, text, 0o600); err != nil {
		return err
	}
	return a.wroteRows(int64(len(answer.Rows)), q.out)
}

func (q *query) render(answer *report.Answer) ([]byte, error) {
	switch q.format {
	case "csv":
		return answer.CSV()
	case "json":
		text, err := json.MarshalIndent(answer, "", "  ")
		return append(text, '\n'), err
	}
	var text strings.Builder
	printAnswer(&screen{Writer: &text, width: unknownWidth}, answer)
	return []byte(text.String()), nil
}

func (a *app) wroteRows(rows int64, path string) error {
	_, err := fmt.Fprintf(a.out(), "%s rows in %s\n", etl.Number(rows), path)
	return err
}
