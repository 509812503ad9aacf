package transform

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"spendbridge/etl/durable"
	"spendbridge/etl/plaintext"
	"spendbridge/etl/warehouse"
)

// The decisions in the alias file and the categories file.
const (
	Same      = "same"      // match is one more spelling of the name
	Different = "different" // a suggestion to merge the two was rejected
)

// maxName is the most characters a vendor or a category may have, as it is posted.
const maxName = 255

// A decision is a line of the alias file or the categories file.
type decision interface {
	check() error // what is wrong, with a fix
	id() string   // two lines with the same id contradict each other
	match() string
}

// parseDecisions reads all lines and reports every error in them. Columns after
// the required ones may be missing. Unknown columns are rejected: they would be
// lost when a command writes the file.
func parseDecisions[D decision](content []byte, columns []string, required int, line func(fields map[string]string) D) ([]D, error) {
	table, err := plaintext.ReadTable(content)
	if err != nil {
		return nil, err
	}
	foreign := func(column string) bool { return !slices.Contains(columns, column) }
	if table.Missing(columns[:required]...) != "" || slices.ContainsFunc(table.Columns, foreign) {
		return nil, fmt.Errorf("line 1: write %s", strings.Join(columns, ","))
	}
	var (
		all    []D
		faults []error
		seen   = map[string]int{}
	)
	for _, row := range table.Rows {
		one := line(row.Fields)
		if err := one.check(); err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", row.Line, err))
		}
		if first, ok := seen[one.id()]; ok {
			faults = append(faults, fmt.Errorf("line %d: %q is decided on line %d already; keep one of them", row.Line, one.match(), first))
		}
		seen[one.id()] = row.Line
		all = append(all, one)
	}
	return all, errors.Join(faults...)
}

// checkDecision checks the parts that both files have: the name to post, the
// decision and its date.
func checkDecision(column, name, decided, when string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s is empty; write the %[1]s to post", column)
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Errorf("%s is longer than %d characters; shorten it", column, maxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%s contains a line break or another control character; write it on one line", column)
	case decided != Same && decided != Different:
		return fmt.Errorf("decision is %q; write %s, %s or nothing", decided, Same, Different)
	}
	if _, err := time.Parse(time.DateOnly, when); when != "" && err != nil {
		return fmt.Errorf("when is %q; write a date such as 2026-01-31, or nothing", when)
	}
	return nil
}

// readDecisions reads a file of decisions for commands that change it. If it is
// missing or empty, the last good copy is used, if there is one. Errors in it
// are a [*etl.UsageError].
func readDecisions[R any](ctx context.Context, r warehouse.Runner, key, path string, parse func([]byte) ([]R, error)) ([]R, error) {
	if path == "" {
		return nil, nil
	}
	content, fault := readFile(path)
	if isAbsent(fault) {
		copied, err := lastGood(ctx, r, key)
		if err != nil || copied == nil {
			return nil, err
		}
		content, fault = copied.content, nil
	}
	if fault != nil {
		return nil, neverGood(key, fault)
	}
	decisions, err := parse(content)
	if err != nil {
		return nil, neverGood(key, fmt.Errorf("%s: %w", path, err))
	}
	return decisions, nil
}

// writeDecisions replaces such a file atomically.
func writeDecisions(path string, columns []string, rows [][]string) error {
	var text bytes.Buffer
	lines := csv.NewWriter(&text)
	lines.Write(columns) // WriteAll returns its error as well
	if err := lines.WriteAll(rows); err != nil {
		return err
	}
	return durable.WriteFile(path, text.Bytes(), 0o644)
}

// written is a decision as the file has it: Same is the default and left empty.
func written(decision string) string {
	if decision == Same {
		return ""
	}
	return decision
}
