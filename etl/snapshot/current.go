package snapshot

import (
	"context"

	"spendbridge/etl/warehouse"
)

// isCurrent reports whether the previous snapshot shows what canonical.spend
// holds because no transform has touched that since.
func (w *snapshotWriter) isCurrent(ctx context.Context, db *warehouse.DB) (bool, error) {
	before := w.previous.Manifest
	if before.Inputs != w.opts.Inputs || before.Contract != w.contract.hash {
		return false, nil
	}
	if err := db.Get(ctx, "snapshot/snapshot.engine", nil, &w.manifest.Engine); err != nil {
		return false, err
	}
	_, untouched, err := w.recorded(ctx, db)
	return untouched && before.Engine == w.manifest.Engine && w.previous.proven(), err
}

// repeats reports whether what was written is the previous snapshot again:
// every month of it, and no other, could be linked.
func (w *snapshotWriter) repeats(ctx context.Context, db *warehouse.DB) (bool, error) {
	before := w.previous.Manifest
	if len(w.written) > 0 || len(w.manifest.Files) != len(before.Files) || before.Inputs != w.opts.Inputs {
		return false, nil
	}
	recorded, _, err := w.recorded(ctx, db)
	if err != nil || !recorded || checkOrphans(w.previous.Path, before) != nil {
		return false, err
	}
	return true, confirm(ctx, db, before.SnapshotID)
}

// recorded asks whether the warehouse knows the previous snapshot. One that
// was restored from a backup may not.
func (w *snapshotWriter) recorded(ctx context.Context, db *warehouse.DB) (recorded, untouched bool, err error) {
	args := warehouse.Args{"snapshot_id": w.previous.ID}
	err = db.Get(ctx, "snapshot/snapshot.recorded", args, &recorded, &untouched)
	return recorded, untouched, err
}

// confirm notes that a snapshot shows what canonical.spend holds now.
func confirm(ctx context.Context, r warehouse.Runner, snapshot string) error {
	_, err := r.Exec(ctx, "snapshot/snapshot.confirm", warehouse.Args{"snapshot_id": snapshot})
	return err
}

// proven reports whether every file is there with the bytes that were read
// back when it was written, and no file besides.
func (s Snapshot) proven() bool {
	for _, file := range s.Manifest.Files {
		if checkBytes(s.Path, file) != nil {
			return false
		}
	}
	return len(s.Manifest.Files) > 0 && checkOrphans(s.Path, s.Manifest) == nil
}
