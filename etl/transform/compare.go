package transform

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"spendbridge/etl/warehouse"
)

// A Comparison is how far two warehouses decided alike.
type Comparison struct {
	Records   int      // that are in one of them or both
	Differing int      //
	First     []string // the first ten that differ, and in what
}

// Compare holds the decided records of two warehouses against each other:
// spend, excluded and quarantine, in every column.
func Compare(ctx context.Context, old, rebuilt *warehouse.DB) (Comparison, error) {
	var result Comparison
	for pair, err := range pairs(decided(ctx, old), decided(ctx, rebuilt)) {
		if err != nil {
			return result, err
		}
		result.Records++
		if pair.old == pair.rebuilt {
			continue
		}
		result.Differing++
		if result.Differing <= maxOffenders {
			result.First = append(result.First, pair.id)
		}
	}
	for i, id := range result.First {
		var err error
		if result.First[i], err = difference(ctx, old, rebuilt, id); err != nil {
			return result, err
		}
	}
	return result, nil
}

// A digest stands for one decided record.
type digest struct {
	id, sum string // sum begins with the place it was decided into
}

// decided yields the records of a warehouse in the order of their ids.
func decided(ctx context.Context, db *warehouse.DB) iter.Seq2[digest, error] {
	errStopped := errors.New("stopped")
	return func(yield func(digest, error) bool) {
		err := db.Each(ctx, "transform/compare.records", nil, func(rows *sql.Rows) error {
			var d digest
			var place string
			if err := rows.Scan(&d.id, &place, &d.sum); err != nil {
				return err
			}
			d.sum = place + " " + d.sum
			if !yield(d, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(digest{}, err)
		}
	}
}

// A pair is one record in both warehouses; a sum is empty where it is missing.
type pair struct {
	id, old, rebuilt string
}

// pairs merges two sequences in the order of ids.
func pairs(old, rebuilt iter.Seq2[digest, error]) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		nextOld, stopOld := iter.Pull2(old)
		defer stopOld()
		nextRebuilt, stopRebuilt := iter.Pull2(rebuilt)
		defer stopRebuilt()

		a, errA, moreA := nextOld()
		b, errB, moreB := nextRebuilt()
		for moreA || moreB {
			if err := errors.Join(errA, errB); err != nil {
				yield(pair{}, err)
				return
			}
			var p pair
			order := cmp.Compare(a.id, b.id)
			if moreA && (!moreB || order <= 0) {
				p.id, p.old = a.id, a.sum
			}
			if moreB && (!moreA || order >= 0) {
				p.id, p.rebuilt = b.id, b.sum
			}
			if !yield(p, nil) {
				return
			}
			if p.old != "" {
				a, errA, moreA = nextOld()
			}
			if p.rebuilt != "" {
				b, errB, moreB = nextRebuilt()
			}
		}
	}
}

// difference says in what one record differs.
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
		all["place"] += place // a record that stands twice differs here
		return nil
	})
	return all, err
}
