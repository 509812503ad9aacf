package transform

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"spendbridge/etl"
)

// A line is one line of a user's CSV file.
type line struct {
	number int
	fields map[string]string // by column, trimmed
}

// readTable reads a CSV file whose first line names its columns, the given
// ones among them, in any order; others are the user's own. It turns every
// line into a row and reports all faults together as a [*etl.UsageError]. An
// empty path is a file without lines.
func readTable[R any](what, path string, columns []string, row func(line) (R, error)) ([]R, error) {
	rows := []R{}
	if path == "" {
		return rows, nil
	}
	lines, err := readLines(path, columns)
	if err != nil {
		return nil, etl.Usagef("%s %s: %w", what, path, err)
	}
	var faults []error
	for _, l := range lines {
		r, err := row(l)
		if err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", l.number, err))
		}
		rows = append(rows, r)
	}
	if len(faults) > 0 {
		return nil, etl.Usagef("%s %s: %w", what, path, errors.Join(faults...))
	}
	return rows, nil
}

func readLines(path string, columns []string) ([]line, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()

	reader := csv.NewReader(file)
	reader.TrimLeadingSpace = true
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line 1: write %s", strings.Join(columns, ","))
	}
	if err != nil {
		return nil, err
	}
	for i := range header {
		header[i] = strings.ToLower(strings.Trim(header[i], "\ufeff "))
	}
	for _, column := range columns {
		if !slices.Contains(header, column) {
			return nil, fmt.Errorf("line 1: no column %s; write %s", column, strings.Join(columns, ","))
		}
	}
	return readFields(reader, header)
}

func readFields(reader *csv.Reader, header []string) ([]line, error) {
	var lines []line
	for {
		values, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		number, _ := reader.FieldPos(0)
		l := line{number, make(map[string]string, len(header))}
		for i, column := range header {
			l.fields[column] = strings.TrimSpace(values[i])
		}
		lines = append(lines, l)
	}
}
