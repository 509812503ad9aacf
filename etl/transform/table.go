package transform

import (
	"errors"
	"fmt"
	"strings"

	"spendbridge/etl/plaintext"
)

// A line is one line of a user's CSV file.
type line struct {
	number int
	fields map[string]string // by column, trimmed
}

// readTable reads CSV whose first line names its columns, the given ones among
// them, in any order; others are the user's own. It turns every line into a
// row and reports all faults together.
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
