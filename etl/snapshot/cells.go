package snapshot

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"spendbridge/etl/warehouse"
)

// canonicalCells returns the cells of canonical.spend itself in some months.
func canonicalCells(ctx context.Context, db *warehouse.DB, months []month) ([]Cell, error) {
	if len(months) == 0 {
		return nil, nil
	}
	var cells []Cell
	err := db.Each(ctx, "queries/snapshot_cells.sql", warehouse.Args{"months": firstDays(months)}, func(rows *sql.Rows) error {
		var c Cell
		var first time.Time
		if err := rows.Scan(&c.Source, &c.Currency, &c.Type, &first, &c.Records, &c.Amount, &c.AbsAmount, &c.KeyHash); err != nil {
			return err
		}
		c.Month = first.Format(time.DateOnly)
		cells = append(cells, c)
		return nil
	})
	return cells, err
}

// differences names every cell in which two control totals differ.
func differences(want, got []Cell) []string {
	cells := map[string][2]Cell{}
	for i, side := range [][]Cell{want, got} {
		for _, cell := range side {
			pair := cells[cell.order()]
			pair[i] = cell
			cells[cell.order()] = pair
		}
	}
	var differ []string
	for _, pair := range cells {
		if pair[0] != pair[1] {
			differ = append(differ, fmt.Sprintf("canonical has %s, the snapshot %s", pair[0], pair[1]))
		}
	}
	slices.Sort(differ)
	return differ
}

// String names the cell and what it holds.
func (c Cell) String() string {
	if c.Records == 0 {
		return "no such cell"
	}
	return fmt.Sprintf("%s %s %s %s: %d records, %s, absolute %s, keys %s",
		c.Source, c.Currency, c.Type, c.Month, c.Records, c.Amount, c.AbsAmount, c.KeyHash)
}
