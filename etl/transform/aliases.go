package transform

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"spendbridge/etl/plaintext"
	"spendbridge/etl/warehouse"
)

// What a line of the alias file decides.
const (
	SameVendor      = "same"      // match is one more spelling of the vendor
	DifferentVendor = "different" // a suggestion to merge the two was rejected
)

// aliasColumns is the first line of an alias file.
var aliasColumns = []string{"match", "vendor", "who", "when", "decision"}

// maxVendor is the most characters a vendor's name may have, as it is posted.
const maxVendor = 255

// An Alias is one line of the alias file.
type Alias struct {
	Match    string // a name, a key, or, with a *, a pattern as the shell knows them; [*] is a star itself
	Vendor   string // the canonical name, as it is posted
	Who      string
	When     string // a date such as 2026-01-31, or empty
	Decision string // SameVendor or DifferentVendor
}

// ReadAliasFile reads an alias file for a person who decides. Of one that is
// missing or empty, the last good copy counts, if there is any. Faults are a
// [*etl.UsageError] that names each line.
func ReadAliasFile(ctx context.Context, r warehouse.Runner, path string) ([]Alias, error) {
	return readDecisions(ctx, r, keyAliases, path, readAliases)
}

// readAliases reads all lines and reports every fault found in them.
func readAliases(content []byte) ([]Alias, error) {
	table, err := plaintext.ReadTable(content)
	if err != nil {
		return nil, err
	}
	// A column of the user's own would be lost when vendors approve writes the
	// file.
	if table.Missing(aliasColumns...) != "" || len(table.Columns) > len(aliasColumns) {
		return nil, fmt.Errorf("line 1: write %s", strings.Join(aliasColumns, ","))
	}
	var (
		aliases []Alias
		faults  []error
		seen    = map[string]int{}
	)
	for _, row := range table.Rows {
		alias := newAlias(row.Fields)
		if err := alias.check(); err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", row.Line, err))
		}
		if first, ok := seen[alias.id()]; ok {
			faults = append(faults, fmt.Errorf("line %d: %q is decided on line %d already; keep one of them", row.Line, alias.Match, first))
		}
		seen[alias.id()] = row.Line
		aliases = append(aliases, alias)
	}
	return aliases, errors.Join(faults...)
}

func newAlias(fields map[string]string) Alias {
	alias := Alias{
		Match: fields["match"], Vendor: fields["vendor"], Who: fields["who"], When: fields["when"], Decision: strings.ToLower(fields["decision"]),
	}
	if alias.Decision == "" {
		alias.Decision = SameVendor
	}
	return alias
}

// check reports what a person has to mend.
func (a Alias) check() error {
	switch {
	case a.Match == "":
		return errors.New("match is empty; write the vendor's name or a pattern such as amzn*")
	case a.Vendor == "":
		return errors.New("vendor is empty; write the name to post")
	case utf8.RuneCountInString(a.Vendor) > maxVendor:
		return fmt.Errorf("vendor is longer than %d characters; shorten it", maxVendor)
	case strings.ContainsFunc(a.Vendor, unicode.IsControl):
		return errors.New("vendor holds a line break or another control character; write it on one line")
	case a.Decision != SameVendor && a.Decision != DifferentVendor:
		return fmt.Errorf("decision is %q; write %s, %s or nothing", a.Decision, SameVendor, DifferentVendor)
	}
	if _, err := time.Parse(time.DateOnly, a.When); a.When != "" && err != nil {
		return fmt.Errorf("when is %q; write a date such as 2026-01-31, or nothing", a.When)
	}
	return nil
}

// id tells lines apart: a name stands for one vendor, but may have been
// rejected as several others.
func (a Alias) id() string {
	id := strings.ToLower(a.Match)
	if a.Decision == DifferentVendor {
		id += "\x00" + strings.ToLower(a.Vendor)
	}
	return id
}

// WriteAliasFile writes an alias file whole or not at all. Lines keep their
// order.
func WriteAliasFile(path string, aliases []Alias) error {
	rows := make([][]string, 0, len(aliases))
	for _, a := range aliases {
		rows = append(rows, []string{a.Match, a.Vendor, a.Who, a.When, written(a.Decision)})
	}
	if err := writeDecisions(path, aliasColumns, rows); err != nil {
		return fmt.Errorf("alias file: %w", err)
	}
	return nil
}

// loadAliases makes the alias file the content of staging.vendor_aliases. The
// first decision creates the file, so until then it need not be there.
func (t *transformer) loadAliases(ctx context.Context) error {
	file := userFile{key: keyAliases, path: t.opts.AliasesFile, optional: true, assumed: t.opts.AliasesAssumed}
	aliases, err := readUserFile(ctx, t, file, readAliases)
	if err != nil {
		return err
	}
	return saveAliases(ctx, t.tx, aliases)
}

func saveAliases(ctx context.Context, tx *warehouse.Tx, aliases []Alias) error {
	if err := warehouse.Clear(ctx, tx, "staging.vendor_aliases"); err != nil {
		return err
	}
	for i, a := range aliases {
		_, err := tx.Exec(ctx, "transform/setting.add_alias", warehouse.Args{
			"position": i + 1, "match": a.Match, "vendor": a.Vendor,
			"who": a.Who, "decided_on": a.When, "decision": a.Decision,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
