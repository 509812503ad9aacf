package report

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// Totals are the control totals of a run. Amounts are exact decimals as text.
type Totals struct {
	Received  []ReceivedTotal  `json:"received"`
	Delivered []DeliveredTotal `json:"delivered"`

	exponents map[cellKey]int // by how many decimals a source shifts its amounts
}

// A ReceivedTotal is the first identity for one source and currency: raw =
// spend + excluded + quarantined, in the source's own units.
type ReceivedTotal struct {
	Source      string   `json:"source"`
	Currency    string   `json:"currency"`
	Raw         etl.Cell `json:"raw"`
	Spend       etl.Cell `json:"spend"`
	Excluded    etl.Cell `json:"excluded"`
	Quarantined etl.Cell `json:"quarantined"`
	Missing     etl.Cell `json:"-"`
	Balanced    bool     `json:"balanced"`
}

// A DeliveredTotal is the second identity for one source and currency: spend =
// what the snapshot holds = the sum of the ledger's states, as transacted.
type DeliveredTotal struct {
	Source   string            `json:"source"`
	Currency string            `json:"currency"`
	Spend    etl.Cell          `json:"spend"`
	Snapshot *string           `json:"snapshot"` // null: the run took none
	Ledger   map[string]string `json:"ledger"`   // amounts by state; null: the run wrote none
	States   []etl.Cell        `json:"-"`        // of the ledger, in the order of ledgerStates
	Missing  etl.Cell          `json:"-"`        // from the ledger
	Balanced bool              `json:"balanced"`
}

// ledgerStates is the order in which SQL lists the states of the ledger and the
// page shows them. Beside them, DeliveredTotal.Ledger has "waiting", which is
// unknown + held + rejected + pending.
var ledgerStates = []string{"delivered", "unknown", "held", "rejected", "pending", "not_due", "unsent_changes"}

// ReadTotals reads the control totals that a run wrote.
func ReadTotals(ctx context.Context, db warehouse.Runner, run etl.RunID) (t Totals, err error) {
	args := warehouse.Args{"run_id": string(run)}
	t.Received, err = warehouse.List(ctx, db, "report/totals.received", args, func(rows *sql.Rows, c *ReceivedTotal) error {
		return scanCells(rows, &c.Source, &c.Currency, []*etl.Cell{&c.Raw, &c.Spend, &c.Excluded, &c.Quarantined, &c.Missing}, &c.Balanced)
	})
	if err != nil {
		return t, err
	}
	if t.Delivered, err = warehouse.List(ctx, db, "report/totals_delivered.sql", args, scanDelivered); err != nil {
		return t, err
	}
	t.exponents, err = exponents(ctx, db)
	return t, err
}

// Major prints an amount that a source gave in its own unit: exact, in major
// units. One that cannot be read, or whose currency has no known unit, is a
// question mark.
func (t Totals) Major(amount, source, currency string) string {
	exponent, known := t.exponents[cellKey{source, strings.ToUpper(currency)}]
	if zero := (etl.Cell{Amount: amount}).IsZero(); !known && (!zero || amount == "") {
		return "?"
	}
	text, err := shift(amount, exponent)
	if err != nil {
		return "?"
	}
	return etl.Money(text, 2)
}

// shift moves the point of an exact decimal to the left.
func shift(amount string, places int) (string, error) {
	value, ok := new(big.Rat).SetString(fmt.Sprintf("%se-%d", amount, places))
	if !ok {
		return "", fmt.Errorf("%q is not a number", amount)
	}
	decimals, _ := value.FloatPrec()
	return value.FloatString(decimals), nil
}

func scanDelivered(rows *sql.Rows, c *DeliveredTotal) error {
	var snapshot etl.Cell
	var waiting string
	var hasSnapshot, hasLedger bool
	c.States = make([]etl.Cell, len(ledgerStates))
	cells := []*etl.Cell{&c.Spend, &snapshot}
	for i := range c.States {
		cells = append(cells, &c.States[i])
	}
	err := scanCells(rows, &c.Source, &c.Currency, append(cells, &c.Missing), &waiting, &hasSnapshot, &hasLedger, &c.Balanced)
	if hasSnapshot {
		c.Snapshot = &snapshot.Amount
	}
	if hasLedger {
		c.Ledger = map[string]string{"waiting": waiting}
		for i, state := range ledgerStates {
			c.Ledger[state] = c.States[i].Amount
		}
	}
	return err
}

// scanCells scans a row of totals: the records of each cell, then the amounts.
func scanCells(rows *sql.Rows, source, currency *string, cells []*etl.Cell, others ...any) error {
	columns := []any{source, currency}
	for _, c := range cells {
		columns = append(columns, &c.Records)
	}
	for _, c := range cells {
		columns = append(columns, &c.Amount)
	}
	return rows.Scan(append(columns, others...)...)
}

// Err names the totals that do not balance.
func (t Totals) Err() error {
	failed := t.unbalanced(", as received: raw is not spend + excluded + quarantined",
		", as transacted: spend is not what the snapshot or the ledger holds")
	if len(failed) == 0 {
		return nil
	}
	return &etl.CheckError{Check: "control totals", Rows: len(failed), First: failed}
}

// unbalanced lists the totals that do not balance, each with what its identity
// says of it.
func (t Totals) unbalanced(received, delivered string) (all []string) {
	for _, c := range t.Received {
		if !c.Balanced {
			all = append(all, c.Source+" "+c.Currency+received)
		}
	}
	for _, c := range t.Delivered {
		if !c.Balanced {
			all = append(all, c.Source+" "+c.Currency+delivered)
		}
	}
	return all
}

// readTotals reads both identities of the run, or of the last run before it that
// has any, and how spend has changed since the run before that.
func (p *page) readTotals(ctx context.Context, db warehouse.Runner) error {
	runs, err := warehouse.Strings(ctx, db, "report/totals.runs", warehouse.Args{"run_id": string(p.Run.Run)})
	if err != nil || len(runs) == 0 {
		return err
	}
	p.TotalsRun = runs[0]
	if p.Totals, err = ReadTotals(ctx, db, etl.RunID(runs[0])); err != nil {
		return err
	}
	for i := range ledgerStates {
		if slices.ContainsFunc(p.Totals.Delivered, func(c DeliveredTotal) bool { return !c.States[i].IsZero() }) {
			p.LedgerStates = append(p.LedgerStates, i)
		}
	}
	if len(runs) == 1 {
		return nil
	}
	p.SinceRun = runs[1]
	args := warehouse.Args{"run_id": runs[0], "before": runs[1]}
	p.Since, err = warehouse.List(ctx, db, "report/totals.moved", args, func(rows *sql.Rows, s *sinceRow) error {
		return scanCells(rows, &s.Source, &s.Currency, []*etl.Cell{&s.Before, &s.Now, &s.Moved})
	})
	return err
}

// received returns a cell with its amount as printed, in major units; a question
// mark for an unknown currency.
func (p *page) received(c etl.Cell, source, currency string) (_ etl.Cell, err error) {
	if currency == "?" && c.Records != 0 && (etl.Cell{Amount: c.Amount}).IsZero() {
		c.Amount = ""
	}
	c.Amount, err = p.major(c.Amount, source, currency)
	return c, err
}

func (p *page) transacted(c etl.Cell, currency string) etl.Cell {
	c.Amount = p.money(c.Amount, currency)
	return c
}

// A cellKey is what both identities balance by.
type cellKey struct{ source, currency string }

// exponents returns by how many decimals to shift a source's amounts in a
// currency. Before the first transform there are none.
func exponents(ctx context.Context, db warehouse.Runner) (map[cellKey]int, error) {
	var known bool
	if err := db.Get(ctx, "report/spend.exponents_known", nil, &known); err != nil || !known {
		return nil, err
	}
	all := map[cellKey]int{}
	err := db.Each(ctx, "report/spend.exponents", nil, func(rows *sql.Rows) error {
		var key cellKey
		var exponent int
		err := rows.Scan(&key.source, &key.currency, &exponent)
		all[key] = exponent
		return err
	})
	return all, err
}
