package snapshot

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
)

// publishOnce publishes 300 made-up records and returns the file.
func publishOnce(t testing.TB) (*warehouse.DB, PublishOptions) {
	t.Helper()
	db := snapshotDB(t, 300, twoMonths, 2, nil)
	opts := PublishOptions{Path: filepath.Join(t.TempDir(), "it's spend.duckdb"), Schemas: schemas.FS}
	if err := Publish(t.Context(), db, opts); err != nil {
		t.Fatal(err)
	}
	return db, opts
}

// openPublished opens a published file as an analyst does.
func openPublished(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", path+"?access_mode=read_only")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// readPublished runs a file of testdata/snapshot on a reader and returns its table.
func readPublished(t testing.TB, db *sql.DB, file string) string {
	t.Helper()
	rows, err := db.Query(string(etltest.Read(t, "snapshot", file)))
	if err != nil {
		t.Fatal(err)
	}
	return etltest.Table(t, rows)
}

func TestEveryPublishedColumnIsExplained(t *testing.T) {
	_, opts := publishOnce(t)
	if got := readPublished(t, openPublished(t, opts.Path), "published_uncommented.sql"); got != "name\n" {
		t.Errorf("without a comment:\n%s", got)
	}
}

// The first table in sql/8_published/README.md lists the views.
func TestThePublishedViewsAreThoseThatAreDocumented(t *testing.T) {
	_, table, _ := strings.Cut(string(etltest.Read(t, "..", "sql", "8_published", "README.md")), "\n| view | one row is |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var views []string
	for line := range strings.Lines(table) {
		if name, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ = strings.Cut(name, "`")
			views = append(views, name)
		}
	}
	slices.Sort(views)
	want := "view_name\n" + strings.Join(views, "\n") + "\n"
	_, opts := publishOnce(t)
	if diff := cmp.Diff(want, readPublished(t, openPublished(t, opts.Path), "published_views.sql")); diff != "" {
		t.Errorf("views (-want, +got):\n%s", diff)
	}
}

// The dbt sources say of each view and column what the file itself says.
func TestTheDbtSourcesDescribeWhatIsPublished(t *testing.T) {
	var sources struct {
		Sources []struct {
			Tables []struct {
				Name, Description string
				Columns           []struct{ Name, Description string }
			}
		}
	}
	if err := yaml.Unmarshal(etltest.Read(t, "..", "schemas", "published", "dbt", "models", "sources.yml"), &sources); err != nil {
		t.Fatal(err)
	}
	got := []string{"name\tcomment"}
	for _, table := range sources.Sources[0].Tables {
		got = append(got, table.Name+"\t"+table.Description)
		for _, column := range table.Columns {
			got = append(got, table.Name+"."+column.Name+"\t"+column.Description)
		}
	}
	slices.Sort(got[1:])
	_, opts := publishOnce(t)
	want := strings.Split(strings.TrimSpace(readPublished(t, openPublished(t, opts.Path), "published_comments.sql")), "\n")
	slices.Sort(want[1:])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schemas/published/dbt/models/sources.yml (-want, +got):\n%s", diff)
	}
}

func TestTheViewsByMonthAddUpToSpend(t *testing.T) {
	_, opts := publishOnce(t)
	if got := readPublished(t, openPublished(t, opts.Path), "published_by_month.sql"); got != "view\tcurrency\n" {
		t.Errorf("views that differ from spend:\n%s", got)
	}
}

func TestSpendBeginsWithWhatAPersonReadsFirst(t *testing.T) {
	_, opts := publishOnce(t)
	got := readPublished(t, openPublished(t, opts.Path), "published_spend_columns.sql")
	if want := "columns\noccurred_on, vendor, amount, currency, category\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Months of one source that was read on 1 September, with one that was read
// before it ended, one of which a day was never read, and things that are open.
func TestAMonthIsFinalOnceItIsOverReadAndNothingIsOpen(t *testing.T) {
	db := snapshotDB(t, 1, 1, 1, nil)
	runFile(t, db, "test/spend_clear.sql", nil)
	for _, what := range []string{"spend", "excluded", "quarantine", "checks", "vanished"} {
		runFile(t, db, "test/month_status_"+what+".sql", nil)
	}
	opts := PublishOptions{Path: filepath.Join(t.TempDir(), "spend.duckdb"), Schemas: schemas.FS}
	if err := Publish(t.Context(), db, opts); err != nil {
		t.Fatal(err)
	}
	want := string(etltest.Read(t, "snapshot", "month_status.tsv"))
	if diff := cmp.Diff(want, readPublished(t, openPublished(t, opts.Path), "published_month_status.sql")); diff != "" {
		t.Errorf("months (-want, +got):\n%s", diff)
	}
	s := takeOne(t, db, snapshotOptions(t.TempDir(), firstRun))
	final := 0
	for _, m := range s.Manifest.Months {
		if m.Status == etl.MonthFinal {
			final++
		}
	}
	if rows := strings.Count(want, "\n") - 1; len(s.Manifest.Months) != rows || final != strings.Count(want, "final") {
		t.Errorf("the manifest has %d months, %d of them final; want those of\n%s", len(s.Manifest.Months), final, want)
	}
}

func TestThePublishedFileCannotBeChanged(t *testing.T) {
	_, opts := publishOnce(t)
	info, err := os.Stat(opts.Path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o444 {
		t.Errorf("mode %v, want 0444", info.Mode())
	}
}

func TestPublishRemovesAStaleLogAndLeavesNothingElse(t *testing.T) {
	db, opts := publishOnce(t)
	folder := filepath.Dir(opts.Path)
	for _, name := range []string{opts.Path + ".wal", filepath.Join(folder, leftover+filepath.Base(opts.Path))} {
		if err := os.WriteFile(name, []byte("of a killed run"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Publish(t.Context(), db, opts); err != nil {
		t.Fatal(err)
	}
	wantEntries(t, folder, filepath.Base(opts.Path))
}

func TestAReaderKeepsTheFileItHasOpen(t *testing.T) {
	db, opts := publishOnce(t)
	before := openPublished(t, opts.Path)
	if got := readPublished(t, before, "published_count.sql"); got != "records\n300\n" {
		t.Fatal(got)
	}
	runFile(t, db, "test/spend_clear.sql", nil)
	if err := Publish(t.Context(), db, opts); err != nil {
		t.Fatal(err)
	}
	if got := readPublished(t, before, "published_count.sql"); got != "records\n300\n" {
		t.Errorf("the old file reads %q", got)
	}
}

func TestAFailedPublishLeavesTheOldFile(t *testing.T) {
	_, opts := publishOnce(t)
	db := snapshotDB(t, 10, twoMonths, 1, map[string]string{"8_published/050_spend.sql": "create view spend as select * from no_such_table"})
	for range 2 { // and leaves the database able to publish again
		err := Publish(t.Context(), db, opts)
		if err == nil || !strings.Contains(err.Error(), "publish: 8_published/050_spend.sql: ") {
			t.Errorf("got error %v, want one that names the file", err)
		}
	}
	wantEntries(t, filepath.Dir(opts.Path), filepath.Base(opts.Path))
	if got := readPublished(t, openPublished(t, opts.Path), "published_count.sql"); got != "records\n300\n" {
		t.Errorf("the file reads %q", got)
	}
}
