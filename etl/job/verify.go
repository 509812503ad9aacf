package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"spendbridge/etl"
	"spendbridge/etl/extract"
	"spendbridge/etl/snapshot"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
)

// verifyPages compares the kept pages with what was written down of them.
func verifyPages() Stage {
	return Stage{Name: "verify/pages", KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		return etl.Counts{}, extract.CheckPages(ctx, r.DB, r.Config.DataDir)
	}}
}

// refreshStage transforms what an older program, or a setting or file of
// before, left in canonical: the second warehouse is made as of today, and that
// is no difference between the two.
func refreshStage() Stage {
	return Stage{Name: "transform", KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		result, err := transform.Run(ctx, r.DB, r.transformOptions())
		return result.Counts, err
	}}
}

// verifyTotals states the control totals again from the raw payloads.
func verifyTotals() Stage {
	return Stage{Name: "verify/totals", KeepGoing: true, Proves: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		transformed, err := r.lastTransform(ctx)
		if err != nil || transformed == "" {
			*r.Result.Balanced = err == nil
			return etl.Counts{}, err // there is nothing to prove yet
		}
		cells, err := transform.Verify(ctx, r.DB, r.transformOptions())
		*r.Result.Balanced = err == nil
		return etl.Counts{Read: len(cells)}, err
	}}
}

// lastTransform is the run that made what canonical holds now, "" for none.
func (r *Run) lastTransform(ctx context.Context) (etl.RunID, error) {
	var id string
	err := r.DB.Get(ctx, "queries/run_last_transform.sql", nil, &id)
	return etl.RunID(id), err
}

// verifySnapshot reads the latest snapshot back. If it shows what canonical
// holds, its totals stand beside the others.
func verifySnapshot() Stage {
	return Stage{Name: "verify/snapshot", KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		latest, err := snapshot.Latest(r.Config.SnapshotsDir())
		if errors.Is(err, fs.ErrNotExist) {
			r.Result.note("there is no snapshot yet")
			return etl.Counts{}, nil
		}
		if err != nil {
			return etl.Counts{}, err
		}
		counts := etl.Counts{Read: int(latest.Manifest.Rows)}
		return counts, errors.Join(snapshot.Check(latest.Path, schemas.FS), r.addSnapshotTotals(ctx, latest.Manifest))
	}}
}

func (r *Run) addSnapshotTotals(ctx context.Context, m snapshot.Manifest) error {
	transformed, err := r.lastTransform(ctx)
	if err != nil {
		return err
	}
	if transformed == "" || m.RunID < transformed { // run ids sort by time
		r.Result.note("the latest snapshot does not show what canonical holds now; the next load writes a new one")
		return nil
	}
	cells, err := json.Marshal(m.ControlTotals)
	if err != nil {
		return err
	}
	_, err = r.DB.Exec(ctx, "queries/snapshot_totals_add.sql", warehouse.Args{
		"cells": string(cells), "run_id": string(r.ID), "recorded_at": r.Started,
	})
	return err
}

// verifyLedger compares the ledger with canonical and with the sent files. A
// ledger that knows less than the sent files is restored from them.
func verifyLedger(restore bool) Stage {
	return Stage{Name: "verify/ledger", KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		err := r.Delivery(nil).Verify(ctx)
		if err == nil || !restore {
			return etl.Counts{}, err
		}
		batches, failed := r.Delivery(nil).RebuildLedger(ctx)
		if failed != nil {
			return etl.Counts{}, errors.Join(err, failed)
		}
		r.Result.note(fmt.Sprintf("the ledger did not agree with the sent files (%v); it was rebuilt from %s batches and the decisions", err, etl.Number(batches)))
		return etl.Counts{Read: batches, Written: batches}, r.Delivery(nil).Verify(ctx)
	}}
}
