// Package etltest holds what the tests of several packages share.
package etltest

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

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

// EditSQL returns the program's SQL file that holds a statement, with that
// statement as edit returns it, on top of files that were edited before.
func EditSQL(t testing.TB, edited map[string]string, statement string, edit func(text string) string) map[string]string {
	t.Helper()
	noun, section, _ := strings.Cut(statement, ".")
	file := noun + ".sql"
	all, ok := edited[file]
	if !ok {
		text, err := fs.ReadFile(sqlfiles.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		all = string(text)
	}
	before, rest, found := strings.Cut(all, "-- name: "+section+"\n")
	if !found {
		t.Fatalf("%s has no statement %s", file, section)
	}
	old, after, _ := strings.Cut(rest, ";\n")
	text := edit(old)
	if text == old {
		t.Fatalf("%s: nothing was edited", statement)
	}
	result := map[string]string{file: before + "-- name: " + section + "\n" + text + ";\n" + after}
	for name, text := range edited {
		if name != file {
			result[name] = text
		}
	}
	return result
}

// schemaStep is one step in a file of 1_schema.
var schemaStep = regexp.MustCompile(`(?s)\n?-- name: (\d+)_.*?;\n`)

// OlderSQL returns the program's SQL as it was before some steps of the schema.
func OlderSQL(t testing.TB, isLater func(step int) bool) fstest.MapFS {
	t.Helper()
	older := Files(t, sqlfiles.FS)
	for name, file := range older {
		if !strings.HasPrefix(name, "1_schema/") {
			continue
		}
		file.Data = schemaStep.ReplaceAllFunc(file.Data, func(step []byte) []byte {
			n, _ := strconv.Atoi(string(schemaStep.FindSubmatch(step)[1])) // it matched digits
			if isLater(n) {
				return nil
			}
			return step
		})
		if len(file.Data) == 0 {
			delete(older, name)
		}
	}
	return older
}

// Files returns the files of several file systems in one, to which a test may add
// its own. Of two files with one name the last one counts.
func Files(t testing.TB, sources ...fs.FS) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, source := range sources {
		err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := fs.ReadFile(source, name)
			files[name] = &fstest.MapFile{Data: data}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}
