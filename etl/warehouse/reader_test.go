package warehouse_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

func openReader(t *testing.T) (r *warehouse.Reader, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "who's there?.duckdb")
	if err := etltest.OpenFile(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	r, err := warehouse.OpenReader(t.Context(), path, sqlfiles.FS, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, path
}

// first returns the first column of the statement's only row.
func first(ctx context.Context, r *warehouse.Reader, statement string) (value any, err error) {
	err = r.Select(ctx, statement, func(rows *sql.Rows) error {
		if !rows.Next() {
			return rows.Err()
		}
		return rows.Scan(&value)
	})
	return value, err
}

func TestAReaderAnswersOneSelect(t *testing.T) {
	r, _ := openReader(t)
	for _, statement := range []string{
		"select 7", "SELECT 7;", "with seven as (select 7) from seven", "values (7)", " -- seven\nselect 7 -- and no more",
		"select max(version) * 0 + 7 from ops.schema_versions", "select 7 where ';' = ';'",
		"select max(range) from range(8)", "select unnest([7])", "from (pivot (select 1 as a, 7 as b) on a in (1) using sum(b)) select \"1\"",
		"select 7 from pragma_table_info('ops.runs') limit 1", "select 7 from duckdb_tables() limit 1", "select 'enable_logging()'[1:0] || 7",
		"select 7 from information_schema.tables limit 1", "select 7 from (show all tables) limit 1",
	} {
		t.Run(statement, func(t *testing.T) {
			if got, err := first(t.Context(), r, statement); err != nil || fmt.Sprint(got) != "7" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestAReaderRefusesAnythingButOneSelect(t *testing.T) {
	r, _ := openReader(t)
	for _, statement := range []string{
		"", ";", "select 1; select 2", "select 1; drop table ops.runs", "drop table ops.runs", "create table t as select 1",
		"create temp table t as select 1", "create temp macro f() as 1", "insert into ops.schema_versions values (1, null)",
		"delete from ops.runs", "update ops.runs set status = ''", "attach ':memory:' as m",
		"detach spend", "use memory", "set threads = 1", "reset threads", "pragma enable_profiling", "pragma threads = 1", "install httpfs",
		"load httpfs", "checkpoint", "begin", "call pragma_version()", "call enable_logging()", "pragma version", "pragma show_tables", "explain analyze select 1", "vacuum",
		"prepare p as select 1",
	} {
		t.Run(statement, func(t *testing.T) {
			if _, err := first(t.Context(), r, statement); !errors.Is(err, warehouse.ErrNotOneSelect) {
				t.Errorf("got error %v, want %v", err, warehouse.ErrNotOneSelect)
			}
		})
	}
}

func TestAReaderCallsNoFunctionThatWrites(t *testing.T) {
	r, path := openReader(t)
	folder := filepath.Dir(path)
	for _, statement := range []string{
		"from enable_logging()", "select * from enable_logging(storage = 'file', storage_path = 'FOLDER/log')",
		"from enable_logging('QueryLog', storage = 'stdout')", `from "ENABLE_LOGGING"()`, "from system.main.enable_logging()",
		"from enable_profiling()", "from enable_profiling('json', save_location = 'FOLDER/profile.json')", "from disable_profiling()",
		"from disable_logging()", "from truncate_duckdb_logs()", "from checkpoint()", "from force_checkpoint()", "from enable_peg_parser()",
		"select (select count(*) from enable_logging())", "with l as (from enable_logging()) select 7",
		"select 7 union all select 1 from enable_logging()", "describe (from enable_logging())", "summarize (from enable_logging())",
		"select 7 where exists (from enable_logging())", "select 7 order by (select count(*) from enable_logging())",
		"select 7, (from enable_logging()) as \"a.b\"\"c\"", "from range(1) as a, lateral (from enable_logging())",
		"from query('from enable_logging()')", "from query_table('ops.runs')",
		"from json_execute_serialized_sql(json_serialize_sql('from enable_logging()'))", "select write_log('seven')",
	} {
		t.Run(statement, func(t *testing.T) {
			_, err := first(t.Context(), r, strings.ReplaceAll(statement, "FOLDER", folder))
			if !errors.Is(err, warehouse.ErrFunction) {
				t.Errorf("got error %v, want %v", err, warehouse.ErrFunction)
			}
		})
	}
	got, err := first(t.Context(), r, "select current_setting('enable_profiling') is null and not current_setting('enable_logging')")
	if err != nil || got != true {
		t.Errorf("nothing is switched on: %v, %v", got, err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("the folder holds %v, %v", files, err)
	}
}

func TestAReaderReachesNothingOutside(t *testing.T) {
	r, path := openReader(t)
	secret := filepath.Join(filepath.Dir(path), "secret.csv")
	if err := os.WriteFile(secret, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"from read_csv('SECRET')", "from read_text('SECRET')", "from read_blob('SECRET')", "from read_json('SECRET')",
		"from read_parquet('SECRET')", "from read_duckdb('SECRET')", "from glob('SECRET')", "from 'SECRET'",
		"from query('from read_csv(''SECRET'')')", "from sniff_csv('SECRET')", "from read_csv('http://127.0.0.1/SECRET')",
		"from duckdb_secrets()", "copy ops.runs to 'SECRET'", "export database 'SECRET'",
	} {
		t.Run(statement, func(t *testing.T) {
			if got, err := first(t.Context(), r, strings.ReplaceAll(statement, "SECRET", secret)); err == nil {
				t.Errorf("read %v", got)
			}
		})
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "a\n1\n" {
		t.Errorf("the file reads %q, %v", text, err)
	}
}

func TestAReaderStopsWhenItsTimeIsUp(t *testing.T) {
	r, _ := openReader(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	endless := "select count(*) from range(1000000000) as a, range(1000000000) as b where a.range + b.range = -1"
	// On a busy machine it is up before the statement begins, which is another error.
	if _, err := first(ctx, r, endless); err == nil || ctx.Err() == nil {
		t.Errorf("got error %v", err)
	}
	if _, err := first(t.Context(), r, "select 7"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAReaderBoundsMemoryAndDisk(t *testing.T) {
	r, _ := openReader(t)
	got, err := first(t.Context(), r, "select current_setting('memory_limit') || current_setting('temp_directory')")
	if err != nil || got != "953.6 MiB" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAReaderNamesAMissingFile(t *testing.T) {
	_, err := warehouse.OpenReader(t.Context(), filepath.Join(t.TempDir(), "none.duckdb"), sqlfiles.FS, "")
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v", err)
	}
}
