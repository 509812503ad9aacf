package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// Totals are the control totals of a run. Amounts are exact decimals as text.
type totals struct {
	Received  []receivedTotal  `json:"received"`
	Delivered []deliveredTotal `json:"delivered"`
}

// A receivedTotal is one cell of the first identity: raw = spend + excluded +
// quarantined, in the source's own units.
type receivedTotal struct {
	Source      string `json:"source"`
	Currency    string `json:"currency"`
	Raw         cell   `json:"raw"`
	Spend       cell   `json:"spend"`
	Excluded    cell   `json:"excluded"`
	Quarantined cell   `json:"quarantined"`
	Balanced    bool   `json:"balanced"`
}

type cell struct {
	Records int    `json:"records"`
	Amount  string `json:"amount"`
}

func (c cell) String() string { return money(c.Amount, 0) + " in " + number(c.Records) }

// A deliveredTotal is one cell of the second identity: spend = what the
// snapshot holds = the sum of what the ledger says of it, as transacted. A
// step the run did not come to is nil.
type deliveredTotal struct {
	Source   string  `json:"source"`
	Currency string  `json:"currency"`
	Spend    cell    `json:"spend"`
	Snapshot *string `json:"snapshot"`
	Ledger   *ledger `json:"ledger"`
	Balanced bool    `json:"balanced"`
}

// A ledger says how much money is in which state.
type ledger struct {
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
func readTotals(ctx context.Context, db warehouse.Runner, run etl.RunID) (totals, error) {
	t := totals{Received: []receivedTotal{}, Delivered: []deliveredTotal{}}
	args := warehouse.Args{"run_id": string(run)}
	err := db.Each(ctx, "queries/run_totals_received.sql", args, func(rows *sql.Rows) error {
		var c receivedTotal
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

func scanDelivered(rows *sql.Rows) (deliveredTotal, error) {
	var (
		c                      deliveredTotal
		l                      ledger
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
func (t totals) err() error {
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

// print writes both identities as tables.
func (t totals) print(w io.Writer) {
	if len(t.Received) > 0 {
		fmt.Fprintln(w, "\nControl totals as received (expenses in minor units, card transactions without sign): raw = spend + excluded + quarantined")
		received := table{head: []string{"", "SOURCE", "CURRENCY", "RAW", "SPEND", "EXCLUDED", "QUARANTINED"}}
		for _, c := range t.Received {
			received.add(tick(c.Balanced), c.Source, c.Currency, c.Raw.String(), c.Spend.String(), c.Excluded.String(), c.Quarantined.String())
		}
		received.print(w)
	}
	if len(t.Delivered) > 0 && (t.Delivered[0].Snapshot != nil || t.Delivered[0].Ledger != nil) {
		fmt.Fprintln(w, "\nControl totals as transacted: spend = snapshot = delivered + waiting + not due + changes not sent")
		delivered := table{head: []string{"", "SOURCE", "CURRENCY", "SPEND", "SNAPSHOT", "DELIVERED", "WAITING", "NOT DUE", "NOT SENT"}}
		for _, c := range t.Delivered {
			delivered.add(c.cells()...)
		}
		delivered.print(w)
	}
}

func (c deliveredTotal) cells() []string {
	snapshot, delivered, waiting, notDue, unsent := "", "", "", "", ""
	if c.Snapshot != nil {
		snapshot = money(*c.Snapshot, 2)
	}
	if l := c.Ledger; l != nil {
		delivered, notDue, unsent = money(l.Delivered, 2), money(l.NotDue, 2), money(l.UnsentChanges, 2)
		waiting = money(l.Waiting, 2)
	}
	return []string{tick(c.Balanced), c.Source, c.Currency, money(c.Spend.Amount, 2), snapshot, delivered, waiting, notDue, unsent}
}

func tick(balanced bool) string {
	if balanced {
		return "✓"
	}
	return "✗"
}
