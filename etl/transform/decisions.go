package transform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"spendbridge/etl/durable"
	"spendbridge/etl/plaintext"
	"spendbridge/etl/warehouse"
)

// A Line is one line of the alias file, which is about vendors, or of the
// categories file.
type Line struct {
	Source   string // of a category; empty = every source
	Match    string // a name as received, a vendor's key, or a shell pattern with *; [*] is a literal star
	Name     string // as it is posted
	Who      string
	When     string // a date such as 2026-01-31, or empty
	Decision string // Same or Different
}

// The lines of the two files.
type (
	Alias        = Line
	CategoryLine = Line
)

// The decisions in both files.
const (
	Same      = "same"      // match is one more spelling of the name
	Different = "different" // a suggestion to merge the two was rejected
)

// maxName is the most characters a vendor or a category may have, as it is posted.
const maxName = 255

// A noun is what the lines of a file are about.
type noun struct {
	name    string   // of the column with the name to post
	key     string   // of the file in the configuration
	file    string   // what errors call it
	columns []string // its first line
	matches string   // what to write as a match

	fold   func(string) string // maps spellings of one name to one text
	save   string              // the statement that fills the table
	table  warehouse.Table     // where SQL finds the lines
	models []string            // what shows the effect of the lines there
}

var (
	vendors = noun{
		name: "vendor", key: keyAliases, file: "alias file",
		columns: []string{"match", "vendor", "who", "when", "decision"},
		matches: "write the vendor's name or a pattern such as amzn*",
		fold:    strings.ToLower,
		save:    "transform/setting.add_aliases", table: "staging.vendor_aliases",
		models: []string{
			"2_staging/seed_letters.sql",
			"2_staging/seed_legal_forms.sql",
			"2_staging/seed_processor_prefixes.sql",
			"transform/macro.legal_forms",
			"transform/macro_vendor_keys.sql",
			"transform/suggestion_likely_pairs.sql",
			"4_normalized/int_vendors_keyed.sql",
			"transform/vendor.spend",
		},
	}
	categories = noun{
		name: "category", key: keyCategories, file: "categories file",
		columns: []string{"source", "match", "category", "who", "when", "decision"},
		matches: "write a category as it is received, or a pattern such as travel*",
		fold: func(text string) string {
			if strings.Contains(text, "*") {
				return strings.ToLower(text)
			}
			return categoryKey(text)
		},
		save: "transform/setting.add_categories", table: "staging.setting_categories",
		models: []string{
			"transform/macro.category_key",
			"transform/suggestion_likely_pairs.sql",
			"4_normalized/int_categories_mapped.sql",
			"transform/category.spend",
		},
	}
)

// categoryKey is the macro category_key in Go, for a file that is not loaded
// yet.
func categoryKey(text string) string {
	separates := func(r rune) bool { return unicode.In(r, unicode.P, unicode.Z, unicode.C) || unicode.IsSpace(r) }
	words := strings.FieldsFunc(strings.ToLower(norm.NFC.String(text)), separates)
	if len(words) == 0 {
		return strings.ToLower(strings.TrimSpace(text))
	}
	return strings.Join(words, " ")
}

// ReadAliasFile and ReadCategoriesFile read a file for commands that change it.
// If it is missing or empty, the last good copy is used, if there is one. Faults
// are a [*etl.UsageError] that names each line.
func ReadAliasFile(ctx context.Context, r warehouse.Runner, path string) ([]Alias, error) {
	return vendors.read(ctx, r, path)
}

// ReadCategoriesFile is described at [ReadAliasFile].
func ReadCategoriesFile(ctx context.Context, r warehouse.Runner, path string) ([]CategoryLine, error) {
	return categories.read(ctx, r, path)
}

func (n noun) read(ctx context.Context, r warehouse.Runner, path string) ([]Line, error) {
	if path == "" {
		return nil, nil
	}
	content, fault := readFile(path)
	if isAbsent(fault) {
		copies, err := goodCopies(ctx, r)
		if err != nil || copies[n.key] == nil {
			return nil, err
		}
		content, fault = copies[n.key].content, nil
	}
	if fault != nil {
		return nil, neverGood(n.key, fault)
	}
	lines, err := n.parse(content)
	if err != nil {
		return nil, neverGood(n.key, fmt.Errorf("%s: %w", path, err))
	}
	return lines, nil
}

// parse reads all lines and reports every error in them. The sixth column may be
// missing. Unknown columns are rejected: they would be lost when a command writes
// the file.
func (n noun) parse(content []byte) ([]Line, error) {
	table, err := plaintext.ReadTable(content)
	if err != nil {
		return nil, err
	}
	foreign := func(column string) bool { return !slices.Contains(n.columns, column) }
	if table.Missing(n.columns[:5]...) != "" || slices.ContainsFunc(table.Columns, foreign) {
		return nil, fmt.Errorf("line 1: write %s", strings.Join(n.columns, ","))
	}
	var (
		all    []Line
		faults []error
		seen   = map[string]int{}
	)
	for _, row := range table.Rows {
		f := row.Fields
		line := Line{strings.ToLower(f["source"]), f["match"], f[n.name], f["who"], f["when"], cmp.Or(strings.ToLower(f["decision"]), Same)}
		if line.Source == "*" { // as in the rules file
			line.Source = ""
		}
		if err := n.check(line); err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", row.Line, err))
		}
		if first, ok := seen[n.id(line)]; ok {
			faults = append(faults, fmt.Errorf("line %d: %q is decided on line %d already; keep one of them", row.Line, line.Match, first))
		}
		seen[n.id(line)] = row.Line
		all = append(all, line)
	}
	return all, errors.Join(faults...)
}

// check says what is wrong with a line, with a fix.
func (n noun) check(l Line) error {
	switch {
	case l.Match == "":
		return errors.New("match is empty; " + n.matches)
	case l.Name == "":
		return fmt.Errorf("%s is empty; write the %[1]s to post", n.name)
	case utf8.RuneCountInString(l.Name) > maxName:
		return fmt.Errorf("%s is longer than %d characters; shorten it", n.name, maxName)
	case strings.ContainsFunc(l.Name, unicode.IsControl):
		return fmt.Errorf("%s contains a line break or another control character; write it on one line", n.name)
	case l.Decision != Same && l.Decision != Different:
		return fmt.Errorf("decision is %q; write %s, %s or nothing", l.Decision, Same, Different)
	}
	if _, err := time.Parse(time.DateOnly, l.When); l.When != "" && err != nil {
		return fmt.Errorf("when is %q; write a date such as 2026-01-31, or nothing", l.When)
	}
	return nil
}

// id is the same for lines that contradict each other: per source, a name is
// mapped to one other, but may have been rejected for several.
func (n noun) id(l Line) string {
	id := l.Source + "\x00" + n.fold(l.Match)
	if l.Decision == Different {
		id += "\x00" + n.fold(l.Name)
	}
	return id
}

// with adds a line, or replaces the one that it contradicts.
func (n noun) with(lines []Line, line Line) []Line {
	lines = slices.Clone(lines)
	for i, l := range lines {
		if n.id(l) == n.id(line) {
			lines[i] = line
			return lines
		}
	}
	return append(lines, line)
}

// WriteAliasFile replaces the alias file atomically. Lines keep their order.
func WriteAliasFile(path string, aliases []Alias) error { return vendors.write(path, aliases) }

// WriteCategoriesFile replaces the categories file like [WriteAliasFile].
func WriteCategoriesFile(path string, all []CategoryLine) error { return categories.write(path, all) }

func (n noun) write(path string, lines []Line) error {
	rows := [][]string{n.columns}
	for _, l := range lines {
		if l.Decision == Same {
			l.Decision = "" // the default
		}
		row := []string{l.Source, l.Match, l.Name, l.Who, l.When, l.Decision}
		rows = append(rows, row[len(row)-len(n.columns):]) // a vendor has no source
	}
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		return fmt.Errorf("%s: %w", n.file, err)
	}
	if err := durable.WriteFile(path, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("%s: %w", n.file, err)
	}
	return nil
}

func (n noun) loadFile(ctx context.Context, t *transformer, f userFile) error {
	f.key = n.key
	lines, err := readUserFile(ctx, t, f, n.parse)
	if err != nil {
		return err
	}
	return n.load(ctx, t, lines)
}

// load makes the lines known to SQL, where an empty text is null.
func (n noun) load(ctx context.Context, t *transformer, lines []Line) error {
	rows := make([]map[string]any, len(lines))
	for i, l := range lines {
		rows[i] = map[string]any{"position": i + 1, "match": l.Match, n.name: l.Name, "decision": l.Decision}
		for column, text := range map[string]string{"source": l.Source, "who": l.Who, "decided_on": l.When} {
			if text != "" {
				rows[i][column] = text
			}
		}
	}
	return t.replace(ctx, n.table, n.save, rows)
}

// applied runs read with the lines applied, in a transaction that is rolled
// back.
func (n noun) applied(ctx context.Context, db *warehouse.DB, lines []Line, read func(*warehouse.Tx) error) error {
	return db.Undone(ctx, func(tx *warehouse.Tx) error {
		t := newTransformer(tx, Options{})
		if err := n.load(ctx, t, lines); err != nil {
			return err
		}
		if err := t.exec(ctx, n.models...); err != nil {
			return err
		}
		return read(tx)
	})
}

// review lists what a statement finds with the lines applied. It changes nothing.
func review[T any](ctx context.Context, db *warehouse.DB, n noun, lines []Line, name string, args warehouse.Args) ([]T, error) {
	var found []T
	err := n.applied(ctx, db, lines, func(tx *warehouse.Tx) error { return warehouse.Fill(ctx, tx, &found, name, args) })
	return found, err
}
