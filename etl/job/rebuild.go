package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/extract"
	"spendbridge/etl/snapshot"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// landStage loads into the warehouse what only the journals have, because the
// warehouse was lost or restored from an older backup.
func landStage() Stage {
	return Stage{Name: "land", KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		return extract.Land(ctx, r.DB, r.Config.DataDir, nil, r.Log)
	}}
}

// verifyRebuild rebuilds a second warehouse from the page files and compares
// its records with those of the first, every column of them.
func verifyRebuild() Stage {
	return prove("rebuild", "every record and every Parquet file with those of a second warehouse, rebuilt from the page files",
		"spendbridge transform, then this command again; what still differs was not made from the page files",
		func(ctx context.Context, r *Run) (etl.Counts, error) {
			folder := filepath.Join(r.Config.TempDir(), "rebuild")
			defer os.RemoveAll(folder)
			if err := os.MkdirAll(folder, 0o700); err != nil {
				return etl.Counts{}, err
			}
			return r.rebuildIn(ctx, folder)
		})
}

func (r *Run) rebuildIn(ctx context.Context, folder string) (counts etl.Counts, err error) {
	rebuilt, err := warehouse.Open(ctx, warehouse.Options{
		Location: filepath.Join(folder, "warehouse.duckdb"), MemoryLimit: r.Config.EngineMemory(),
		TempDir: filepath.Join(folder, "tmp"), Files: r.SQL,
	})
	if err != nil {
		return etl.Counts{}, err
	}
	defer func() { err = errors.Join(err, rebuilt.Close()) }()

	// Sources and cardholders may have left the configuration.
	if err := transform.Carry(ctx, r.DB, rebuilt, folder, r.Now()); err != nil {
		return etl.Counts{}, err
	}
	counts, err = extract.Rebuild(ctx, r.DB, rebuilt, r.Config.DataDir)
	if err != nil {
		return counts, err
	}
	if _, err := transform.Run(ctx, rebuilt, r.transformOptions()); err != nil {
		return counts, err
	}
	comparison, err := transform.Compare(ctx, r.DB, rebuilt, folder)
	if err != nil {
		return counts, err
	}
	if comparison.Differing > 0 {
		return counts, &etl.CheckError{
			Check: "a warehouse rebuilt from the stored pages holds the same records", Rows: comparison.Differing, First: comparison.First,
		}
	}
	if err := r.sameParquet(ctx, rebuilt, folder); err != nil {
		return counts, err
	}
	r.Result.note(fmt.Sprintf("a warehouse rebuilt from the stored pages holds the same %s records and gives the same Parquet files", etl.Number(comparison.Records)))
	return counts, nil
}

// sameParquet exports both warehouses and compares the files byte for byte.
func (r *Run) sameParquet(ctx context.Context, rebuilt *warehouse.DB, folder string) error {
	kept, err := r.parquetHashes(ctx, r.DB, filepath.Join(folder, "kept"))
	made, fault := r.parquetHashes(ctx, rebuilt, filepath.Join(folder, "made"))
	if err := errors.Join(err, fault); err != nil {
		return err
	}
	failed := &etl.CheckError{Check: "a warehouse rebuilt from the stored pages gives the same Parquet files"}
	for path, hash := range kept {
		if made[path] != hash {
			failed.Rows++
			failed.First = append(failed.First, fmt.Sprintf("%s: sha256 %s, rebuilt %s", path, hash, made[path]))
		}
	}
	if failed.Rows > 0 || len(kept) != len(made) {
		return failed
	}
	return nil
}

// parquetHashes returns the sha256 of each file of a snapshot of db.
func (r *Run) parquetHashes(ctx context.Context, db *warehouse.DB, folder string) (map[string]string, error) {
	snapshot, err := snapshot.Export(ctx, db, r.Started, snapshot.Options{
		Folder: folder, RunID: r.ID, Schemas: r.Schemas, Now: r.Now,
	})
	hashes := map[string]string{}
	for _, file := range snapshot.Manifest.Files {
		hashes[file.Path] = file.SHA256
	}
	return hashes, err
}

// A PastResult is what `load --as-of` tells its user.
type PastResult struct {
	AsOf        time.Time `json:"as_of"`
	Path        string    `json:"path"`
	Rows        int64     `json:"rows"`
	LogicalHash string    `json:"logical_hash"`

	// Run is the run it was compared with, if there was one to compare with.
	Run     etl.RunID `json:"run_id,omitempty"`
	Same    *bool     `json:"same"`    // as that run's snapshot; null = nothing to compare with
	Differs []string  `json:"differs"` // inputs that are not what they were then
}

// AsOf writes the snapshot of a past state, named by a run or a time, into a
// folder. The state is built again from the raw records of that time in a
// database of its own, so nothing that a run left behind changes. Rows that
// differ from what the run exported, without an input that explains it, are an
// error beside the result.
func (s *Session) AsOf(ctx context.Context, asOf, out string) (*PastResult, error) {
	moment, run, err := s.moment(ctx, asOf)
	if err != nil {
		return nil, err
	}
	past, err := s.exportPast(ctx, moment, out)
	if err != nil {
		return nil, err
	}
	result := &PastResult{
		AsOf: moment, Path: past.Path, Rows: past.Manifest.Rows, LogicalHash: past.Manifest.LogicalHash,
		Differs: []string{},
	}
	then, err := snapshot.RecordedManifest(ctx, s.DB, run)
	switch {
	case errors.Is(err, sql.ErrNoRows): // a time, or a run without a snapshot
		return result, nil
	case err != nil:
		return nil, err
	}
	same, differs := past.Manifest.Differs(then)
	result.Run, result.Same, result.Differs = run, &same, append(result.Differs, differs...)
	if !same && len(differs) == 0 {
		err = fmt.Errorf("the raw records no longer give the snapshot of run %s, though all else is as it was then; see: spendbridge verify", run)
	}
	return result, err
}

// moment reads what --as-of says: a run, or a time.
func (s *Session) moment(ctx context.Context, asOf string) (time.Time, etl.RunID, error) {
	if t, err := time.Parse(time.RFC3339, asOf); err == nil {
		return t.UTC(), "", nil
	}
	moment, err := snapshot.Moment(ctx, s.DB, etl.RunID(asOf))
	if err == nil && moment.IsZero() {
		err = etl.Usagef("--as-of %s is neither a run that could take a snapshot nor a time such as 2026-06-30T23:59:59Z", asOf)
	}
	return moment, etl.RunID(asOf), err
}

// exportPast builds the state of a moment again and writes it to out.
func (s *Session) exportPast(ctx context.Context, moment time.Time, out string) (snapshot.Snapshot, error) {
	past, err := warehouse.Open(ctx, warehouse.Options{
		MemoryLimit: s.Config.EngineMemory(), TempDir: s.Config.TempDir(), Files: s.SQL,
	})
	if err != nil {
		return snapshot.Snapshot{}, err
	}
	defer past.Close()
	r := &Run{Session: &Session{Options: s.Options, Config: s.Config, DB: past}, Started: s.Now()}
	r.ID = etl.NewRunID(r.Started)
	if _, err := transform.AsOf(ctx, s.DB, past, moment, s.Config.TempDir(), r.transformOptions()); err != nil {
		return snapshot.Snapshot{}, err
	}
	inputs, err := r.snapshotInputs(ctx)
	if err != nil {
		return snapshot.Snapshot{}, err
	}
	return snapshot.Export(ctx, past, moment, snapshot.Options{
		Folder: out, RunID: r.ID, Inputs: inputs, Schemas: r.Schemas, Now: r.Now,
	})
}
