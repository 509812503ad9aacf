package report

import (
	"os"
	"testing"
	"testing/fstest"

	"spendbridge/etl"
	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

const (
	firstRun  = etl.RunID("20261119T030000Z-bbbbbb")
	secondRun = etl.RunID("20261120T030000Z-cccccc")
)

// Names as an attacker would write them.
const (
	script  = `<script>alert("spend")</script>`
	formula = `=HYPERLINK("http://example.com","Pay here")`
	bidi    = "Invoice \u202egpj.exe"
	long    = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// A fixture is what differs between the warehouses of the tests.
type fixture struct {
	status, err string // of the second run and its stage deliver
	batch       string // state of its second batch
	refused     string // state of one record that Productiv may refuse
	lost        int    // records that are in no step after raw
}

// open opens a warehouse with two runs over two years of invented spend. Its
// rows are in testdata/fill, one statement per file.
func (f fixture) open(t *testing.T) *warehouse.DB {
	t.Helper()
	db, err := warehouse.Open(t.Context(), warehouse.Options{Files: withFill(t), TempDir: t.TempDir(), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	status := warehouse.Args{"status": f.status, "error": nil}
	if f.err != "" {
		status["error"] = f.err
	}
	steps := []struct {
		file string
		args warehouse.Args
	}{
		{"2_staging/seed_currencies.sql", nil},
		{"fill/01_sources.sql", nil},
		{"fill/02_runs.sql", status},
		{"fill/03_stages.sql", status},
		{"fill/04_checks.sql", nil},
		{"fill/05_spend.sql", nil},
		{"fill/06_hostile.sql", warehouse.Args{"vendor": script, "rest": 0}},
		{"fill/06_hostile.sql", warehouse.Args{"vendor": formula, "rest": 1}},
		{"fill/06_hostile.sql", warehouse.Args{"vendor": bidi, "rest": 2}},
		{"fill/06_hostile.sql", warehouse.Args{"vendor": long, "rest": 3}},
		{"fill/07_excluded.sql", nil},
		{"fill/08_quarantine.sql", nil},
		{"fill/09_totals.sql", warehouse.Args{"run_id": string(firstRun), "newest": 4350, "lost": 0}},
		{"fill/09_totals.sql", warehouse.Args{"run_id": string(secondRun), "newest": 4400, "lost": f.lost}},
		{"fill/10_ledger.sql", warehouse.Args{"run_id": string(secondRun)}},
		{"fill/11_batches.sql", warehouse.Args{"state": f.batch}},
		{"fill/12_items.sql", warehouse.Args{"refused": f.refused}},
		{"fill/13_snapshots.sql", nil},
		{"fill/14_records.sql", nil},
		{"fill/17_items_before.sql", nil},
		{"fill/18_differences.sql", nil},
	}
	for _, s := range steps {
		if _, err := db.Exec(t.Context(), s.file, s.args); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// withFill returns the program's SQL and that of testdata/fill.
func withFill(t *testing.T) fstest.MapFS {
	return etltest.Files(t, sqlfiles.FS, os.DirFS("testdata"))
}

var quiet = fixture{status: etl.StatusOK, batch: "accepted", refused: "accepted"}

var troubled = fixture{
	status: etl.StatusNeedsPerson, batch: "unknown", refused: "rejected",
	err: "1 batch has an unknown outcome; spendbridge settle 20261120T030000Z-cccccc-002",
}
