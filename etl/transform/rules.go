package transform

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"spendbridge/etl/plaintext"
)

// ruleFields are the fields that an exclusion rule may match.
var ruleFields = []string{"vendor", "name", "category", "description", "department", "identifier", "currency", "record_id"}

// A rule is one row of staging.setting_rules.
type rule struct {
	Line    int     `json:"line"`
	Source  *string `json:"source"` // nil: every source
	Field   string  `json:"field"`
	Pattern string  `json:"pattern"`
	Reason  string  `json:"reason"`
}

// readRules reads exclusion rules. A pattern matches the whole value, ignoring
// case; * matches any text and ? one character.
func readRules(content []byte) ([]rule, error) {
	return readTable(content, []string{"source", "field", "pattern", "reason"}, newRule)
}

func newRule(l line) (rule, error) {
	r := rule{
		Line:    l.number,
		Field:   strings.ToLower(l.fields["field"]),
		Pattern: likePattern(l.fields["pattern"]),
		Reason:  l.fields["reason"],
	}
	if source := l.fields["source"]; source != "" && source != "*" {
		r.Source = &source
	}
	switch {
	case !slices.Contains(ruleFields, r.Field):
		return r, fmt.Errorf("field is %q; write one of %s", l.fields["field"], strings.Join(ruleFields, ", "))
	case r.Pattern == "":
		return r, errors.New("pattern is empty; write a text, with * for any text")
	case r.Reason == "":
		return r, errors.New("reason is empty; write why this is not spend, such as mileage")
	}
	return r, nil
}

// likePattern turns * and ? into the wildcards of SQL's like, escaped by \.
func likePattern(pattern string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`, `?`, `_`).Replace(pattern)
}

// A typeRow is one row of staging.setting_types.
type typeRow struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
	Type  string `json:"type"`
}

// readTypes reads the file that maps records to expense or invoice. Its rows
// replace those of the vendors' seeds.
func readTypes(content []byte, kinds []string) ([]typeRow, error) {
	return readTable(content, []string{"kind", "value", "type"}, func(l line) (typeRow, error) { return newTypeRow(l, kinds) })
}

func newTypeRow(l line, kinds []string) (typeRow, error) {
	r := typeRow{
		Kind:  strings.ToLower(l.fields["kind"]),
		Value: strings.ToLower(l.fields["value"]),
		Type:  strings.ToLower(l.fields["type"]),
	}
	switch {
	case !slices.Contains(kinds, r.Kind):
		return r, fmt.Errorf("kind is %q; write %s", l.fields["kind"], strings.Join(kinds, " or "))
	case r.Value == "":
		return r, errors.New("value is empty; write the value that has this type, such as purchase_order")
	case r.Type != "expense" && r.Type != "invoice":
		return r, fmt.Errorf("type is %q; write expense or invoice", l.fields["type"])
	}
	return r, nil
}

// A line is one line of a user's CSV file.
type line struct {
	number int
	fields map[string]string // by column, trimmed
}

// readTable reads CSV whose first line names the given columns, in any order;
// other columns are ignored. It parses every line and reports all errors
// together.
func readTable[R any](content []byte, columns []string, row func(line) (R, error)) ([]R, error) {
	lines, err := readLines(content, columns)
	if err != nil {
		return nil, err
	}
	rows := []R{}
	var faults []error
	for _, l := range lines {
		r, err := row(l)
		if err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", l.number, err))
		}
		rows = append(rows, r)
	}
	return rows, errors.Join(faults...)
}

// readLines reads the lines of a table that has the columns.
func readLines(content []byte, columns []string) ([]line, error) {
	table, err := plaintext.ReadTable(content)
	if err != nil {
		return nil, err
	}
	if len(table.Columns) == 0 {
		return nil, fmt.Errorf("line 1: write %s", strings.Join(columns, ","))
	}
	if missing := table.Missing(columns...); missing != "" {
		return nil, fmt.Errorf("line 1: no column %s; write %s", missing, strings.Join(columns, ","))
	}
	lines := make([]line, 0, len(table.Rows))
	for _, row := range table.Rows {
		lines = append(lines, line{row.Line, row.Fields})
	}
	return lines, nil
}
