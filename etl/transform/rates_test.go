package transform_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// euros are expenses of one hundred euros on working days and a Sunday.
const euros = `{"data": [
	{"id": "1", "type": "expenses", "attributes": {"name": "Figma", "date": "2026-01-02", "currency": "EUR", "total_amount_with_tax": 10000, "approved": true}},
	{"id": "2", "type": "expenses", "attributes": {"name": "Figma", "date": "2026-01-04", "currency": "EUR", "total_amount_with_tax": 10000, "approved": true}},
	{"id": "3", "type": "expenses", "attributes": {"name": "Figma", "date": "2026-01-05", "currency": "EUR", "total_amount_with_tax": 10000, "approved": true}},
	{"id": "4", "type": "expenses", "attributes": {"name": "Figma", "date": "2026-01-05", "currency": "JPY", "total_amount_with_tax": 10000, "approved": true}}
]}`

// A ratesCase is what a rates file makes of the euros, in order.
type ratesCase struct {
	name, file string
	want       []string // amount, rate and day
}

// TestAChangedRatesFileReprices: each file follows the one before in the same
// warehouse, and leads to the same amounts as in an empty one.
func TestAChangedRatesFileReprices(t *testing.T) {
	cases := []ratesCase{
		{"none at first", "", []string{"", "", "", ""}},
		{"a first file", "Date,USD,JPY\n2026-01-02,1.1,150\n", []string{
			"110.0000 1.1 2026-01-02", "110.0000 1.1 2026-01-02", "110.0000 1.1 2026-01-02", "73.3300 0.007333333333 2026-01-02",
		}},
		{"a day more", "Date,USD,JPY\n2026-01-05,1.2,150\n2026-01-02,1.1,150\n", []string{
			"110.0000 1.1 2026-01-02", "110.0000 1.1 2026-01-02", "120.0000 1.2 2026-01-05", "80.0000 0.008 2026-01-05",
		}},
		{"a rate corrected", "Date,USD,JPY\n2026-01-05,1.2,150\n2026-01-02,1.3,150\n", []string{
			"130.0000 1.3 2026-01-02", "130.0000 1.3 2026-01-02", "120.0000 1.2 2026-01-05", "80.0000 0.008 2026-01-05",
		}},
		{"no file any more", "", []string{"", "", "", ""}},
	}
	db := openWarehouse(t)
	landPage(t, db, "productive", euros, day(6))
	posted := transformed(t, db, cases[0], []string{"spend_id", "amount", "currency", "occurred_at", "vendor", "changed_at"})
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			got := transformed(t, db, tt, []string{"spend_id", "amount", "currency", "occurred_at", "vendor", "changed_at"})
			if diff := cmp.Diff(posted, got); diff != "" {
				t.Errorf("what is posted changed (-before +after):\n%s", diff)
			}
			priced := []string{"amount_reporting", "fx_rate", "fx_date"}
			if diff := cmp.Diff(tt.want, brief(transformed(t, db, tt, priced))); diff != "" {
				t.Errorf("amount, rate and day (-want +got):\n%s", diff)
			}
			fresh := openWarehouse(t)
			landPage(t, fresh, "productive", euros, day(6))
			if diff := cmp.Diff(tt.want, brief(transformed(t, fresh, tt, priced))); diff != "" {
				t.Errorf("in an empty warehouse (-want +got):\n%s", diff)
			}
		})
	}
}

// transformed runs a transform with the case's file and dumps its spend.
func transformed(t *testing.T, db *warehouse.DB, rates ratesCase, columns []string) []string {
	t.Helper()
	opts := testOptions()
	if rates.file != "" {
		opts.RatesFile = filepath.Join(t.TempDir(), "rates.csv")
		if err := os.WriteFile(opts.RatesFile, []byte(rates.file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := transform.Run(t.Context(), db, opts); err != nil {
		t.Fatal(err)
	}
	return dump(t, db, "test/spend.sql", columns)
}

// brief joins the columns with blanks and leaves out the zeros rates end in.
func brief(lines []string) []string {
	short := make([]string, len(lines))
	for i, line := range lines {
		fields := strings.Split(line, "\t")
		fields[1] = strings.TrimRight(fields[1], "0")
		short[i] = strings.TrimSpace(strings.Join(fields, " "))
	}
	return short
}
