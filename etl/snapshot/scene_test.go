package snapshot

import (
	"os"
	"path"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
	sqlfiles "spendbridge/sql"
)

var snapshotTime = time.Date(2026, 2, 1, 3, 0, 0, 0, time.UTC)

// snapshotFiles is the program's SQL and that of testdata/snapshot, which is
// named test/….sql. Files in replace stand in for those of the same name.
func snapshotFiles(t testing.TB, replace map[string]string) fstest.MapFS {
	t.Helper()
	files := etltest.Files(t, sqlfiles.FS)
	for _, name := range etltest.Glob(t, "snapshot/*.sql") {
		base := filepath.Base(name)
		files[path.Join("test", base)] = &fstest.MapFile{Data: etltest.Read(t, "snapshot", base)}
	}
	for name, text := range replace {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

// twoYears is how many days made-up records spread over, from 30 November 2024:
// 24 months. twoMonths is three of them.
const (
	twoYears  = 700
	twoMonths = 60
)

// firstDay is one on which made-up records occurred.
var firstDay = time.Date(2024, 11, 30, 0, 0, 0, 0, time.UTC)

// snapshotDB opens a warehouse in memory with made-up spend records in it.
func snapshotDB(t testing.TB, records, days, threads int, replace map[string]string) *warehouse.DB {
	t.Helper()
	db, err := warehouse.Open(t.Context(), warehouse.Options{
		Files: snapshotFiles(t, replace), MemoryLimit: "1GB", Threads: threads, TempDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	runFile(t, db, "test/spend_fill.sql", warehouse.Args{"records": records, "days": days})
	return db
}

func runFile(t testing.TB, db *warehouse.DB, file string, args warehouse.Args) {
	t.Helper()
	if _, err := db.Exec(t.Context(), file, args); err != nil {
		t.Fatal(err)
	}
}

func snapshotOptions(folder, run string) Options {
	return Options{
		Folder: folder, RunID: etl.RunID(run), Schemas: schemas.FS,
		Now: func() time.Time { return snapshotTime },
	}
}

func takeOne(t testing.TB, db *warehouse.DB, opts Options) Snapshot {
	t.Helper()
	s, err := Take(t.Context(), db, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	firstRun  = "20260201T030000Z-000001"
	secondRun = "20260202T030000Z-000002"
	thirdRun  = "20260203T030000Z-000003"
)

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	infoA, err := os.Stat(a)
	if err != nil {
		t.Fatal(err)
	}
	infoB, err := os.Stat(b)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(infoA, infoB)
}

// flip inverts one byte of a file.
func flip(t *testing.T, path string, at int64) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 0xff
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantEntries(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries of the folder (-want, +got):\n%s", diff)
	}
}
