package deliver_test

import (
	"io/fs"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
)

// Every item of a ledger that moved its items with their batches is what it
// was, in whatever state the version before left it.
func TestALedgerOfTheVersionBeforeIsTakenOver(t *testing.T) {
	s := newScene(t).onDisk()
	s.DB.Close()
	s.warehouse = filepath.Join(t.TempDir(), "before.duckdb")
	db, err := warehouse.Open(t.Context(), warehouse.Options{Location: s.warehouse, Files: filesBefore(t)})
	must(t, err)
	s.DB = db
	s.exec("before_batches.sql", nil)
	s.exec("before_items.sql", nil)
	want := s.table("before_dump.sql", nil)
	s.DB.Close()
	s.open()
	if diff := cmp.Diff(want, s.table("before_dump.sql", nil)); diff != "" {
		t.Errorf("items (-before +after):\n%s", diff)
	}
	if wrong := strings.Fields(s.table("before_read.sql", nil))[1:]; len(wrong) > 0 {
		t.Errorf("read otherwise than it is: %v", wrong)
	}
	if want, got := "run-00002aa run-00002ab run-00002b", s.ranges(); got != want {
		t.Errorf("halves with a range of their own: %s, want %s", got, want)
	}
}

// filesBefore are the program's SQL files without the steps that split items
// from their states.
func filesBefore(t *testing.T) fs.FS {
	files := etltest.OlderSQL(t, func(step int) bool { return step >= 130 && step < 140 })
	maps.Copy(files, testFiles(t).(overlay).top)
	return files
}

// ranges are the halves that are as long as the items between their numbers.
func (s *scene) ranges() string {
	s.t.Helper()
	return strings.Join(strings.Fields(s.table("before_ranges.sql", nil))[1:], " ")
}
