package warehouse_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

func TestALakeNamesTheExtensionsThatItLacks(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "ducklake.duckdb_extension"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lake := warehouse.Lake{DataPath: "s3://bucket/lake", Extensions: folder}
	_, err := lake.FindExtensions()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"postgres_scanner.duckdb_extension of DuckDB v", "httpfs.duckdb_extension", "is not in " + folder, "duckdb-extension-postgres-scanner==",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "ducklake.duckdb_extension") {
		t.Errorf("an extension that is there is missed: %v", err)
	}
}

func me() warehouse.Holder {
	return warehouse.Holder{Host: "here", PID: os.Getpid(), Command: "spendbridge test", Started: time.Now()}
}

func takeOver(t *testing.T, db *warehouse.DB) {
	t.Helper()
	if err := db.TakeOver(t.Context(), me(), func(*warehouse.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestOneProcessWorksOnALake(t *testing.T) {
	lake := etltest.NewLake(t)
	one := lake.Open(t)
	takeOver(t, one)
	opts := lake.Options(t)
	_, err := warehouse.Open(t.Context(), opts)
	var locked *warehouse.LockedError
	if !errors.As(err, &locked) || locked.Holder.PID != os.Getpid() || locked.Holder.Host != "here" {
		t.Fatalf("the second one: %v", err)
	}
	if err := one.Hold(t.Context()); err != nil {
		t.Errorf("the first one does not hold the lock: %v", err)
	}
	lake.CutLock(t)
	var lost *warehouse.LostLakeError
	if err := one.Hold(t.Context()); !errors.As(err, &lost) {
		t.Errorf("without its connection: %v", err)
	}

	other := lake.Open(t)
	takeOver(t, other)
	add := func(db *warehouse.DB) error {
		_, err := db.Exec(t.Context(), "extract/journal.add", warehouse.Args{"source": "one", "journal": "one", "bytes": 1})
		return err
	}
	if err := add(one); !errors.As(err, &lost) || lost.By == nil || lost.By.Holder.Host != "here" {
		t.Errorf("the first one writes after the other has taken over: %v", err)
	}
	if err := add(other); err != nil {
		t.Error(err)
	}
	var journal string
	var bytes int64
	if err := other.Get(t.Context(), "extract/journal.list", warehouse.Args{"source": "one"}, &journal, &bytes); err != nil || bytes != 1 {
		t.Errorf("the lake has %d bytes of the journal (%v)", bytes, err)
	}
}

// A transaction is another worker's business once it changes rows: few, which are in
// PostgreSQL, or many, which are in a file. One that changes none has nothing to ask.
func TestWhoLostTheLakeChangesNoRow(t *testing.T) {
	lake := etltest.NewLake(t)
	opts := lake.Options(t)
	files := etltest.Files(t, sqlfiles.FS)
	files["test/journals.sql"] = &fstest.MapFile{Data: []byte(`
-- name: insert
insert into raw.journals by name
select source, journal || ' again' as journal, bytes
from raw.journals where source = $source

-- name: update
update raw.journals set bytes = 2 where source = $source

-- name: delete
delete from {table} where source = $source

-- name: merge
merge into raw.journals as journals
using (select journal from raw.journals where source = $source) as other
on journals.journal = other.journal
when matched then delete

-- name: create
create view raw.all_journals as from raw.journals

-- name: fill
insert into raw.journals by name
select $source as source, $source || i as journal, 1 as bytes
from range($count::bigint) as numbers(i)
`)}
	opts.Files = files
	one, err := warehouse.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { one.Close() })
	takeOver(t, one)
	for source, count := range map[string]int{"few": 3, "many": 5000} {
		if _, err := one.Exec(t.Context(), "test/journals.fill", warehouse.Args{"source": source, "count": count}); err != nil {
			t.Fatal(err)
		}
	}
	lake.CutLock(t)
	takeOver(t, lake.Open(t))

	for _, name := range []string{"insert", "update", "delete", "merge"} {
		for source, changes := range map[string]bool{"few": true, "many": true, "none": false} {
			args := warehouse.Args{"source": source}
			if name == "delete" {
				args["table"] = warehouse.Table("raw.journals")
			}
			var lost *warehouse.LostLakeError
			n, err := one.Exec(t.Context(), "test/journals."+name, args)
			if errors.As(err, &lost) != changes || err != nil && !changes || n > 0 != changes {
				t.Errorf("%s of %s: %d rows, %v", name, source, n, err)
			}
		}
	}
	var lost *warehouse.LostLakeError
	err = one.InTx(t.Context(), func(tx *warehouse.Tx) error {
		_, err := tx.Exec(t.Context(), "test/journals.create", nil)
		return err
	})
	if !errors.As(err, &lost) {
		t.Errorf("create: %v", err)
	}
	if err := one.Fence(t.Context()); !errors.As(err, &lost) {
		t.Errorf("asked: %v", err)
	}
}

// Many take over at once, without the lock: every epoch is one worker's.
func TestEveryEpochOfALakeIsOneWorkers(t *testing.T) {
	lake := etltest.NewLake(t)
	first := lake.Open(t)
	takeOver(t, first)
	workers, tries := 5, 12
	if os.Getenv("SPENDBRIDGE_SOAK") != "" {
		tries = 120
	}
	var (
		mu     sync.Mutex
		epochs = []int64{first.Epoch()}
		racing sync.WaitGroup
	)
	for range workers {
		db := warehouse.OpenUnlocked(t, lake.Options(t))
		racing.Go(func() {
			for range tries {
				err := db.TakeOver(t.Context(), me(), func(*warehouse.Tx) error { return nil })
				if err != nil {
					if !warehouse.IsConflict(err) {
						t.Error(err)
					}
					continue
				}
				mu.Lock()
				epochs = append(epochs, db.Epoch())
				mu.Unlock()
			}
		})
	}
	racing.Wait()
	slices.Sort(epochs)
	for i, epoch := range epochs {
		if epoch != int64(i)+1 {
			t.Fatalf("the epochs are %v", epochs)
		}
	}
	t.Logf("%d of %d took over", len(epochs)-1, workers*tries)
}
