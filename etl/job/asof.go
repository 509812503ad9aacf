package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/snapshot"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

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
	if run == "" {
		return result, nil
	}
	then, err := snapshot.RecordedManifest(ctx, s.DB, run)
	switch {
	case errors.Is(err, sql.ErrNoRows):
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
