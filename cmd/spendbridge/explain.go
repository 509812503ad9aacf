package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl/report"
)

func newExplainCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID",
		Short: "Show one record's whole life, from the raw page to the JSON that was posted",
		Long: `Show what the vendor said of a record and when, what was made of it and by which
rule, the snapshots it is in and every time it was posted. ID is a spend id, the
id it has at its vendor, or the transaction number or signature id at Productiv.`,
		Example: `  spendbridge explain productive-517-expense-27
  spendbridge explain procurify-acme-txn-4814 --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.explain(cmd.Context(), args[0]) },
	}
}

func (a *app) explain(ctx context.Context, id string) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	x, err := report.Explain(ctx, s.db, id, s.config.SnapshotsDir())
	if err != nil {
		return err
	}
	return a.print(x, func(w io.Writer) { printExplanation(w, x) })
}

func printExplanation(w io.Writer, x *report.Explanation) {
	fmt.Fprintf(w, "%s is %s\n", x.SpendID, map[string]string{
		"spend": "spend", "excluded": "excluded: known not to be spend", "quarantined": "in quarantine",
	}[x.State])
	printRecord(w, x)
	printVersions(w, x.Versions)
	printDeliveries(w, x)
	fmt.Fprintln(w, "\nSnapshots")
	for _, s := range x.Snapshots {
		fmt.Fprintf(w, "  %s  %s %s\n", s.Snapshot, s.Amount, s.Currency)
	}
	printNone(w, len(x.Snapshots))
}

// explained are the columns of canonical that say how the record was decided,
// in the order they are read.
var explained = []struct{ column, words string }{
	{"amount", "amount"}, {"currency", "currency"}, {"occurred_on", "on"}, {"type", "type"},
	{"vendor", "vendor"}, {"vendor_key", "vendor key"}, {"vendor_raw", "as the source spells it"}, {"vendor_rule", "vendor named by"},
	{"identifier", "who"}, {"name", "name"}, {"category", "category"}, {"description", "description"}, {"department", "department"},
	{"rule", "counts by rule"}, {"reason", "reason"}, {"detail", "detail"},
	{"amount_reporting", "in reporting currency"}, {"reporting_currency", "reporting currency"},
	{"fx_rate", "rate"}, {"fx_date", "rate of"}, {"fx_source", "rate from"},
	{"source_amount", "amount as received"}, {"source_currency", "currency as received"},
}

func printRecord(w io.Writer, x *report.Explanation) {
	var columns map[string]any
	decoder := json.NewDecoder(bytes.NewReader(x.Record))
	decoder.UseNumber() // amounts are exact
	if err := decoder.Decode(&columns); err != nil {
		fmt.Fprintf(w, "  %s\n", x.Record)
		return
	}
	for _, e := range explained {
		if value := columns[e.column]; value != nil {
			fmt.Fprintf(w, "  %-24s %v\n", e.words, value)
		}
	}
}

func printVersions(w io.Writer, versions []report.RawVersion) {
	fmt.Fprintln(w, "\nWhat the vendor said")
	for _, v := range versions {
		gone := ""
		if v.Tombstone {
			gone = "  no longer there"
		}
		fmt.Fprintf(w, "  version %d  %s  %s, object %d%s\n", v.Version, moment(v.SeenAt), v.File, v.Ordinal, gone)
		fmt.Fprintf(w, "    page %s of run %s: %s\n", v.PageID, v.RunID, v.URL)
		for _, c := range v.Changes {
			fmt.Fprintf(w, "    %s: %s → %s\n", c.Path, orNothing(c.Before), orNothing(c.After))
		}
	}
	printNone(w, len(versions))
}

func printDeliveries(w io.Writer, x *report.Explanation) {
	fmt.Fprintln(w, "\nWhat was posted to Productiv")
	for _, d := range x.Deliveries {
		fmt.Fprintf(w, "  %s  %s, attempt %d: %s  %s\n", moment(d.SentAt), d.Key, d.Attempt, d.State, d.Kind)
		if d.BatchID != "" {
			fmt.Fprintf(w, "    batch %s to %s: %s, HTTP %d, sha256 %.12s…\n", d.BatchID, d.Target, d.BatchState, d.Status, d.SHA256)
		}
		if d.Message != "" {
			fmt.Fprintf(w, "    %s\n", d.Message)
		}
		if d.Decision != "" {
			fmt.Fprintf(w, "    %s by %s: %s\n", d.Decision, d.DecidedBy, d.Note)
		}
		fmt.Fprintf(w, "    %s\n", d.Payload)
	}
	for _, h := range x.Holds {
		fmt.Fprintf(w, "  held since %s by %s: %s\n    %s\n", moment(h.HeldAt), h.Gate, h.Key, h.Payload)
	}
	printNone(w, len(x.Deliveries)+len(x.Holds))
}

func printNone(w io.Writer, n int) {
	if n == 0 {
		fmt.Fprintln(w, "  none")
	}
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
