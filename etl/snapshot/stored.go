package snapshot

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// storedFolder is where the store has snapshots, and latestKey the object that names
// the one to read. A query is to be planned against that one.
const (
	storedFolder = "snapshots"
	latestKey    = storedFolder + "/latest.json"
)

// A pointer is the content of latest.json.
type pointer struct {
	SnapshotID string    `json:"snapshot_id"`
	Manifest   string    `json:"manifest"` // its key
	At         time.Time `json:"at"`
}

// Store puts a snapshot into the store: a complete folder, read back, and only then
// named by latest.json. It removes the snapshots there that were pruned here.
func Store(ctx context.Context, db *warehouse.DB, s *store.Store, taken Snapshot, now time.Time) error {
	latest, manifest, err := readLatest(ctx, s)
	if err != nil {
		return fmt.Errorf("snapshot %s: %w", taken.ID, err)
	}
	if latest.SnapshotID != taken.ID {
		if err := put(ctx, s, taken, manifest); err != nil {
			return fmt.Errorf("snapshot %s: %w", taken.ID, err)
		}
		latest = pointer{taken.ID, storedKey(taken.ID, manifestFile), now.UTC()}
		text, err := json.Marshal(latest)
		if err != nil {
			return err
		}
		if err := s.Replace(ctx, latestKey, text); err != nil {
			return err
		}
	}
	return pruneStored(ctx, db, s, latest.SnapshotID)
}

func storedKey(id, file string) string { return path.Join(storedFolder, id, file) }

// readLatest reads what latest.json names, with its manifest.
func readLatest(ctx context.Context, s *store.Store) (latest pointer, m Manifest, err error) {
	text, err := s.Get(ctx, latestKey)
	if errors.Is(err, fs.ErrNotExist) {
		return latest, m, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &latest)
	}
	if err != nil {
		return latest, m, err
	}
	text, err = s.Get(ctx, latest.Manifest)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	return latest, m, err
}

// put writes the data, then the manifest, and reads the data back. Months that the
// snapshot before has as well are copied by the store.
func put(ctx context.Context, s *store.Store, taken Snapshot, before Manifest) error {
	for _, file := range taken.Manifest.Files {
		key := storedKey(taken.ID, file.Path)
		var err error
		if slices.ContainsFunc(before.Files, func(b ManifestFile) bool { return b.Path == file.Path && b.SHA256 == file.SHA256 }) {
			err = s.Copy(ctx, key, storedKey(before.SnapshotID, file.Path))
		} else {
			err = s.Upload(ctx, key, filepath.Join(taken.Path, filepath.FromSlash(file.Path)))
		}
		if err != nil && !errors.Is(err, store.ErrTaken) {
			return err
		}
	}
	manifest, err := os.ReadFile(filepath.Join(taken.Path, manifestFile))
	if err != nil {
		return err
	}
	if err := s.Put(ctx, storedKey(taken.ID, manifestFile), manifest); err != nil {
		return err
	}
	for _, file := range taken.Manifest.Files {
		key, sum := storedKey(taken.ID, file.Path), sha256.New()
		if err := s.ReadTo(ctx, sum, key); err != nil {
			return err
		}
		if fmt.Sprintf("%x", sum.Sum(nil)) != file.SHA256 {
			return fmt.Errorf("store %s: %s is not what was written; delete it there, and run spendbridge load --snapshot-only", s.Name(), key)
		}
	}
	return nil
}

// pruneStored removes the snapshots that this folder has pruned. What is left of one by
// a program that was killed is found again by its folder.
func pruneStored(ctx context.Context, db *warehouse.DB, s *store.Store, latest string) error {
	pruned, err := warehouse.Strings(ctx, db, "snapshot/snapshot.pruned", nil)
	if err != nil || len(pruned) == 0 {
		return err
	}
	stored, err := s.Folders(ctx, storedFolder+"/")
	if err != nil {
		return err
	}
	for _, id := range stored {
		if id == latest || !slices.Contains(pruned, id) {
			continue
		}
		keys, err := s.Keys(ctx, storedKey(id, "")+"/")
		if err != nil {
			return err
		}
		for _, key := range keys {
			if err := s.Delete(ctx, key); err != nil {
				return err
			}
		}
	}
	return nil
}
