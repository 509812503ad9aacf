package snapshot

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

func TestLeftoversOfAKilledRunAreRemoved(t *testing.T) {
	db := snapshotDB(t, 10, twoMonths, 1, nil)
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, leftover+"killed", "year=2026"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(folder, leftover+latestLink)); err != nil {
		t.Fatal(err)
	}
	takeOne(t, db, snapshotOptions(folder, firstRun))
	wantEntries(t, folder, firstRun, latestLink)
}

func TestKeepPrunesNeverTheLatestNorWhatIsHeld(t *testing.T) {
	db := snapshotDB(t, 10, twoMonths, 1, nil)
	runFile(t, db, "test/hold_add.sql", warehouse.Args{"run_id": firstRun, "planned_at": snapshotTime})
	folder := t.TempDir()
	opts := snapshotOptions(folder, firstRun)
	opts.Keep, opts.KeepFor = 1, 24*time.Hour
	opts.Now = func() time.Time { return time.Date(2026, 2, 4, 3, 0, 0, 0, time.UTC) }
	change := func() { runFile(t, db, "test/spend_change.sql", warehouse.Args{"day": firstDay}) }
	for _, run := range []string{firstRun, secondRun, thirdRun, "20260204T030000Z-000004"} {
		opts.RunID = etl.RunID(run)
		change()
		takeOne(t, db, opts)
	}
	// The first is held, the second is too old, the third is exactly a day old.
	wantEntries(t, folder, firstRun, "20260204T030000Z-000004", latestLink)

	opts.RunID, opts.KeepFor = "20260205T030000Z-000005", 25*time.Hour
	change()
	takeOne(t, db, opts)
	wantEntries(t, folder, firstRun, "20260204T030000Z-000004", "20260205T030000Z-000005", latestLink)
}
