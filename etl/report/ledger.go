package report

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// ExportLedger writes every item of the delivery ledger that was posted from
// the first time until before the second, with its batch and what a person
// decided, to a .csv or .parquet file, and returns how many there are.
func ExportLedger(ctx context.Context, db *warehouse.DB, path string, from, to time.Time) (int64, error) {
	save, ok := map[string]string{
		".csv": "report/ledger.save_csv", ".parquet": "report/ledger.save_parquet",
	}[filepath.Ext(path)]
	if !ok {
		return 0, etl.Usagef("%s: the ledger is written as .csv or .parquet; name such a file", path)
	}
	if !from.Before(to) {
		return 0, etl.Usagef("the period from %s to %s is empty", from.Format(time.DateOnly), to.Format(time.DateOnly))
	}
	var items int64
	err := db.InConn(ctx, func(conn *warehouse.Conn) (err error) {
		if _, err = conn.Exec(ctx, "report/ledger_export.sql", warehouse.Args{"from": from, "to": to}); err != nil {
			return err
		}
		items, err = conn.Exec(ctx, save, warehouse.Args{"path": path})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("export the ledger: %w", err)
	}
	return items, os.Chmod(path, 0o600) // it names people
}
