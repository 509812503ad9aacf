package snapshot

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	for _, column := range c.Columns {
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
