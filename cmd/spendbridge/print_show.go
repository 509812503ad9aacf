package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/report"
)

func (r *statusResult) print(s *screen) {
	r.headline(s)
	if s.quiet {
		return
	}
	if r.Busy != "" {
		fmt.Fprintf(s, "  %q is at work; this is how things stood before it began\n", r.Busy)
	}
	printNeeds(s, r.Todo)
	r.printRuns(s)
	if len(r.Open) > 0 {
		s.heading("NOT DELIVERED")
	}
	for _, u := range r.Open {
		fmt.Fprintln(s, strings.TrimRight(fmt.Sprintf("  %-40s %8s  %s %s", u.Words(), etl.Number(u.Records), u.Money(), u.Currency), " "))
	}
	r.printSlots(s)
}

// headline says how it all stands, and since when.
func (r *statusResult) headline(s *screen) {
	since := ""
	if !r.Since.IsZero() {
		since = " since " + s.time(r.Since)
	}
	switch r.Status {
	case "":
		fmt.Fprintln(s, "No run yet; start one: spendbridge run")
	case etl.StatusFailed: // what failed is listed
		s.verdict(r.Status, "Something failed"+since)
		if except := etl.Exceptions(r.Open); except != "" {
			s.wrap("  ", "Not delivered: "+except)
		}
	default:
		s.verdict(r.Status, r.Verdict()+since)
	}
}

// shownRuns is how many runs status prints.
const shownRuns = 5

func (r *statusResult) printRuns(s *screen) {
	if len(r.Runs) == 0 {
		return
	}
	s.heading("LAST RUNS")
	for _, x := range r.Runs[:min(len(r.Runs), shownRuns)] {
		took := "running"
		if !x.Finished.IsZero() {
			took = x.Finished.Sub(x.Started).Round(time.Second).String()
		}
		code := statusColors[x.Status]
		fmt.Fprintf(s, "  %s  %-24s %s %s\n", s.time(x.Started), x.Command, s.color(code, fmt.Sprintf("%-13s", x.Status)), took)
	}
}

func (r *statusResult) printSlots(s *screen) {
	if len(r.Slots)+len(r.Next) == 0 {
		return
	}
	s.heading("SCHEDULE")
	for _, x := range r.Slots {
		words := x.Words()
		if code, ok := statusColors[x.Status]; ok {
			words = s.color(code, words)
		}
		line := fmt.Sprintf("  %s  %-12s %s", s.time(x.Due), x.Job, words)
		if x.LeftOut > 0 {
			line += fmt.Sprintf(" (%d missed or skipped in a week)", x.LeftOut)
		}
		fmt.Fprintln(s, line)
	}
	for _, x := range r.Next {
		fmt.Fprintln(s, s.color(faint, fmt.Sprintf("  %s  %-12s next", s.time(x.Due), x.Job)))
	}
}

func printExplanation(w *screen, x *report.Explanation) {
	fmt.Fprintf(w, "%s is %s\n", x.SpendID, map[string]string{
		"spend": "spend", "excluded": "excluded: known not to be spend", "quarantined": "in quarantine",
	}[x.State])
	printRecord(w, x)
	printVersions(w, x.Versions)
	printDeliveries(w, x)
	fmt.Fprintln(w, "\nSnapshots")
	for _, s := range x.Snapshots {
		fmt.Fprintf(w, "  %s  %s %s\n", s.Snapshot, etl.Money(s.Amount, 2), s.Currency)
	}
	printNone(w, len(x.Snapshots))
}

// explained are the columns of canonical that show how a record was decided, in
// the order in which they are printed. An amount is followed by its currency.
var explained = []struct{ column, label, currency string }{
	{"amount", "amount", "currency"},
	{"amount_reporting", "in other currency", "reporting_currency"},
	{"fx_rate", "rate", ""}, {"fx_date", "rate of", ""}, {"fx_source", "rate from", ""},
	{"source_amount", "amount as received", "source_currency"},
	{"occurred_on", "day", ""}, {"type", "type", ""},
	{"vendor", "vendor", ""}, {"vendor_raw", "vendor as received", ""}, {"vendor_rule", "vendor named by", ""}, {"vendor_key", "vendor key", ""},
	{"name", "person", ""}, {"identifier", "who", ""}, {"department", "department", ""},
	{"category", "category", ""}, {"category_raw", "category as received", ""}, {"description", "description", ""},
	{"rule", "counts by rule", ""}, {"reason", "reason", ""}, {"detail", "detail", ""},
}

func printRecord(w *screen, x *report.Explanation) {
	var columns map[string]any
	if err := json.Unmarshal(x.Record, &columns); err != nil {
		fmt.Fprintf(w, "  %s\n", x.Record)
		return
	}
	for _, e := range explained {
		value, ok := columns[e.column].(string)
		switch {
		case !ok, e.column == "amount_reporting" && columns["currency"] == columns["reporting_currency"]:
			continue
		case e.currency != "":
			currency, _ := columns[e.currency].(string)
			decimals := 2
			if e.column == "source_amount" {
				decimals = 0
			}
			value = strings.TrimSpace(etl.Money(value, decimals) + " " + currency)
			if e.column == "source_amount" && columns["source_amount"] != columns["amount"] {
				value += ", in the source's own unit"
			}
		case e.column == "fx_rate":
			value = etl.Money(value, 0)
		default:
			value = report.Words(e.column, value)
		}
		w.wrap(fmt.Sprintf("  %-22s ", e.label), value)
	}
}

func printVersions(w *screen, versions []report.RawVersion) {
	fmt.Fprintln(w, "\nWhat the vendor said")
	for _, v := range versions {
		gone := ""
		if v.Tombstone {
			gone = ", no longer there"
		}
		fmt.Fprintf(w, "  version %d, seen %s%s\n", v.Version, moment(v.SeenAt), gone)
		if v.File != "" {
			w.wrap("    ", fmt.Sprintf("%s, object %d", v.File, v.Ordinal))
		}
		if v.URL != "" {
			w.wrap("    ", fmt.Sprintf("page %s of run %s: %s", v.PageID, v.RunID, asked(v.URL)))
		}
		for _, c := range v.Changes {
			w.wrap("    ", fmt.Sprintf("%s: %s → %s", c.Path, orNothing(c.Before), orNothing(c.After)))
		}
	}
	printNone(w, len(versions))
}

// asked is the address of a page for people: the path, then what was asked for.
func asked(address string) string {
	path, query, _ := strings.Cut(address, "?")
	words := []string{path}
	for parameter := range strings.SplitSeq(query, "&") {
		text, err := url.QueryUnescape(parameter)
		if err != nil {
			text = parameter
		}
		if !strings.HasSuffix(text, "=") { // an empty one asks for nothing
			words = append(words, text)
		}
	}
	return strings.Join(words, " ")
}

func printDeliveries(w *screen, x *report.Explanation) {
	fmt.Fprintln(w, "\nWhat was posted to Productiv")
	for _, d := range x.Deliveries {
		fmt.Fprintf(w, "  %s  %s, attempt %d: %s  %s\n", moment(d.SentAt), d.Key, d.Attempt, d.State, d.Kind)
		if d.BatchID != "" {
			w.wrap("    ", fmt.Sprintf("batch %s to %s: %s, HTTP %d, sha256 %.12s…", d.BatchID, d.Target, d.BatchState, d.Status, d.SHA256))
		}
		if d.Message != "" {
			w.wrap("    ", d.Message)
		}
		if d.Decision != "" {
			w.wrap("    ", fmt.Sprintf("%s by %s: %s", d.Decision, d.DecidedBy, d.Note))
		}
		if len(d.Payload) > 0 {
			w.chop("    ", string(d.Payload))
		}
	}
	for _, h := range x.Holds {
		fmt.Fprintf(w, "  held since %s by %s: %s\n", moment(h.HeldAt), h.Gate, h.Key)
		w.chop("    ", string(h.Payload))
	}
	printNone(w, len(x.Deliveries)+len(x.Holds))
}

func printNone(w *screen, n int) {
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

func printQuarantine(w *screen, found []report.Quarantined) {
	if len(found) == 0 {
		fmt.Fprintln(w, "Nothing is in quarantine.")
		return
	}
	amount := func(q report.Quarantined) string { return etl.Money(q.Major, 2) }
	unit := ""
	if !slices.ContainsFunc(found, func(q report.Quarantined) bool { return q.Major != "" }) { // the analysts' copy has no units
		amount = func(q report.Quarantined) string { return etl.Money(q.Amount, 0) }
		unit = "; amounts are in their source's own units"
	}
	fmt.Fprintf(w, "%s records are in quarantine%s.\n", etl.Number(len(found)), unit)
	for len(found) > 0 {
		reason := found[0].Reason
		rest := slices.IndexFunc(found, func(q report.Quarantined) bool { return q.Reason != reason })
		if rest < 0 {
			rest = len(found)
		}
		heading := reason + ": " + report.Words("reason", reason)
		head := []string{"ID", "AMOUNT", "CURRENCY", "DATE", "VENDOR", "DETAIL"}
		printRows(w, heading, head, found[:rest], func(q report.Quarantined) []string {
			return []string{q.SpendID, amount(q), q.Currency, q.OccurredOn, q.Vendor, q.Detail}
		})
		found = found[rest:]
	}
	fmt.Fprintln(w, "\nSee one with its payload: spendbridge quarantine show ID")
}

func printPayload(w *screen, payload []byte) {
	var pretty bytes.Buffer
	if json.Indent(&pretty, payload, "  ", "  ") == nil {
		fmt.Fprintf(w, "\nPayload\n  %s\n", pretty.String())
	}
}

func printAnswer(w *screen, answer *report.Answer) {
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
