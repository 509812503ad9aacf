package transform

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"spendbridge/etl/warehouse"
)

// A Comparison counts the records that two warehouses decided differently.
type Comparison struct {
	Records   int      // that are in one of them or both
	Differing int      //
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
	var differing string
	err := rebuilt.Get(ctx, "transform/compare.differing", digests, &result.Records, &result.Differing, &differing)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal([]byte(differing), &result.First); err != nil {
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
