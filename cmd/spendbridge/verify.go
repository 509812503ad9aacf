package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/extract"
	"spendbridge/etl/snapshot"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
)

func newVerifyCmd(a *app) *cobra.Command {
	var rebuild bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Add everything up again, from the kept pages to what was posted",
		Long: `Prove again what the last runs proved, without changing any of it: the kept pages
are there and unchanged, raw = spend + excluded + quarantined, the latest
snapshot is what its manifest says, and the ledger accounts for all spend.

With --rebuild, transform what is not up to date, make a second warehouse of the
kept pages and the recorded tombstones and compare it record by record, and
restore in the ledger what only the sent files know.`,
		Example: `  spendbridge verify
  spendbridge verify --rebuild`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.verify(cmd.Context(), rebuild) },
	}
	cmd.Flags().BoolVar(&rebuild, "rebuild", false, "compare with a warehouse made anew from the kept pages; takes about as long as reading them did")
	return cmd
}

func (a *app) verify(ctx context.Context, rebuild bool) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	return a.perform(ctx, config, "verify", func(r *run) []etl.Stage {
		proofs := []etl.Stage{r.verifyTotals(), r.verifySnapshot(), r.verifyLedger(rebuild)}
		if rebuild {
			return slices.Concat([]etl.Stage{r.verifyPages(), r.bringUpToDate()}, proofs, []etl.Stage{r.verifyRebuild()})
		}
		return append([]etl.Stage{r.verifyPages()}, proofs...)
	})
}

// verifyPages compares the kept pages with what was written down of them.
func (r *run) verifyPages() etl.Stage {
	return etl.Stage{Name: "verify/pages", KeepGoing: true, Run: func(ctx context.Context) (etl.Counts, error) {
		return etl.Counts{}, extract.CheckPages(ctx, r.db, r.config.DataDir)
	}}
}

// bringUpToDate transforms what an older program, or a setting or file of
// before, left in canonical: the second warehouse is made as of today, and that
// is no difference between the two.
func (r *run) bringUpToDate() etl.Stage {
	return etl.Stage{Name: "transform", KeepGoing: true, Run: func(ctx context.Context) (etl.Counts, error) {
		result, err := transform.Run(ctx, r.db, r.transformOptions())
		return result.Counts, err
	}}
}

// verifyTotals states the control totals again from the raw payloads.
func (r *run) verifyTotals() etl.Stage {
	r.result.Balanced = new(bool) // until it is proven
	return etl.Stage{Name: "verify/totals", KeepGoing: true, Run: func(ctx context.Context) (etl.Counts, error) {
		transformed, err := r.lastTransform(ctx)
		if err != nil || transformed == "" {
			*r.result.Balanced = err == nil
			return etl.Counts{}, err // there is nothing to prove yet
		}
		cells, err := transform.Verify(ctx, r.db, r.transformOptions())
		*r.result.Balanced = err == nil
		return etl.Counts{Read: len(cells)}, err
	}}
}

// lastTransform is the run that made what canonical holds now, "" for none.
func (r *run) lastTransform(ctx context.Context) (etl.RunID, error) {
	var id string
	err := r.db.Get(ctx, "queries/run_last_transform.sql", nil, &id)
	return etl.RunID(id), err
}

// verifySnapshot reads the latest snapshot back. If it shows what canonical
// holds, its totals stand beside the others.
func (r *run) verifySnapshot() etl.Stage {
	return etl.Stage{Name: "verify/snapshot", KeepGoing: true, Run: func(ctx context.Context) (etl.Counts, error) {
		latest, err := snapshot.Latest(r.config.SnapshotsDir())
		if errors.Is(err, fs.ErrNotExist) {
			r.result.note("there is no snapshot yet")
			return etl.Counts{}, nil
		}
		if err != nil {
			return etl.Counts{}, err
		}
		counts := etl.Counts{Read: int(latest.Manifest.Rows)}
		return counts, errors.Join(snapshot.Check(latest.Path, schemas.FS), r.addSnapshotTotals(ctx, latest.Manifest))
	}}
}

func (r *run) addSnapshotTotals(ctx context.Context, m snapshot.Manifest) error {
	transformed, err := r.lastTransform(ctx)
	if err != nil {
		return err
	}
	if transformed == "" || m.RunID < transformed { // run ids sort by time
		r.result.note("the latest snapshot does not show what canonical holds now; the next load writes a new one")
		return nil
	}
	cells, err := json.Marshal(m.ControlTotals)
	if err != nil {
		return err
	}
	_, err = r.db.Exec(ctx, "queries/snapshot_totals_add.sql", warehouse.Args{
		"cells": string(cells), "run_id": string(r.id), "recorded_at": r.started,
	})
	return err
}

// verifyLedger compares the ledger with canonical and with the sent files. A
// ledger that knows less than the sent files is restored from them.
func (r *run) verifyLedger(restore bool) etl.Stage {
	return etl.Stage{Name: "verify/ledger", KeepGoing: true, Run: func(ctx context.Context) (etl.Counts, error) {
		err := r.delivery(nil).Verify(ctx)
		if err == nil || !restore {
			return etl.Counts{}, err
		}
		batches, failed := r.delivery(nil).RebuildLedger(ctx)
		if failed != nil {
			return etl.Counts{}, errors.Join(err, failed)
		}
		r.result.note(fmt.Sprintf("the ledger did not agree with the sent files (%v); it was rebuilt from %s batches and the decisions", err, number(batches)))
		return etl.Counts{Read: batches, Written: batches}, r.delivery(nil).Verify(ctx)
	}}
}
