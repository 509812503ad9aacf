package transform

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// Suggest lists the vendors that are probably the same, with a similarity of at
// least least, a decimal such as "0.88", and not decided yet. Those that would
// move most spend come first. It changes nothing.
func Suggest(ctx context.Context, db *warehouse.DB, aliases []Alias, least string) ([]etl.Suggestion, error) {
	return review[etl.Suggestion](ctx, db, vendors, aliases, "transform/vendor.suggest", warehouse.Args{"least": least})
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
	var all []Vendor
	err := warehouse.Fill(ctx, r, &all, "transform/vendor.list", nil)
	return all, err
}

// A Rename is the effect of aliases on one vendor in one month. The amount is
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
	return review[Rename](ctx, db, vendors, aliases, "transform/vendor.effect", nil)
}

// A Decision is a person's decision about two vendors.
type Decision struct {
	Vendor string // a vendor, a spelling, a key, or a pattern with *
	Into   string // the canonical name
	Who    string
	When   string // 2026-01-31
}

// Approve returns the aliases with a vendor renamed to another, with all its
// spellings: an alias that named the old vendor names the new one. Each name
// refers to the vendor that has it as a spelling. A decision that would leave a
// vendor under two names is a [*etl.UsageError].
func Approve(ctx context.Context, db *warehouse.DB, aliases []Alias, d Decision) ([]Alias, error) {
	d.Into = strings.TrimSpace(d.Into)
	if err := vendors.check(d.line(d.Vendor, Same)); err != nil {
		return nil, &etl.UsageError{Err: err}
	}
	var decided []Alias
	err := vendors.applied(ctx, db, aliases, func(tx *warehouse.Tx) (err error) {
		decided, err = d.approve(ctx, tx, aliases)
		return err
	})
	if err != nil {
		return nil, err
	}
	return decided, vendors.applied(ctx, db, decided, func(tx *warehouse.Tx) error { return rejectSplit(ctx, tx) })
}

func (d Decision) line(match, decision string) Alias {
	return Alias{Match: match, Name: d.Into, Who: d.Who, When: d.When, Decision: decision}
}

func (d Decision) approve(ctx context.Context, tx *warehouse.Tx, aliases []Alias) ([]Alias, error) {
	// With a star, a name that matches no spelling is a pattern.
	keys, vendor, err := find(ctx, tx, d.Vendor, !strings.Contains(d.Vendor, "*"))
	if err != nil {
		return nil, err
	}
	_, into, err := find(ctx, tx, d.Into, true)
	if err != nil {
		return nil, err
	}
	// Merging into another vendor uses that vendor's name.
	if into != "" && into != vendor {
		d.Into = into
	}
	switch {
	case vendor == "" && strings.Contains(d.Vendor, "*"):
		return merge(aliases, []string{d.Vendor}, d), nil
	case vendor == "":
		return nil, unknownVendor(d.Vendor)
	case vendor == d.Into:
		return nil, etl.Usagef("%q is posted as %q already", d.Vendor, d.Into)
	}
	d.Vendor = vendor
	for i, key := range keys {
		keys[i] = literal(key)
	}
	return merge(aliases, keys, d), nil
}

// find returns the vendor that a name refers to, with its keys, or "" if there
// is none. alike also accepts names that differ in case, punctuation or legal
// form.
func find(ctx context.Context, tx *warehouse.Tx, name string, alike bool) (keys []string, vendor string, err error) {
	err = tx.Each(ctx, "transform/vendor_find.sql", warehouse.Args{"name": name, "alike": alike}, func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&vendor, &key)
		keys = append(keys, key)
		return err
	})
	return keys, vendor, err
}

// rejectSplit rejects aliases that give one vendor two names.
func rejectSplit(ctx context.Context, tx *warehouse.Tx) error {
	var vendor, names string
	err := tx.Get(ctx, "transform/vendor.split", nil, &vendor, &names)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return etl.Usagef("this would leave %q under several names: %s; name the vendor itself, or write the lines for its spellings into the alias file", vendor, names)
}

// literal returns the pattern that matches a key and nothing else.
func literal(key string) string {
	if !strings.Contains(key, "*") {
		return key
	}
	return strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(key)
}

// merge makes each match an alias of the decision's name. Aliases that named
// the vendor itself are renamed with it.
func merge(aliases []Alias, matches []string, d Decision) []Alias {
	merged := slices.Clone(aliases)
	for i, a := range merged {
		if a.Decision == Same && (a.Name == d.Vendor || slices.Contains(matches, strings.ToLower(a.Match))) {
			merged[i] = d.line(a.Match, Same)
		}
	}
	for _, match := range matches {
		known := slices.ContainsFunc(merged, func(a Alias) bool {
			return a.Decision == Same && strings.EqualFold(a.Match, match)
		})
		if !known {
			merged = append(merged, d.line(match, Same))
		}
	}
	return merged
}

// Reject returns the aliases with the decision that two vendors differ, or that
// another spelling of a vendor is not better, so that they are not suggested
// again.
func Reject(ctx context.Context, db *warehouse.DB, aliases []Alias, d Decision) ([]Alias, error) {
	rejected := d.line(d.Vendor, Different)
	err := vendors.applied(ctx, db, aliases, func(tx *warehouse.Tx) error {
		_, vendor, err := find(ctx, tx, d.Vendor, true)
		if err != nil {
			return err
		}
		_, other, err := find(ctx, tx, d.Into, true)
		switch {
		case err != nil:
			return err
		case vendor == "":
			return unknownVendor(d.Vendor)
		case other == "":
			return unknownVendor(d.Into)
		}
		rejected.Match = vendor
		if other != vendor {
			rejected.Name = other
		}
		return nil
	})
	if err != nil || slices.ContainsFunc(aliases, func(a Alias) bool { return vendors.id(a) == vendors.id(rejected) }) {
		return aliases, err
	}
	return append(slices.Clone(aliases), rejected), nil
}

func unknownVendor(name string) error {
	return etl.Usagef("no spend has the vendor %q; see: spendbridge vendors list", name)
}

// A Respelling is a better spelling of a vendor that was posted under another
// spelling. The amount is decimal text in the reporting currency.
type Respelling struct {
	Vendor  string `json:"vendor"` // as it is posted
	Better  string `json:"better_spelling"`
	Records int    `json:"records"`
	Amount  string `json:"amount"`
}

// Respellings lists the vendors whose name was fixed before a better spelling
// of it was seen, those with most spend first. It changes nothing.
func Respellings(ctx context.Context, db *warehouse.DB, aliases []Alias) ([]Respelling, error) {
	return review[Respelling](ctx, db, vendors, aliases, "transform/vendor.respell", nil)
}

// KeepNames fixes the names of vendors with an accepted record: later data may
// suggest another name but never changes it.
func KeepNames(ctx context.Context, db *warehouse.DB) error {
	_, err := db.Exec(ctx, "transform/vendor_name.keep", nil)
	return err
}
