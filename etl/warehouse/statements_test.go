package warehouse_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

// openWith opens a warehouse in memory with further SQL files.
func openWith(t *testing.T, more map[string]string) *warehouse.DB {
	t.Helper()
	files := etltest.Files(t, sqlfiles.FS)
	for name, text := range more {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	db, err := warehouse.Open(t.Context(), warehouse.Options{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestExecAtQuotesTheLocation(t *testing.T) {
	db := openWith(t, map[string]string{
		"test/attach.sql": "attach {location} as beside",
		"test/create.sql": "create table beside.notes (note varchar)",
		"test/detach.sql": "detach beside",
	})
	path := filepath.Join(t.TempDir(), "it's beside.duckdb")
	err := db.InConn(t.Context(), func(conn *warehouse.Conn) error {
		if err := conn.ExecAt(t.Context(), "test/attach.sql", path); err != nil {
			return err
		}
		for _, file := range []string{"test/create.sql", "test/detach.sql"} {
			if _, err := conn.Exec(t.Context(), file, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestExecSelectedRunsEveryStatementAndNamesTheFile(t *testing.T) {
	db := openWith(t, map[string]string{
		"test/comments.sql": "select 'comment on table ops.runs is ''' || text || '''' from (values ($first), ($second)) as texts (text)",
		"test/comment.sql":  "select comment from duckdb_tables() where database_name = 'warehouse' and table_name = 'runs'",
		"test/wrong.sql":    "select 'no statement'",
	})
	err := db.InConn(t.Context(), func(conn *warehouse.Conn) error {
		return conn.ExecSelected(t.Context(), "test/comments.sql", warehouse.Args{"first": "one", "second": "two"})
	})
	if err != nil {
		t.Fatal(err)
	}
	var comment string
	if err := db.Get(t.Context(), "test/comment.sql", nil, &comment); err != nil || comment != "two" {
		t.Errorf("comment %q, %v; want the last one", comment, err)
	}
	err = db.InConn(t.Context(), func(conn *warehouse.Conn) error {
		return conn.ExecSelected(t.Context(), "test/wrong.sql", nil)
	})
	if err == nil || !strings.HasPrefix(err.Error(), "test/wrong.sql: ") {
		t.Errorf("got error %v, want one that names the file", err)
	}
}

func TestWhatTakesTimeIsLogged(t *testing.T) {
	var log bytes.Buffer
	db, err := warehouse.Open(t.Context(), warehouse.Options{
		Files: sqlfiles.FS, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	log.Reset()
	err = db.InTx(t.Context(), func(tx *warehouse.Tx) error {
		_, err := tx.Exec(t.Context(), "warehouse/schema.add", warehouse.Args{"versions": "9999", "applied_at": time.Now()})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := warehouse.Strings(t.Context(), db, "warehouse/schema.list", nil); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	want := []string{"warehouse/schema.add", "commit", "warehouse/schema.list", "close"}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), log.String())
	}
	for i, line := range lines {
		if !strings.Contains(line, "msg=statement file="+want[i]+" duration=") {
			t.Errorf("line %d does not name %s: %s", i+1, want[i], line)
		}
	}
}

func TestATableIsNamedInTheText(t *testing.T) {
	db := openWith(t, map[string]string{"test/count.sql": "select count(*) from {table}"})
	var n int
	if err := db.Get(t.Context(), "test/count.sql", warehouse.Args{"table": warehouse.Table("ops.schema_versions")}, &n); err != nil || n == 0 {
		t.Errorf("%d rows, %v", n, err)
	}
	if err := warehouse.Clear(t.Context(), db, "ops.schema_versions"); err != nil {
		t.Fatal(err)
	}
	if err := db.Get(t.Context(), "test/count.sql", warehouse.Args{"table": warehouse.Table("ops.schema_versions")}, &n); err != nil || n != 0 {
		t.Errorf("%d rows after Clear, %v", n, err)
	}
	err := db.Get(t.Context(), "test/count.sql", warehouse.Args{"table": warehouse.Table("ops.runs; drop table ops.runs")}, &n)
	if err == nil || !strings.Contains(err.Error(), "is not the name of a table") {
		t.Errorf("got error %v, want one about the name", err)
	}
}
