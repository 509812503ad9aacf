package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// How many lines of a long list the page shows.
const (
	maxVendors     = 12
	maxSetAside    = 12
	maxUndelivered = 12
)

// A reader fills one page.
type reader struct {
	db       warehouse.Runner
	page     *page
	decimals map[string]int // of each currency that spend is in
}

// readPage reads all that the report of a run shows.
func readPage(ctx context.Context, db warehouse.Runner, run etl.RunID, state *State) (*page, error) {
	r := &reader{db: db, page: &page{State: state}, decimals: map[string]int{}}
	steps := []func(context.Context) error{
		r.stages, r.checks, r.spend, r.currencies, r.vendors, r.months, r.rates, r.duplicates,
		r.totals, r.changes, r.leftOut, r.deliveries, r.batches, r.undelivered, r.snapshot,
	}
	if err := r.run(ctx, run); err != nil {
		return nil, err
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	r.page.judge()
	return r.page, nil
}

func (r *reader) runArgs() warehouse.Args { return warehouse.Args{"run_id": r.page.Run.ID} }

func (r *reader) run(ctx context.Context, id etl.RunID) error {
	var finished sql.NullTime
	run := &r.page.Run
	err := r.db.Get(ctx, "report/run.get", warehouse.Args{"run_id": string(id)},
		&run.ID, &run.Command, &run.Status, &run.Error, &run.Version, &run.ConfigHash, &run.Started, &finished)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("no such run; spendbridge status lists the last ones")
	}
	run.Finished = finished.Time
	return err
}

func (r *reader) stages(ctx context.Context) (err error) {
	r.page.Stages, err = warehouse.List(ctx, r.db, "report/run.stages", r.runArgs(), func(rows *sql.Rows, s *stageRow) error {
		var started, finished time.Time
		err := rows.Scan(&s.Name, &s.Status, &s.Error, &s.Read, &s.Written, &s.Skipped, &started, &finished)
		s.Words = stageWords(s.Name)
		s.Took = finished.Sub(started).Round(10 * time.Millisecond).String()
		return err
	})
	return err
}

func (r *reader) checks(ctx context.Context) (err error) {
	r.page.Checks, err = warehouse.List(ctx, r.db, "report/run.checks", r.runArgs(), func(rows *sql.Rows, c *checkRow) error {
		return rows.Scan(&c.Stage, &c.Name, &c.Source, &c.Passed, &c.Failed)
	})
	return err
}

func (r *reader) spend(ctx context.Context) error {
	s, amount := &r.page.Spend, ""
	err := r.db.Get(ctx, "report/spend.list", nil,
		&s.Records, &amount, &s.Unpriced, &s.Vendors, &s.Currency, &s.FirstDay, &s.LastDay)
	if err != nil {
		return err
	}
	_, s.Amount, err = r.money(amount, s.Currency)
	return err
}

// money reads an amount and prints it as its currency is printed.
func (r *reader) money(text, currency string) (*big.Rat, string, error) {
	value, err := amount(text)
	if err != nil {
		return nil, "", err
	}
	return value, r.print(value, currency), nil
}

func (r *reader) print(value *big.Rat, currency string) string {
	decimals, ok := r.decimals[currency]
	if !ok {
		decimals = 2
	}
	return money(value, decimals)
}

func (r *reader) currencies(ctx context.Context) error {
	var values []*big.Rat
	rows, err := warehouse.List(ctx, r.db, "report/spend.currencies", nil, func(rows *sql.Rows, c *currencyRow) error {
		var decimals int
		var transacted, reporting string
		if err := rows.Scan(&c.Name, &decimals, &c.Records, &transacted, &reporting, &c.Unpriced); err != nil {
			return err
		}
		r.decimals[c.Name] = decimals
		value, err := amount(reporting)
		if err != nil {
			return err
		}
		values = append(values, value)
		_, c.Transacted, err = r.money(transacted, c.Name)
		return err
	})
	if err != nil {
		return err
	}
	for i, b := range bars(values) {
		b.Name, b.Records, b.Unpriced = rows[i].Name, rows[i].Records, rows[i].Unpriced
		b.Amount = r.print(values[i], r.page.Spend.Currency)
		rows[i].bar = b
	}
	r.page.Currencies = rows
	return nil
}

func (r *reader) vendors(ctx context.Context) error {
	var values []*big.Rat
	rows, err := warehouse.List(ctx, r.db, "report/spend.vendors", warehouse.Args{"limit": maxVendors}, func(rows *sql.Rows, b *bar) error {
		var text string
		if err := rows.Scan(&b.Name, &b.Records, &text, &b.Unpriced); err != nil {
			return err
		}
		value, printed, err := r.money(text, r.page.Spend.Currency)
		values, b.Amount = append(values, value), printed
		return err
	})
	if err != nil {
		return err
	}
	for i, b := range bars(values) {
		rows[i].Width, rows[i].Negative = b.Width, b.Negative
	}
	r.page.Vendors = rows
	return nil
}

func (r *reader) months(ctx context.Context) error {
	months, err := warehouse.List(ctx, r.db, "report/spend.months", nil, func(rows *sql.Rows, m *month) error {
		var text string
		if err := rows.Scan(&m.First, &m.Records, &text, &m.Unpriced); err != nil {
			return err
		}
		value, printed, err := r.money(text, r.page.Spend.Currency)
		m.value, m.Amount = value, printed
		return err
	})
	r.page.Months = chartMonths(months)
	return err
}

func (r *reader) rates(ctx context.Context) (err error) {
	r.page.Rates, err = warehouse.List(ctx, r.db, "report/spend.rates", nil, func(rows *sql.Rows, x *rateRow) error {
		var source, total string
		err := rows.Scan(&x.Currency, &x.Into, &source, &x.Records, &x.Lowest, &x.Highest, &x.FirstDay, &x.LastDay, &total)
		if err != nil {
			return err
		}
		x.Source = fxSources[source]
		for _, rate := range []*string{&x.Lowest, &x.Highest} {
			if *rate, err = printRate(*rate); err != nil {
				return err
			}
		}
		_, x.Amount, err = r.money(total, x.Currency)
		return err
	})
	return err
}

func (r *reader) duplicates(ctx context.Context) (err error) {
	r.page.Duplicates = slices.Clone(r.page.State.Duplicates)
	if r.page.Duplicates == nil {
		if r.page.Duplicates, err = PossibleDuplicates(ctx, r.db); err != nil {
			return err
		}
	}
	for i := range r.page.Duplicates {
		d := &r.page.Duplicates[i]
		if _, d.Amount, err = r.money(d.Amount, d.Currency); err != nil {
			return err
		}
	}
	return nil
}

// printRate prints a rate without the zeros that its type adds, and no rate as
// a dash.
func printRate(text string) (string, error) {
	if text == "" {
		return "–", nil
	}
	rate, err := amount(text)
	if err != nil {
		return "", err
	}
	return money(rate, 4), nil
}

func (r *reader) changes(ctx context.Context) (err error) {
	until := r.page.Run.Finished
	if until.IsZero() {
		until = r.page.Run.Started.AddDate(1, 0, 0) // the run goes on
	}
	args := warehouse.Args{"started_at": r.page.Run.Started, "finished_at": until}
	r.page.Changes, err = warehouse.List(ctx, r.db, "report/delivery.changes", args, func(rows *sql.Rows, c *changeRow) error {
		return rows.Scan(&c.Source, &c.Stream, &c.Added, &c.Changed, &c.Gone)
	})
	return err
}
