package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/deliver"
	"spendbridge/etl/extract"
	"spendbridge/etl/report"
	"spendbridge/etl/transform"
)

// A runResult is what a run tells its user, as tables or as JSON. Members are
// added, never renamed.
type runResult struct {
	RunID      etl.RunID           `json:"run_id"`
	Command    string              `json:"command"`
	Status     string              `json:"status"`
	Error      string              `json:"error,omitempty"`
	DurationMS int64               `json:"duration_ms"`
	Stages     []stageResult       `json:"stages"`
	Extract    []extract.Report    `json:"extract"`
	Balanced   *bool               `json:"control_totals_balanced"` // null: the command computes none
	Totals     totals              `json:"control_totals"`
	Snapshot   *snapshotResult     `json:"snapshot"`
	Delivery   *deliver.Result     `json:"delivery"`
	NextLoad   *deliver.DryRun     `json:"next_load,omitempty"`
	SetAside   []reason            `json:"set_aside"`
	Duplicates []report.Duplicates `json:"possible_duplicates"`
	Published  string              `json:"published,omitempty"`
	Report     string              `json:"report,omitempty"`
	Next       whereNext           `json:"next"`
	Notes      []string            `json:"notes"`
}

// A stageResult is one line of the table of stages.
type stageResult struct {
	etl.StageResult
	DurationMS int64  `json:"duration_ms"`
	Error      string `json:"error,omitempty"`
}

// A snapshotResult says where the Parquet files of a run are.
type snapshotResult struct {
	ID   string `json:"id"`
	Path string `json:"path"`
	Rows int64  `json:"rows"`
}

// A reason is why records of one source and currency are not spend.
type reason struct {
	Place string `json:"place"` // excluded, quarantined
	transform.Reason
}

func newRunResult(r *run) runResult {
	return runResult{
		RunID: r.id, Command: r.command, Stages: []stageResult{}, Extract: []extract.Report{}, SetAside: []reason{}, Notes: []string{},
		Duplicates: []report.Duplicates{},
		Totals:     totals{Received: []receivedTotal{}, Delivered: []deliveredTotal{}},
	}
}

// expectTotals says that the command compares with what an earlier transform
// has proven, unless it transforms itself.
func (r *runResult) expectTotals() {
	if r.Balanced == nil {
		proven := true
		r.Balanced = &proven
	}
}

// note adds something a person should know although nothing failed.
func (r *runResult) note(text string) {
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

func setAside(result transform.Result) []reason {
	all := []reason{}
	for _, e := range result.Excluded {
		all = append(all, reason{"excluded", e})
	}
	for _, q := range result.Quarantine {
		all = append(all, reason{"quarantined", q})
	}
	return all
}

func stageResults(stages []etl.StageResult) []stageResult {
	all := make([]stageResult, 0, len(stages))
	for _, s := range stages {
		line := stageResult{StageResult: s, DurationMS: s.Duration.Milliseconds()}
		if s.Err != nil {
			line.Error = s.Err.Error()
		}
		all = append(all, line)
	}
	return all
}

// print tells a person what the run did, in the order of the questions they
// ask: did it work, does it add up, what was posted, what was not, where next.
func (r *runResult) print(w io.Writer) {
	fmt.Fprintf(w, "Run %s: %s, in %s\n\n", r.RunID, inWords(r.Status), roundDuration(time.Duration(r.DurationMS)*time.Millisecond))
	r.printStages(w)
	r.printExtract(w)
	r.Totals.print(w)
	r.printDelivery(w)
	if r.NextLoad != nil {
		fmt.Fprintln(w)
		printSums(w, *r.NextLoad)
	}
	r.printSetAside(w)
	r.printDuplicates(w)
	if len(r.Notes) > 0 {
		fmt.Fprintln(w, "\nNotes")
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "  %s\n", note)
	}
	r.Next.print(w)
}

func inWords(status string) string {
	switch status {
	case etl.StatusOK:
		return "done"
	case etl.StatusNeedsPerson:
		return "done, and something needs a person"
	}
	return status
}

func (r *runResult) printStages(w io.Writer) {
	t := table{head: []string{"", "STAGE", "READ", "WRITTEN", "SKIPPED", "TIME"}}
	for _, s := range r.Stages {
		mark, took := "✓", roundDuration(s.Duration).String()
		switch s.Status {
		case etl.StatusFailed:
			mark = "✗"
		case etl.StatusNeedsPerson:
			mark = "!"
		case etl.StatusSkipped:
			mark, took = "-", ""
		}
		t.add(mark, s.Name, number(s.Counts.Read), number(s.Counts.Written), number(s.Counts.Skipped), took)
	}
	t.print(w)
}

func roundDuration(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Millisecond)
}

func (r *runResult) printDelivery(w io.Writer) {
	d := r.Delivery
	if d == nil {
		return
	}
	fmt.Fprintf(w, "\nPosted to Productiv: %s\n", r.posted(d))
	t := table{head: []string{"NEW", "CHANGED", "TOUCHED", "WITHDRAWN", "FROZEN", "NOT DUE", "HELD", "UNKNOWN", "PENDING", "REJECTED IN ALL"}}
	t.add(number(d.New), number(d.Changed), number(d.Touched), number(d.Withdrawn), number(d.Frozen),
		number(d.NotDue), number(d.Held), number(d.Unknown), number(d.Pending), number(d.RejectedInTotal))
	t.print(w)
	printHeld(w, d.Plan, d.Preview)
}

// posted says in a sentence what a delivery came to.
func (r *runResult) posted(d *deliver.Result) string {
	sentence := fmt.Sprintf("%s accepted, %s rejected, in %s batches.", number(d.Accepted), number(d.Rejected), number(d.Batches))
	if d.Batches == 0 {
		sentence = "nothing."
		if d.New+d.Changed+d.Touched+d.Withdrawn == 0 {
			sentence = "nothing, there is nothing new."
		}
	}
	failed := slices.ContainsFunc(r.Stages, func(s stageResult) bool {
		return s.Name == "deliver" && s.Status == etl.StatusFailed
	})
	if failed {
		return fmt.Sprintf("it stopped early, after %s accepted records; the next run goes on.", number(d.Accepted))
	}
	return sentence
}

func (r *runResult) printSetAside(w io.Writer) {
	for _, place := range []struct{ name, heading string }{
		{"excluded", "Excluded: known not to be spend. Amounts are as received."},
		{"quarantined", "Quarantined: cannot become spend until the cause is mended. See: spendbridge quarantine list"},
	} {
		t := table{head: []string{"REASON", "SOURCE", "CURRENCY", "RECORDS", "AMOUNT"}}
		for _, s := range r.SetAside {
			if s.Place == place.name {
				t.add(s.Reason.Reason, s.Source, s.Currency, number(s.Records), money(s.Amount, 0))
			}
		}
		if len(t.rows) > 0 {
			fmt.Fprintf(w, "\n%s\n", place.heading)
			t.print(w)
		}
	}
}

// finish fills in what is known only at the end.
func (r *runResult) finish(err error, took time.Duration) {
	r.Status = etl.Status(err)
	r.DurationMS = took.Milliseconds()
	if err != nil {
		r.Error = err.Error()
	}
	var failed *etl.CheckError
	if r.Balanced != nil && (errors.As(err, &failed) || r.Totals.err() != nil) {
		*r.Balanced = false
	}
}

func (r *runResult) printDuplicates(w io.Writer) {
	if len(r.Duplicates) == 0 {
		return
	}
	t := table{head: []string{"CURRENCY", "EXPENSES", "AMOUNT"}}
	for _, d := range r.Duplicates {
		t.add(d.Currency, number(int(d.Records)), money(d.Amount, 2))
	}
	fmt.Fprintln(w, "\nPossible duplicates: expenses that may also be card purchases. Nothing is merged; see the view possible_duplicates")
	t.print(w)
}
