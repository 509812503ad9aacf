package warehouse_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

func TestOpenLeavesAFileItCannotUseUntouched(t *testing.T) {
	folder := t.TempDir()
	newer := filepath.Join(folder, "newer.duckdb")
	db := etltest.OpenFile(t, newer)
	if _, err := db.Exec(t.Context(), "warehouse/schema.add",
		warehouse.Args{"versions": "9999", "applied_at": time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	garbage := filepath.Join(folder, "garbage.duckdb")
	write(t, garbage, "these are no database pages at all")
	short := filepath.Join(folder, "short.duckdb")
	write(t, short, "x")
	cut := filepath.Join(folder, "cut.duckdb")
	whole, err := os.ReadFile(newer)
	if err != nil {
		t.Fatal(err)
	}
	write(t, cut, string(whole[:5000]))

	tests := map[string]struct{ path, want string }{
		"a newer schema":    {newer, "is newer than this program's"},
		"garbage":           {garbage, "is not a DuckDB file"},
		"a short file":      {short, "is not a DuckDB file"},
		"a truncated file":  {cut, "cut.duckdb"},
		"a directory":       {folder, "is a directory"},
		"no such directory": {filepath.Join(folder, "missing", "w.duckdb"), "create it or change data_dir"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before, _ := os.ReadFile(tt.path)
			_, err := warehouse.Open(t.Context(), warehouse.Options{Location: tt.path, Files: sqlfiles.FS})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one that says %q", err, tt.want)
			}
			if after, _ := os.ReadFile(tt.path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestOpenMigratesAnOlderFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.duckdb")
	files := fstest.MapFS{}
	for _, name := range []string{
		"1_schema/schemas.sql", "1_schema/ops_schema_versions.sql", "warehouse/schema.sql", "warehouse/instance.sql",
	} {
		data, err := sqlfiles.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	open := func() *warehouse.DB {
		t.Helper()
		db, err := warehouse.Open(t.Context(), warehouse.Options{Location: path, Files: files})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	open().Close()
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	files["1_schema/first.sql"] = &fstest.MapFile{Data: []byte("-- name: 008_first\ncreate table ops.first (n integer);\n")}
	files["1_schema/a_second.sql"] = &fstest.MapFile{Data: []byte("-- name: 009_second\ncreate table ops.second (n integer);\n")}
	want := []string{"1", "2", "3", "4", "5", "6", "8", "9"}
	for range 2 { // the second time there is nothing left to do
		wantSteps(t, open(), want)
	}

	// A later step may take a free number before those that were run.
	files["1_schema/between.sql"] = &fstest.MapFile{Data: []byte("-- name: 007_between\ncreate schema between_others;\n")}
	for range 2 {
		wantSteps(t, open(), slices.Insert(slices.Clone(want), 6, "7"))
	}

	wantCopies(t, path, "w.before-6.duckdb", "w.before-9.duckdb")
	kept, err := os.ReadFile(filepath.Join(filepath.Dir(path), "w.before-6.duckdb"))
	if err != nil || string(kept) != string(original) {
		t.Errorf("the copy is not the file of before: %v", err)
	}

	// A step that fails leaves file and copy as they were, however often.
	files["1_schema/wrong.sql"] = &fstest.MapFile{Data: []byte("-- name: 010_wrong\ncreate table ops.first (n integer);\n")}
	for range 2 {
		if _, err := warehouse.Open(t.Context(), warehouse.Options{Location: path, Files: files}); err == nil {
			t.Fatal("a wrong step was accepted")
		}
	}
	delete(files, "1_schema/wrong.sql")
	wantSteps(t, open(), slices.Insert(slices.Clone(want), 6, "7"))
	wantCopies(t, path, "w.before-6.duckdb", "w.before-9.duckdb")

	if err := warehouse.ForgetBefore(path); err != nil {
		t.Fatal(err)
	}
	wantCopies(t, path)
}

func wantCopies(t *testing.T, path string, want ...string) {
	t.Helper()
	copies, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.before-*"))
	for i := range copies {
		copies[i] = filepath.Base(copies[i])
	}
	if diff := cmp.Diff(want, copies); diff != "" || err != nil {
		t.Errorf("copies of before (-want +got), %v:\n%s", err, diff)
	}
}

func wantSteps(t *testing.T, db *warehouse.DB, want []string) {
	t.Helper()
	defer db.Close()
	got, err := warehouse.Strings(t.Context(), db, "warehouse/schema.list", nil)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("steps that were run, %v (-want +got):\n%s", err, diff)
	}
}

// The first version of the program noted its last step only. Its warehouses
// get every later step, wherever it stands, and keep what they hold.
func TestOpenCompletesAWarehouseOfTheFirstVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.duckdb")
	first := etltest.OlderSQL(t, func(step int) bool { return step == 14 || step > 65 })
	first["test/forget_steps.sql"] = &fstest.MapFile{Data: []byte("delete from ops.schema_versions where version != 64")}
	db, err := warehouse.Open(t.Context(), warehouse.Options{Location: path, Files: first})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), "test/forget_steps.sql", nil); err != nil {
		t.Fatal(err)
	}
	db.Close()
	db, err = warehouse.Open(t.Context(), warehouse.Options{Location: path, Files: sqlfiles.FS})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	args := warehouse.Args{"source": "productive", "stream": "expenses"}
	if _, err := db.Query(t.Context(), "extract/vanished.list", args); err != nil {
		t.Error(err)
	}
}

func TestInTxKeepsNothingAfterAnError(t *testing.T) {
	db := etltest.OpenDB(t)
	add := func(tx *warehouse.Tx, version int) error {
		_, err := tx.Exec(t.Context(), "warehouse/schema.add",
			warehouse.Args{"versions": strconv.Itoa(version), "applied_at": time.Now()})
		return err
	}
	before, err := db.SchemaVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	tests := map[string]func(*warehouse.Tx) error{
		"the function fails":     func(tx *warehouse.Tx) error { return errors.Join(add(tx, 500), stop) },
		"an error is swallowed":  func(tx *warehouse.Tx) error { _, _ = tx.Exec(t.Context(), "no/such.sql", nil); return add(tx, 501) },
		"a statement is refused": func(tx *warehouse.Tx) error { return errors.Join(add(tx, 502), addNull(t.Context(), tx)) },
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			if err := db.InTx(t.Context(), f); err == nil {
				t.Error("no error")
			}
			if after, err := db.SchemaVersion(t.Context()); err != nil || after != before {
				t.Errorf("version %d, %v; want %d", after, err, before)
			}
		})
	}
}

func addNull(ctx context.Context, tx *warehouse.Tx) error {
	_, err := tx.Exec(ctx, "warehouse/schema.add", warehouse.Args{"versions": "none", "applied_at": time.Now()})
	return err
}

func TestUndoneSeesOneState(t *testing.T) {
	db := openWith(t, map[string]string{
		"test/table.sql": "create table ops.numbers (n integer)",
		"test/add.sql":   "insert into ops.numbers values (1)",
		"test/count.sql": "select count(*) as numbers from ops.numbers",
	})
	mustExec(t, db, "test/table.sql", nil)
	err := db.Undone(t.Context(), func(tx *warehouse.Tx) error {
		wantNumber(t, tx, "test/count.sql", nil, int64(0))
		mustExec(t, db, "test/add.sql", nil)
		wantNumber(t, tx, "test/count.sql", nil, int64(0))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantNumber(t, db, "test/count.sql", nil, int64(1))
}

func TestArgsMustMatchTheFile(t *testing.T) {
	db := etltest.OpenDB(t)
	tests := map[string]struct {
		args warehouse.Args
		want string
	}{
		"one missing":  {warehouse.Args{"versions": "1"}, "parameter $applied_at is not given"},
		"one too many": {warehouse.Args{"versions": "1", "applied_at": time.Now(), "by": "me"}, "but the statement has applied_at, versions"},
		"misspelt":     {warehouse.Args{"versions": "1", "aplied_at": time.Now()}, "parameter $applied_at is not given"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := db.Exec(t.Context(), "warehouse/schema.add", tt.args)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one that says %q", err, tt.want)
			}
		})
	}
}

func TestParametersAreFoundWhereSQLHasThem(t *testing.T) {
	db := openWith(t, map[string]string{"test/names.sql": `
		-- don't take $this for one, nor "that
		select concat($first, $a_2, '$quoted, it''s $one', 10 - 9, '$') as "$column 'of" -- nor $last`,
	})
	_, err := db.Exec(t.Context(), "test/names.sql", warehouse.Args{"surplus": 1, "first": "1", "a_2": "2"})
	if want := "but the statement has a_2, first"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Fatalf("got error %v, want one that says %q", err, want)
	}
	var got string
	err = db.Get(t.Context(), "test/names.sql", warehouse.Args{"first": "1", "a_2": "2"}, &got)
	if want := "12$quoted, it's $one1$"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestLockNamesItsHolder(t *testing.T) {
	folder := t.TempDir()
	_, unlock, err := warehouse.Lock(folder, warehouse.Holder{PID: 42, Command: "spendbridge run", Started: time.Unix(0, 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = warehouse.Lock(folder, warehouse.Holder{PID: 43})
	var locked *warehouse.LockedError
	if !errors.As(err, &locked) || locked.Holder.PID != 42 {
		t.Fatalf("got %v, want a lock held by process 42", err)
	}
	if err := unlock(""); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(folder, "lock")); strings.TrimSpace(string(text)) != `{"pid":0,"command":"nobody works in this folder"}` {
		t.Errorf("the lock file says %s, %v after the release", text, err)
	}
	_, unlock, err = warehouse.Lock(folder, warehouse.Holder{PID: 43})
	if err != nil {
		t.Fatal(err)
	}
	unlock("")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
