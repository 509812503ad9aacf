package transform

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// maxOffenders is how many offending rows an error shows.
const maxOffenders = 10

// check runs every file of 6_checks. The first one that finds rows ends the
// transform.
func (t *transformer) check(ctx context.Context) error {
	files, err := t.tx.Folder("6_checks")
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := offenders(ctx, t.tx, file, file, nil, describe); err != nil {
			return err
		}
		if err := saveCheck(ctx, t.tx, t.opts, file, ""); err != nil {
			return err
		}
	}
	return nil
}

// offenders runs a statement that selects violations and returns an
// [*etl.CheckError] if there are any.
func offenders(ctx context.Context, r warehouse.Runner, check, file string, args warehouse.Args, say func(*sql.Rows) (string, error)) error {
	failed := &etl.CheckError{Check: check}
	err := r.Each(ctx, file, args, func(rows *sql.Rows) error {
		failed.Rows++
		if failed.Rows > maxOffenders {
			return nil
		}
		line, err := say(rows)
		failed.First = append(failed.First, line)
		return err
	})
	if err != nil || failed.Rows == 0 {
		return err
	}
	return failed
}

// describe renders a row as "column value, column value".
func describe(rows *sql.Rows) (string, error) {
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	if err := rows.Scan(values...); err != nil {
		return "", err
	}
	fields := make([]string, len(columns))
	for i, column := range columns {
		fields[i] = fmt.Sprintf("%s %v", column, *values[i].(*any))
	}
	return strings.Join(fields, ", "), nil
}

// A finding is what one check found, or found of one currency of one source.
type finding struct {
	check            string
	source, currency string
	passed           bool
	expected, actual string
	detail           string // a sentence
}

// saveCheck records one check of the run; detail says why it failed.
func saveCheck(ctx context.Context, r warehouse.Runner, opts Options, check, detail string) error {
	return saveFinding(ctx, r, opts, finding{check: check, passed: detail == "", detail: detail})
}

// saveFinding records what a check found. What it leaves empty is null.
func saveFinding(ctx context.Context, r warehouse.Runner, opts Options, f finding) error {
	_, err := r.Exec(ctx, "transform/check.add", warehouse.Args{
		"run_id": string(opts.RunID), "check_name": f.check, "passed": f.passed,
		"source": warehouse.Null(f.source), "subject": warehouse.Null(f.currency),
		"expected": warehouse.Null(f.expected), "actual": warehouse.Null(f.actual),
		"detail": warehouse.Null(f.detail), "checked_at": opts.Now().UTC(),
	})
	return err
}

// Verify proves the result of the last transform again: it reads all amounts
// from the payloads in raw.records, records the control totals under opts.RunID
// and runs the checks. Canonical does not change. A failed check is an
// [*etl.CheckError]; the cells are recorded all the same, and counted.
func Verify(ctx context.Context, db *warehouse.DB, opts Options) (cells int, err error) {
	var found error
	err = db.InTx(ctx, func(tx *warehouse.Tx) (err error) {
		t := newTransformer(tx, opts)
		if err := errors.Join(t.gatherKinds(ctx), warehouse.Clear(ctx, tx, "staging.raw_values")); err != nil {
			return err
		}
		if cells, err = t.stateTotals(ctx); err != nil {
			return err
		}
		found = errors.Join(balance(ctx, tx, opts.RunID), t.check(ctx))
		return unlessFailedCheck(found)
	})
	return cells, errors.Join(err, found)
}

// unlessFailedCheck returns err unless it consists of failed checks only.
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

// identity is what must hold in every cell.
const identity = "control totals: raw = canonical + excluded + quarantine"

// rawReaders begins the names of the statements that read the amounts for the raw
// totals from new payloads, one for each vendor.
const rawReaders = "transform/total_raw_"

// proveTotals records the control totals of the run and compares them.
func (t *transformer) proveTotals(ctx context.Context) error {
	if _, err := t.stateTotals(ctx); err != nil {
		return err
	}
	if err := balance(ctx, t.tx, t.opts.RunID); err != nil {
		return err
	}
	return saveCheck(ctx, t.tx, t.opts, identity, "")
}

// stateTotals records the totals of raw and canonical in ops.control_totals, and
// counts their cells.
func (t *transformer) stateTotals(ctx context.Context) (cells int, err error) {
	if err := t.all(ctx, "transform/macro_raw.", rawReaders); err != nil {
		return 0, err
	}
	args := warehouse.Args{"run_id": string(t.opts.RunID)}
	if _, err := t.tx.Exec(ctx, "transform/total.clear", args); err != nil {
		return 0, err
	}
	files, err := t.tx.Folder("7_totals")
	if err != nil {
		return 0, err
	}
	args["recorded_at"] = t.opts.Now().UTC()
	for _, file := range files {
		n, err := t.tx.Exec(ctx, file, args)
		if err != nil {
			return 0, err
		}
		cells += int(n)
	}
	return cells, nil
}

// balance returns an [*etl.CheckError] that names every cell in which raw is
// not what was made of it, and the records that are in no place or in several.
func balance(ctx context.Context, r warehouse.Runner, run etl.RunID) error {
	args := warehouse.Args{"run_id": string(run)}
	err := offenders(ctx, r, identity, "transform/total.unbalanced", args, unbalancedCell)
	var failed *etl.CheckError
	if !errors.As(err, &failed) {
		return err
	}
	err = r.Each(ctx, "transform/total.misplaced", nil, func(rows *sql.Rows) error {
		line, err := describe(rows)
		failed.First = append(failed.First, line)
		return err
	})
	return errors.Join(failed, err)
}

func unbalancedCell(rows *sql.Rows) (string, error) {
	var (
		source, currency, raw, accounted string
		rawRecords, accountedRecords     int64
	)
	err := rows.Scan(&source, &currency, &rawRecords, &accountedRecords, &raw, &accounted)
	return fmt.Sprintf("%s %s: raw has %d records, %s; accounted for are %d records, %s",
		source, currency, rawRecords, raw, accountedRecords, accounted), err
}
