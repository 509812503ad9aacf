package snapshot

import (
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
)

func TestAPastStateIsExportedBesideTheSnapshots(t *testing.T) {
	db := snapshotDB(t, 500, twoMonths, 1, nil)
	folder := t.TempDir()
	taken := takeOne(t, db, snapshotOptions(folder, firstRun))
	out := filepath.Join(t.TempDir(), "as of", "then")

	past := snapshotDB(t, 500, twoMonths, 1, nil)
	opts := snapshotOptions(out, secondRun)
	again, err := Export(t.Context(), past, snapshotTime, opts)
	if err != nil {
		t.Fatal(err)
	}
	if again.Path != out || again.Manifest.LogicalHash != taken.Manifest.LogicalHash {
		t.Errorf("got %s with logical hash %s, want %s with %s", again.Path, again.Manifest.LogicalHash, out, taken.Manifest.LogicalHash)
	}
	if err := Check(out, schemas.FS); err != nil {
		t.Error(err)
	}
	wantEntries(t, folder, firstRun, latestLink)
	if _, err := RecordedManifest(t.Context(), past, secondRun); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("the export is recorded: %v", err)
	}
	if _, err := Export(t.Context(), past, snapshotTime, opts); err == nil || !strings.Contains(err.Error(), "a snapshot never changes") {
		t.Errorf("the second export to the same place: %v", err)
	}
}

func TestTheManifestOfARunOutlivesItsSnapshot(t *testing.T) {
	db := snapshotDB(t, 10, twoMonths, 1, nil)
	opts := snapshotOptions(t.TempDir(), firstRun)
	first := takeOne(t, db, opts)
	opts.RunID, opts.Keep = secondRun, 1
	runFile(t, db, "test/spend_change.sql", warehouse.Args{"day": firstDay})
	takeOne(t, db, opts)
	wantEntries(t, opts.Folder, secondRun, latestLink)

	got, err := RecordedManifest(t.Context(), db, firstRun)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Manifest, got); diff != "" {
		t.Errorf("manifest (-want, +got):\n%s", diff)
	}
}

func TestTheMomentOfASnapshotIsItsTransforms(t *testing.T) {
	db := snapshotDB(t, 0, twoMonths, 1, nil)
	at := func(hours int) time.Time { return snapshotTime.Add(time.Duration(hours) * time.Hour) }
	run := func(id, stage, status string, hour int) {
		t.Helper()
		runFile(t, db, "test/run_add.sql", warehouse.Args{"run_id": id, "started_at": at(hour), "finished_at": at(hour + 1)})
		runFile(t, db, "test/stage_add.sql", warehouse.Args{"run_id": id, "stage": stage, "status": status})
	}
	run("before", "extract", "ok", -9)
	run("whole", "transform", "ok", 0)
	run("load only", "snapshot", "ok", 2)
	run("failed", "transform", "failed", 4)
	run("some in quarantine", "transform", "needs_person", 6)

	want := map[string]time.Time{
		"before": {}, "whole": at(0), "load only": at(0), "failed": at(0), "some in quarantine": at(6), "unknown": {},
	}
	for id, want := range want {
		if got, err := Moment(t.Context(), db, etl.RunID(id)); err != nil || !got.Equal(want) {
			t.Errorf("run %s: got %s, %v; want %s", id, got, err, want)
		}
	}
}

func TestDiffersNamesTheInput(t *testing.T) {
	inputs := Inputs{Program: "v1", SQL: "s", Config: "c", Aliases: "a", Rates: "r", Rules: "u"}
	base := Manifest{Rows: 2, LogicalHash: "7", Contract: "p", Inputs: inputs}
	changed := func(change func(*Manifest)) Manifest {
		m := base
		change(&m)
		return m
	}
	tests := map[string]struct {
		other  Manifest
		equal  bool
		inputs []string
	}{
		"the same":             {base, true, nil},
		"another program":      {changed(func(m *Manifest) { m.Inputs.Program = "v2" }), true, nil},
		"other rows":           {changed(func(m *Manifest) { m.LogicalHash = "8" }), false, nil},
		"other SQL":            {changed(func(m *Manifest) { m.LogicalHash, m.Inputs.SQL = "8", "" }), false, []string{"sql"}},
		"SQL without effect":   {changed(func(m *Manifest) { m.Inputs.SQL = "" }), true, []string{"sql"}},
		"configuration, rates": {changed(func(m *Manifest) { m.Rows, m.Inputs.Config, m.Inputs.Rates = 1, "", "" }), false, []string{"config", "rates"}},
		"aliases, rules":       {changed(func(m *Manifest) { m.Inputs.Aliases, m.Inputs.Rules = "", "" }), true, []string{"aliases", "rules"}},
		"a categories file":    {changed(func(m *Manifest) { m.Inputs.Categories = "k" }), true, []string{"categories"}},
		"another contract":     {changed(func(m *Manifest) { m.Contract = "" }), true, []string{"contract"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			equal, inputs := base.Differs(tt.other)
			if equal != tt.equal || !slices.Equal(inputs, tt.inputs) {
				t.Errorf("got %v, %v; want %v, %v", equal, inputs, tt.equal, tt.inputs)
			}
		})
	}
}
