package snapshot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
)

func TestASnapshotHoldsEveryRecordAndSaysSo(t *testing.T) {
	db := snapshotDB(t, 2500, twoYears, 2, nil)
	folder := t.TempDir()
	s := takeOne(t, db, snapshotOptions(folder, firstRun))

	if s.Manifest.Rows != 2500 {
		t.Errorf("manifest has %d rows, want 2500", s.Manifest.Rows)
	}
	if len(s.Manifest.Files) != 24 {
		t.Errorf("%d files, want one for each of 24 months", len(s.Manifest.Files))
	}
	for i, file := range s.Manifest.Files {
		if want := time.Date(2024, time.November+time.Month(i), 1, 0, 0, 0, 0, time.UTC).Format("spend/year=2006/month=1/part-0.parquet"); file.Path != want {
			t.Errorf("file %d is %s, want %s", i, file.Path, want)
		}
		sum, size, err := hashOfFile(filepath.Join(s.Path, file.Path))
		if err != nil || sum != file.SHA256 || size != file.Bytes {
			t.Errorf("%s: sha256 %s of %d bytes, %v; the manifest says %s of %d", file.Path, sum, size, err, file.SHA256, file.Bytes)
		}
	}
	latest, err := Latest(folder)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, latest); diff != "" {
		t.Errorf("latest differs from what was written:\n%s", diff)
	}
}

func TestASnapshotReadsAsTheTableItWasTakenFrom(t *testing.T) {
	db := snapshotDB(t, 2500, twoYears, 2, map[string]string{
		"test/differ.sql": `
            (from canonical.spend except all select * exclude (year, month) from read_parquet($files, hive_partitioning = true))
            union all
            (select * exclude (year, month) from read_parquet($files, hive_partitioning = true) except all from canonical.spend)`,
	})
	folder := t.TempDir()
	takeOne(t, db, snapshotOptions(folder, firstRun))

	rows, err := db.Query(t.Context(), "test/differ.sql",
		warehouse.Args{"files": filepath.Join(folder, latestLink, "spend", "*", "*", "*.parquet")})
	if err != nil {
		t.Fatal(err)
	}
	if table := etltest.Table(t, rows); strings.Count(table, "\n") != 1 {
		t.Errorf("rows differ:\n%s", table)
	}
}

func TestEqualStatesHaveEqualBytes(t *testing.T) {
	want := map[string]string{}
	for _, threads := range []int{1, 2, 4, 8} {
		db := snapshotDB(t, 36_000, 31, threads, nil)
		got := map[string]string{}
		for _, file := range takeOne(t, db, snapshotOptions(t.TempDir(), firstRun)).Manifest.Files {
			got[file.Path] = file.SHA256
		}
		if len(want) == 0 {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("with %d threads (-1 thread, +these):\n%s", threads, diff)
		}
	}
}

func TestAnEmptyStateIsOneFileWithoutRows(t *testing.T) {
	db := snapshotDB(t, 0, twoMonths, 2, nil)
	s := takeOne(t, db, snapshotOptions(t.TempDir(), firstRun))

	if s.Manifest.Rows != 0 || len(s.Manifest.Files) != 1 || s.Manifest.Files[0].Path != "spend/year=1970/month=1/part-0.parquet" {
		t.Errorf("got %d rows in %v", s.Manifest.Rows, s.Manifest.Files)
	}
	c, err := readContract(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	if cells, err := readCells(filepath.Join(s.Path, s.Manifest.Files[0].Path), c); err != nil || len(cells) != 0 {
		t.Errorf("read back %v, %v", cells, err)
	}
}

func TestAnUnchangedMonthIsLinked(t *testing.T) {
	db := snapshotDB(t, 2500, twoYears, 2, nil)
	folder := t.TempDir()
	first := takeOne(t, db, snapshotOptions(folder, firstRun))
	runFile(t, db, "test/spend_change.sql", warehouse.Args{"day": time.Date(2025, 3, 5, 0, 0, 0, 0, time.UTC)})
	second := takeOne(t, db, snapshotOptions(folder, secondRun))

	for i, file := range second.Manifest.Files {
		changed := file.Month == "2025-03"
		if file.Linked == changed {
			t.Errorf("%s: linked is %v", file.Path, file.Linked)
		}
		if same := file.SHA256 == first.Manifest.Files[i].SHA256; same == changed {
			t.Errorf("%s: equal to the file before is %v", file.Path, same)
		}
		if same := sameFile(t, filepath.Join(first.Path, file.Path), filepath.Join(second.Path, file.Path)); same == changed {
			t.Errorf("%s: one file in both snapshots is %v", file.Path, same)
		}
	}
	// What is linked counts like what is written: a snapshot made without any
	// to link from says the same.
	alone := takeOne(t, db, snapshotOptions(t.TempDir(), secondRun))
	for i := range second.Manifest.Files {
		second.Manifest.Files[i].Linked = false
	}
	if diff := cmp.Diff(alone.Manifest, second.Manifest); diff != "" {
		t.Errorf("manifests differ (-written, +linked):\n%s", diff)
	}
}

// A month that did not change is written again if the snapshot before kept
// another contract, and the older one can still be checked.
func TestAnOlderSnapshotIsReadAndNotLinked(t *testing.T) {
	db := snapshotDB(t, 500, twoMonths, 1, nil)
	folder := t.TempDir()
	first := takeOne(t, db, snapshotOptions(folder, firstRun))
	makeOlder(t, first)
	if err := Check(first.Path, schemas.FS); err != nil {
		t.Error(err)
	}
	older, err := Latest(folder)
	if err != nil || older.Manifest.Format != 0 || older.Manifest.Files[2].Path != "year=2025/month=01/part-0.parquet" {
		t.Fatalf("got %+v, %v", older.Manifest, err)
	}

	second := takeOne(t, db, snapshotOptions(folder, secondRun))
	if second.ID != secondRun || second.Manifest.LogicalHash != first.Manifest.LogicalHash {
		t.Errorf("got %s with logical hash %s", second.ID, second.Manifest.LogicalHash)
	}
	for i, file := range second.Manifest.Files {
		if file.Linked || file.Path != first.Manifest.Files[i].Path {
			t.Errorf("%s: linked is %v", file.Path, file.Linked)
		}
	}
	if err := Check(second.Path, schemas.FS); err != nil {
		t.Error(err)
	}
}

// makeOlder gives a snapshot the layout that they had before the manifest named
// its format.
func makeOlder(t *testing.T, s Snapshot) {
	t.Helper()
	m := s.Manifest
	m.Format, m.Contract, m.Files = 0, "older", slices.Clone(m.Files)
	for i, file := range m.Files {
		m.Files[i].Path = fmt.Sprintf("year=%s/month=%s/part-0.parquet", file.Month[:4], file.Month[5:])
		path := filepath.Join(s.Path, m.Files[i].Path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Rename(filepath.Join(s.Path, file.Path), path)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(s.Path, "spend")), os.Remove(filepath.Join(s.Path, manifestFile)), m.write(s.Path)); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedMonthIsNotLinked(t *testing.T) {
	db := snapshotDB(t, 2500, twoYears, 2, nil)
	folder := t.TempDir()
	first := takeOne(t, db, snapshotOptions(folder, firstRun))
	damaged := first.Manifest.Files[7]
	flip(t, filepath.Join(first.Path, damaged.Path), damaged.Bytes/2)

	second := takeOne(t, db, snapshotOptions(folder, secondRun))
	for i, file := range second.Manifest.Files {
		if want := i != 7; file.Linked != want {
			t.Errorf("%s: linked is %v", file.Path, file.Linked)
		}
		if file.SHA256 != first.Manifest.Files[i].SHA256 {
			t.Errorf("%s: bytes differ from those first written", file.Path)
		}
	}
}

func TestAFailedSnapshotLeavesTheOldOneLatest(t *testing.T) {
	replaced := func(statement, old, new string) map[string]string {
		return etltest.EditSQL(t, nil, statement, func(text string) string { return strings.Replace(text, old, new, 1) })
	}
	const copied, sorted = "snapshot/snapshot.copy", "snapshot/snapshot.sorted"
	blind := etltest.EditSQL(t, replaced(copied, "select *", "select * replace (amount + 1 as amount)"), "snapshot/snapshot.line",
		func(string) string { return "create temporary macro spend_line(spend) as spend.spend_id" })
	unrecorded := etltest.EditSQL(t, nil, "snapshot/snapshot.add", func(string) string {
		return "insert into ops.no_such_table values ($snapshot_id, $run_id, $path, $rows, $logical_hash, $manifest, $created_at)"
	})
	tests := map[string]struct {
		replace map[string]string
		want    string
	}{
		"a column is missing":    {replaced(copied, "select *", "select * exclude (category_raw)"), "\"category_raw\" specified in FIELD_IDS not found"},
		"a column too many":      {replaced(copied, "select *", "select *, 1 as more"), "1 columns too many"},
		"another order":          {replaced(copied, "select *", "select source, * exclude (source)"), "column 1 is source, want spend_id"},
		"a wrong type":           {replaced(copied, "select *", "select * replace (amount::double as amount)"), "column amount is DOUBLE, want INT64 DECIMAL(18,4)"},
		"a wrong scale":          {replaced(copied, "select *", "select * replace (amount::decimal(18, 2) as amount)"), "column amount is INT64 DECIMAL(18,2), want INT64 DECIMAL(18,4)"},
		"an unsupported codec":   {replaced(copied, "zstd", "brotli"), "is compressed with BROTLI, want ZSTD"},
		"other field ids":        {replaced(copied, "from_json($field_ids, json_structure($field_ids))", "{spend_id: $field_ids.length()}"), "column spend_id has the field id"},
		"other metadata":         {replaced(copied, "from_json($metadata, json_structure($metadata))", "{units: $metadata}"), "metadata is map[units:"},
		"no compression":         {replaced(copied, "zstd", "uncompressed"), "is compressed with UNCOMPRESSED, want ZSTD"},
		"a row is missing":       {replaced(copied, "order by", "and spend_id not like '%7' order by"), "rows, want"},
		"another amount":         {replaced(copied, "select *", "select * replace (amount + 1 as amount)"), "logical hash"},
		"another description":    {replaced(copied, "select *", "select * replace ('' as description)"), "logical hash"},
		"a state that lost rows": {replaced(sorted, "order by", "and currency != 'JPY' order by"), "logical hash"},
		"unseen by the hash":     {blind, "snapshot = canonical"},
		"no right to record it":  {unrecorded, "no_such_table"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			first := takeOne(t, snapshotDB(t, 500, twoMonths, 1, nil), snapshotOptions(folder, firstRun))

			_, err := Take(t.Context(), snapshotDB(t, 501, twoMonths, 1, tt.replace), snapshotOptions(folder, secondRun))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one that says %q", err, tt.want)
			}
			var unbalanced *etl.CheckError
			if tt.want == "snapshot = canonical" && !errors.As(err, &unbalanced) {
				t.Errorf("got %T, want a CheckError", err)
			}
			if latest, err := Latest(folder); err != nil || latest.ID != first.ID {
				t.Errorf("latest is %s, %v; want %s", latest.ID, err, first.ID)
			}
			wantEntries(t, folder, first.ID, latestLink)
		})
	}
}

func TestTheContractListsTheColumnsOfCanonicalSpend(t *testing.T) {
	db := snapshotDB(t, 0, twoMonths, 1, map[string]string{
		"test/columns.sql": `select column_name from information_schema.columns
            where table_schema = 'canonical' and table_name = 'spend' and table_catalog = 'warehouse' order by ordinal_position`,
	})
	want, err := warehouse.Strings(t.Context(), db, "test/columns.sql", nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := readContract(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, column := range c.Columns {
		got = append(got, column.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-table, +contract):\n%s", diff)
	}
}
