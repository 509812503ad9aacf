package transform

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"spendbridge/etl/warehouse"
)

// AsOf fills an empty warehouse with what the raw records said at a moment
// and transforms it there. The files and settings are those of opts: what was
// known of the records is the past's, how they are read is today's. Folders made
// in temp are removed; those of a process that was killed begin with asof-.
func AsOf(ctx context.Context, from, into *warehouse.DB, moment time.Time, temp string, opts Options) (Result, error) {
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return Result{}, err
	}
	folder, err := os.MkdirTemp(temp, "asof-")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(folder)

	records := warehouse.Args{"path": filepath.Join(folder, "records.parquet")}
	sources := warehouse.Args{"path": filepath.Join(folder, "sources.parquet")}
	for _, step := range []struct {
		db   *warehouse.DB
		file string
		args warehouse.Args
	}{
		{from, "queries/asof_records_save.sql", warehouse.Args{"path": records["path"], "moment": moment.UTC()}},
		{from, "queries/asof_sources_save.sql", sources},
		{into, "queries/asof_records_load.sql", records},
		{into, "queries/asof_sources_load.sql", sources},
	} {
		if _, err := step.db.Exec(ctx, step.file, step.args); err != nil {
			return Result{}, fmt.Errorf("as of %s: %w", moment.UTC().Format(time.RFC3339), err)
		}
	}
	if err := CopyFiles(ctx, from, into, folder); err != nil {
		return Result{}, fmt.Errorf("as of %s: %w", moment.UTC().Format(time.RFC3339), err)
	}
	return Run(ctx, into, opts)
}
