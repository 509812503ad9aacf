package job

import (
	"context"
	"database/sql"
	"fmt"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

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
	err := db.Each(ctx, "queries/run_totals_received.sql", args, func(rows *sql.Rows) error {
		var c ReceivedTotal
		defer func() { t.Received = append(t.Received, c) }()
		return rows.Scan(&c.Source, &c.Currency, &c.Raw.Records, &c.Raw.Amount, &c.Spend.Records, &c.Spend.Amount,
			&c.Excluded.Records, &c.Excluded.Amount, &c.Quarantined.Records, &c.Quarantined.Amount, &c.Balanced)
	})
	if err != nil {
		return t, err
	}
	err = db.Each(ctx, "queries/run_totals_delivered.sql", args, func(rows *sql.Rows) error {
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
