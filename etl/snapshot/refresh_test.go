package snapshot

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
)

// A refreshed is a warehouse with an analysts' copy that shows it.
type refreshed struct {
	db   *warehouse.DB
	opts PublishOptions
}

func newRefreshed(t *testing.T) *refreshed {
	t.Helper()
	db := snapshotDB(t, 30, twoMonths, 1, map[string]string{
		"test/exclude.sql": `insert into canonical.excluded by name
            select spend_id, source, kind, tenant, stream, record_id, record_version, page_id, 'rule' as reason,
                source_amount, occurred_on, first_seen_at, changed_at from canonical.spend limit 1`,
		"test/rates.sql":       "insert into canonical.fx_source values ('sha', 'USD')",
		"test/check_add.sql":   "insert into ops.checks by name select 'run' as run_id, 'transform' as stage, 'a check' as check_name, true as passed, timestamptz '2026-02-01 00:00:00Z' as checked_at",
		"test/run_restart.sql": "update ops.runs set command = 'verify'",
	})
	r := &refreshed{db, PublishOptions{
		Path: filepath.Join(t.TempDir(), "spend.duckdb"), Schemas: schemas.FS,
		RunID: firstRun, Now: func() time.Time { return snapshotTime }, Spend: "17",
	}}
	r.want(t, true)
	r.want(t, false)
	return r
}

// want refreshes and tells whether the file was written.
func (r *refreshed) want(t *testing.T, want bool) {
	t.Helper()
	called := false
	before, _ := os.Stat(r.opts.Path)
	wrote, err := Refresh(t.Context(), r.db, r.opts, func(context.Context) error {
		called = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(r.opts.Path)
	if err != nil {
		t.Fatal(err)
	}
	replaced := before == nil || !os.SameFile(before, after)
	if wrote != want || called != want || replaced != want {
		t.Errorf("wrote %v, called %v, replaced %v; want %v", wrote, called, replaced, want)
	}
}

func TestTheCopyIsWrittenWhenWhatItShowsChanged(t *testing.T) {
	tests := map[string]func(t *testing.T, r *refreshed){
		"spend":              func(_ *testing.T, r *refreshed) { r.opts.Spend = "18" },
		"an excluded record": func(t *testing.T, r *refreshed) { runFile(t, r.db, "test/exclude.sql", nil) },
		"the rates":          func(t *testing.T, r *refreshed) { runFile(t, r.db, "test/rates.sql", nil) },
		"a batch": func(t *testing.T, r *refreshed) {
			runFile(t, r.db, "test/hold_add.sql", warehouse.Args{"run_id": firstRun, "planned_at": snapshotTime})
		},
		"a snapshot": func(t *testing.T, r *refreshed) { takeOne(t, r.db, snapshotOptions(t.TempDir(), firstRun)) },
		"a verification, which may restore the ledger": func(t *testing.T, r *refreshed) {
			runFile(t, r.db, "test/run_add.sql", warehouse.Args{"run_id": secondRun, "started_at": snapshotTime, "finished_at": snapshotTime})
			runFile(t, r.db, "test/run_restart.sql", nil)
		},
		"the contract": func(t *testing.T, r *refreshed) { r.opts.Schemas = otherComments(t) },
		"a missing file": func(t *testing.T, r *refreshed) {
			if err := os.Remove(r.opts.Path); err != nil {
				t.Fatal(err)
			}
		},
		"a damaged file": func(t *testing.T, r *refreshed) { flip(t, r.opts.Path, 9000) },
		"a log beside the file": func(t *testing.T, r *refreshed) {
			if err := os.WriteFile(r.opts.Path+".wal", nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRefreshed(t)
			change(t, r)
			r.want(t, true)
			r.want(t, false)
		})
	}
}

func TestRowsAboutRunsAloneDoNotRewriteTheCopy(t *testing.T) {
	r := newRefreshed(t)
	runFile(t, r.db, "test/run_add.sql", warehouse.Args{"run_id": secondRun, "started_at": snapshotTime, "finished_at": snapshotTime})
	runFile(t, r.db, "test/stage_add.sql", warehouse.Args{"run_id": secondRun, "stage": "snapshot", "status": "ok"})
	runFile(t, r.db, "test/check_add.sql", nil)
	r.opts.RunID = secondRun
	r.want(t, false)
}

// Without a snapshot nothing tells whether spend is what it was.
func TestACopyOfUnknownSpendIsAlwaysWritten(t *testing.T) {
	r := newRefreshed(t)
	r.opts.Spend = ""
	r.want(t, true)
	r.want(t, true)
	r.opts.Spend = "17"
	r.want(t, true)
	r.want(t, false)
}

// otherComments is the schemas with another text about the tables.
func otherComments(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{commentsFile: {Data: []byte(`{"objects": {}, "columns": {}}`)}}
	text, err := schemas.FS.ReadFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	files[contractFile] = &fstest.MapFile{Data: text}
	return files
}
