package warehouse_test

import (
	"path/filepath"
	"testing"

	"spendbridge/etl/warehouse"
)

func TestReadingSeesOneState(t *testing.T) {
	files := with(t, map[string]string{
		"test/table.sql": "create table ops.numbers (n integer)",
		"test/add.sql":   "insert into ops.numbers values (1)",
		"test/count.sql": "select count(*) as numbers from ops.numbers",
	})
	db, err := warehouse.Open(t.Context(), warehouse.Options{
		Location: filepath.Join(t.TempDir(), "w.duckdb"), TempDir: t.TempDir(), Files: files,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(t.Context(), "test/table.sql", nil); err != nil {
		t.Fatal(err)
	}
	count := func(r warehouse.Runner) (n int) {
		t.Helper()
		if err := r.Get(t.Context(), "test/count.sql", nil, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	err = db.Reading(t.Context(), func(tx *warehouse.Tx) error {
		before := count(tx)
		if _, err := db.Exec(t.Context(), "test/add.sql", nil); err != nil {
			return err
		}
		if after := count(tx); after != before {
			t.Errorf("counted %d, then %d", before, after)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(db); n != 1 {
		t.Errorf("counted %d afterwards, want 1", n)
	}
}
