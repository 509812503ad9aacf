package transform

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
		carry(ctx, from, into, folder, "raw.records", "save_records", warehouse.Args{"moment": moment.UTC()}),
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
		carry(ctx, from, into, folder, "ops.sources", "save", nil),
		carry(ctx, from, into, folder, "ops.cardholders", "save", nil),
		carry(ctx, from, into, folder, "ops.files", "save", nil),
		carry(ctx, from, into, folder, "ops.vendor_names", "save_names", warehouse.Args{"moment": moment.UTC()}),
	)
}

// carry copies rows of a table by way of a Parquet file. The statement save
// writes it, with args or the table as its parameters.
func carry(ctx context.Context, from, into warehouse.Runner, folder string, table warehouse.Table, save string, args warehouse.Args) error {
	path := filepath.Join(folder, string(table)+".parquet")
	defer os.Remove(path)
	load := warehouse.Args{"path": path, "table": table}
	if args == nil {
		args = load
	}
	args["path"] = path
	if _, err := from.Exec(ctx, "transform/carry."+save, args); err != nil {
		return err
	}
	_, err := into.Exec(ctx, "transform/carry.load", load)
	return err
}

// A Comparison counts the records that two warehouses decided differently.
type Comparison struct {
	Records   int // that are in one of them or both
	Differing int
	First     []string // the first ten that differ, and in what
}

// Compare compares the decided records of two warehouses, spend, excluded and
// quarantine, in every column. It uses temporary files in folder.
func Compare(ctx context.Context, old, rebuilt *warehouse.DB, folder string) (Comparison, error) {
	var result Comparison
	digests := warehouse.Args{"most": maxOffenders}
	for name, db := range map[string]*warehouse.DB{"old": old, "rebuilt": rebuilt} {
		path := filepath.Join(folder, name+".parquet")
		defer os.Remove(path)
		if _, err := db.Exec(ctx, "transform/compare.save", warehouse.Args{"path": path}); err != nil {
			return result, err
		}
		digests[name] = path
	}
	err := warehouse.Fill(ctx, rebuilt, &result, "transform/compare.differing", digests)
	if err != nil {
		return result, err
	}
	for i, id := range result.First {
		if result.First[i], err = difference(ctx, old, rebuilt, id); err != nil {
			return result, err
		}
	}
	return result, nil
}

// difference describes how one record differs.
func difference(ctx context.Context, old, rebuilt *warehouse.DB, id string) (string, error) {
	before, err := columns(ctx, old, id)
	if err != nil {
		return "", err
	}
	after, err := columns(ctx, rebuilt, id)
	if err != nil {
		return "", err
	}
	switch {
	case len(before) == 0:
		return id + ": only in the rebuilt warehouse", nil
	case len(after) == 0:
		return id + ": missing from the rebuilt warehouse", nil
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	var found []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before[name] != after[name] {
			found = append(found, fmt.Sprintf("%s %s, rebuilt %s", name, before[name], after[name]))
		}
	}
	return id + ": " + strings.Join(found, "; "), nil
}

// columns returns a decided record's columns as JSON text, and its place.
func columns(ctx context.Context, db *warehouse.DB, id string) (map[string]string, error) {
	all := map[string]string{}
	err := db.Each(ctx, "transform/compare.record", warehouse.Args{"spend_id": id}, func(rows *sql.Rows) error {
		var place, text string
		if err := rows.Scan(&place, &text); err != nil {
			return err
		}
		var values map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			return err
		}
		for name, value := range values {
			all[name] = string(value)
		}
		all["place"] += place // a record that is there twice differs here
		return nil
	})
	return all, err
}
