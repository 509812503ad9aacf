package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/extract"
	"spendbridge/etl/job"
	"spendbridge/etl/report"
	"spendbridge/etl/transform"
)

// An output is the result of a run with where a person finds what it made.
type output struct {
	*job.Result
	Next whereNext `json:"next"`
}

func (a *app) output(c *config.Config, result *job.Result) output {
	n := whereNext{Published: shorter(result.Published), Report: shorter(result.Report)}
	if result.Snapshot != nil {
		n.Parquet = shorter(filepath.Join(c.SnapshotsDir(), "latest"))
	}
	if n.Published != "" {
		n.Query = a.commandLine("query") + ` "select month, vendor, currency, amount from spend_by_vendor_month order by amount desc limit 10"`
	}
	if result.Example != "" {
		n.Explain = a.commandLine("explain") + " " + result.Example
	}
	return output{result, n}
}

// A whereNext says where a person finds what a run made, and which commands
// to try on it.
type whereNext struct {
	Parquet   string `json:"parquet,omitempty"`
	Published string `json:"published,omitempty"`
	Query     string `json:"query,omitempty"`
	Explain   string `json:"explain,omitempty"`
	Report    string `json:"report,omitempty"`
}

// commandLine is how to call another command on the same data.
func (a *app) commandLine(command string) string {
	line := os.Args[0] + " " + command
	if a.configPath != "spendbridge.yaml" && a.configPath != os.Getenv("SPENDBRIDGE_CONFIG") {
		line += " --config " + a.configPath
	}
	return line
}

// shorter is the path as seen from the current folder, if it is below.
func shorter(path string) string {
	here, _ := os.Getwd()
	if below, err := filepath.Rel(here, path); err == nil && path != "" && filepath.IsLocal(below) {
		return below
	}
	return path
}

// print reports what the run did, in the order in which people ask: did it work,
// does it add up, what was posted, what was not, where next.
func (r output) print(w io.Writer) {
	fmt.Fprintf(w, "Run %s: %s, in %s\n\n", r.RunID, inWords(r.Status), roundDuration(time.Duration(r.DurationMS)*time.Millisecond))
	r.printStages(w)
	r.printProofs(w)
	r.printExtract(w)
	printTotals(w, r.Totals)
	r.printDelivery(w)
	if r.NextLoad != nil {
		fmt.Fprintln(w)
		printSums(w, *r.NextLoad)
	}
	r.printSetAside(w)
	if len(r.Notes) > 0 {
		fmt.Fprintln(w, "\nNotes")
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "  %s\n", note)
	}
	printUndelivered(w, r.Undelivered)
	r.Next.print(w)
	if r.Verdict != "" {
		fmt.Fprintf(w, "\n%s\n", r.Verdict)
	}
}

// printProofs lists what verify compared, with the verdict.
func (r output) printProofs(w io.Writer) {
	if len(r.Proofs) == 0 {
		return
	}
	failed := 0
	fmt.Fprintln(w, "\nCompared")
	for _, p := range r.Proofs {
		fmt.Fprintf(w, "  %s %s\n", tick(p.Agrees), p.Compared)
		if !p.Agrees {
			failed++
			fmt.Fprintf(w, "      → %s\n", p.Fix)
		}
	}
	verdict := "Verified: everything that was compared agrees."
	if failed > 0 {
		verdict = fmt.Sprintf("Not verified: %d of %d comparisons failed; what differs is named in the error.", failed, len(r.Proofs))
	}
	fmt.Fprintf(w, "%s\n", verdict)
}

// printUndelivered lists what Productiv does not hold as canonical has it.
func printUndelivered(w io.Writer, all []etl.Undelivered) {
	head := []string{"", "WHAT", "RECORDS", "CURRENCY", "AMOUNT"}
	printRows(w, "Not delivered; each record is in the view undelivered", head, all, func(u etl.Undelivered) []string {
		mark := ""
		if u.Attention {
			mark = "!"
		}
		return []string{mark, u.Words(), etl.Number(u.Records), u.Currency, u.Money()}
	})
}

func inWords(status string) string {
	switch status {
	case etl.StatusOK:
		return "done"
	case etl.StatusNeedsPerson:
		return "done, and something needs attention"
	}
	return status
}

func (r output) printStages(w io.Writer) {
	marks := map[string]string{etl.StatusOK: "✓", etl.StatusFailed: "✗", etl.StatusNeedsPerson: "!", etl.StatusSkipped: "-"}
	t := table{head: []string{"", "STAGE", "READ", "WRITTEN", "SKIPPED", "TIME"}}
	for _, s := range r.Stages {
		took := ""
		if s.Status != etl.StatusSkipped {
			took = roundDuration(s.Duration).String()
		}
		t.add(marks[s.Status], s.Name, etl.Number(s.Counts.Read), etl.Number(s.Counts.Written), etl.Number(s.Counts.Skipped), took)
	}
	t.print(w)
}

func roundDuration(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Millisecond)
}

func (r output) printDelivery(w io.Writer) {
	d := r.Delivery
	if d == nil {
		return
	}
	fmt.Fprintf(w, "\nPosted to Productiv: %s\n", r.posted(d))
	t := table{head: []string{"NEW", "CHANGED", "TOUCHED", "WITHDRAWN", "FROZEN", "NOT DUE", "HELD", "UNKNOWN", "PENDING", "REJECTED IN ALL"}}
	t.add(etl.Number(d.New), etl.Number(d.Changed), etl.Number(d.Touched), etl.Number(d.Withdrawn), etl.Number(d.Frozen),
		etl.Number(d.NotDue), etl.Number(d.Held), etl.Number(d.Unknown), etl.Number(d.Pending), etl.Number(d.RejectedInTotal))
	t.print(w)
	printHeld(w, d.Plan, d.Preview)
}

// posted sums up a delivery in one sentence.
func (r output) posted(d *deliver.Result) string {
	sentence := fmt.Sprintf("%s accepted, %s rejected, in %s batches.", etl.Number(d.Accepted), etl.Number(d.Rejected), etl.Number(d.Batches))
	if d.Halving > 0 {
		sentence += fmt.Sprintf(" %s records isolated in %s posts.", etl.Number(d.Rejected), etl.Number(d.Halving))
	}
	if d.Batches == 0 {
		sentence = "nothing."
		if d.New+d.Changed+d.Touched+d.Withdrawn == 0 {
			sentence = "nothing, there is nothing new."
		}
	}
	failed := slices.ContainsFunc(r.Stages, func(s job.StageResult) bool {
		return s.Name == "deliver" && s.Status == etl.StatusFailed
	})
	if failed {
		return fmt.Sprintf("it stopped early, after %s accepted records; the next run resumes.", etl.Number(d.Accepted))
	}
	return sentence
}

func (r output) printSetAside(w io.Writer) {
	for _, place := range []struct{ name, heading string }{
		{"excluded", "Excluded: known not to be spend. Amounts are as received."},
		{"quarantined", "Quarantined: cannot become spend until the cause is fixed. See: spendbridge quarantine list"},
	} {
		elsewhere := func(s transform.Reason) bool { return s.Place != place.name }
		rows := slices.DeleteFunc(slices.Clone(r.SetAside), elsewhere)
		printRows(w, place.heading, []string{"REASON", "SOURCE", "CURRENCY", "RECORDS", "AMOUNT"}, rows, func(s transform.Reason) []string {
			return []string{s.Reason, s.Source, s.Currency, etl.Number(s.Records), etl.Money(s.Amount, 0)}
		})
	}
}

// printExtract says for each source how much was read and whether it is all
// there is.
func (r output) printExtract(w io.Writer) {
	head := []string{"", "SOURCE", "FROM", "READ BEFORE", "WINDOWS", "PROVEN", "COUNTED", "FOUND", "PAGES", "GONE", "HELD"}
	printRows(w, "Read, and compared with how many records the vendor counts before and after", head, r.Extract, func(e extract.Report) []string {
		proven, counted, found, pages := 0, 0, 0, 0
		for _, p := range e.Proofs {
			counted, found, pages = counted+p.After, found+p.Found, pages+p.Pages
			if p.Proven {
				proven++
			}
		}
		return []string{tick(proven == len(e.Proofs)), e.Source, e.From.Format(time.DateOnly), etl.Number(e.DoneAhead), etl.Number(len(e.Proofs)), etl.Number(proven),
			etl.Number(counted), etl.Number(found), etl.Number(pages), etl.Number(e.Gone), etl.Number(e.Held)}
	})
}

// printTotals writes both identities as tables.
func printTotals(w io.Writer, t report.Totals) {
	if len(t.Received) > 0 {
		fmt.Fprintln(w, "\nControl totals as received (expenses in minor units, card transactions without sign): raw = spend + excluded + quarantined")
		rows := table{head: []string{"", "SOURCE", "CURRENCY", "RAW", "SPEND", "EXCLUDED", "QUARANTINED"}}
		for _, c := range t.Received {
			rows.add(tick(c.Balanced), c.Source, c.Currency, received(c.Raw), received(c.Spend), received(c.Excluded), received(c.Quarantined))
		}
		rows.print(w)
	}
	if len(t.Delivered) > 0 && (t.Delivered[0].Snapshot != nil || t.Delivered[0].Ledger != nil) {
		fmt.Fprintln(w, "\nControl totals as transacted: spend = snapshot = delivered + waiting + not due + changes not sent")
		delivered := table{head: []string{"", "SOURCE", "CURRENCY", "SPEND", "SNAPSHOT", "DELIVERED", "WAITING", "NOT DUE", "NOT SENT"}}
		for _, c := range t.Delivered {
			row := []string{tick(c.Balanced), c.Source, c.Currency, etl.Money(c.Spend.Amount, 2), "", "", "", "", ""}
			if c.Snapshot != nil {
				row[4] = etl.Money(*c.Snapshot, 2)
			}
			for i, state := range []string{"delivered", "waiting", "not_due", "unsent_changes"} {
				if c.Ledger != nil {
					row[5+i] = etl.Money(c.Ledger[state], 2)
				}
			}
			delivered.add(row...)
		}
		delivered.print(w)
	}
}

func tick(balanced bool) string {
	if balanced {
		return "✓"
	}
	return "✗"
}

func received(c etl.Cell) string { return etl.Money(c.Amount, 0) + " in " + etl.Number(c.Records) }

func (n whereNext) print(w io.Writer) {
	lines := []struct{ label, text string }{
		{"Parquet files", n.Parquet}, {"DuckDB file", n.Published}, {"Ask it", n.Query}, {"One record", n.Explain}, {"Report", n.Report},
	}
	if n.Published == "" {
		return
	}
	fmt.Fprintln(w, "\nWhere to look next")
	for _, l := range lines {
		if l.text != "" {
			fmt.Fprintf(w, "  %-13s  %s\n", l.label, l.text)
		}
	}
}
