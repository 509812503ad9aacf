package report

import (
	"context"
	"database/sql"

	"spendbridge/etl/warehouse"
)

// Duplicates are expenses in one currency that may have been paid by card as
// well: the same vendor and amount within three days in both systems. Nothing
// is merged; the published view possible_duplicates lists the pairs.
type Duplicates struct {
	Currency string `json:"currency"`
	Records  int64  `json:"records"`
	Amount   string `json:"amount"` // what may be counted twice, in major units
}

// PossibleDuplicates looks for them in canonical.spend.
func PossibleDuplicates(ctx context.Context, r warehouse.Runner) ([]Duplicates, error) {
	found := []Duplicates{}
	err := r.Each(ctx, "queries/analyst_possible_duplicates.sql", nil, func(rows *sql.Rows) error {
		var d Duplicates
		if err := rows.Scan(&d.Currency, &d.Records, &d.Amount); err != nil {
			return err
		}
		found = append(found, d)
		return nil
	})
	return found, err
}
