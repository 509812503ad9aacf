package report

import (
	"context"
	"database/sql"
	"strings"

	"spendbridge/etl/warehouse"
)

// leftOut reads what is no spend and what could not become spend, with the
// money in it.
func (r *reader) leftOut(ctx context.Context) error {
	exponents, err := r.exponents(ctx)
	if err != nil {
		return err
	}
	if r.page.Excluded, err = r.reasonRows(ctx, "report/quarantine.excluded", exponents); err != nil {
		return err
	}
	if r.page.Quarantine, err = r.reasonRows(ctx, "report/quarantine.by_reason", exponents); err != nil {
		return err
	}
	args := warehouse.Args{"limit": maxSetAside}
	r.page.SetAside, err = warehouse.List(ctx, r.db, "report/quarantine.first", args, func(rows *sql.Rows, s *setAsideRow) error {
		err := rows.Scan(&s.SpendID, &s.Source, &s.Reason, &s.Detail, &s.Vendor, &s.Currency, &s.Amount, &s.Day)
		if err != nil {
			return err
		}
		s.Words = reasonWords(s.Reason)
		s.Amount, err = r.major(s.Amount, s.Source, s.Currency, exponents)
		return err
	})
	return err
}

func (r *reader) reasonRows(ctx context.Context, file string, exponents map[cellKey]int) ([]reasonRow, error) {
	return warehouse.List(ctx, r.db, file, nil, func(rows *sql.Rows, x *reasonRow) error {
		var text string
		if err := rows.Scan(&x.Source, &x.Reason, &x.Currency, &x.Records, &text); err != nil {
			return err
		}
		x.Words = reasonWords(x.Reason)
		var err error
		x.Amount, err = r.major(text, x.Source, x.Currency, exponents)
		return err
	})
}

// major prints an amount that a source gave in its own unit, and what cannot
// be read as a question mark.
func (r *reader) major(text, source, currency string, exponents map[cellKey]int) (string, error) {
	if text == "" {
		return "?", nil
	}
	currency = strings.ToUpper(currency)
	value, err := amount(text)
	if err != nil {
		return "", err
	}
	return r.print(shift(value, exponents[cellKey{source, currency}]), currency), nil
}
