package warehouse_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
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
