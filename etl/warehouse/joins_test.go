package warehouse_test

import (
	"strings"
	"testing"

	"spendbridge/etl/warehouse"
)

// DuckDB estimates a table without the rows that its transaction has added, and would
// hold those in memory to look up two labels.
func TestJoinAsWrittenHoldsTheSmallTable(t *testing.T) {
	db := openWith(t, map[string]string{
		"test/labels.sql": "create table ops.labels as select * from (values (1, 'a'), (2, 'b')) as labels (id, name)",
		"test/facts.sql":  "create table ops.facts (id integer, amount integer)",
		"test/fill.sql":   "insert into ops.facts select 1 + i % 2, i from range(100000) as numbers (i)",
		"test/plan.sql": `explain (format json)
select name, sum(amount) from ops.facts left join ops.labels using (id) group by all`,
	})
	mustExec(t, db, "test/labels.sql", nil)
	mustExec(t, db, "test/facts.sql", nil)
	err := db.InTx(t.Context(), func(tx *warehouse.Tx) error {
		mustExec(t, tx, "test/fill.sql", nil)
		for _, c := range []struct {
			asWritten bool
			want      string
		}{{false, "facts"}, {true, "labels"}, {false, "facts"}} {
			if err := tx.JoinAsWritten(t.Context(), c.asWritten); err != nil {
				return err
			}
			if got := held(t, tx); got != c.want {
				t.Errorf("as written %t: the join holds %s, want %s", c.asWritten, got, c.want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// held returns the table that the join of a plan holds in memory: its second child.
func held(t *testing.T, tx *warehouse.Tx) string {
	t.Helper()
	var key, plan string
	if err := tx.Get(t.Context(), "test/plan.sql", nil, &key, &plan); err != nil {
		t.Fatal(err)
	}
	if strings.Index(plan, "ops.facts") < strings.Index(plan, "ops.labels") {
		return "labels"
	}
	return "facts"
}
