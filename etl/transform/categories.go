package transform

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"spendbridge/etl/warehouse"
)

// categoryColumns is the first line of a categories file, which may lack the
// last of them.
var categoryColumns = []string{"source", "match", "category", "who", "when", "decision"}

// A CategoryLine is one line of the categories file.
type CategoryLine struct {
	Source   string // empty = every source
	Match    string // a category as received, or a shell pattern with *
	Category string // as it is posted
	Who      string
	When     string // a date such as 2026-01-31, or empty
	Decision string // Same or Different
}

// ReadCategoriesFile reads a categories file for commands that change it. If it
// is missing or empty, the last good copy is used, if there is one. Faults are
// a [*etl.UsageError] that names each line.
func ReadCategoriesFile(ctx context.Context, r warehouse.Runner, path string) ([]CategoryLine, error) {
	return readDecisions(ctx, r, keyCategories, path, readCategories)
}

func readCategories(content []byte) ([]CategoryLine, error) {
	return parseDecisions(content, categoryColumns, 5, newCategoryLine)
}

func newCategoryLine(fields map[string]string) CategoryLine {
	line := CategoryLine{
		Source: strings.ToLower(fields["source"]), Match: fields["match"], Category: fields["category"],
		Who: fields["who"], When: fields["when"], Decision: strings.ToLower(fields["decision"]),
	}
	if line.Source == "*" { // as in the rules file
		line.Source = ""
	}
	if line.Decision == "" {
		line.Decision = Same
	}
	return line
}

func (l CategoryLine) match() string { return l.Match }

func (l CategoryLine) check() error {
	if l.Match == "" {
		return errors.New("match is empty; write a category as it is received, or a pattern such as travel*")
	}
	return checkDecision("category", l.Category, l.Decision, l.When)
}

// id identifies a line: per source a category is mapped to one other, but may
// have been rejected for several.
func (l CategoryLine) id() string {
	match := strings.ToLower(l.Match)
	if !strings.Contains(l.Match, "*") {
		match = categoryKey(l.Match)
	}
	if l.Decision == Different {
		return strings.Join([]string{l.Source, match, categoryKey(l.Category)}, "\x00")
	}
	return l.Source + "\x00" + match
}

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

// WriteCategoriesFile replaces the categories file atomically. Lines keep their
// order.
func WriteCategoriesFile(path string, all []CategoryLine) error {
	rows := make([][]string, 0, len(all))
	for _, l := range all {
		rows = append(rows, []string{l.Source, l.Match, l.Category, l.Who, l.When, written(l.Decision)})
	}
	if err := writeDecisions(path, categoryColumns, rows); err != nil {
		return fmt.Errorf("categories file: %w", err)
	}
	return nil
}

// A categoryRow is one row of staging.setting_categories.
type categoryRow struct {
	Position int     `json:"position"`
	Source   *string `json:"source"` // nil: every source
	Match    string  `json:"match"`
	Category string  `json:"category"`
	Decision string  `json:"decision"`
}

func categoryRows(lines []CategoryLine) []categoryRow {
	rows := make([]categoryRow, 0, len(lines))
	for i, l := range lines {
		row := categoryRow{Position: i + 1, Match: l.Match, Category: l.Category, Decision: l.Decision}
		if l.Source != "" {
			row.Source = &l.Source
		}
		rows = append(rows, row)
	}
	return rows
}
