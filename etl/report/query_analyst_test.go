package report

import (
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"spendbridge/etl"
	"spendbridge/etl/etltest"
	"spendbridge/etl/snapshot"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
	sqlfiles "spendbridge/sql"
)

var update = flag.Bool("update", false, "write the answers to the analysts' questions into their files")

// Each file in testdata/analyst but data.txtar is a question of
// sql/8_published/README.md: its SQL for the published file, its SQL for the
// Parquet files where that differs, and the answer, which must be the same.
func TestAnalystsQuestionsAreAnswered(t *testing.T) {
	t.Chdir(analystsFolder(t))
	parquet := parquetReader(t)
	for _, name := range etltest.Glob(t, "analyst/[0-9]*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			q := readQuestion(t, name)
			q.want(t, "answer.tsv", askPublished(t, q.text("question.sql")))
			switch {
			case q.text("snapshots.sql") != "":
				q.want(t, "snapshots.tsv", askParquet(t, parquet, q.text("snapshots.sql")))
			case q.text("parquet.sql") != "":
				q.want(t, "answer.tsv", askParquet(t, parquet, q.text("parquet.sql")))
			case !strings.Contains(q.text("question.sql"), "deliveries") && !strings.Contains(q.text("question.sql"), "from excluded"):
				q.want(t, "answer.tsv", askParquet(t, parquet, q.text("question.sql")))
			}
			q.save(t)
		})
	}
}

// What analysts paste from sql/8_published/README.md is what the test above runs.
func TestTheDocumentedQuestionsAreThoseThatAreAnswered(t *testing.T) {
	document := string(etltest.Read(t, "..", "sql", "8_published", "README.md"))
	wantIn := func(text string) {
		t.Helper()
		if !strings.Contains(document, text) {
			t.Errorf("sql/8_published/README.md lacks\n%s", text)
		}
	}
	_, view, _ := strings.Cut(readQuestion(t, etltest.Data("analyst", "data.txtar")).text("parquet_view.sql"), "\n")
	wantIn("\n```sql\n" + view + "```\n")
	questions := etltest.Glob(t, "analyst/[0-9]*.txtar")
	for _, name := range questions {
		q := readQuestion(t, name)
		title, _, _ := strings.Cut(string(q.archive.Comment), "\n")
		wantIn("\n**" + title + "**")
		for _, file := range q.archive.Files {
			if strings.HasSuffix(file.Name, ".sql") {
				wantIn("\n```sql\n" + string(file.Data) + "```\n")
			}
		}
	}
	if got := strings.Count(document, "\n**"); got != len(questions) {
		t.Errorf("sql/8_published/README.md has %d questions, %d are answered", got, len(questions))
	}
}

// The page of plain SQL runs on the copy as it is: each of its statements but
// the first, which sets a variable, is a table.
func TestTheDashboardRuns(t *testing.T) {
	t.Chdir(analystsFolder(t))
	db, err := sql.Open("duckdb", filepath.Join("data", "spend.duckdb")+"?access_mode=read_only")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	page := string(etltest.Read(t, "..", "schemas", "published", "dashboard.sql"))
	first, tables, _ := strings.Cut(page, ";\n")
	statements := strings.Split(strings.TrimSuffix(tables, ";\n"), ";\n")
	if len(statements) != 7 {
		t.Errorf("%d tables", len(statements))
	}
	for _, statement := range statements {
		rows, err := db.Query(first + ";\n" + statement)
		if err != nil {
			t.Fatalf("%v:\n%s", err, statement)
		}
		table := etltest.Table(t, rows)
		if strings.Count(table, "\n") < 2 {
			t.Errorf("no rows: %s", table)
		}
	}
}

func TestPossibleDuplicatesCountsEachExpenseOnce(t *testing.T) {
	db := analystsDB(t)
	for _, file := range []string{"spend.sql", "twin.sql"} {
		run(t, db, "analyst/"+file)
	}
	got, err := PossibleDuplicates(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	want := []Duplicates{{Currency: "USD", Records: 1, Amount: "59.9700"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("duplicates (-want, +got):\n%s", diff)
	}
}

// analystsFolder makes a folder as analysts find it: data/spend.duckdb and
// two snapshots, of June and of July.
func analystsFolder(t *testing.T) string {
	t.Helper()
	folder, db := t.TempDir(), analystsDB(t)
	take := func(id string) {
		t.Helper()
		_, err := snapshot.Take(t.Context(), db, snapshot.Options{
			Folder: filepath.Join(folder, "data", "snapshots"), RunID: etl.RunID(id), Schemas: schemas.FS, Now: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	run(t, db, "analyst/spend.sql")
	run(t, db, "analyst/earlier.sql")
	run(t, db, "analyst/earlier_delete.sql")
	take("20260601T030000Z-000001")
	run(t, db, "analyst/clear.sql")
	for _, name := range []string{"spend", "excluded", "items"} {
		run(t, db, "analyst/"+name+".sql")
	}
	take("20260701T030000Z-000002")
	err := snapshot.Publish(t.Context(), db, snapshot.PublishOptions{Path: filepath.Join(folder, "data", "spend.duckdb"), Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// analystsDB opens a warehouse that knows the SQL of data.txtar as analyst/….
func analystsDB(t *testing.T) *warehouse.DB {
	t.Helper()
	files := withFill(t)
	for _, file := range readQuestion(t, etltest.Data("analyst", "data.txtar")).archive.Files {
		files["analyst/"+file.Name] = &fstest.MapFile{Data: file.Data}
	}
	db, err := warehouse.Open(t.Context(), warehouse.Options{Files: files, TempDir: t.TempDir(), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func run(t *testing.T, db *warehouse.DB, file string) {
	t.Helper()
	if _, err := db.Exec(t.Context(), file, nil); err != nil {
		t.Fatal(err)
	}
}

// parquetReader is a DuckDB that sees nothing but the Parquet files.
func parquetReader(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	view := readQuestion(t, etltest.Data("analyst", "data.txtar")).text("parquet_view.sql")
	if _, err := db.Exec(view); err != nil {
		t.Fatal(err)
	}
	return db
}

func askPublished(t *testing.T, question string) string {
	t.Helper()
	answer, err := Query(t.Context(), filepath.Join("data", "spend.duckdb"), sqlfiles.FS, question)
	if err != nil {
		t.Fatal(err)
	}
	return answer.tsv()
}

func askParquet(t *testing.T, db *sql.DB, question string) string {
	t.Helper()
	rows, err := db.Query(question)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	answer := &Answer{}
	if err := answer.read(rows); err != nil {
		t.Fatal(err)
	}
	return answer.tsv()
}

func (a *Answer) tsv() string {
	lines := []string{strings.Join(a.Columns, "\t")}
	for r := range a.Rows {
		cells := make([]string, len(a.Columns))
		for c := range cells {
			cells[c] = a.Text(r, c)
		}
		lines = append(lines, strings.Join(cells, "\t"))
	}
	return strings.Join(lines, "\n") + "\n"
}

// A question is a file of testdata/analyst.
type question struct {
	path    string
	archive *txtar.Archive
}

func readQuestion(t *testing.T, path string) question {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return question{path, archive}
}

func (q question) text(name string) string {
	for _, file := range q.archive.Files {
		if file.Name == name {
			return string(file.Data)
		}
	}
	return ""
}

// want compares an answer with the file's, or replaces it with -update.
func (q question) want(t *testing.T, name, got string) {
	t.Helper()
	if *update && q.text(name) == "" {
		q.archive.Files = append(q.archive.Files, txtar.File{Name: name})
	}
	for i := range q.archive.Files {
		if *update && q.archive.Files[i].Name == name {
			q.archive.Files[i].Data = []byte(got)
		}
	}
	if diff := cmp.Diff(q.text(name), got); diff != "" {
		t.Errorf("%s (-want, +got):\n%s", name, diff)
	}
}

func (q question) save(t *testing.T) {
	t.Helper()
	if !*update {
		return
	}
	if err := os.WriteFile(q.path, txtar.Format(q.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
