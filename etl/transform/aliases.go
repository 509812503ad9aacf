package transform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"spendbridge/etl/warehouse"
)

// aliasColumns is the first line of an alias file.
var aliasColumns = []string{"match", "vendor", "who", "when", "decision"}

// An Alias is one line of the alias file.
type Alias struct {
	Match    string // a name, a key, or a shell pattern with *; [*] is a literal star
	Vendor   string // the canonical name, as it is posted
	Who      string
	When     string // a date such as 2026-01-31, or empty
	Decision string // Same or Different
}

// ReadAliasFile reads an alias file for commands that change it. If it is
// missing or empty, the last good copy is used, if there is one. Faults are a
// [*etl.UsageError] that names each line.
func ReadAliasFile(ctx context.Context, r warehouse.Runner, path string) ([]Alias, error) {
	return readDecisions(ctx, r, keyAliases, path, readAliases)
}

func readAliases(content []byte) ([]Alias, error) {
	return parseDecisions(content, aliasColumns, len(aliasColumns), newAlias)
}

func newAlias(fields map[string]string) Alias {
	alias := Alias{
		Match: fields["match"], Vendor: fields["vendor"], Who: fields["who"], When: fields["when"], Decision: strings.ToLower(fields["decision"]),
	}
	if alias.Decision == "" {
		alias.Decision = Same
	}
	return alias
}

func (a Alias) match() string { return a.Match }

func (a Alias) check() error {
	if a.Match == "" {
		return errors.New("match is empty; write the vendor's name or a pattern such as amzn*")
	}
	return checkDecision("vendor", a.Vendor, a.Decision, a.When)
}

// id identifies a line: a name belongs to one vendor, but may have been
// rejected for several.
func (a Alias) id() string {
	id := strings.ToLower(a.Match)
	if a.Decision == Different {
		id += "\x00" + strings.ToLower(a.Vendor)
	}
	return id
}

// WriteAliasFile replaces the alias file atomically. Lines keep their order.
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

// loadAliases loads the alias file into staging.vendor_aliases. The first
// decision creates the file, so it may not exist yet.
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
