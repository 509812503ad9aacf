package transform_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"spendbridge/etl/config"
	"spendbridge/etl/etltest"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

var update = flag.Bool("update", false, "write what the stories lead to into their files")

// Each file in testdata/stories is one story: the pages vendors sent, in
// order, and what they must lead to. Pages under `later/` arrive after a first
// transform. The first line of a wanted table chooses the columns it shows.
func TestStories(t *testing.T) {
	for _, file := range etltest.Glob(t, "stories/*.txtar") {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story := readStory(t, file)
			db := openWarehouse(t)
			opts := story.options(t)

			story.land(t, db, "pages/", 0)
			result, err := transform.Run(t.Context(), db, opts)
			if story.has("later/") && err == nil {
				story.land(t, db, "later/", 1)
				opts.RunID = "run-2"
				result, err = transform.Run(t.Context(), db, opts)
			}
			story.want(t, "error.txt", errorText(err))
			story.want(t, "warnings.txt", warningText(result))
			story.want(t, "attention.txt", errorText(errors.Join(result.Attention...)))
			for _, table := range []string{"spend", "excluded", "quarantine"} {
				story.wantTable(t, db, table)
			}
			story.finish(t)
		})
	}
}

// folders are what a test's temporary file is named with.
var folders = regexp.MustCompile(`/\S*/`)

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return folders.ReplaceAllString(err.Error(), "") + "\n"
}

func warningText(result transform.Result) string {
	var text strings.Builder
	for _, w := range result.Warnings {
		fmt.Fprintf(&text, "%s: %s\n", w.Source, w.Text)
	}
	return text.String()
}

// A story is a txtar file.
type story struct {
	path    string
	archive *txtar.Archive
}

func readStory(t *testing.T, path string) *story {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &story{path, archive}
}

func (s *story) has(prefix string) bool {
	return slices.ContainsFunc(s.archive.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, prefix) })
}

func (s *story) file(name string) *txtar.File {
	for i := range s.archive.Files {
		if s.archive.Files[i].Name == name {
			return &s.archive.Files[i]
		}
	}
	return nil
}

// options reads the story's settings over those most stories share, and lays
// the user's files beside each other.
func (s *story) options(t *testing.T) transform.Options {
	t.Helper()
	opts := testOptions()
	if settings := s.file("settings.json"); settings != nil {
		// Sources the story names replace the usual ones whole.
		if err := json.Unmarshal(settings.Data, &opts); err != nil {
			t.Fatalf("settings.json: %v", err)
		}
	}
	folder := t.TempDir()
	path := func(name string) string {
		file := s.file(name)
		if file == nil {
			return ""
		}
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	opts.RulesFile, opts.TypesFile = path("rules.csv"), path("types.csv")
	opts.AliasesFile, opts.RatesFile = path("vendors.csv"), path("rates.csv")
	opts.CategoriesFile = path("categories.csv")
	for i := range opts.Sources {
		if opts.Sources[i].Kind == "procurify" {
			opts.Sources[i].CardholderEmails = path("cardholders.csv")
		}
	}
	return opts
}

func testOptions() transform.Options {
	return transform.Options{
		RunID: "run-1", Now: func() time.Time { return day(31) },
		ReportingCurrency: "USD", Timezone: "UTC",
		Sources: []config.Source{
			{Name: "productive", Kind: "productive", OrganizationID: "517", AmountBasis: "gross", ApprovedOnly: true},
			{Name: "procurify", Kind: "procurify", Domain: "acme"},
		},
	}
}

// day is a moment in January 2026.
func day(n int) time.Time { return time.Date(2026, 1, n, 2, 0, 0, 0, time.UTC) }

// land stores the pages under prefix in name order: one day after another.
// `<prefix><source>/gone` lists expenses or transactions a proven read no
// longer found.
func (s *story) land(t *testing.T, db *warehouse.DB, prefix string, round int) {
	t.Helper()
	for i, file := range s.archive.Files {
		name, ok := strings.CutPrefix(file.Name, prefix)
		if !ok {
			continue
		}
		source, page, _ := strings.Cut(name, "/")
		at := day(1 + round*10 + i)
		if page == "gone" {
			for _, id := range strings.Fields(string(file.Data)) {
				landTombstone(t, db, source, id, at)
			}
			continue
		}
		landPage(t, db, source, string(file.Data), at)
	}
}

func landPage(t testing.TB, db *warehouse.DB, source, body string, at time.Time) {
	t.Helper()
	_, err := db.Exec(t.Context(), "test/land.sql", warehouse.Args{
		"source": source, "body": body, "seen_at": at, "page_id": "page-" + at.Format("0102T1504"),
	})
	if err != nil {
		t.Fatalf("land a page of %s: %v", source, err)
	}
}

func landTombstone(t testing.TB, db *warehouse.DB, source, id string, at time.Time) {
	t.Helper()
	_, err := db.Exec(t.Context(), "test/tombstone.sql", warehouse.Args{"source": source, "record_id": id, "seen_at": at})
	if err != nil {
		t.Fatal(err)
	}
}

// want compares one wanted file, or takes note of it with -update. A file the
// story does not have is wanted empty.
func (s *story) want(t *testing.T, name, got string) {
	t.Helper()
	name = "want/" + name
	file := s.file(name)
	if *update {
		s.archive.Files = slices.DeleteFunc(s.archive.Files, func(f txtar.File) bool { return f.Name == name })
		if got != "" {
			s.archive.Files = append(s.archive.Files, txtar.File{Name: name, Data: []byte(got)})
		}
		return
	}
	var wanted string
	if file != nil {
		wanted = string(file.Data)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// usualColumns are shown of a table whose story chooses none.
var usualColumns = map[string][]string{
	"spend":      {"spend_id", "amount", "currency", "occurred_on", "identifier", "vendor"},
	"excluded":   {"spend_id", "reason"},
	"quarantine": {"spend_id", "reason", "detail", "source_amount", "source_currency"},
}

func (s *story) wantTable(t *testing.T, db *warehouse.DB, table string) {
	t.Helper()
	columns := usualColumns[table]
	if file := s.file("want/" + table + ".tsv"); file != nil {
		header, _, _ := strings.Cut(string(file.Data), "\n")
		columns = strings.Split(header, "\t")
	}
	lines := dump(t, db, "test/"+table+".sql", columns)
	if len(lines) == 0 {
		s.want(t, table+".tsv", "")
		return
	}
	s.want(t, table+".tsv", strings.Join(append([]string{strings.Join(columns, "\t")}, lines...), "\n")+"\n")
}

func (s *story) finish(t *testing.T) {
	t.Helper()
	if !*update || t.Failed() {
		return
	}
	if err := os.WriteFile(s.path, txtar.Format(s.archive), 0o600); err != nil {
		t.Fatal(err)
	}
}

// dump returns the rows of a query that selects text, as tab-separated lines
// of the given columns, all of them if none is given. Null is empty.
func dump(t testing.TB, r warehouse.Runner, file string, columns []string) []string {
	t.Helper()
	var lines []string
	err := r.Each(t.Context(), file, nil, func(rows *sql.Rows) error {
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		if columns == nil {
			columns = names
		}
		values, targets := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		fields := make([]string, len(columns))
		for i, column := range columns {
			at := slices.Index(names, column)
			if at < 0 {
				return fmt.Errorf("no column %s", column)
			}
			fields[i] = values[at].String
		}
		lines = append(lines, strings.Join(fields, "\t"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// openWarehouse opens an empty warehouse in memory.
func openWarehouse(t testing.TB) *warehouse.DB {
	t.Helper()
	return openWith(t, warehouse.Options{Files: testFiles(t), Threads: 1, TempDir: t.TempDir()})
}

func openWith(t testing.TB, opts warehouse.Options) *warehouse.DB {
	t.Helper()
	db, err := warehouse.Open(context.Background(), etltest.Place(t, opts))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// testFiles are the program's SQL files and, under `test/`, those that only
// tests run. A test may add and change some.
func testFiles(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for folder, fsys := range map[string]fs.FS{"": sqlfiles.FS, "test": os.DirFS(etltest.Data("sql"))} {
		err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := fs.ReadFile(fsys, name)
			files[path.Join(folder, name)] = &fstest.MapFile{Data: data}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}
