package transform_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spendbridge/etl/etltest"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// memoryLimit is what a small server gives DuckDB.
const memoryLimit = "512MB"

// BenchmarkRun transforms a history that is new, then one that changed by a
// thousandth, and compares both with one bare statement over the same payloads.
func BenchmarkRun(b *testing.B) {
	for _, n := range []int{300_000, 1_000_000} {
		b.Run(fmt.Sprintf("expenses=%d", n), func(b *testing.B) {
			db := openWith(b, warehouse.Options{
				Location: filepath.Join(b.TempDir(), "warehouse.duckdb"), Files: testFiles(b),
				MemoryLimit: memoryLimit, Threads: 2, TempDir: b.TempDir(),
			})
			landHistory(b, db, 0, n, 1, 1)
			if _, err := db.Exec(b.Context(), "test/bench_land_objects.sql", nil); err != nil {
				b.Fatal(err)
			}
			opts := testOptions()
			for b.Loop() {
				bare := measure(b, "bare", func() error {
					_, err := db.Exec(b.Context(), "test/bench_bare.sql",
						warehouse.Args{"path": filepath.Join(b.TempDir(), "bare.parquet")})
					return err
				})
				first := measure(b, "first", func() error {
					_, err := transform.Run(b.Context(), db, opts)
					return err
				})
				landHistory(b, db, 0, n, 1000, 2)
				again := measure(b, "changed", func() error {
					_, err := transform.Run(b.Context(), db, opts)
					return err
				})
				b.ReportMetric(first.Seconds()/bare.Seconds(), "first/bare")
				b.ReportMetric(again.Seconds()/first.Seconds(), "changed/first")
			}
		})
	}
}

// landHistory lands every step'th of the expenses from first to last.
func landHistory(b *testing.B, db *warehouse.DB, first, last, step, version int) {
	b.Helper()
	var page struct{ Data []json.RawMessage }
	if err := json.Unmarshal(etltest.Read(b, "sql", "bench_payload.json"), &page); err != nil {
		b.Fatal(err)
	}
	_, err := db.Exec(b.Context(), "test/bench_land.sql", warehouse.Args{
		"template": string(page.Data[0]), "first": first, "last": last, "step": step, "version": version,
	})
	if err != nil {
		b.Fatal(err)
	}
}

// measure reports the processor time and the peak memory of f.
func measure(b *testing.B, name string, f func() error) time.Duration {
	b.Helper()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	before, start := cpu(b), time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	used := cpu(b) - before
	b.ReportMetric(used.Seconds(), name+"-cpu-s")
	b.ReportMetric(time.Since(start).Seconds(), name+"-s")
	b.ReportMetric(peak(b), name+"-MB")
	return used
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peak is the most memory held since the mark was reset, in MB.
func peak(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("peak memory is read from /proc")
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}
