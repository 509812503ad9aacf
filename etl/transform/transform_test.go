package transform_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
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

// The order of the files of one folder decides nothing.
func TestEachFolderRunsBackwardsToo(t *testing.T) {
	forwards, backwards := testFiles(t), testFiles(t)
	for _, folder := range []string{"3_combined", "4_normalized", "5_canonical", "6_checks", "7_totals"} {
		turn(backwards, folder, "")
	}
	turn(backwards, "2_staging", "stg_")
	turn(backwards, "2_staging", "seed_")

	var dumps [][]string
	for _, files := range []fstest.MapFS{forwards, backwards} {
		db := openWith(t, warehouse.Options{Files: files, Threads: 1})
		landPage(t, db, "productive", corruptedExpenses, day(1))
		landPage(t, db, "procurify", corruptedTransactions, day(1))
		if _, err := transform.Run(t.Context(), db, testOptions()); err != nil {
			t.Fatal(err)
		}
		dumps = append(dumps, dump(t, db, "test/spend.sql", nil))
	}
	if diff := cmp.Diff(dumps[0], dumps[1]); diff != "" {
		t.Errorf("canonical.spend (-forwards +backwards):\n%s", diff)
	}
}

func TestManySlicesMakeTheSameSpendAsOne(t *testing.T) {
	inThree := testFiles(t)
	inThree["transform/dirty.slices"] = &fstest.MapFile{
		Data: []byte("select least(3, $most) as slices from (select count(*) from {table})"),
	}

	var dumps [][]string
	for _, files := range []fstest.MapFS{testFiles(t), inThree} {
		db := openWith(t, warehouse.Options{Files: files, Threads: 1})
		landPage(t, db, "productive", corruptedExpenses, day(1))
		landPage(t, db, "procurify", corruptedTransactions, day(1))
		if _, err := transform.Run(t.Context(), db, testOptions()); err != nil {
			t.Fatal(err)
		}
		dumps = append(dumps, dump(t, db, "test/spend.sql", nil))
	}
	if diff := cmp.Diff(dumps[0], dumps[1]); diff != "" {
		t.Errorf("canonical.spend (-one slice +three):\n%s", diff)
	}
}

// turn renames the files of a folder so that name order is turned round.
func turn(files fstest.MapFS, folder, prefix string) {
	names := slices.Sorted(maps.Keys(files))
	for i, name := range names {
		if rest, ok := strings.CutPrefix(name, folder+"/"+prefix); ok {
			files[path.Join(folder, fmt.Sprintf("%s%03d_%s", prefix, len(names)-i, rest))] = files[name]
			delete(files, name)
		}
	}
}

// All of staging and canonical may be dropped at any time.
func TestDroppedTablesAreRebuilt(t *testing.T) {
	drops := map[string]string{
		"staging":               "drop schema staging cascade",
		"canonical":             "drop schema canonical cascade",
		"one typed table":       "drop table staging.productive__expenses",
		"combined":              "drop table staging.records_combined",
		"spend":                 "drop table canonical.spend",
		"the values for totals": "drop table staging.raw_values",
		"the rates":             "drop table canonical.fx_rates",
		"a setting":             "drop table staging.setting_run",
		"all excluded rows":     "delete from canonical.excluded",
		"a view":                "drop view staging.seed_vendor_productive",
		"a column":              "alter table canonical.quarantine drop column amount",
	}
	opts := testOptions()
	opts.RatesFile = filepath.Join(t.TempDir(), "rates.csv")
	if err := os.WriteFile(opts.RatesFile, []byte("Date,USD\n2026-01-15,1.25\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, sql := range drops {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := testFiles(t)
			files["test/drop.sql"] = &fstest.MapFile{Data: []byte(sql)}
			files["test/rates.sql"] = &fstest.MapFile{Data: []byte("select columns(*)::varchar from canonical.fx_rates")}
			db := openWith(t, warehouse.Options{Files: files, Threads: 1})
			landPage(t, db, "productive", corruptedExpenses, day(1))
			if _, err := transform.Run(t.Context(), db, opts); err != nil {
				t.Fatal(err)
			}
			before := slices.Concat(dump(t, db, "test/spend.sql", nil), dump(t, db, "test/rates.sql", nil))
			if len(before) != 2 || !strings.Contains(before[0], "125.0000") {
				t.Fatalf("not converted: %v", before)
			}
			if _, err := db.Exec(t.Context(), "test/drop.sql", nil); err != nil {
				t.Fatal(err)
			}
			if _, err := transform.Run(t.Context(), db, opts); err != nil {
				t.Fatal(err)
			}
			after := slices.Concat(dump(t, db, "test/spend.sql", nil), dump(t, db, "test/rates.sql", nil))
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("spend and rates (-before +after):\n%s", diff)
			}
		})
	}
}

// A source that left the configuration is read as it was read last.
func TestASourceThatLeftKeepsItsRecords(t *testing.T) {
	files := testFiles(t)
	files["test/source.sql"] = &fstest.MapFile{Data: []byte(`
		insert into ops.sources (source, kind, tenant, amount_basis, approved_only, minor_units, first_run_id, updated_at)
		values ('productive', 'productive', '517', 'gross', true, '{"EUR": 3}', 'run-0', timestamptz '2026-01-01 00:00:00+00')`)}
	db := openWith(t, warehouse.Options{Files: files, Threads: 1})
	if _, err := db.Exec(t.Context(), "test/source.sql", nil); err != nil {
		t.Fatal(err)
	}
	landPage(t, db, "productive", corruptedExpenses, day(1))
	opts := testOptions()
	opts.Sources[0].MinorUnits = map[string]int{"EUR": 3}
	var dumps [][]string
	for range 2 {
		if _, err := transform.Run(t.Context(), db, opts); err != nil {
			t.Fatal(err)
		}
		dumps = append(dumps, dump(t, db, "test/spend.sql", []string{"spend_id", "amount"}))
		opts.Sources = opts.Sources[1:]
	}
	want := []string{"productive-517-expense-1\t10.0000"}
	if diff := cmp.Diff([][]string{want, want}, dumps); diff != "" {
		t.Errorf("canonical.spend (-want +got):\n%s", diff)
	}
}

func TestResultSaysWhatWasLeftOut(t *testing.T) {
	db := openWarehouse(t)
	landPage(t, db, "productive", corruptedExpenses, day(1))
	landPage(t, db, "procurify", corruptedTransactions, day(1))
	opts := testOptions()
	opts.QuarantineMaxShare = "0.25"
	result, err := transform.Run(t.Context(), db, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Share.Err(); err != nil {
		t.Errorf("a quarter is quarantined and a quarter allowed: %v", err)
	}
	want := transform.Result{
		Counts: etl.Counts{Read: 4, Written: 2, Skipped: 2},
		Parsed: 4,
		LeftOut: []transform.Reason{
			{Place: "excluded", Source: "productive", Reason: "draft", Currency: "CHF", Records: 1, Amount: "500.0000"},
			{Place: "quarantined", Source: "productive", Reason: "currency_unknown", Currency: "XXZ", Records: 1, Amount: "700.0000"},
		},
		Share:    transform.Share{Quarantined: 1, Records: 4, Max: "0.25"},
		Warnings: []transform.Warning{},
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}

	opts.RunID, opts.QuarantineMaxShare = "run-2", "0.2499999999999999999"
	result, err = transform.Run(t.Context(), db, opts)
	if err != nil {
		t.Fatal(err)
	}
	var person *etl.NeedsPersonError
	if !errors.As(result.Share.Err(), &person) || result.Parsed != 0 {
		t.Errorf("got %v and %d parsed, want a person to look and nothing parsed again", result.Share.Err(), result.Parsed)
	}
}

func TestTotalsShowEveryCell(t *testing.T) {
	db := openWarehouse(t)
	landPage(t, db, "productive", corruptedExpenses, day(1))
	if _, err := transform.Run(t.Context(), db, testOptions()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"excluded	CHF			1	500.0000	",
		"raw	CHF			1	500.0000	",
		"canonical	EUR			1	10000.0000	100.0000",
		"canonical	EUR	expense	2026-01	1		100.0000",
		"raw	EUR			1	10000.0000	",
		"quarantine	XXZ			1	700.0000	",
		"raw	XXZ			1	700.0000	",
	}
	got := dump(t, db, "test/totals.sql", nil)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

func TestCompareNamesWhatDiffers(t *testing.T) {
	changed := strings.NewReplacer(`"id": "3"`, `"id": "4"`, "10000}", "12000}").Replace(corruptedExpenses)
	var dbs [2]*warehouse.DB
	for i, page := range []string{corruptedExpenses, changed} {
		dbs[i] = openWarehouse(t)
		landPage(t, dbs[i], "productive", page, day(1))
		if _, err := transform.Run(t.Context(), dbs[i], testOptions()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := transform.Compare(t.Context(), dbs[0], dbs[1], t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	want := transform.Comparison{Records: 4, Differing: 3, First: []string{
		"productive-517-expense-1: amount 100.0000, rebuilt 120.0000; source_amount 10000.0000, rebuilt 12000.0000",
		"productive-517-expense-3: missing from the rebuilt warehouse",
		"productive-517-expense-4: only in the rebuilt warehouse",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("comparison (-want +got):\n%s", diff)
	}
	if same, err := transform.Compare(t.Context(), dbs[0], dbs[0], t.TempDir()); err != nil || same.Differing != 0 || same.Records != 3 {
		t.Errorf("a warehouse against itself: %+v, %v", same, err)
	}
}

// The state of a past moment is what was known then, read as today.
func TestAsOfShowsAPastMoment(t *testing.T) {
	db := openWarehouse(t)
	landPage(t, db, "productive", corruptedExpenses, day(1))
	landPage(t, db, "productive", strings.ReplaceAll(corruptedExpenses, "10000}", "12000}"), day(3))
	landTombstone(t, db, "productive", "1", day(5))

	tests := map[int]string{0: "", 1: "100.0000", 2: "100.0000", 3: "120.0000", 4: "120.0000", 5: ""}
	for moment, want := range tests {
		past := openWarehouse(t)
		if _, err := transform.AsOf(t.Context(), db, past, day(moment), t.TempDir(), testOptions()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(dump(t, past, "test/spend.sql", []string{"amount"}), " "); got != want {
			t.Errorf("as of day %d the amount is %q, want %q", moment, got, want)
		}
	}
}
