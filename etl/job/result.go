package job

import (
	"errors"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/deliver"
	"spendbridge/etl/extract"
	"spendbridge/etl/report"
	"spendbridge/etl/transform"
)

// A Result is what a run tells its user, as tables or as JSON. Members are
// added, never renamed.
type Result struct {
	RunID       etl.RunID           `json:"run_id"`
	Command     string              `json:"command"`
	Status      string              `json:"status"`
	Error       string              `json:"error,omitempty"`
	DurationMS  int64               `json:"duration_ms"`
	Stages      []StageResult       `json:"stages"`
	Extract     []extract.Report    `json:"extract"`
	Balanced    *bool               `json:"control_totals_balanced"` // null: the command computes none
	Totals      report.Totals       `json:"control_totals"`
	Snapshot    *SnapshotResult     `json:"snapshot"`
	Delivery    *deliver.Result     `json:"delivery"`
	NextLoad    *deliver.DryRun     `json:"next_load,omitempty"`
	Undelivered []etl.Undelivered   `json:"undelivered"`
	Verdict     string              `json:"verdict"` // of the installation, as status says it
	SetAside    []transform.Reason  `json:"set_aside"`
	Proofs      []Proof             `json:"proofs"`              // of verify
	Duplicates  []report.Duplicates `json:"possible_duplicates"` // if asked for
	Published   string              `json:"published,omitempty"`
	Report      string              `json:"report,omitempty"`
	Notes       []string            `json:"notes"`
	Example     string              `json:"-"` // a record to show a newcomer
}

// A StageResult is one line of the table of stages.
type StageResult struct {
	etl.StageResult
	DurationMS int64  `json:"duration_ms"`
	Error      string `json:"error,omitempty"`
}

// A SnapshotResult says where the Parquet files of a run are.
type SnapshotResult struct {
	ID   string `json:"id"`
	Path string `json:"path"`
	Rows int64  `json:"rows"`
}

func newResult(r *Run) *Result {
	return &Result{
		RunID: r.ID, Command: r.Command, Stages: []StageResult{}, Extract: []extract.Report{}, SetAside: []transform.Reason{}, Notes: []string{},
		Duplicates: []report.Duplicates{}, Undelivered: []etl.Undelivered{}, Proofs: []Proof{},
		Totals: report.Totals{Received: []report.ReceivedTotal{}, Delivered: []report.DeliveredTotal{}},
	}
}

// note adds something a person should know although nothing failed.
func (r *Result) note(text string) {
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

func stageResults(stages []etl.StageResult) []StageResult {
	all := make([]StageResult, 0, len(stages))
	for _, s := range stages {
		line := StageResult{StageResult: s, DurationMS: s.Duration.Milliseconds()}
		if s.Err != nil {
			line.Error = s.Err.Error()
		}
		all = append(all, line)
	}
	return all
}

// finish fills in what is known only at the end.
func (r *Result) finish(err error, took time.Duration) {
	r.Status = etl.Status(err)
	r.DurationMS = took.Milliseconds()
	if err != nil {
		r.Error = err.Error()
	}
	var failed *etl.CheckError
	if r.Balanced != nil && (errors.As(err, &failed) || r.Totals.Err() != nil) {
		*r.Balanced = false
	}
}
