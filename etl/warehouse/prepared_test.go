package warehouse_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"spendbridge/etl/warehouse"
)

// often is how many times each statement runs: enough to be kept prepared.
const often = 8

func openPrepared(t *testing.T) *warehouse.DB {
	t.Helper()
	db, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1, Files: with(t, map[string]string{
		"test/make.sql":   "create table ops.test as select 1::bigint as n",
		"test/drop.sql":   "drop table ops.test",
		"test/widen.sql":  "alter table ops.test add column more varchar",
		"test/add.sql":    "insert into ops.test (n) values ($n)",
		"test/list.sql":   "from ops.test order by n",
		"test/sum.sql":    "select sum(n)::bigint from ops.test where n > $above",
		"test/temp.sql":   "create or replace temp table test_temp as select unnest(range($n::bigint)) as n",
		"test/count.sql":  "select count(*) from test_temp",
		"test/macro.sql":  "create or replace temp macro test_macro(n) as n + (select count(*) from ops.test)",
		"test/call.sql":   "select test_macro($n::bigint)::bigint",
		"test/number.sql": "select $text::bigint",
		"test/between.sql": `select count(*) from ops.runs where run_id in (select unnest($texts))
			and started_at >= coalesce($from, '0001-01-01'::timestamptz)
			and started_at < coalesce($to, '9999-12-31'::timestamptz)`,
	})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// A statement that runs often is kept prepared, and still says what is so now:
// its parameters, and the tables, views and macros that it names, may change
// between its runs.
func TestStatementsThatRunOftenFollowTheSchema(t *testing.T) {
	db := openPrepared(t)
	err := db.InTx(t.Context(), func(tx *warehouse.Tx) error {
		for i := range int64(often) {
			mustExec(t, tx, "test/make.sql", nil)
			for range often {
				mustExec(t, tx, "test/add.sql", warehouse.Args{"n": i})
			}
			wantNumber(t, tx, "test/sum.sql", warehouse.Args{"above": 0}, i*often+1)
			wantNumber(t, tx, "test/sum.sql", warehouse.Args{"above": 100}, nil)
			mustExec(t, tx, "test/temp.sql", warehouse.Args{"n": i})
			wantNumber(t, tx, "test/count.sql", nil, i)
			mustExec(t, tx, "test/macro.sql", nil)
			wantNumber(t, tx, "test/call.sql", warehouse.Args{"n": i}, i+often+1)
			columns(t, tx, 1)
			mustExec(t, tx, "test/widen.sql", nil)
			columns(t, tx, 2)
			mustExec(t, tx, "test/drop.sql", nil)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A statement may run again while the rows of its run before are being read.
func TestAStatementMayRunWithinItself(t *testing.T) {
	db := openPrepared(t)
	err := db.InTx(t.Context(), func(tx *warehouse.Tx) error {
		mustExec(t, tx, "test/make.sql", nil)
		for range often {
			err := tx.Each(t.Context(), "test/list.sql", nil, func(*sql.Rows) error {
				columns(t, tx, 1)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What was null or an empty list in one run is a value in the next.
func TestParametersMayChangeTheirType(t *testing.T) {
	db := openPrepared(t)
	for n := range often {
		args := warehouse.Args{"texts": make([]string, n), "from": nil, "to": time.Now()}
		if n >= often/2 {
			args["from"], args["to"] = args["to"], nil
		}
		wantNumber(t, db, "test/between.sql", args, int64(0))
	}
}

// An error of one run is not an error of the next.
func TestAStatementThatFailedMayRunAgain(t *testing.T) {
	db := openPrepared(t)
	for range int64(often) {
		wantNumber(t, db, "test/number.sql", warehouse.Args{"text": "7"}, 7)
		var n int64
		if err := db.Get(t.Context(), "test/number.sql", warehouse.Args{"text": "seven"}, &n); err == nil {
			t.Error("seven was read as a number")
		}
	}
}

func mustExec(t *testing.T, r warehouse.Runner, file string, args warehouse.Args) {
	t.Helper()
	if _, err := r.Exec(t.Context(), file, args); err != nil {
		t.Fatal(err)
	}
}

// wantNumber compares the one number that a statement selects; nil is null.
func wantNumber(t *testing.T, r warehouse.Runner, file string, args warehouse.Args, number any) {
	t.Helper()
	var got sql.NullInt64
	err := r.Get(t.Context(), file, args, &got)
	expected := sql.NullInt64{}
	err = errors.Join(err, expected.Scan(number))
	if err != nil || got != expected {
		t.Errorf("%s: got %v, %v; want %v", file, got, err, expected)
	}
}

func columns(t *testing.T, r warehouse.Runner, want int) {
	t.Helper()
	rows, err := r.Query(t.Context(), "test/list.sql", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if names, err := rows.Columns(); len(names) != want || err != nil {
		t.Errorf("got columns %v, %v; want %d", names, err, want)
	}
}
