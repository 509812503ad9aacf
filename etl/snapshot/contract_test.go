package snapshot

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xitongsys/parquet-go-source/local"
	"github.com/xitongsys/parquet-go/layout"
	"github.com/xitongsys/parquet-go/reader"
	"github.com/xitongsys/parquet-go/source"

	"spendbridge/etl/etltest"
	"spendbridge/schemas"
)

// The table in schemas/parquet/README.md has the contract's columns, in their
// order, with their types.
func TestTheDocumentedColumnsAreThoseOfTheContract(t *testing.T) {
	c, err := readContract(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for i, column := range c.Columns {
		if column.FieldID != int32(i+1) {
			t.Errorf("the field id of %s is %d, not its place, %d", column.Name, column.FieldID, i+1)
		}
		null := "null"
		if column.Required {
			null = ""
		}
		want = append(want, fmt.Sprintf("`%s` `%s` %s", column.Name, column, null))
	}
	_, section, _ := strings.Cut(string(etltest.Read(t, "..", "schemas", "parquet", "README.md")), "\n## Columns\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| `") {
			got = append(got, strings.TrimPrefix(strings.Join(cells[:3], " "), "| "))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-contract, +README):\n%s", diff)
	}
}

// Every file says by itself what its columns are, and has the pages and the
// encodings that every reader knows.
func TestAFileExplainsItselfToEveryReader(t *testing.T) {
	s := takeOne(t, snapshotDB(t, 500, twoMonths, 1, nil), snapshotOptions(t.TempDir(), firstRun))
	c, err := readContract(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range s.Manifest.Files {
		path := filepath.Join(s.Path, file.Path)
		err := withParquet(path, c, func(r *reader.ParquetReader) error {
			for i, element := range r.SchemaHandler.SchemaElements[1:] {
				if id := element.GetFieldID(); id != int32(i+1) {
					t.Errorf("%s: column %d has the field id %d", file.Path, i+1, id)
				}
			}
			metadata := map[string]string{}
			for _, pair := range r.Footer.KeyValueMetadata {
				metadata[pair.Key] = pair.GetValue()
			}
			var units map[string]string
			if err := json.Unmarshal([]byte(metadata["spendbridge.units"]), &units); err != nil {
				return err
			}
			if !strings.Contains(units["source_amount"], "of kind productive: minor units") || units["amount"] != "major units of currency" {
				t.Errorf("%s: units are %v", file.Path, units)
			}
			if !strings.Contains(metadata["spendbridge.logical_hash"], "first eight bytes of md5(line)") {
				t.Errorf("%s: the logical hash is %q", file.Path, metadata["spendbridge.logical_hash"])
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		allowed := []string{"DATA_PAGE PLAIN", "DATA_PAGE PLAIN_DICTIONARY", "DICTIONARY_PAGE PLAIN"}
		for _, page := range pagesOf(t, path) {
			if !slices.Contains(allowed, page) {
				t.Errorf("%s: a page is %s, want one of %v", file.Path, page, allowed)
			}
		}
	}
}

// pagesOf returns type and encoding of each page of a file, from their headers.
func pagesOf(t *testing.T, path string) (pages []string) {
	t.Helper()
	file, err := local.NewLocalFileReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := reader.NewParquetColumnReader(file, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.ReadStop()
	for _, group := range r.Footer.RowGroups {
		for _, chunk := range group.Columns {
			at := chunk.MetaData.DataPageOffset
			if chunk.MetaData.DictionaryPageOffset != nil {
				at = *chunk.MetaData.DictionaryPageOffset
			}
			from := source.ConvertToThriftReader(file, at, chunk.MetaData.TotalCompressedSize)
			for values := int64(0); values < chunk.MetaData.NumValues; {
				header, err := layout.ReadPageHeader(from)
				if err == nil {
					_, err = io.CopyN(io.Discard, from, int64(header.CompressedPageSize))
				}
				switch {
				case err != nil:
					t.Fatal(err)
				case header.DataPageHeader != nil:
					values += int64(header.DataPageHeader.NumValues)
					pages = append(pages, fmt.Sprint(header.Type, " ", header.DataPageHeader.Encoding))
				case header.DataPageHeaderV2 != nil:
					values += int64(header.DataPageHeaderV2.NumValues)
					pages = append(pages, fmt.Sprint(header.Type, " ", header.DataPageHeaderV2.Encoding))
				case header.DictionaryPageHeader != nil:
					pages = append(pages, fmt.Sprint(header.Type, " ", header.DictionaryPageHeader.Encoding))
				}
			}
		}
	}
	return pages
}
