// Package etltest holds what the tests of several packages share.
package etltest

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

// OpenDB opens an empty warehouse in memory that lives as long as the test.
func OpenDB(t testing.TB) *warehouse.DB {
	t.Helper()
	return open(t, "")
}

// OpenFile opens the warehouse in a file, which is made if it is missing.
func OpenFile(t testing.TB, path string) *warehouse.DB {
	t.Helper()
	return open(t, path)
}

func open(t testing.TB, path string) *warehouse.DB {
	t.Helper()
	db, err := warehouse.Open(t.Context(), warehouse.Options{
		Location: path, Files: sqlfiles.FS, MemoryLimit: "1GB", Threads: 1, TempDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Data returns the path of a file or folder below the module's testdata.
func Data(path ...string) string {
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..", "testdata")
	return filepath.Join(append([]string{root}, path...)...)
}

// Read returns the content of a file below the module's testdata.
func Read(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(Data(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Glob returns the files below the module's testdata that match, and fails
// the test if none does.
func Glob(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(Data(pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no file matches %s", Data(pattern))
	}
	return files
}

// Table renders rows as tab-separated lines under a line of column names.
// Null is an empty field. It closes the rows.
func Table(t testing.TB, rows *sql.Rows) string {
	t.Helper()
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fmt.Fprintln(&out, strings.Join(columns, "\t"))
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		fields := make([]string, len(columns))
		for i, v := range values {
			if v := *v.(*any); v != nil {
				fields[i] = fmt.Sprint(v)
			}
		}
		fmt.Fprintln(&out, strings.Join(fields, "\t"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
