package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"spendbridge/etl"
	"spendbridge/etl/extract"
	"spendbridge/etl/snapshot"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// landStage loads into the warehouse what only the journals have, because the
// warehouse was lost or restored from an older backup.
func landStage() Stage {
	return Stage{Name: "land", KeepGoing: true, Run: func(ctx context.Context, r *Run) (etl.Counts, error) {
		return extract.Land(ctx, r.DB, r.Config.DataDir, r.Log)
	}}
}

// verifyRebuild rebuilds a second warehouse from the page files and compares
// its records with those of the first, every column of them.
func verifyRebuild() Stage {
	return prove("rebuild", "every record and every Parquet file with those of a second warehouse, rebuilt from the page files",
		"spendbridge transform, then this command again; what still differs was not made from the page files",
		func(ctx context.Context, r *Run) (etl.Counts, error) {
			folder := filepath.Join(r.Config.TempDir(), "rebuild")
			defer os.RemoveAll(folder)
			if err := os.MkdirAll(folder, 0o700); err != nil {
				return etl.Counts{}, err
			}
			return r.rebuildIn(ctx, folder)
		})
}

func (r *Run) rebuildIn(ctx context.Context, folder string) (counts etl.Counts, err error) {
	rebuilt, err := warehouse.Open(ctx, warehouse.Options{
		Location: filepath.Join(folder, "warehouse.duckdb"), MemoryLimit: r.Config.EngineMemory(),
		TempDir: filepath.Join(folder, "tmp"), Files: r.SQL,
	})
	if err != nil {
		return etl.Counts{}, err
	}
	defer func() { err = errors.Join(err, rebuilt.Close()) }()

	// Sources and cardholders may have left the configuration.
	if err := transform.Carry(ctx, r.DB, rebuilt, folder, r.Now()); err != nil {
		return etl.Counts{}, err
	}
	counts, err = extract.Rebuild(ctx, r.DB, rebuilt, r.Config.DataDir)
	if err != nil {
		return counts, err
	}
	if _, err := transform.Run(ctx, rebuilt, r.transformOptions()); err != nil {
		return counts, err
	}
	comparison, err := transform.Compare(ctx, r.DB, rebuilt, folder)
	if err != nil {
		return counts, err
	}
	if comparison.Differing > 0 {
		return counts, &etl.CheckError{
			Check: "a warehouse rebuilt from the stored pages holds the same records", Rows: comparison.Differing, First: comparison.First,
		}
	}
	if err := r.sameParquet(ctx, rebuilt, folder); err != nil {
		return counts, err
	}
	r.Result.note(fmt.Sprintf("a warehouse rebuilt from the stored pages holds the same %s records and gives the same Parquet files", etl.Number(comparison.Records)))
	return counts, nil
}

// sameParquet exports both warehouses and compares the files byte for byte.
func (r *Run) sameParquet(ctx context.Context, rebuilt *warehouse.DB, folder string) error {
	kept, err := r.parquetHashes(ctx, r.DB, filepath.Join(folder, "kept"))
	if err != nil {
		return err
	}
	made, err := r.parquetHashes(ctx, rebuilt, filepath.Join(folder, "made"))
	if err != nil {
		return err
	}
	failed := &etl.CheckError{Check: "a warehouse rebuilt from the stored pages gives the same Parquet files"}
	for path, hash := range kept {
		if made[path] != hash {
			failed.Rows++
			failed.First = append(failed.First, fmt.Sprintf("%s: sha256 %s, rebuilt %s", path, hash, made[path]))
		}
	}
	if failed.Rows > 0 || len(kept) != len(made) {
		return failed
	}
	return nil
}

// parquetHashes returns the sha256 of each file of a snapshot of db.
func (r *Run) parquetHashes(ctx context.Context, db *warehouse.DB, folder string) (map[string]string, error) {
	snapshot, err := snapshot.Export(ctx, db, r.Started, snapshot.Options{
		Folder: folder, RunID: r.ID, Schemas: r.Schemas, Now: r.Now,
	})
	if err != nil {
		return nil, err
	}
	hashes := map[string]string{}
	for _, file := range snapshot.Manifest.Files {
		hashes[file.Path] = file.SHA256
	}
	return hashes, nil
}
