package transform_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// corruptions are what could befall each step, and which cell or record the
// proof must name. The history has one record of each kind at each source.
var corruptions = map[string]struct{ sql, want string }{
	"raw: a lost row":            {"delete from raw.records where record_id = '1' and stream = 'expenses'", "productive EUR: raw has 0 records, 0.0000; accounted for are 1 records, 10000.0000"},
	"raw: a changed amount":      {"update raw.records set payload = replace(payload::varchar, '10000', '20000')::json where record_id = '1' and stream = 'expenses'", "productive EUR: raw has 1 records, 20000.0000; accounted for are 1 records, 10000.0000"},
	"raw: a swapped currency":    {"update raw.records set payload = replace(payload::varchar, 'EUR', 'USD')::json where record_id = '1' and stream = 'expenses'", "productive EUR: raw has 0 records, 0.0000; accounted for are 1 records, 10000.0000"},
	"raw: a payload unreadable":  {"update raw.records set payload = '{}' where stream = 'transactions' and record_id = '1'", "procurify ?: raw has 1 records, 0.0000; accounted for are 0 records, 0.0000"},
	"raw: another id":            {"update raw.records set record_id = '9' where record_id = '1' and stream = 'expenses'", "record_id 9"},
	"canonical: a lost row":      {"delete from canonical.spend where source = 'procurify'", "procurify USD: raw has 1 records, 25.0000; accounted for are 0 records, 0.0000"},
	"canonical: a source amount": {"update canonical.spend set source_amount = source_amount + 1 where source = 'productive'", "productive EUR: raw has 1 records, 10000.0000; accounted for are 1 records, 10001.0000"},
	"canonical: an amount":       {"update canonical.spend set amount = amount * 100 where source = 'productive'", "every_productive_record_is_as_received.sql: 1 offending rows\n  spend_id productive-517-expense-1"},
	"canonical: a currency":      {"update canonical.spend set currency = 'USD' where source = 'productive'", "every_productive_record_is_as_received.sql: 1 offending rows\n  spend_id productive-517-expense-1"},
	"canonical: both currencies": {"update canonical.spend set currency = 'USD', source_currency = 'USD' where source = 'productive'", "productive USD: raw has 0 records, 0.0000; accounted for are 1 records, 10000.0000"},
	"canonical: a doubled key":   {"insert into canonical.spend select * from canonical.spend where source = 'productive'", "source productive, stream expenses, record_id 1, places spend, spend"},
	"canonical: another key":     {"update canonical.spend set spend_id = 'x' where source = 'productive'", "productive EUR: raw has 1 records, 10000.0000; accounted for are 1 records, 10000.0000"},
	"canonical: a turned sign":   {"update canonical.spend set amount = -amount where source = 'procurify'", "every_capture_adds_and_every_refund_takes_away.sql: 1 offending rows"},
	"excluded: a lost row":       {"delete from canonical.excluded", "productive CHF: raw has 1 records, 500.0000; accounted for are 0 records, 0.0000"},
	"excluded: moved to spend":   {"insert into canonical.excluded by name select *, 'draft' as reason from (select columns(c -> c in ('spend_id', 'source', 'kind', 'tenant', 'stream', 'record_id', 'record_version', 'page_id', 'source_currency', 'source_amount', 'first_seen_at', 'changed_at')) from canonical.spend where source = 'procurify')", "places excluded, spend"},
	"quarantine: a lost row":     {"delete from canonical.quarantine", "productive XXZ: raw has 1 records, 700.0000; accounted for are 0 records, 0.0000"},
	"quarantine: an amount":      {"update canonical.quarantine set source_amount = null", "productive XXZ: raw has 1 records, 700.0000; accounted for are 0 records, 0.0000"},
	"staging: a lost row":        {"delete from staging.productive__expenses where record_id = '1'", "every_object_is_staged_at_its_newest_version.sql: 1 offending rows\n  source productive, stream expenses, record_id 1"},
}

const (
	corruptedExpenses = `{"data": [
		{"id": "1", "type": "expenses", "attributes": {"date": "2026-01-15", "approved": true, "name": "Hosting", "currency": "EUR", "total_amount_with_tax": 10000}},
		{"id": "2", "type": "expenses", "attributes": {"date": "2026-01-15", "draft": true, "currency": "CHF", "total_amount_with_tax": 500}},
		{"id": "3", "type": "expenses", "attributes": {"date": "2026-01-15", "approved": true, "name": "Taxi", "currency": "XXZ", "total_amount_with_tax": 700}}]}`
	corruptedTransactions = `{"data": [{"id": 1, "type": "spend", "status": "capture", "currency": "USD", "amount": "25.00",
		"transaction_datetime": "2026-01-15T10:00:00Z", "vendor": {"name": "GitHub"}}]}`
)

func TestVerifyNamesWhatWasCorrupted(t *testing.T) {
	sound := filepath.Join(t.TempDir(), "sound.duckdb")
	db := openWith(t, warehouse.Options{Location: sound, Files: testFiles(t), Threads: 1})
	landPage(t, db, "productive", corruptedExpenses, day(1))
	landPage(t, db, "procurify", corruptedTransactions, day(1))
	opts := testOptions()
	if _, err := transform.Run(t.Context(), db, opts); err != nil {
		t.Fatal(err)
	}
	opts.RunID = "verify-1"
	if _, err := transform.Verify(t.Context(), db, opts); err != nil {
		t.Fatalf("before the corruption: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(sound)
	if err != nil {
		t.Fatal(err)
	}

	for name, tt := range corruptions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			location := filepath.Join(t.TempDir(), "warehouse.duckdb")
			write(t, location, string(file))
			files := testFiles(t)
			files["test/corrupt.sql"] = &fstest.MapFile{Data: []byte(tt.sql)}
			db := openWith(t, warehouse.Options{Location: location, Files: files, Threads: 1})
			n, err := db.Exec(t.Context(), "test/corrupt.sql", nil)
			if err != nil || n == 0 {
				t.Fatalf("corrupted %d rows, %v", n, err)
			}
			opts := testOptions()
			opts.RunID = "verify-2"
			cells, err := transform.Verify(t.Context(), db, opts)
			var failed *etl.CheckError
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a failed check that says %q", err, tt.want)
			}
			if cells == 0 {
				t.Error("the totals of an unbalanced warehouse are not shown")
			}
		})
	}
}

// A step that goes wrong while the transform runs leaves yesterday's records,
// and the check that found it is on record.
func TestAFailedTransformChangesNothing(t *testing.T) {
	tests := map[string]struct{ file, sql, want string }{
		"a step loses a record": {"5_canonical/excluded.sql", "select 1", "control totals: raw = canonical + excluded + quarantine: 1 offending rows\n  productive CHF: raw has 1 records"},
		"a check finds rows":    {"6_checks/nothing_is_ever_wrong.sql", "select n as number, 'row' as what from range(12) as numbers (n)", "6_checks/nothing_is_ever_wrong.sql: 12 offending rows\n  number 0, what row"},
		"a statement fails":     {"7_totals/zero.sql", "select $run_id, $recorded_at from nowhere", "7_totals/zero.sql: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			location := filepath.Join(t.TempDir(), "warehouse.duckdb")
			files := testFiles(t)
			db := openWith(t, warehouse.Options{Location: location, Files: files, Threads: 1})
			landPage(t, db, "productive", corruptedExpenses, day(1))
			opts := testOptions()
			if _, err := transform.Run(t.Context(), db, opts); err != nil {
				t.Fatal(err)
			}
			before := dump(t, db, "test/spend.sql", nil)
			landPage(t, db, "procurify", corruptedTransactions, day(2))
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}

			files[tt.file] = &fstest.MapFile{Data: []byte(tt.sql)}
			files["test/failed_checks.sql"] = &fstest.MapFile{Data: []byte("select check_name from ops.checks where not passed")}
			db = openWith(t, warehouse.Options{Location: location, Files: files, Threads: 1})
			opts.RunID = "run-2"
			_, err := transform.Run(t.Context(), db, opts)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want an error that says %q", err, tt.want)
			}
			if diff := cmp.Diff(before, dump(t, db, "test/spend.sql", nil)); diff != "" {
				t.Errorf("canonical.spend (-before +after):\n%s", diff)
			}
			var failed *etl.CheckError
			if !errors.As(err, &failed) {
				return
			}
			if len(failed.First) > 10 {
				t.Errorf("%d offenders are shown, want at most ten", len(failed.First))
			}
			if found := dump(t, db, "test/failed_checks.sql", nil); !slices.Contains(found, failed.Check) {
				t.Errorf("failed checks on record are %q, want %q", found, failed.Check)
			}
		})
	}
}
