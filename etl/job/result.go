package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/deliver"
	"spendbridge/etl/extract"
	"spendbridge/etl/report"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
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
	Totals      Totals              `json:"control_totals"`
	Snapshot    *SnapshotResult     `json:"snapshot"`
	Delivery    *deliver.Result     `json:"delivery"`
	NextLoad    *deliver.DryRun     `json:"next_load,omitempty"`
	Undelivered []etl.Undelivered   `json:"undelivered"`
	Verdict     string              `json:"verdict"` // of the installation, as status says it
	SetAside    []SetAside          `json:"set_aside"`
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

// A SetAside is why records of one source and currency are not spend.
type SetAside struct {
	Place string `json:"place"` // excluded, quarantined
	transform.Reason
}

func newResult(r *Run) *Result {
	return &Result{
		RunID: r.ID, Command: r.Command, Stages: []StageResult{}, Extract: []extract.Report{}, SetAside: []SetAside{}, Notes: []string{},
		Duplicates: []report.Duplicates{}, Undelivered: []etl.Undelivered{}, Proofs: []Proof{},
		Totals: Totals{Received: []ReceivedTotal{}, Delivered: []DeliveredTotal{}},
	}
}

// note adds something a person should know although nothing failed.
func (r *Result) note(text string) {
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

func setAside(result transform.Result) []SetAside {
	all := []SetAside{}
	for _, e := range result.Excluded {
		all = append(all, SetAside{"excluded", e})
	}
	for _, q := range result.Quarantine {
		all = append(all, SetAside{"quarantined", q})
	}
	return all
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
	if r.Balanced != nil && (errors.As(err, &failed) || r.Totals.err() != nil) {
		*r.Balanced = false
	}
}

// Totals are the control totals of a run. Amounts are exact decimals as text.
type Totals struct {
	Received  []ReceivedTotal  `json:"received"`
	Delivered []DeliveredTotal `json:"delivered"`
}

// A ReceivedTotal is one cell of the first identity: raw = spend + excluded +
// quarantined, in the source's own units.
type ReceivedTotal struct {
	Source      string `json:"source"`
	Currency    string `json:"currency"`
	Raw         Cell   `json:"raw"`
	Spend       Cell   `json:"spend"`
	Excluded    Cell   `json:"excluded"`
	Quarantined Cell   `json:"quarantined"`
	Balanced    bool   `json:"balanced"`
}

// A Cell is records and their amount, exact.
type Cell struct {
	Records int    `json:"records"`
	Amount  string `json:"amount"`
}

// A DeliveredTotal is one cell of the second identity: spend = what the
// snapshot holds = the sum of what the ledger says of it, as transacted. A
// step the run did not come to is nil.
type DeliveredTotal struct {
	Source   string  `json:"source"`
	Currency string  `json:"currency"`
	Spend    Cell    `json:"spend"`
	Snapshot *string `json:"snapshot"`
	Ledger   *Ledger `json:"ledger"`
	Balanced bool    `json:"balanced"`
}

// A Ledger says how much money is in which state.
type Ledger struct {
	Delivered     string `json:"delivered"`
	Unknown       string `json:"unknown"`
	Held          string `json:"held"`
	Rejected      string `json:"rejected"`
	Pending       string `json:"pending"`
	NotDue        string `json:"not_due"`
	UnsentChanges string `json:"unsent_changes"`
	Waiting       string `json:"waiting"` // unknown + held + rejected + pending
}

// readTotals reads the control totals that a run wrote.
func readTotals(ctx context.Context, db warehouse.Runner, run etl.RunID) (Totals, error) {
	t := Totals{Received: []ReceivedTotal{}, Delivered: []DeliveredTotal{}}
	args := warehouse.Args{"run_id": string(run)}
	err := db.Each(ctx, "job/run_totals_received.sql", args, func(rows *sql.Rows) error {
		var c ReceivedTotal
		defer func() { t.Received = append(t.Received, c) }()
		return rows.Scan(&c.Source, &c.Currency, &c.Raw.Records, &c.Raw.Amount, &c.Spend.Records, &c.Spend.Amount,
			&c.Excluded.Records, &c.Excluded.Amount, &c.Quarantined.Records, &c.Quarantined.Amount, &c.Balanced)
	})
	if err != nil {
		return t, err
	}
	err = db.Each(ctx, "job/run_totals_delivered.sql", args, func(rows *sql.Rows) error {
		c, err := scanDelivered(rows)
		t.Delivered = append(t.Delivered, c)
		return err
	})
	return t, err
}

func scanDelivered(rows *sql.Rows) (DeliveredTotal, error) {
	var (
		c                      DeliveredTotal
		l                      Ledger
		snapshot               string
		hasSnapshot, hasLedger bool
	)
	err := rows.Scan(&c.Source, &c.Currency, &c.Spend.Records, &c.Spend.Amount, &hasSnapshot, &snapshot, &hasLedger,
		&l.Delivered, &l.Unknown, &l.Held, &l.Rejected, &l.Pending, &l.NotDue, &l.UnsentChanges, &l.Waiting, &c.Balanced)
	if hasSnapshot {
		c.Snapshot = &snapshot
	}
	if hasLedger {
		c.Ledger = &l
	}
	return c, err
}

// err names the totals that do not balance.
func (t Totals) err() error {
	failed := &etl.CheckError{Check: "control totals"}
	for _, c := range t.Received {
		if !c.Balanced {
			failed.First = append(failed.First, fmt.Sprintf("%s %s, as received: raw is not spend + excluded + quarantined", c.Source, c.Currency))
		}
	}
	for _, c := range t.Delivered {
		if !c.Balanced {
			failed.First = append(failed.First, fmt.Sprintf("%s %s, as transacted: spend is not what the snapshot or the ledger holds", c.Source, c.Currency))
		}
	}
	if failed.Rows = len(failed.First); failed.Rows == 0 {
		return nil
	}
	return failed
}
