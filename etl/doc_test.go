package etl_test

import (
	"database/sql"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"spendbridge/etl/etltest"
)

// The table of tables names every table there is, and none besides.
func TestTheTourNamesEveryTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "warehouse.duckdb")
	if err := etltest.OpenFile(t, file).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(string(etltest.Read(t, "sql", "tables.sql")))
	if err != nil {
		t.Fatal(err)
	}
	tables := strings.Fields(etltest.Table(t, rows))[1:] // after the column's name
	patterns := map[string]bool{}                        // whether a table has it
	for line := range strings.Lines(string(etltest.Read(t, "..", "etl", "doc.go"))) {
		if name, _, _ := strings.Cut(strings.TrimPrefix(line, "//\t"), " "); strings.HasPrefix(line, "//\t") && strings.Contains(name, ".") {
			patterns[strings.ReplaceAll(name, "<vendor>", "*")] = false
		}
	}
	for _, table := range tables {
		named := false
		for pattern := range patterns {
			if ok, _ := path.Match(pattern, table); ok {
				named, patterns[pattern] = true, true
			}
		}
		if !named {
			t.Errorf("doc.go does not name %s", table)
		}
	}
	for pattern, used := range patterns {
		if !used {
			t.Errorf("doc.go names %s, and there is none", pattern)
		}
	}
}
