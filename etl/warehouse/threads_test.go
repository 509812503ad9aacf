package warehouse_test

import (
	"io/fs"
	"path/filepath"
	"runtime"
	"testing"
	"testing/fstest"

	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

// Small statements are cheapest on one thread, long ones are soonest done on
// all of them.
func TestMuchWorkGetsAllProcessors(t *testing.T) {
	if runtime.NumCPU() == 1 {
		t.Skip("there is one processor")
	}
	files := with(t, map[string]string{
		"test/threads.sql": "select current_setting('threads')",
		"test/table.sql":   "create table ops.numbers (n varchar)",
		"test/fill.sql":    "insert into ops.numbers select md5(unnest(range(500000))::varchar)",
	})
	db, err := warehouse.Open(t.Context(), warehouse.Options{
		Location: filepath.Join(t.TempDir(), "w.duckdb"), TempDir: t.TempDir(), Files: files,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	threads := func(want string, enough func(int) bool) {
		t.Helper()
		var n int
		if err := db.InTx(t.Context(), func(tx *warehouse.Tx) error {
			return tx.Get(t.Context(), "test/threads.sql", nil, &n)
		}); err != nil || !enough(n) {
			t.Errorf("got %d threads, %v; want %s", n, err, want)
		}
	}
	if _, err := db.Exec(t.Context(), "test/table.sql", nil); err != nil {
		t.Fatal(err)
	}
	threads("one", func(n int) bool { return n == 1 })
	if _, err := db.Exec(t.Context(), "test/fill.sql", nil); err != nil {
		t.Fatal(err)
	}
	threads("all", func(n int) bool { return n > 1 })
}

// with returns the program's SQL and some more of it.
func with(t *testing.T, more map[string]string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	for name, text := range more {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	err := fs.WalkDir(sqlfiles.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(sqlfiles.FS, name)
		files[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
