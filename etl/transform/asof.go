package transform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"spendbridge/etl/warehouse"
)

// AsOf fills an empty warehouse with what the raw records said at a moment and
// transforms it there. Files and settings are those of opts: past records,
// today's rules. Folders created in temp are removed; those of a killed process
// begin with asof-.
func AsOf(ctx context.Context, from, into *warehouse.DB, moment time.Time, temp string, opts Options) (Result, error) {
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return Result{}, err
	}
	folder, err := os.MkdirTemp(temp, "asof-")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(folder)

	err = errors.Join(
		carry(ctx, from, into, folder, "records", warehouse.Args{"moment": moment.UTC()}),
		Carry(ctx, from, into, folder, moment),
	)
	if err != nil {
		return Result{}, fmt.Errorf("as of %s: %w", moment.UTC().Format(time.RFC3339), err)
	}
	return Run(ctx, into, opts)
}

// Carry copies into an empty warehouse what cannot be derived from pages: all
// sources that were ever configured, the user's files as last read, and the
// vendor names fixed by a moment. It uses temporary files in folder.
func Carry(ctx context.Context, from, into warehouse.Runner, folder string, moment time.Time) error {
	return errors.Join(
		carry(ctx, from, into, folder, "sources", nil),
		carry(ctx, from, into, folder, "cardholders", nil),
		carry(ctx, from, into, folder, "files", nil),
		carry(ctx, from, into, folder, "vendor_names", warehouse.Args{"moment": moment.UTC()}),
	)
}

// carry copies rows by way of a Parquet file. args are further parameters of the
// statement that saves them.
func carry(ctx context.Context, from, into warehouse.Runner, folder, rows string, args warehouse.Args) error {
	path := filepath.Join(folder, rows+".parquet")
	defer os.Remove(path)
	save := warehouse.Args{"path": path}
	maps.Copy(save, args)
	if _, err := from.Exec(ctx, "transform/carry."+rows+"_save", save); err != nil {
		return err
	}
	_, err := into.Exec(ctx, "transform/carry."+rows+"_load", warehouse.Args{"path": path})
	return err
}
