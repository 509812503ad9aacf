package job

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"spendbridge/etl"
	"spendbridge/etl/extract"
	"spendbridge/etl/snapshot"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// A Proof is one comparison of verify.
type Proof struct {
	Compared string `json:"compared"`
	Agrees   bool   `json:"agrees"`
	Fix      string `json:"mend,omitempty"` // the command to run if it does not
}

func prove(stage, compared, fix string, run func(context.Context, *Run) (etl.Counts, error)) Stage {
	return Stage{Name: "verify/" + stage, KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		counts, err := run(ctx, r)
		proof := Proof{Compared: compared, Agrees: err == nil}
		if err != nil {
			proof.Fix = fix
		}
		r.Result.Proofs = append(r.Result.Proofs, proof)
		return counts, err
	}}
}

func verifyPages() Stage {
	return prove("pages", "every page file with its sha256 in raw.pages",
		"restore the file from a backup; a page that the vendor still sends is stored again by: spendbridge extract --sweep",
		func(ctx context.Context, r *Run) (etl.Counts, error) {
			return etl.Counts{}, extract.CheckPages(ctx, r.DB, r.Config.DataDir, r.Store)
		})
}

// refreshStage transforms what an older program, setting or file left in
// canonical: the second warehouse is built with today's, and that must not count
// as a difference.
func refreshStage() Stage {
	return Stage{Name: "transform", KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		result, err := transform.Run(ctx, r.DB, r.transformOptions())
		return result.Counts, err
	}}
}

// verifyTotals states the control totals again from the raw payloads.
func verifyTotals() Stage {
	stage := prove("totals", "raw.records with canonical.spend + excluded + quarantine, by source and currency",
		"spendbridge transform; if it fails again: spendbridge verify --rebuild",
		func(ctx context.Context, r *Run) (etl.Counts, error) {
			transformed, err := r.lastOf(ctx, "transform")
			if err != nil || transformed == "" {
				*r.Result.Balanced = err == nil
				return etl.Counts{}, err // there is nothing to prove yet
			}
			cells, err := transform.Verify(ctx, r.DB, r.transformOptions())
			*r.Result.Balanced = err == nil
			return etl.Counts{Read: cells}, err
		})
	stage.Proves = true
	return stage
}

// lastOf is the newest run in which a stage went well, "" for none.
func (r *Run) lastOf(ctx context.Context, stage string) (id etl.RunID, err error) {
	err = r.DB.Get(ctx, "job/run.last_of", warehouse.Args{"stage": stage}, (*string)(&id))
	return id, err
}

// verifySnapshot reads back the snapshots that were not pruned. If the latest
// shows what canonical holds, its totals are compared as well.
func verifySnapshot() Stage {
	return prove("snapshot", "the Parquet files of every snapshot with its manifest", exportAgain,
		func(ctx context.Context, r *Run) (etl.Counts, error) {
			kept, err := warehouse.Strings(ctx, r.DB, "job/run.snapshots", nil)
			if err != nil {
				return etl.Counts{}, err
			}
			if len(kept) == 0 {
				r.Result.note("there is no snapshot yet")
				return etl.Counts{}, nil
			}
			latest, err := snapshot.Latest(r.Config.SnapshotsDir())
			if err != nil {
				return etl.Counts{}, fmt.Errorf("latest snapshot: %w", err)
			}
			faults := []error{r.addSnapshotTotals(ctx, latest.Manifest)}
			deleted := 0
			for _, id := range kept {
				path := filepath.Join(r.Config.SnapshotsDir(), id)
				if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && id != latest.ID {
					deleted++
					continue
				}
				faults = append(faults, snapshot.Check(path, r.Schemas))
			}
			if deleted > 0 {
				r.Result.note(fmt.Sprintf("%s older snapshots were deleted by hand and could not be compared", etl.Number(deleted)))
			}
			return etl.Counts{Read: len(kept) - deleted}, errors.Join(faults...)
		})
}

func (r *Run) addSnapshotTotals(ctx context.Context, m snapshot.Manifest) error {
	transformed, err := r.lastOf(ctx, "transform")
	snapshotted, fault := r.lastOf(ctx, "snapshot")
	if err := errors.Join(err, fault); err != nil {
		return err
	}
	if transformed == "" || snapshotted < transformed { // run ids sort by time
		r.Result.note("the latest snapshot is out of date; the next load writes a new one")
		return nil
	}
	return m.AddTotals(ctx, r.DB, r.ID, r.Started)
}

// verifyLedger compares the ledger with canonical and with the sent files. A
// ledger that knows less than the sent files is restored from them.
func verifyLedger(restore bool) Stage {
	return prove("ledger", "delivery.items with canonical.spend, and every batch with its sent file", "spendbridge verify --rebuild",
		func(ctx context.Context, r *Run) (etl.Counts, error) {
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
		})
}
