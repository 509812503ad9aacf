package plaintext

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Record is one line of CSV, its fields trimmed.
type Record struct {
	Line   int
	Fields []string
}

// Records reads CSV. Lines whose fields are all blank, which spreadsheets tend
// to add, are skipped. An error names the line and the fix.
func Records(content []byte) ([]Record, error) {
	text, err := Decode(content)
	if err != nil {
		return nil, err
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.FieldsPerRecord = -1
	reader.TrimLeadingSpace = true
	var records []Record
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("line %d: a quotation mark is out of place; put the whole field between quotation marks and double those inside it", syntax.StartLine)
		}
		if err != nil {
			return nil, err
		}
		line, _ := reader.FieldPos(0)
		blank := true
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
			blank = blank && fields[i] == ""
		}
		if !blank {
			records = append(records, Record{line, fields})
		}
	}
}

// A Table is CSV whose first line names its columns.
type Table struct {
	Columns []string // in lower case
	Rows    []Row
}

// A Row is one line of a table below the first.
type Row struct {
	Line   int
	Fields map[string]string // by column
}

// ReadTable reads a table. Every line has as many fields as there are columns;
// blank fields after them are ignored. Without any line there are no columns.
func ReadTable(content []byte) (Table, error) {
	records, err := Records(content)
	if err != nil || len(records) == 0 {
		return Table{}, err
	}
	t := Table{Columns: cutBlankEnd(records[0].Fields, 0)}
	for i, name := range t.Columns {
		t.Columns[i] = strings.ToLower(name)
		if name != "" && slices.Contains(t.Columns[:i], t.Columns[i]) {
			return Table{}, fmt.Errorf("line %d: names the column %s twice; rename one of them", records[0].Line, t.Columns[i])
		}
	}
	var faults []error
	for _, r := range records[1:] {
		r.Fields = cutBlankEnd(r.Fields, len(t.Columns))
		if len(r.Fields) != len(t.Columns) {
			faults = append(faults, fmt.Errorf("line %d: wrong number of fields: %d instead of %d; a comma inside a field needs quotation marks around it",
				r.Line, len(r.Fields), len(t.Columns)))
			continue
		}
		row := Row{r.Line, make(map[string]string, len(t.Columns))}
		for i, column := range t.Columns {
			row.Fields[column] = r.Fields[i]
		}
		t.Rows = append(t.Rows, row)
	}
	return t, errors.Join(faults...)
}

// cutBlankEnd cuts blank fields off the end of a line, down to a number of fields.
func cutBlankEnd(fields []string, least int) []string {
	for len(fields) > least && fields[len(fields)-1] == "" {
		fields = fields[:len(fields)-1]
	}
	return fields
}

// Missing returns the first of the columns that the table does not have, or "".
func (t Table) Missing(columns ...string) string {
	for _, column := range columns {
		if !slices.Contains(t.Columns, column) {
			return column
		}
	}
	return ""
}
