package extract_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
	"spendbridge/etl/sandbox"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
)

// BenchmarkLanding measures an extraction, from the responses to raw.records,
// against one bare DuckDB statement that reads the same page files and writes
// some columns of a spend record to Parquet, in CPU seconds of one run
// (design.md section 13). The vendor answers from files, so that its own work
// is not counted.
//
//	cpu/bare  the ratio
//	peak-MB   the process's peak memory during the extraction
func BenchmarkLanding(b *testing.B) {
	for _, records := range []int{30_000, 300_000} {
		b.Run(strconv.Itoa(records), func(b *testing.B) {
			answers := &replay{folder: b.TempDir()}
			vendors := sandbox.New(sandbox.Options{
				Seed: 1, Expenses: records, Plain: true, Now: func() time.Time { return today },
				From: today.AddDate(-1, 0, 0),
			})
			answers.next = vendors.Transport()
			land(b, vendors, answers) // records the answers
			vendors.Close()
			for b.Loop() {
				land(b, vendors, answers)
			}
		})
	}
}

func land(b *testing.B, vendors *sandbox.Sandbox, answers *replay) {
	b.Helper()
	folder := b.TempDir()
	db := openDB(b, filepath.Join(folder, "warehouse.duckdb"))
	defer db.Close()
	source, err := extract.NewProductive(extract.ProductiveOptions{
		Key: "productive", BaseURL: vendors.ProductiveURL(), Token: sandbox.ProductiveToken,
		OrganizationID: "517", Lookback: 366, Client: httpretry.New(httpretry.Options{Transport: answers}), Schemas: schemas.FS,
	})
	if err != nil {
		b.Fatal(err)
	}
	x := &extract.Extractor{
		DB: db, Folder: folder, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return today }, RunID: etl.NewRunID(today),
	}
	resetPeak(b)
	var report extract.Report
	spent := cpu(func() {
		if report, err = x.Run(b.Context(), source); err != nil {
			b.Fatal(err)
		}
	})
	b.ReportMetric(peakMB(b), "peak-MB")
	bare := cpu(func() { readBare(b, db, folder) })
	b.ReportMetric(spent/bare, "cpu/bare")
	b.ReportMetric(bare, "bare-cpu-s")
	b.ReportMetric(float64(report.Counts.Written), "versions")
}

// A replay answers as another transport did when it was first asked.
type replay struct {
	folder string
	next   http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (r *replay) RoundTrip(req *http.Request) (*http.Response, error) {
	file := filepath.Join(r.folder, fmt.Sprintf("%x", sha256.Sum256([]byte(req.URL.String()))))
	if body, err := os.Open(file); err == nil {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, Request: req}, nil
	}
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, os.WriteFile(file, body, 0o600)
}

func readBare(b *testing.B, db *warehouse.DB, folder string) {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "raw", "*", "*", "*.zst"))
	if err != nil {
		b.Fatal(err)
	}
	args := warehouse.Args{"files": files, "target": filepath.Join(folder, "bare.parquet")}
	if _, err := db.Exec(b.Context(), "bare/read.sql", args); err != nil {
		b.Fatal(err)
	}
}

// cpu returns the CPU seconds this process spends on f.
func cpu(f func()) float64 {
	spent := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			panic(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := spent()
	f()
	return (spent() - before).Seconds()
}

// resetPeak makes the kernel forget the peak memory so far.
func resetPeak(b *testing.B) {
	b.Helper()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Logf("peak memory is that of the whole process: %v", err)
	}
}

func peakMB(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}
