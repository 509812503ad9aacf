package snapshot

import (
	"os"
	"path/filepath"
	"testing"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

func TestAStateThatTheLatestShowsGetsNoSnapshot(t *testing.T) {
	db := snapshotDB(t, 100, twoMonths, 1, map[string]string{
		"test/totals.sql": "select count(*) from ops.control_totals where run_id = $run_id and step = 'snapshot'",
	})
	folder := t.TempDir()
	first := takeOne(t, db, snapshotOptions(folder, firstRun))
	second := takeOne(t, db, snapshotOptions(folder, secondRun))

	if second.ID != firstRun || second.Path != first.Path || second.Manifest.LogicalHash != first.Manifest.LogicalHash {
		t.Errorf("got %s in %s, want the first", second.ID, second.Path)
	}
	wantEntries(t, folder, firstRun, latestLink)
	var cells int
	if err := db.Get(t.Context(), "test/totals.sql", warehouse.Args{"run_id": secondRun}, &cells); err != nil || cells != len(first.Manifest.ControlTotals) {
		t.Errorf("the second run has %d cells, %v; want %d", cells, err, len(first.Manifest.ControlTotals))
	}
}

// As long as no transform has derived a record again, the state is not even
// looked at.
func TestWhatNoTransformTouchedIsNotRead(t *testing.T) {
	db := snapshotDB(t, 100, twoMonths, 1, nil)
	folder := t.TempDir()
	take := func(run, want string) {
		t.Helper()
		if got := takeOne(t, db, snapshotOptions(folder, run)).ID; got != want {
			t.Errorf("run %s returned snapshot %s, want %s", run, got, want)
		}
	}
	change := func(run string) { runFile(t, db, "test/change_add.sql", warehouse.Args{"run_id": run}) }
	change(firstRun)
	take(firstRun, firstRun)
	runFile(t, db, "test/spend_change.sql", warehouse.Args{"day": firstDay}) // behind its back
	take(secondRun, firstRun)
	change(secondRun)
	take(secondRun, secondRun)
	change(thirdRun) // and made what was there
	take(thirdRun, secondRun)
}

func TestInDoubtASnapshotIsTaken(t *testing.T) {
	tests := map[string]func(t *testing.T, db *warehouse.DB, opts *Options, first Snapshot){
		"other inputs": func(_ *testing.T, _ *warehouse.DB, opts *Options, _ Snapshot) { opts.Inputs.Rates = "other" },
		"a damaged file": func(t *testing.T, _ *warehouse.DB, _ *Options, first Snapshot) {
			flip(t, filepath.Join(first.Path, first.Manifest.Files[1].Path), 100)
		},
		"a missing file": func(t *testing.T, _ *warehouse.DB, _ *Options, first Snapshot) {
			if err := os.Remove(filepath.Join(first.Path, first.Manifest.Files[1].Path)); err != nil {
				t.Fatal(err)
			}
		},
		"a file too many": func(t *testing.T, _ *warehouse.DB, _ *Options, first Snapshot) {
			if err := os.WriteFile(filepath.Join(first.Path, "year=2026.parquet"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"no link": func(t *testing.T, _ *warehouse.DB, opts *Options, _ Snapshot) {
			if err := os.Remove(filepath.Join(opts.Folder, latestLink)); err != nil {
				t.Fatal(err)
			}
		},
		"one that the warehouse does not know": func(t *testing.T, db *warehouse.DB, _ *Options, _ Snapshot) {
			runFile(t, db, "test/snapshots_forget.sql", nil)
		},
	}
	for name, doubt := range tests {
		t.Run(name, func(t *testing.T) {
			db := snapshotDB(t, 100, twoMonths, 1, map[string]string{"test/snapshots_forget.sql": "delete from ops.snapshots"})
			runFile(t, db, "test/change_add.sql", warehouse.Args{"run_id": firstRun})
			opts := snapshotOptions(t.TempDir(), firstRun)
			first := takeOne(t, db, opts)
			opts.RunID = secondRun
			doubt(t, db, &opts, first)
			if got := takeOne(t, db, opts).ID; got != secondRun {
				t.Errorf("got snapshot %s, want a new one", got)
			}
		})
	}
}

// A run that posted from the snapshot of a run before needs that one.
func TestWhatALaterRunPostedFromIsKept(t *testing.T) {
	db := snapshotDB(t, 10, twoMonths, 1, nil)
	runFile(t, db, "test/hold_add.sql", warehouse.Args{"run_id": secondRun, "planned_at": snapshotTime})
	opts := snapshotOptions(t.TempDir(), firstRun)
	opts.Keep = 1
	takeOne(t, db, opts)
	for _, run := range []etl.RunID{thirdRun, "20260204T030000Z-000004"} {
		opts.RunID = run
		runFile(t, db, "test/spend_change.sql", warehouse.Args{"day": firstDay})
		takeOne(t, db, opts)
	}
	wantEntries(t, opts.Folder, firstRun, "20260204T030000Z-000004", latestLink)
}

// What a run would have taken is the snapshot that it found to be current.
func TestTheManifestOfARunThatTookNone(t *testing.T) {
	db := snapshotDB(t, 10, twoMonths, 1, nil)
	first := takeOne(t, db, snapshotOptions(t.TempDir(), firstRun))
	for run, status := range map[string]string{secondRun: "ok", thirdRun: "failed"} {
		runFile(t, db, "test/run_add.sql", warehouse.Args{"run_id": run, "started_at": snapshotTime, "finished_at": snapshotTime})
		runFile(t, db, "test/stage_add.sql", warehouse.Args{"run_id": run, "stage": "snapshot", "status": status})
	}

	if got, err := RecordedManifest(t.Context(), db, secondRun); err != nil || got.SnapshotID != first.ID {
		t.Errorf("got %s, %v; want %s", got.SnapshotID, err, first.ID)
	}
	if got, err := RecordedManifest(t.Context(), db, thirdRun); err == nil {
		t.Errorf("a run that failed has the manifest of %s", got.SnapshotID)
	}
}
