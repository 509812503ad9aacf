package transform

import (
	"context"
	"errors"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// Verify proves again what the last transform left: it reads the amounts of
// raw.records afresh from their payloads, states the control totals under
// opts.RunID and runs the checks. Canonical stays as it is. What does not hold
// is an [*etl.CheckError]; the cells are returned and kept all the same.
func Verify(ctx context.Context, db *warehouse.DB, opts Options) ([]Cell, error) {
	var (
		cells []Cell
		found error
	)
	err := db.InTx(ctx, func(tx *warehouse.Tx) error {
		t := &transformer{tx: tx, opts: opts}
		if err := t.exec(ctx, "queries/transform_clear_staging_raw_values.sql"); err != nil {
			return err
		}
		if err := stateTotals(ctx, tx, opts.RunID, opts.Now()); err != nil {
			return err
		}
		var err error
		if cells, err = Totals(ctx, tx, opts.RunID); err != nil {
			return err
		}
		found = errors.Join(balance(ctx, tx, opts.RunID), t.check(ctx))
		return unlessFailedCheck(found)
	})
	return cells, errors.Join(err, found)
}

// unlessFailedCheck returns err unless all it says is that checks failed.
func unlessFailedCheck(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	for _, one := range joined.Unwrap() {
		var failed *etl.CheckError
		if !errors.As(one, &failed) {
			return err
		}
	}
	return nil
}
