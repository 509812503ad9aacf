package warehouse_test

import (
	"testing"

	"spendbridge/etl/warehouse"
)

func TestReadingSeesOneState(t *testing.T) {
	db := openWith(t, map[string]string{
		"test/table.sql": "create table ops.numbers (n integer)",
		"test/add.sql":   "insert into ops.numbers values (1)",
		"test/count.sql": "select count(*) as numbers from ops.numbers",
	})
	mustExec(t, db, "test/table.sql", nil)
	err := db.Reading(t.Context(), func(tx *warehouse.Tx) error {
		wantNumber(t, tx, "test/count.sql", nil, int64(0))
		mustExec(t, db, "test/add.sql", nil)
		wantNumber(t, tx, "test/count.sql", nil, int64(0))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantNumber(t, db, "test/count.sql", nil, int64(1))
}
