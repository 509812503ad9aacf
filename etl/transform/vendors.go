package transform

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A Suggestion is a pair of vendors that may be one. Amounts are decimal text
// in the reporting currency.
type Suggestion struct {
	Vendor     string `json:"vendor"` // the one with less spend
	Spelling   string `json:"spelling"`
	Amount     string `json:"amount"`
	Records    int    `json:"records"`
	Into       string `json:"into_vendor"`
	IntoSpelt  string `json:"into_spelling"`
	IntoAmount string `json:"into_amount"`
	IntoCount  int    `json:"into_records"`
	Similarity string `json:"similarity"` // 0.000 … 1.000 = the same
}

// Suggest lists the vendors that may be one although the aliases do not say
// so, and whose similarity is at least least, a decimal such as "0.88". Those
// that would move most spend come first. It changes nothing.
func Suggest(ctx context.Context, db *warehouse.DB, aliases []Alias, least string) ([]Suggestion, error) {
	found := []Suggestion{}
	err := withAliases(ctx, db, aliases, func(tx *warehouse.Tx) error {
		return tx.Each(ctx, "queries/vendor_suggest.sql", warehouse.Args{"least": least}, func(rows *sql.Rows) error {
			var s Suggestion
			err := rows.Scan(&s.Vendor, &s.Spelling, &s.Amount, &s.Records,
				&s.Into, &s.IntoSpelt, &s.IntoAmount, &s.IntoCount, &s.Similarity)
			found = append(found, s)
			return err
		})
	})
	return found, err
}

// A Vendor is one canonical name. The amount is decimal text in the
// reporting currency.
type Vendor struct {
	Name      string   `json:"vendor"`
	Records   int      `json:"records"`
	Amount    string   `json:"amount"`
	Unpriced  int      `json:"records_without_rate"`
	Aliased   bool     `json:"aliased"`
	LastOn    string   `json:"last_on"`
	Spellings []string `json:"spellings"` // most frequent first
}

// ListVendors lists the vendors of canonical.spend, those with most spend
// first.
func ListVendors(ctx context.Context, r warehouse.Runner) ([]Vendor, error) {
	return warehouse.List(ctx, r, "queries/vendor_list.sql", nil, func(rows *sql.Rows, v *Vendor) error {
		var spellings string
		if err := rows.Scan(&v.Name, &v.Records, &v.Amount, &v.Unpriced, &v.Aliased, &v.LastOn, &spellings); err != nil {
			return err
		}
		return json.Unmarshal([]byte(spellings), &v.Spellings)
	})
}

// A Rename is what aliases would do to one vendor in one month. The amount is
// decimal text in the reporting currency.
type Rename struct {
	Month   string `json:"month"` // 2026-01
	Vendor  string `json:"vendor"`
	Into    string `json:"into_vendor"`
	Records int    `json:"records"`
	Amount  string `json:"amount"`
	Posted  int    `json:"posted"` // of the records, under the old name
}

// Renames lists what the next transform would rename with these aliases. It
// changes nothing.
func Renames(ctx context.Context, db *warehouse.DB, aliases []Alias) ([]Rename, error) {
	found := []Rename{}
	err := withAliases(ctx, db, aliases, func(tx *warehouse.Tx) error {
		return tx.Each(ctx, "queries/vendor_effect.sql", nil, func(rows *sql.Rows) error {
			var r Rename
			err := rows.Scan(&r.Month, &r.Vendor, &r.Into, &r.Records, &r.Amount, &r.Posted)
			found = append(found, r)
			return err
		})
	})
	return found, err
}

// withAliases runs read as if the aliases were in force, and takes everything
// back afterwards.
func withAliases(ctx context.Context, db *warehouse.DB, aliases []Alias, read func(*warehouse.Tx) error) error {
	return db.Undone(ctx, func(tx *warehouse.Tx) error {
		for _, file := range []string{
			"2_staging/seed_letters.sql",
			"2_staging/seed_legal_suffixes.sql",
			"2_staging/seed_processor_prefixes.sql",
			"queries/transform_macro_vendor_keys.sql",
			"queries/suggestion_macro_likely_pairs.sql",
			"4_normalized/int_vendors_keyed.sql",
		} {
			if _, err := tx.Exec(ctx, file, nil); err != nil {
				return err
			}
		}
		if err := saveAliases(ctx, tx, aliases); err != nil {
			return err
		}
		return read(tx)
	})
}

// A Decision is what a person says about two names.
type Decision struct {
	Vendor string // a vendor, a spelling, a key, or a pattern with *
	Into   string // the canonical name
	Who    string
	When   string // 2026-01-31
}

// Approve returns the aliases with the decision that a vendor is to be posted
// under another name, with all its spellings: an alias that named the old
// vendor names the new one. If no vendor has the name that was decided on,
// only the spellings with that key move, or what the pattern matches.
func Approve(ctx context.Context, db *warehouse.DB, aliases []Alias, d Decision) ([]Alias, error) {
	d.Into = strings.TrimSpace(d.Into)
	if err := (Alias{d.Vendor, d.Into, d.Who, d.When, SameVendor}).check(); err != nil {
		return nil, &etl.UsageError{Err: err}
	}
	found, err := find(ctx, db, d.Vendor)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0 && strings.Contains(d.Vendor, "*"):
		return merge(aliases, []string{d.Vendor}, d), nil
	case len(found) == 0:
		return nil, unknownVendor(d.Vendor)
	}
	if err := refuseNamesake(ctx, db, found[0].vendor, d.Into); err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(found))
	for _, f := range found {
		keys = append(keys, literal(f.key))
	}
	return merge(aliases, keys, d), nil
}

// A namedVendor is a vendor that a name stands for, and one of its keys.
type namedVendor struct {
	vendor, key string
}

func find(ctx context.Context, db *warehouse.DB, name string) ([]namedVendor, error) {
	var found []namedVendor
	err := db.Each(ctx, "queries/vendor_find.sql", warehouse.Args{"name": name}, func(rows *sql.Rows) error {
		var f namedVendor
		err := rows.Scan(&f.vendor, &f.key)
		found = append(found, f)
		return err
	})
	return found, err
}

// literal returns what matches a key and nothing else.
func literal(key string) string {
	if !strings.Contains(key, "*") {
		return key
	}
	return strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(key)
}

// refuseNamesake keeps two vendors from differing in capitals only. A vendor
// may change its own.
func refuseNamesake(ctx context.Context, db *warehouse.DB, vendor, into string) error {
	var namesake sql.NullString
	err := db.Get(ctx, "queries/vendor_namesake.sql", warehouse.Args{"name": into}, &namesake)
	if err != nil || !namesake.Valid || namesake.String == vendor {
		return err
	}
	return etl.Usagef("there is a vendor %q already; write it like that, or rename it first", namesake.String)
}

// merge makes each match an alias of the decision's name. Aliases that named
// the vendor itself follow it.
func merge(aliases []Alias, matches []string, d Decision) []Alias {
	merged := slices.Clone(aliases)
	decide := func(match string) Alias { return Alias{match, d.Into, d.Who, d.When, SameVendor} }
	for i, a := range merged {
		if a.Decision == SameVendor && (a.Vendor == d.Vendor || slices.Contains(matches, strings.ToLower(a.Match))) {
			merged[i] = decide(a.Match)
		}
	}
	for _, match := range matches {
		known := slices.ContainsFunc(merged, func(a Alias) bool {
			return a.Decision == SameVendor && strings.EqualFold(a.Match, match)
		})
		if !known {
			merged = append(merged, decide(match))
		}
	}
	return merged
}

// Reject returns the aliases with the decision that two vendors are not one,
// so that they are not suggested again.
func Reject(ctx context.Context, db *warehouse.DB, aliases []Alias, d Decision) ([]Alias, error) {
	rejected := Alias{d.Vendor, d.Into, d.Who, d.When, DifferentVendor}
	for _, name := range []*string{&rejected.Match, &rejected.Vendor} {
		found, err := find(ctx, db, *name)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, unknownVendor(*name)
		}
		*name = found[0].vendor
	}
	if slices.ContainsFunc(aliases, func(a Alias) bool { return a.id() == rejected.id() }) {
		return aliases, nil
	}
	return append(slices.Clone(aliases), rejected), nil
}

func unknownVendor(name string) error {
	return etl.Usagef("no spend has the vendor %q; see: spendbridge vendors list", name)
}
