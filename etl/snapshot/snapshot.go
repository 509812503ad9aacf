package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

// A Snapshot is canonical.spend of one moment as Parquet files that never
// change.
type Snapshot struct {
	ID       string
	Path     string // its folder
	Manifest Manifest
}

// Options says where snapshots are and what this one is made from.
type Options struct {
	Folder  string    // of all snapshots
	RunID   etl.RunID // is the snapshot's id, too
	Inputs  Inputs
	Schemas fs.FS // holds parquet/spend.json
	Access  *durable.Access
	Now     func() time.Time

	// A snapshot is removed once Keep newer ones exist and it is older than
	// KeepFor. Keep 0 removes none.
	Keep    int
	KeepFor time.Duration
}

const (
	latestLink = "latest" // a relative symlink to the newest snapshot

	// leftover begins the name of what is not part of any snapshot: folders
	// being written or removed. A run that is killed leaves them behind, the
	// next one clears them away.
	leftover = ".spendbridge-"
)

// Take writes canonical.spend to a folder of its own, proves that the
// files say what the table says, and only then lets readers see it by
// switching the link `latest`. Until that switch, and after any error before
// it, readers see the snapshot before, whole. Files of equal states have equal
// bytes.
//
// If the latest snapshot shows that state already, made with the same inputs,
// and its files still are those that were proven, it is returned instead.
//
// It records what was read back as control totals of step "snapshot". A cell
// that differs from the table's is a [*etl.CheckError].
func Take(ctx context.Context, db *warehouse.DB, opts Options) (s Snapshot, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("snapshot %s: %w", opts.RunID, err)
		}
	}()
	w, err := newSnapshotWriter(opts, filepath.Join(opts.Folder, string(opts.RunID)))
	if err != nil {
		return Snapshot{}, err
	}
	defer os.RemoveAll(w.temp)

	if err := clearLeftovers(opts.Folder); err != nil {
		return Snapshot{}, err
	}
	// Without a readable snapshot to link from, every month is written.
	w.previous, _ = Latest(opts.Folder)
	current, err := w.isCurrent(ctx, db)
	if err != nil {
		return Snapshot{}, err
	}
	if !current {
		if err := warehouse.Fill(ctx, db, &w.manifest.Months, "snapshot/snapshot.month_status", nil); err != nil {
			return Snapshot{}, err
		}
		if err := w.write(ctx, db); err != nil {
			return Snapshot{}, err
		}
		if current, err = w.repeats(ctx, db); err != nil {
			return Snapshot{}, err
		}
	}
	if current {
		w.manifest, w.path = w.previous.Manifest, w.previous.Path
	}
	if err := w.manifest.AddTotals(ctx, db, w.opts.RunID, w.opts.Now()); err != nil {
		return Snapshot{}, err
	}
	if !current {
		if err := w.balance(ctx, db); err != nil {
			return Snapshot{}, err
		}
		if err := w.publish(ctx, db); err != nil {
			return Snapshot{}, err
		}
	}
	return w.snapshot(), prune(ctx, db, opts)
}

// A snapshotWriter is one snapshot on its way from the table to the reader.
type snapshotWriter struct {
	opts     Options
	contract contract
	previous Snapshot // the one that is `latest` now; zero if there is none
	temp     string   // the folder it is written to
	path     string   // the folder it will be
	manifest Manifest
	written  []ManifestFile // the months that could not be linked
}

// newSnapshotWriter prepares a snapshot in the folder path.
func newSnapshotWriter(opts Options, path string) (*snapshotWriter, error) {
	contract, err := readContract(opts.Schemas)
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%s exists; a snapshot never changes", path)
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	if err := opts.Access.Give(folder); err != nil {
		return nil, err
	}
	temp := filepath.Join(folder, leftover+filepath.Base(path))
	if err := os.RemoveAll(temp); err != nil {
		return nil, err
	}
	return &snapshotWriter{
		opts:     opts,
		contract: contract,
		temp:     temp,
		path:     path,
		manifest: Manifest{
			Format: manifestFormat, SnapshotID: string(opts.RunID), RunID: opts.RunID, CreatedAt: opts.Now().UTC(),
			LogicalHash: "0", ControlTotals: []etl.Cell{}, Inputs: opts.Inputs, Contract: contract.hash,
		},
	}, nil
}

func (w *snapshotWriter) snapshot() Snapshot {
	return Snapshot{ID: w.manifest.SnapshotID, Path: w.path, Manifest: w.manifest}
}

// Latest returns the snapshot that readers see. Without any, the error is
// [fs.ErrNotExist].
func Latest(folder string) (Snapshot, error) {
	id, err := os.Readlink(filepath.Join(folder, latestLink))
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{ID: id, Path: filepath.Join(folder, id)}
	s.Manifest, err = ReadManifest(s.Path)
	return s, err
}

// AddTotals notes what was read back from a snapshot among a run's control
// totals, whether it balances or not.
func (m *Manifest) AddTotals(ctx context.Context, r warehouse.Runner, run etl.RunID, at time.Time) error {
	cells, err := json.Marshal(m.ControlTotals)
	if err != nil {
		return err
	}
	_, err = r.Exec(ctx, "snapshot/snapshot.add_totals", warehouse.Args{
		"run_id": string(run), "cells": string(cells), "recorded_at": at.UTC(),
	})
	return err
}

// balance compares what was read back with the table. A linked month was
// compared when it was written, and holds what it held then.
func (w *snapshotWriter) balance(ctx context.Context, db *warehouse.DB) error {
	if len(w.written) == 0 {
		return nil
	}
	var want, got []etl.Cell
	args := warehouse.Args{"months": firstDays(w.written)}
	if err := warehouse.Fill(ctx, db, &want, "snapshot/snapshot.cells", args); err != nil {
		return err
	}
	for _, m := range w.written {
		_, cells, _ := w.manifest.month(m.Month)
		got = append(got, cells...)
	}
	if differ := differences(want, got); len(differ) > 0 {
		return &etl.CheckError{Check: "snapshot = canonical", Rows: len(differ), First: differ[:min(len(differ), 5)]}
	}
	return nil
}

// publish makes the snapshot durable, then visible. The rows about it are
// written first and committed last, so that a database that cannot take them
// leaves the old snapshot in place.
func (w *snapshotWriter) publish(ctx context.Context, db *warehouse.DB) error {
	manifest, err := json.Marshal(w.manifest)
	if err != nil {
		return err
	}
	return db.InTx(ctx, func(tx *warehouse.Tx) error {
		if _, err := tx.Exec(ctx, "snapshot/snapshot.add", warehouse.Args{
			"snapshot_id": w.manifest.SnapshotID, "run_id": string(w.opts.RunID), "path": w.manifest.SnapshotID,
			"rows": w.manifest.Rows, "logical_hash": w.manifest.LogicalHash,
			"manifest": string(manifest), "created_at": w.manifest.CreatedAt,
		}); err != nil {
			return err
		}
		if err := confirm(ctx, tx, w.manifest.SnapshotID); err != nil {
			return err
		}
		if err := install(w.temp, w.path, w.opts.Access); err != nil {
			return err
		}
		if err := switchLatest(w.opts.Folder, w.manifest.SnapshotID); err != nil {
			return errors.Join(err, remove(w.opts.Folder, w.manifest.SnapshotID))
		}
		return nil
	})
}

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
