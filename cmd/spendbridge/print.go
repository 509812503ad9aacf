package main

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
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

	shown whereNext // the same for people, as seen from a folder
	from  string    // the folder, "" = the current one
}

func (a *app) output(c *config.Config, result *job.Result) output {
	o := output{Result: result, Next: a.whereNext(c, result, "")}
	if folder := filepath.Dir(a.configPath); filepath.Base(a.configPath) == defaultConfig && folder != "." {
		o.from = folder
	}
	o.shown = a.whereNext(c, result, o.from)
	return o
}

// mostLines is how long a result may be that nothing is wrong with: it leaves
// room for a prompt on a small screen. A few lines of money are always shown.
const (
	mostLines  = 38
	fewestRows = 4
)

// print writes what fits a screen: without --verbose, lines of money give way.
func (r output) print(w *screen) {
	if w.quiet {
		r.printVerdict(w)
		return
	}
	var text bytes.Buffer
	page := *w
	page.Writer = &text
	rows := len(r.Totals.Delivered)
	r.printAll(&page, rows)
	if over := bytes.Count(text.Bytes(), []byte("\n")) - mostLines; over > 0 && !w.verbose {
		text.Reset()
		r.printAll(&page, max(fewestRows, rows-over-1))
	}
	w.Write(text.Bytes())
}

// printAll reports what the run did, in the order in which people ask: did each
// stage work, does the money add up, what was posted, what needs attention. How
// it all stands comes last, so that it stays in sight.
func (r output) printAll(w *screen, rows int) {
	r.printWork(w)
	r.printMoney(w, rows)
	r.printDelivery(w)
	if r.NextLoad != nil {
		fmt.Fprintln(w)
		printSums(w, *r.NextLoad)
	}
	r.printSetAside(w)
	if w.verbose {
		r.printDetails(w)
	}
	r.printNotes(w)
	if r.Status != etl.StatusFailed {
		r.shown.print(w, r.from)
	}
	printNeeds(w, r.Needs)
	fmt.Fprintln(w)
	r.printVerdict(w)
}

func (r output) printVerdict(w *screen) {
	verdict := cmp.Or(r.Verdict, "This run: "+inWords(r.Status))
	if r.Standing == etl.StatusFailed && !w.quiet { // what failed is listed
		verdict = "Something failed"
		if except := etl.Exceptions(r.Undelivered); except != "" {
			verdict += "; not delivered: " + except
		}
	}
	w.verdict(r.standing(), verdict)
}

// standing is the worse of how the run ended and how the installation is.
func (r output) standing() string {
	if r.Status == etl.StatusFailed || r.Standing == "" || r.Standing == etl.StatusOK {
		return r.Status
	}
	return r.Standing
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

// printWork says what each stage did, what verify compared and what an extract
// alone has read.
func (r output) printWork(w *screen) {
	fmt.Fprintf(w, "Run %s: %s, in %s\n", r.RunID, inWords(r.Status), roundDuration(time.Duration(r.DurationMS)*time.Millisecond))
	r.printStages(w)
	r.printProofs(w)
	if r.Balanced == nil || w.verbose {
		r.printExtract(w)
	}
}

func (r output) printStages(w *screen) {
	printRows(w, "", []string{"", "STAGE", "READ", "WRITTEN", "SKIPPED", "TIME"}, r.Stages, func(s job.StageResult) []string {
		took := ""
		if s.Status != etl.StatusSkipped {
			took = roundDuration(s.Duration).String()
		}
		return []string{marks[s.Status], s.Name, etl.Number(s.Counts.Read), etl.Number(s.Counts.Written), etl.Number(s.Counts.Skipped), took}
	})
}

func roundDuration(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Millisecond)
}

func (r output) printProofs(w *screen) {
	if len(r.Proofs) == 0 {
		return
	}
	failed := 0
	fmt.Fprintln(w, "\nCompared")
	for _, p := range r.Proofs {
		w.wrap("  "+tick(p.Agrees)+" ", p.Compared)
		if !p.Agrees {
			failed++
			fmt.Fprintf(w, "      → %s\n", p.Fix)
		}
	}
	verdict := "Verified: everything that was compared agrees."
	if failed > 0 {
		verdict = fmt.Sprintf("Not verified: %d of %d comparisons failed; what differs is named in the error.", failed, len(r.Proofs))
	}
	w.wrap("", verdict)
}

// printExtract says for each source how much was read and whether it is all
// there is.
func (r output) printExtract(w *screen) {
	head := []string{"", "SOURCE", "FROM", "WINDOWS", "PROVEN", "COUNTED", "FOUND", "PAGES", "GONE"}
	heading := "Read, and compared with how many records the vendor counts before and after"
	printRows(w, heading, head, r.Extract, func(e extract.Report) []string {
		proven, counted, found, pages := 0, 0, 0, 0
		for _, p := range e.Proofs {
			counted, found, pages = counted+p.After, found+p.Found, pages+p.Pages
			if p.Proven {
				proven++
			}
		}
		from := ""
		if !e.From.IsZero() {
			from = e.From.Format(time.DateOnly)
		}
		return []string{tick(proven == len(e.Proofs) && !r.failed(e.Source)), e.Source, from, etl.Number(len(e.Proofs)), etl.Number(proven),
			etl.Number(counted), etl.Number(found), etl.Number(pages), etl.Number(e.Gone)}
	})
}

// failed reports whether a source could not be read.
func (r output) failed(source string) bool {
	return slices.ContainsFunc(r.Stages, func(s job.StageResult) bool {
		_, of, _ := strings.Cut(s.Name, "/")
		return of == source && s.Status == etl.StatusFailed
	})
}

// printMoney has a line for each source and currency, in major units. A source
// that could not be read has an exclamation mark: its spend is as it was before.
// If not all rows fit, those that need attention are shown.
func (r output) printMoney(w *screen, rows int) {
	head := []string{"", "SOURCE", "CURRENCY", "RECORDS", "SPEND"}
	if r.Delivery != nil {
		head = append(head, "DELIVERED", "UNDELIVERED")
	}
	mark := func(c report.DeliveredTotal) string { return r.mark(c.Source, r.balanced(c)) }
	shown, more := r.Totals.Delivered, 0
	if rows < len(shown) {
		shown = slices.Clone(shown)
		slices.SortStableFunc(shown, func(a, b report.DeliveredTotal) int {
			return cmp.Compare(strings.Index("✗!✓", mark(a)), strings.Index("✗!✓", mark(b)))
		})
		shown, more = firstOf(shown, rows)
	}
	printRows(w, "Spend, as transacted", head, shown, func(c report.DeliveredTotal) []string {
		row := []string{mark(c), c.Source, c.Currency, etl.Number(c.Spend.Records), etl.Money(c.Spend.Amount, 2), "", ""}
		if c.Ledger != nil {
			row[5] = etl.Money(c.Ledger["delivered"], 2)
			row[6] = etl.Money(etl.SubMoney(c.Spend.Amount, c.Ledger["delivered"]), 2)
		}
		return row[:len(head)]
	})
	if more > 0 {
		fmt.Fprintf(w, "  … and %s more; --verbose shows all\n", etl.Number(more))
	}
	for _, e := range r.Extract {
		has := func(c report.DeliveredTotal) bool { return c.Source == e.Source }
		if r.Balanced != nil && r.failed(e.Source) && !slices.ContainsFunc(r.Totals.Delivered, has) {
			fmt.Fprintf(w, "  %s  %s: nothing was read yet\n", w.mark(tick(false)), e.Source)
		}
	}
}

// mark is that of a total: a source that could not be read never gets a tick.
func (r output) mark(source string, balanced bool) string {
	if balanced && r.failed(source) {
		return marks[etl.StatusNeedsPerson]
	}
	return tick(balanced)
}

// balanced reports whether both identities hold for a source and currency.
func (r output) balanced(c report.DeliveredTotal) bool {
	return c.Balanced && !slices.ContainsFunc(r.Totals.Received, func(t report.ReceivedTotal) bool {
		return !t.Balanced && t.Source == c.Source && strings.EqualFold(t.Currency, c.Currency)
	})
}

func (r output) printDelivery(w *screen) {
	d := r.Delivery
	if d == nil {
		return
	}
	w.wrap("", "Posted to Productiv: "+r.posted(d))
	printHeld(w, d.Preview)
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
		return fmt.Sprintf("stopped after %s accepted records; the next run resumes.", etl.Number(d.Accepted))
	}
	return sentence
}

// places are where records are that are not spend.
var places = []struct{ name, heading string }{
	{"excluded", "Excluded: known not to be spend"},
	{"quarantined", "Quarantined: cannot become spend until the cause is fixed"},
}

func (r output) setAside(place string) []transform.Reason {
	return slices.DeleteFunc(slices.Clone(r.SetAside), func(s transform.Reason) bool { return s.Place != place })
}

// printSetAside counts the records that are not spend.
func (r output) printSetAside(w *screen) {
	count := func(place string) (all int) {
		for _, s := range r.setAside(place) {
			all += s.Records
		}
		return all
	}
	var parts []string
	if n := count("excluded"); n > 0 {
		parts = append(parts, etl.Number(n)+" excluded")
	}
	if n := count("quarantined"); n > 0 {
		parts = append(parts, etl.Number(n)+" in quarantine, see: spendbridge quarantine list")
	}
	if len(parts) > 0 {
		w.wrap("", "Set aside: "+strings.Join(parts, "; "))
	}
}

// printDetails prints what the lines of [output.printMoney] sum up.
func (r output) printDetails(w *screen) {
	r.printTotals(w)
	if d := r.Delivery; d != nil {
		t := table{head: []string{"NEW", "CHANGED", "TOUCHED", "WITHDRAWN", "FROZEN", "NOT DUE"}}
		t.add(etl.Number(d.New), etl.Number(d.Changed), etl.Number(d.Touched), etl.Number(d.Withdrawn), etl.Number(d.Frozen), etl.Number(d.NotDue))
		fmt.Fprintln(w, "\nHow spend differed from what Productiv has")
		t.print(w)
	}
	for _, place := range places {
		head := []string{"REASON", "SOURCE", "CURRENCY", "RECORDS", "AMOUNT"}
		printRows(w, place.heading, head, r.setAside(place.name), func(s transform.Reason) []string {
			return []string{s.Reason, s.Source, s.Currency, etl.Number(s.Records), r.Totals.Major(string(s.Amount), s.Source, s.Currency)}
		})
	}
	printUndelivered(w, r.Undelivered)
}

func (r output) printTotals(w *screen) {
	t := r.Totals
	heading := "Control totals as received (card transactions without sign): raw = spend + excluded + quarantined"
	head := []string{"", "SOURCE", "CURRENCY", "RAW", "SPEND", "EXCLUDED", "QUARANTINED"}
	printRows(w, heading, head, t.Received, func(c report.ReceivedTotal) []string {
		row := []string{r.mark(c.Source, c.Balanced), c.Source, c.Currency}
		for _, cell := range []etl.Cell{c.Raw, c.Spend, c.Excluded, c.Quarantined} {
			row = append(row, t.Major(cell.Amount, c.Source, c.Currency))
		}
		return row
	})
	printRows(w, "The same in records", head, t.Received, func(c report.ReceivedTotal) []string {
		row := []string{r.mark(c.Source, c.Balanced), c.Source, c.Currency}
		for _, cell := range []etl.Cell{c.Raw, c.Spend, c.Excluded, c.Quarantined} {
			row = append(row, etl.Number(cell.Records))
		}
		return row
	})
	if len(t.Delivered) == 0 || t.Delivered[0].Snapshot == nil && t.Delivered[0].Ledger == nil {
		return
	}
	heading = "Control totals as transacted: spend = snapshot = delivered + waiting + not due + changes not sent"
	head = []string{"", "SOURCE", "CURRENCY", "SNAPSHOT", "WAITING", "NOT DUE", "NOT SENT"}
	printRows(w, heading, head, t.Delivered, func(c report.DeliveredTotal) []string {
		row := []string{r.mark(c.Source, c.Balanced), c.Source, c.Currency, "", "", "", ""}
		if c.Snapshot != nil {
			row[3] = etl.Money(*c.Snapshot, 2)
		}
		for i, state := range []string{"waiting", "not_due", "unsent_changes"} {
			if c.Ledger != nil {
				row[4+i] = etl.Money(c.Ledger[state], 2)
			}
		}
		return row
	})
}

func printUndelivered(w *screen, all []etl.Undelivered) {
	head := []string{"", "WHAT", "RECORDS", "CURRENCY", "AMOUNT"}
	printRows(w, "Not delivered; each record is in the view undelivered", head, all, func(u etl.Undelivered) []string {
		mark := ""
		if u.Attention {
			mark = "!"
		}
		return []string{mark, u.Words(), etl.Number(u.Records), u.Currency, u.Money()}
	})
}

func tick(balanced bool) string {
	if balanced {
		return "✓"
	}
	return "✗"
}

// mostNotes is how many notes leave room for the rest of a screen.
const mostNotes = 4

func (r output) printNotes(w *screen) {
	shown, more := r.Notes, 0
	if !w.verbose {
		shown, more = firstOf(shown, mostNotes)
	}
	if len(shown) > 0 {
		fmt.Fprintln(w, "\nNotes")
	}
	for _, note := range shown {
		w.wrap("  - ", note)
	}
	if more > 0 {
		fmt.Fprintf(w, "  … and %s more; --verbose shows all\n", etl.Number(more))
	}
}

// printNeeds lists what needs attention, each with the commands that settle it.
func printNeeds(w *screen, needs []report.Todo) {
	if len(needs) > 0 {
		w.heading("WHAT TO DO")
	}
	for _, t := range needs {
		w.wrap("  - ", t.What)
		for _, c := range t.Commands {
			fmt.Fprintf(w, "      %s\n", c)
		}
	}
}
