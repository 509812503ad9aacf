package snapshot

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// prune removes the snapshots that opts does not keep: never the latest, and
// never one whose load still waits for an answer or a person.
func prune(ctx context.Context, db *warehouse.DB, opts Options) error {
	if opts.Keep == 0 {
		return nil
	}
	held, err := warehouse.Strings(ctx, db, "queries/snapshot_held.sql", nil)
	if err != nil {
		return err
	}
	latest, err := os.Readlink(filepath.Join(opts.Folder, latestLink))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	keep := map[string]bool{latest: true}
	for _, id := range held {
		keep[id] = true
	}
	all, err := snapshots(opts.Folder)
	if err != nil {
		return err
	}
	for i, id := range all {
		began, err := etl.RunID(id).Began()
		if err != nil {
			return err
		}
		if i < opts.Keep || keep[id] || max(0, opts.Now().Sub(began)) < opts.KeepFor {
			continue
		}
		if err := remove(opts.Folder, id); err != nil {
			return err
		}
		args := warehouse.Args{"snapshot_id": id, "now": opts.Now().UTC()}
		if _, err := db.Exec(ctx, "queries/snapshot_set_pruned.sql", args); err != nil {
			return err
		}
	}
	return nil
}

// snapshots returns the ids of the snapshots in a folder, newest first. What
// is not named as a run is named is none of ours.
func snapshots(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, entry := range entries {
		if _, err := etl.RunID(entry.Name()).Began(); err == nil {
			ids = append(ids, entry.Name())
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids, nil
}

// remove takes a snapshot away in one step, and then its files.
func remove(folder, id string) error {
	gone := filepath.Join(folder, leftover+id)
	if err := os.Rename(filepath.Join(folder, id), gone); err != nil {
		return err
	}
	return os.RemoveAll(gone)
}
