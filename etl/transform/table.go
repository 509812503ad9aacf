package transform

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
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

func readLines(content []byte, columns []string) ([]line, error) {
	reader := csv.NewReader(bytes.NewReader(content))
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
