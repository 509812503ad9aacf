package transform

import (
	"context"
	"database/sql"
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

// offenders runs a file that selects what breaks a rule and returns an
// [*etl.CheckError] if there is any.
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

// saveCheck records one check of the run; detail says why it failed.
func saveCheck(ctx context.Context, r warehouse.Runner, opts Options, check, detail string) error {
	_, err := r.Exec(ctx, "queries/transform_check_add.sql", warehouse.Args{
		"run_id": string(opts.RunID), "check_name": check, "passed": detail == "",
		"detail": warehouse.Null(detail), "checked_at": opts.Now().UTC(),
	})
	return err
}
