package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/snapshot"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
	sqlfiles "spendbridge/sql"
)

// A pastResult is what `load --as-of` tells its user.
type pastResult struct {
	AsOf        time.Time `json:"as_of"`
	Path        string    `json:"path"`
	Rows        int64     `json:"rows"`
	LogicalHash string    `json:"logical_hash"`

	// Run is the run it was compared with, if there was one to compare with.
	Run     etl.RunID `json:"run_id,omitempty"`
	Same    *bool     `json:"same"`    // as that run's snapshot; null = nothing to compare with
	Differs []string  `json:"differs"` // inputs that are not what they were then
}

// loadAsOf writes the snapshot of a past state into a folder. The state is
// built again from the raw records of that time in a database of its own, so
// nothing that a run left behind changes.
func (a *app) loadAsOf(ctx context.Context, config *config.Config, asOf, out string) error {
	s, err := a.openWith(ctx, config)
	if err != nil {
		return err
	}
	defer s.Close()
	moment, run, err := s.moment(ctx, asOf)
	if err != nil {
		return err
	}
	snapshot, err := s.exportPast(ctx, moment, out)
	if err != nil {
		return err
	}
	result := pastResult{
		AsOf: moment, Path: snapshot.Path, Rows: snapshot.Manifest.Rows, LogicalHash: snapshot.Manifest.LogicalHash,
		Differs: []string{},
	}
	if run != "" {
		if err := result.compare(ctx, s.db, run, snapshot.Manifest); err != nil {
			return err
		}
	}
	if err := a.print(result, result.print); err != nil {
		return err
	}
	return result.fault()
}

// moment reads what --as-of says: a run, or a time.
func (s *session) moment(ctx context.Context, asOf string) (time.Time, etl.RunID, error) {
	if t, err := time.Parse(time.RFC3339, asOf); err == nil {
		return t.UTC(), "", nil
	}
	moment, err := snapshot.Moment(ctx, s.db, etl.RunID(asOf))
	if err == nil && moment.IsZero() {
		err = etl.Usagef("--as-of %s is neither a run that could take a snapshot nor a time such as 2026-06-30T23:59:59Z", asOf)
	}
	return moment, etl.RunID(asOf), err
}

// exportPast builds the state of a moment again and writes it to out.
func (s *session) exportPast(ctx context.Context, moment time.Time, out string) (snapshot.Snapshot, error) {
	past, err := warehouse.Open(ctx, warehouse.Options{
		MemoryLimit: s.config.EngineMemory(), TempDir: s.config.TempDir(), Files: sqlfiles.FS,
	})
	if err != nil {
		return snapshot.Snapshot{}, err
	}
	defer past.Close()
	r := &run{session: &session{app: s.app, config: s.config, db: past}, started: s.now()}
	r.id = etl.NewRunID(r.started)
	if _, err := transform.AsOf(ctx, s.db, past, moment, s.config.TempDir(), r.transformOptions()); err != nil {
		return snapshot.Snapshot{}, err
	}
	inputs, err := r.snapshotInputs(ctx)
	if err != nil {
		return snapshot.Snapshot{}, err
	}
	return snapshot.Export(ctx, past, moment, snapshot.Options{
		Folder: out, RunID: r.id, Inputs: inputs, Schemas: schemas.FS, Now: r.now,
	})
}

// compare looks up the snapshot that the run took then.
func (p *pastResult) compare(ctx context.Context, db *warehouse.DB, run etl.RunID, now snapshot.Manifest) error {
	then, err := snapshot.RecordedManifest(ctx, db, run)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	same, differs := now.Differs(then)
	p.Run, p.Same = run, &same
	p.Differs = append(p.Differs, differs...)
	return nil
}

// fault is an error if the rows differ and nothing explains it.
func (p *pastResult) fault() error {
	if p.Same == nil || *p.Same || len(p.Differs) > 0 {
		return nil
	}
	return fmt.Errorf("the raw records no longer give the snapshot of run %s, though all else is as it was then; see: spendbridge verify", p.Run)
}

func (p *pastResult) print(w io.Writer) {
	fmt.Fprintf(w, "%s records as of %s in %s\n  logical hash %s\n", number(int(p.Rows)), p.AsOf.Format(time.RFC3339), p.Path, p.LogicalHash)
	switch {
	case p.Same == nil:
	case *p.Same:
		fmt.Fprintf(w, "  the same as the snapshot of run %s\n", p.Run)
	default:
		fmt.Fprintf(w, "  not the same as the snapshot of run %s\n", p.Run)
	}
	if len(p.Differs) > 0 {
		fmt.Fprintf(w, "  not what it was then: %s\n", strings.Join(p.Differs, ", "))
	}
}
