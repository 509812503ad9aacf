package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

func (r *reader) deliveries(ctx context.Context) (err error) {
	r.page.Deliveries, err = warehouse.List(ctx, r.db, "report/delivery.states", r.runArgs(), func(rows *sql.Rows, d *deliveryRow) error {
		var text string
		if err := rows.Scan(&d.State, &d.Kind, &d.Currency, &d.Records, &text); err != nil {
			return err
		}
		d.Words = stateWords(d.State)
		var err error
		_, d.Amount, err = r.money(text, d.Currency)
		return err
	})
	return err
}

func (r *reader) batches(ctx context.Context) error {
	batches, err := warehouse.List(ctx, r.db, "report/delivery.batches", r.runArgs(), func(rows *sql.Rows, b *batchRow) error {
		err := rows.Scan(&b.ID, &b.Run, &b.Target, &b.State, &b.Records, &b.Status, &b.Message, &b.Planned)
		b.Words = stateWords(b.State)
		return err
	})
	if err != nil {
		return err
	}
	r.page.Batches = batches
	return r.db.Each(ctx, "report/delivery.batch_money", r.runArgs(), func(rows *sql.Rows) error {
		var id, currency, text string
		if err := rows.Scan(&id, &currency, &text); err != nil {
			return err
		}
		i := slices.IndexFunc(batches, func(b batchRow) bool { return b.ID == id })
		if i < 0 {
			return nil // sent since
		}
		_, printed, err := r.money(text, currency)
		batches[i].Amounts = append(batches[i].Amounts, printed+" "+currency)
		return err
	})
}

func (r *reader) undelivered(ctx context.Context) (err error) {
	for _, u := range r.page.State.Open {
		row := openRow{Undelivered: u}
		if _, row.Amount, err = r.money(u.Amount, u.Currency); err != nil {
			return err
		}
		if !u.IsReadable() {
			row.Amount = "?"
		}
		r.page.Open = append(r.page.Open, row)
	}
	args := warehouse.Args{"limit": maxUndelivered}
	r.page.Undelivered, err = warehouse.List(ctx, r.db, "report/delivery.undelivered_first", args, func(rows *sql.Rows, x *undeliveredRow) error {
		var text string
		var since sql.NullTime
		if err := rows.Scan(&x.SpendID, &x.Class, &x.Vendor, &x.Day, &x.Currency, &text, &x.Reason, &since, &x.Command); err != nil {
			return err
		}
		x.Words, x.Since, x.Amount = etl.ClassWords(x.Class), since.Time, "?"
		if text == "" {
			return nil
		}
		var err error
		_, x.Amount, err = r.money(text, x.Currency)
		return err
	})
	return err
}

func (r *reader) snapshot(ctx context.Context) error {
	s, run := &r.page.Snapshot, ""
	err := r.db.Get(ctx, "report/run.snapshot", r.runArgs(), &s.ID, &run, &s.Path, &s.Rows, &s.Hash, &s.Created)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

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
