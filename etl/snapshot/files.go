package snapshot

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

// install makes a folder durable and gives it its name.
func install(temp, path string, access *durable.Access) error {
	if err := access.GiveTree(temp); err != nil {
		return err
	}
	if err := durable.SyncTree(temp); err != nil {
		return err
	}
	return durable.Rename(temp, path)
}

// switchLatest points the link `latest` at a snapshot, in one step.
func switchLatest(folder, id string) error {
	temp := filepath.Join(folder, leftover+latestLink)
	if err := os.Symlink(id, temp); err != nil {
		return err
	}
	return durable.Rename(temp, filepath.Join(folder, latestLink))
}

// clearLeftovers removes what killed runs have left.
func clearLeftovers(folder string) error {
	names, err := fs.Glob(os.DirFS(folder), leftover+"*")
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// takeOver links a file whose bytes have the sha256, and reports whether it
// could.
func takeOver(from, to, sha256 string) bool {
	if linkOrCopy(from, to) != nil {
		return false
	}
	sum, _, err := hashOfFile(to)
	if err != nil || sum != sha256 {
		os.Remove(to)
		return false
	}
	return true
}

// linkOrCopy gives a file a second name, or copies it where the file system
// knows no hard links.
func linkOrCopy(from, to string) error {
	if err := os.Link(from, to); err == nil {
		return nil
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}

// prune removes the snapshots that opts does not keep: never the latest, and
// never one whose load still waits for an answer or a decision.
func prune(ctx context.Context, db *warehouse.DB, opts Options) error {
	if opts.Keep == 0 {
		return nil
	}
	held, err := warehouse.Strings(ctx, db, "snapshot/snapshot.held", nil)
	if err != nil {
		return err
	}
	latest, err := os.Readlink(filepath.Join(opts.Folder, latestLink))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
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
		if i < opts.Keep || id == latest || slices.Contains(held, id) || max(0, opts.Now().Sub(began)) < opts.KeepFor {
			continue
		}
		if err := remove(opts.Folder, id); err != nil {
			return err
		}
		args := warehouse.Args{"snapshot_id": id, "now": opts.Now().UTC()}
		if _, err := db.Exec(ctx, "snapshot/snapshot.set_pruned", args); err != nil {
			return err
		}
	}
	return nil
}

// snapshots returns the ids of the snapshots in a folder, newest first. Other
// names than those of runs are not snapshots.
func snapshots(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder) // oldest first: the names begin with the time
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, entry := range entries {
		if _, err := etl.RunID(entry.Name()).Began(); err == nil {
			ids = append(ids, entry.Name())
		}
	}
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
