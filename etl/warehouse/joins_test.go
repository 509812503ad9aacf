package warehouse_test

import (
	"path/filepath"
	"strings"
	"testing"

	"spendbridge/etl/warehouse"
)

// DuckDB estimates a table without the rows that its transaction has added, and would
// hold those in memory to look up two labels.
func TestJoinAsWrittenHoldsTheSmallTable(t *testing.T) {
	files := with(t, map[string]string{
		"test/labels.sql": "create table ops.labels as select * from (values (1, 'a'), (2, 'b')) as labels (id, name)",
		"test/facts.sql":  "create table ops.facts (id integer, amount integer)",
		"test/fill.sql":   "insert into ops.facts select 1 + i % 2, i from range(100000) as numbers (i)",
		"test/plan.sql": `explain (format json)
select name, sum(amount) from ops.facts left join ops.labels using (id) group by all`,
	})
	db, err := warehouse.Open(t.Context(), warehouse.Options{
		Location: filepath.Join(t.TempDir(), "w.duckdb"), TempDir: t.TempDir(), Files: files,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, file := range []string{"test/labels.sql", "test/facts.sql"} {
		if _, err := db.Exec(t.Context(), file, nil); err != nil {
			t.Fatal(err)
		}
	}
	held := func(tx *warehouse.Tx) (plan string) {
		t.Helper()
		var key string
		if err := tx.Get(t.Context(), "test/plan.sql", nil, &key, &plan); err != nil {
			t.Fatal(err)
		}
		// The second child of a join is the table that it holds.
		if strings.Index(plan, "ops.facts") < strings.Index(plan, "ops.labels") {
			return "labels"
		}
		return "facts"
	}
	err = db.InTx(t.Context(), func(tx *warehouse.Tx) error {
		if _, err := tx.Exec(t.Context(), "test/fill.sql", nil); err != nil {
			return err
		}
		for _, c := range []struct {
			asWritten bool
			want      string
		}{{false, "facts"}, {true, "labels"}, {false, "facts"}} {
			if err := tx.JoinAsWritten(t.Context(), c.asWritten); err != nil {
				return err
			}
			if got := held(tx); got != c.want {
				t.Errorf("as written %t: the join holds %s, want %s", c.asWritten, got, c.want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
