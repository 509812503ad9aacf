package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/report"
)

func (r *statusResult) print(s *screen) {
	fmt.Fprintln(s, r.headline(s))
	if r.Busy != "" {
		fmt.Fprintf(s, "  %q is at work; this is how things stood before it began\n", r.Busy)
	}
	if len(r.Todo) > 0 {
		s.heading("WHAT TO DO")
	}
	for _, t := range r.Todo {
		fmt.Fprintf(s, "  - %s\n", t.What)
		for _, c := range t.Commands {
			fmt.Fprintf(s, "      %s\n", c)
		}
	}
	r.printRuns(s)
	r.printRecords(s)
	r.printSlots(s)
}

func (r *statusResult) headline(s *screen) string {
	since := ""
	if !r.Since.IsZero() {
		since = " since " + s.time(r.Since)
	}
	switch r.Status {
	case etl.StatusOK:
		return s.color(green, "✓ "+r.Verdict()+since)
	case etl.StatusNeedsPerson:
		return s.color(yellow, "! "+r.Verdict()+since)
	case etl.StatusFailed:
		text := s.color(red, "✗ Something failed"+since)
		if except := etl.Exceptions(r.Open); except != "" {
			text += "\n  Not delivered: " + except
		}
		return text
	}
	return "No run yet; start one: spendbridge run"
}

func (r *statusResult) printRuns(s *screen) {
	if len(r.Runs) == 0 {
		return
	}
	s.heading("LAST RUNS")
	for _, x := range r.Runs {
		took := "running"
		if !x.Finished.IsZero() {
			took = x.Finished.Sub(x.Started).Round(time.Second).String()
		}
		code := map[string]string{etl.StatusOK: green, etl.StatusNeedsPerson: yellow, etl.StatusFailed: red}[x.Status]
		fmt.Fprintf(s, "  %s  %-24s %s %s\n", s.time(x.Started), x.Command, s.color(code, fmt.Sprintf("%-13s", x.Status)), took)
	}
}

func (r *statusResult) printRecords(s *screen) {
	if len(r.Open) > 0 {
		s.heading("NOT DELIVERED")
	}
	for _, u := range r.Open {
		fmt.Fprintf(s, "  %-40s %8s  %s %s\n", u.Words(), etl.Number(u.Records), u.Money(), u.Currency)
	}
}

func (r *statusResult) printSlots(s *screen) {
	if len(r.Slots)+len(r.Next) == 0 {
		return
	}
	s.heading("SCHEDULE")
	for _, x := range r.Slots {
		line := fmt.Sprintf("  %s  %-12s %s", s.time(x.Due), x.Job, strings.ReplaceAll(x.Outcome, "_", " "))
		if x.LeftOut > 0 {
			line += fmt.Sprintf(" (%d missed or skipped in a week)", x.LeftOut)
		}
		fmt.Fprintln(s, line)
	}
	for _, x := range r.Next {
		fmt.Fprintln(s, s.color(faint, fmt.Sprintf("  %s  %-12s next", s.time(x.Due), x.Job)))
	}
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

// explained are the columns of canonical that show how a record was decided, in
// the order in which they are printed.
var explained = []struct{ column, words string }{
	{"amount", "amount"}, {"currency", "currency"}, {"occurred_on", "on"}, {"type", "type"},
	{"vendor", "vendor"}, {"vendor_key", "vendor key"}, {"vendor_raw", "as the source spells it"}, {"vendor_rule", "vendor named by"},
	{"identifier", "who"}, {"name", "name"}, {"category", "category"}, {"category_raw", "category as received"}, {"description", "description"}, {"department", "department"},
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
		if len(d.Payload) > 0 {
			fmt.Fprintf(w, "    %s\n", d.Payload)
		}
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

func printQuarantine(w io.Writer, found []report.Quarantined) {
	if len(found) == 0 {
		fmt.Fprintln(w, "Nothing is in quarantine.")
		return
	}
	fmt.Fprintf(w, "%s records are in quarantine; amounts are in their source's own units.\n", etl.Number(len(found)))
	printRows(w, "", []string{"REASON", "ID", "AMOUNT", "CURRENCY", "DATE", "VENDOR", "DETAIL"}, found, func(q report.Quarantined) []string {
		return []string{q.Reason, q.SpendID, etl.Money(q.Amount, 0), q.Currency, q.OccurredOn, q.Vendor, q.Detail}
	})
	fmt.Fprintln(w, "See one with its payload: spendbridge quarantine show ID")
}

func printPayload(w io.Writer, payload []byte) {
	var pretty bytes.Buffer
	if json.Indent(&pretty, payload, "  ", "  ") == nil {
		fmt.Fprintf(w, "\nPayload\n  %s\n", pretty.String())
	}
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
