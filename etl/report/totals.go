package report

import (
	"context"
	"database/sql"
	"math/big"
	"slices"
	"strings"

	"spendbridge/etl/warehouse"
)

// A cellKey is what both identities balance by.
type cellKey struct{ source, currency string }

// A cellRow is one cell as SQL gives it.
type cellRow struct {
	cellKey
	part    string // a step, or a state of the ledger
	records int64
	amount  *big.Rat
}

func (r *reader) cells(ctx context.Context, file, run string) ([]cellRow, error) {
	return warehouse.List(ctx, r.db, file, warehouse.Args{"run_id": run}, func(rows *sql.Rows, c *cellRow) error {
		var text string
		if err := rows.Scan(&c.source, &c.currency, &c.part, &c.records, &text); err != nil {
			return err
		}
		var err error
		c.amount, err = amount(text)
		return err
	})
}

// totals reads both identities as of the run, or as of the last run before it
// that had any, and how spend has moved since the run before that.
func (r *reader) totals(ctx context.Context) error {
	var run, before sql.NullString
	if err := r.db.Get(ctx, "report/run.totals_of", r.runArgs(), &run); err != nil || !run.Valid {
		return err
	}
	r.page.TotalsRun = run.String
	if err := r.balance(ctx, run.String); err != nil {
		return err
	}
	now, err := r.cells(ctx, "report/delivery.ledger", run.String)
	if err != nil {
		return err
	}
	r.page.Ledger = r.ledger(now)
	args := warehouse.Args{"run_id": run.String}
	if err := r.db.Get(ctx, "report/run.totals_before", args, &before); err != nil || !before.Valid {
		return err
	}
	r.page.SinceRun = before.String
	then, err := r.cells(ctx, "report/delivery.ledger", before.String)
	r.page.Since = r.since(then, now)
	return err
}

// balance reads raw = spend + excluded + set aside, in major units.
func (r *reader) balance(ctx context.Context, run string) error {
	cells, err := r.cells(ctx, "report/run.cells", run)
	if err != nil {
		return err
	}
	exponents, err := r.exponents(ctx)
	if err != nil {
		return err
	}
	for i := range cells {
		currency := strings.ToUpper(cells[i].currency)
		cells[i].amount = shift(cells[i].amount, exponents[cellKey{cells[i].source, currency}])
	}
	for _, key := range keysOf(cells) {
		row := balanceRow{Source: key.source, Currency: key.currency}
		row.Raw = r.sum(cells, key, "raw")
		row.Spend = r.sum(cells, key, "canonical")
		row.Excluded = r.sum(cells, key, "excluded")
		row.SetAside = r.sum(cells, key, "quarantine")
		row.Difference = r.minus(row.Raw, key.currency, row.Spend, row.Excluded, row.SetAside)
		row.Balanced = row.Difference.IsZero()
		r.page.Balance = append(r.page.Balance, row)
	}
	return nil
}

// exponents says by how many decimals a source's amounts in a currency must
// be shifted. Before the first transform nothing is known and nothing needed.
func (r *reader) exponents(ctx context.Context) (map[cellKey]int, error) {
	var known bool
	if err := r.db.Get(ctx, "report/spend.exponents_known", nil, &known); err != nil || !known {
		return nil, err
	}
	all := map[cellKey]int{}
	err := r.db.Each(ctx, "report/spend.exponents", nil, func(rows *sql.Rows) error {
		var key cellKey
		var exponent int
		err := rows.Scan(&key.source, &key.currency, &exponent)
		all[key] = exponent
		return err
	})
	return all, err
}

// ledgerStates is the order in which states are shown; one that is empty
// everywhere is left out.
var ledgerStates = []string{"delivered", "unknown", "held", "rejected", "pending", "not_due", "unsent_changes"}

// ledger makes the table of spend = the sum of its states.
func (r *reader) ledger(cells []cellRow) ledgerTable {
	var table ledgerTable
	var used []string
	for _, state := range ledgerStates {
		if slices.ContainsFunc(cells, func(c cellRow) bool { return c.part == state && (c.records != 0 || c.amount.Sign() != 0) }) {
			used = append(used, state)
			table.States = append(table.States, stateWords(state))
		}
	}
	if len(used) == 0 {
		return table
	}
	for _, key := range keysOf(cells) {
		row := ledgerRow{Source: key.source, Currency: key.currency, Spend: r.sum(cells, key, "spend")}
		for _, state := range used {
			row.States = append(row.States, r.sum(cells, key, state))
		}
		row.Difference = r.minus(row.Spend, key.currency, row.States...)
		row.Balanced = row.Difference.value.Sign() == 0 // a changed record may count in two states
		table.Rows = append(table.Rows, row)
	}
	return table
}

// since compares the spend of two runs.
func (r *reader) since(then, now []cellRow) []sinceRow {
	var rows []sinceRow
	for _, key := range keysOf(append(slices.Clone(then), now...)) {
		row := sinceRow{Source: key.source, Currency: key.currency}
		row.Before, row.Now = r.sum(then, key, "spend"), r.sum(now, key, "spend")
		row.Moved = r.minus(row.Now, key.currency, row.Before)
		if !row.Moved.IsZero() {
			rows = append(rows, row)
		}
	}
	return rows
}

func (r *reader) sum(cells []cellRow, key cellKey, part string) cell {
	total := cell{value: new(big.Rat)}
	for _, c := range cells {
		if c.cellKey == key && c.part == part {
			total.Records += c.records
			total.value.Add(total.value, c.amount)
		}
	}
	if total.Amount = r.print(total.value, strings.ToUpper(key.currency)); key.currency == "?" && total.value.Sign() == 0 {
		total.Amount = "?"
	}
	return total
}

func (r *reader) minus(whole cell, currency string, parts ...cell) cell {
	rest := cell{Records: whole.Records, value: new(big.Rat).Set(whole.value)}
	for _, p := range parts {
		rest.Records -= p.Records
		rest.value.Sub(rest.value, p.value)
	}
	rest.Amount = r.print(rest.value, strings.ToUpper(currency))
	return rest
}

// IsZero reports whether there is neither a record nor money.
func (c cell) IsZero() bool { return c.Records == 0 && c.value.Sign() == 0 }

// keysOf lists the sources and currencies of cells, sorted.
func keysOf(cells []cellRow) []cellKey {
	var keys []cellKey
	for _, c := range cells {
		if !slices.Contains(keys, c.cellKey) {
			keys = append(keys, c.cellKey)
		}
	}
	slices.SortFunc(keys, func(a, b cellKey) int {
		if c := strings.Compare(a.source, b.source); c != 0 {
			return c
		}
		return strings.Compare(a.currency, b.currency)
	})
	return keys
}
