package snapshot

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/xitongsys/parquet-go/parquet"
	"github.com/xitongsys/parquet-go/reader"
)

const contractFile = "parquet/spend.json"

// A contract is what every Parquet file of a snapshot must look like, from
// schemas/parquet/spend.json.
type contract struct {
	Codec    string            `json:"codec"`
	Metadata map[string]string `json:"metadata"` // the columns' units included
	Columns  []contractColumn  `json:"columns"`

	hash     string // sha256 of the file
	fieldIDs map[string]int32
}

type contractColumn struct {
	Name      string `json:"name"`
	FieldID   int32  `json:"field_id"`
	Type      string `json:"type"`
	Converted string `json:"converted"`
	Precision int32  `json:"precision"`
	Scale     int32  `json:"scale"`
	Required  bool   `json:"required"`
	Unit      string `json:"unit"` // empty for texts and flags

	Description string `json:"description"`
}

// String reads as Parquet's own tools print a type: INT64 DECIMAL(18,4).
func (c contractColumn) String() string {
	s := c.Type
	if c.Converted != "" {
		s += " " + c.Converted
	}
	if c.Precision > 0 {
		s += fmt.Sprintf("(%d,%d)", c.Precision, c.Scale)
	}
	return s
}

func readContract(schemas fs.FS) (contract, error) {
	var c contract
	text, err := fs.ReadFile(schemas, contractFile)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("%s: %w", contractFile, err)
	}
	c.hash = fmt.Sprintf("%x", sha256.Sum256(text))

	units := map[string]string{}
	c.fieldIDs = map[string]int32{}
	for _, column := range c.Columns {
		c.fieldIDs[column.Name] = column.FieldID
		if column.Unit != "" {
			units[column.Name] = column.Unit
		}
	}
	c.Metadata["spendbridge.units"] = jsonText(units)
	return c, nil
}

// index returns the position of a column, -1 if there is none.
func (c contract) index(name string) int64 {
	return int64(slices.IndexFunc(c.Columns, func(column contractColumn) bool { return column.Name == name }))
}

// check compares a file's footer with the contract.
func (c contract) check(r *reader.ParquetReader) error {
	elements := r.SchemaHandler.SchemaElements[1:] // the first is the root
	for i, want := range c.Columns {
		if i >= len(elements) {
			return fmt.Errorf("column %s is missing", want.Name)
		}
		name := r.SchemaHandler.Infos[i+1].ExName
		if name != want.Name {
			return fmt.Errorf("column %d is %s, want %s", i+1, name, want.Name)
		}
		if got := describe(elements[i]); got.String() != want.String() {
			return fmt.Errorf("column %s is %s, want %s", want.Name, got, want)
		}
		if id := elements[i].GetFieldID(); id != want.FieldID {
			return fmt.Errorf("column %s has the field id %d, want %d", want.Name, id, want.FieldID)
		}
	}
	if extra := len(elements) - len(c.Columns); extra > 0 {
		return fmt.Errorf("%d columns too many", extra)
	}
	metadata := map[string]string{}
	for _, pair := range r.Footer.KeyValueMetadata {
		metadata[pair.Key] = pair.GetValue()
	}
	if !maps.Equal(metadata, c.Metadata) {
		return fmt.Errorf("metadata is %v, want %v", metadata, c.Metadata)
	}
	return c.checkGroups(r.Footer)
}

// checkGroups proves that every row group holds every column in the agreed
// codec with a value or null per row: the reader itself would answer an
// unknown codec with no rows and no error.
func (c contract) checkGroups(footer *parquet.FileMetaData) error {
	var rows int64
	for g, group := range footer.RowGroups {
		rows += group.NumRows
		if len(group.Columns) != len(c.Columns) {
			return fmt.Errorf("row group %d has %d columns, want %d", g, len(group.Columns), len(c.Columns))
		}
		for i, chunk := range group.Columns {
			if codec := chunk.MetaData.Codec.String(); codec != c.Codec {
				return fmt.Errorf("column %s is compressed with %s, want %s", c.Columns[i].Name, codec, c.Codec)
			}
			if chunk.MetaData.NumValues != group.NumRows {
				return fmt.Errorf("column %s has %d values for %d rows", c.Columns[i].Name, chunk.MetaData.NumValues, group.NumRows)
			}
		}
	}
	if rows != footer.NumRows {
		return fmt.Errorf("row groups hold %d rows, the footer says %d", rows, footer.NumRows)
	}
	return nil
}

func describe(e *parquet.SchemaElement) contractColumn {
	c := contractColumn{Type: e.GetType().String(), Precision: e.GetPrecision(), Scale: e.GetScale()}
	if e.ConvertedType != nil {
		c.Converted = e.ConvertedType.String()
	}
	return c
}
