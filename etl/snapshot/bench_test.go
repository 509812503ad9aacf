package snapshot

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spendbridge/etl/warehouse"
)

// benchRows is a history of a million records, over two years.
const benchRows = 1_000_000

// BenchmarkSnapshot compares a snapshot (sorted, proven, read back by two
// readers) with a bare COPY of the same rows in the same run: first without
// any to link from, then after one day's records changed, then after none.
func BenchmarkSnapshot(b *testing.B) {
	db, err := warehouse.Open(b.Context(), warehouse.Options{
		Location: filepath.Join(b.TempDir(), "warehouse.duckdb"), Files: snapshotFiles(b, nil),
		MemoryLimit: "1GB", TempDir: b.TempDir(),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	runFile(b, db, "test/spend_fill.sql", warehouse.Args{"records": benchRows, "days": twoYears})
	bare := cost(b, func() {
		runFile(b, db, "test/bare_copy.sql", warehouse.Args{"path": filepath.Join(b.TempDir(), "bare.parquet")})
	})
	folder := b.TempDir()
	round := 0
	take := func() {
		round++
		takeOne(b, db, snapshotOptions(folder, runOf(round)))
	}
	measure := func(name string, before func()) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				before()
				spent := cost(b, take)
				b.ReportMetric(float64(spent.cpu)/float64(bare.cpu), "x-COPY-cpu")
				b.ReportMetric(float64(spent.wall)/float64(bare.wall), "x-COPY-wall")
				b.ReportMetric(float64(spent.peak)/(1<<20), "peak-MB")
			}
		})
	}
	measure("first", func() { clearFolder(b, folder) })
	measure("a day changed", func() {
		runFile(b, db, "test/spend_change.sql", warehouse.Args{"day": time.Date(2025, 3, 5, 0, 0, 0, 0, time.UTC)})
	})
	measure("unchanged", func() {})
}

// BenchmarkPublish compares the analysts' copy with a bare COPY.
func BenchmarkPublish(b *testing.B) {
	db := snapshotDB(b, benchRows, twoYears, 2, nil)
	folder := b.TempDir()
	bare := cost(b, func() {
		runFile(b, db, "test/bare_copy.sql", warehouse.Args{"path": filepath.Join(folder, "bare.parquet")})
	})
	for b.Loop() {
		spent := cost(b, func() {
			if err := Publish(b.Context(), db, publishedIn(folder)); err != nil {
				b.Fatal(err)
			}
		})
		b.ReportMetric(float64(spent.cpu)/float64(bare.cpu), "x-COPY-cpu")
		b.ReportMetric(float64(spent.peak)/(1<<20), "peak-MB")
	}
}

func clearFolder(b *testing.B, folder string) {
	b.Helper()
	if err := os.RemoveAll(folder); err != nil {
		b.Fatal(err)
	}
}

// A spending is what a piece of work took.
type spending struct {
	wall, cpu time.Duration
	peak      int64 // bytes of memory the process had at most meanwhile
}

func cost(b *testing.B, work func()) spending {
	b.Helper()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // sets the peak back to now, on Linux
	began, used := time.Now(), cpuTime(b)
	work()
	return spending{time.Since(began), cpuTime(b) - used, peakMemory()}
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakMemory is 0 where the system does not tell.
func peakMemory() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	kilobytes, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(line, "kB")), 10, 64)
	return kilobytes << 10
}
