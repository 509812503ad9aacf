package warehouse_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/warehouse"
)

type named struct {
	Name string `json:"vendor"`
}

type filled struct {
	named
	Records  int64
	FirstDay time.Time
	Payload  json.RawMessage `json:"body,omitempty"`
	note     string
}

func TestFill(t *testing.T) {
	db := openWith(t, map[string]string{
		"test/rows.sql": `select 'Acme' as vendor, 2 as records, date '2026-01-31' as first_day, '{"a":1}' as body
			union all select null, null, null, null order by 1`,
		"test/none.sql":    "select 1 as records where false",
		"test/unknown.sql": "select 1 as records, 2 as note",
	})
	var rows []filled
	if err := warehouse.Fill(t.Context(), db, &rows, "test/rows.sql", nil); err != nil {
		t.Fatal(err)
	}
	want := []filled{{named: named{"Acme"}, Records: 2, FirstDay: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), Payload: json.RawMessage(`{"a":1}`)}, {}}
	if diff := cmp.Diff(want, rows, cmp.AllowUnexported(filled{}, named{})); diff != "" {
		t.Error(diff)
	}
	if err := warehouse.Fill(t.Context(), db, &rows, "test/none.sql", nil); err != nil || rows == nil || len(rows) != 0 {
		t.Errorf("no rows fill a slice with %v, %v", rows, err)
	}
	one := filled{Records: 7}
	if err := warehouse.Fill(t.Context(), db, &one, "test/none.sql", nil); !errors.Is(err, sql.ErrNoRows) || one.Records != 7 {
		t.Errorf("no row fills a struct with %v, %v", one, err)
	}
	if err := warehouse.Fill(t.Context(), db, &one, "test/unknown.sql", nil); err == nil || !strings.Contains(err.Error(), "no field for the column note") {
		t.Errorf("a column without a field: %v", err)
	}
}
