package transform

import (
	"context"
	"fmt"
	"os"
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

	for rows, args := range map[string]warehouse.Args{
		"records": {"moment": moment.UTC()}, "vendor_names": {"moment": moment.UTC()}, "sources": nil, "files": nil,
	} {
		if err := warehouse.Carry(ctx, from, into, folder, rows, args); err != nil {
			return Result{}, fmt.Errorf("as of %s: %w", moment.UTC().Format(time.RFC3339), err)
		}
	}
	return Run(ctx, into, opts)
}
