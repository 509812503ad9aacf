package main

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"spendbridge/etl/etltest"
)

// readAllTheTime starts a reader of the lake's views and of the snapshot in the store.
// done waits for it and returns the different states that it saw, each once. A read that
// fails, or that sees a part of a state, fails the test.
func (l *sharedLake) readAllTheTime() (done func() []string) {
	l.Helper()
	readLake := l.reader()
	stop, stopped := make(chan struct{}), make(chan []string)
	go func() {
		var seen []string
		defer func() { stopped <- seen }()
		for reads := 0; ; reads++ {
			select {
			case <-stop:
				l.Logf("%d reads", reads)
				return
			default:
			}
			money, err := readLake()
			if err := errors.Join(err, l.readStored()); err != nil {
				l.Errorf("read %d: %v", reads, err)
				return
			}
			if !slices.Contains(seen, money) {
				seen = append(seen, money)
			}
		}
	}()
	return func() []string {
		close(stop)
		return <-stopped
	}
}

// reader attaches the lake as an analyst does. Each read returns the sum of all spend.
func (l *sharedLake) reader() (read func() (money string, err error)) {
	l.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { db.Close() })
	attach := string(etltest.Read(l, "lake", "attach_reader.sql"))
	if l.Bucket.Endpoint != "" {
		attach = string(etltest.Read(l, "lake", "open_bucket.sql")) + attach
	}
	attach = strings.NewReplacer("{extensions}", l.Extensions, "{location}", l.Location,
		"{endpoint}", strings.TrimPrefix(l.Bucket.Endpoint, "http://")).Replace(attach)
	if _, err := db.ExecContext(l.Context(), attach); err != nil {
		l.Fatal(err)
	}
	query := string(etltest.Read(l, "lake", "read_views.sql"))
	return func() (money string, err error) {
		var records, byVendor, accepted int
		err = db.QueryRowContext(l.Context(), query).Scan(&records, &money, &byVendor, &accepted)
		if err == nil && (records != lakeRecords || byVendor != lakeRecords || accepted != lakeRecords) {
			err = fmt.Errorf("%d records, %d by vendor, %d accepted", records, byVendor, accepted)
		}
		return money, err
	}
}

// readStored reads the snapshot that the store names as the latest.
func (l *sharedLake) readStored() error {
	var latest struct{ Manifest string }
	var manifest struct {
		Rows  int
		Files []struct {
			Path   string
			Rows   int
			SHA256 string
		}
	}
	text, err := os.ReadFile(filepath.Join(l.store, "snapshots", "latest.json"))
	if err == nil {
		err = json.Unmarshal(text, &latest)
	}
	if err == nil {
		text, err = os.ReadFile(filepath.Join(l.store, latest.Manifest))
	}
	if err == nil {
		err = json.Unmarshal(text, &manifest)
	}
	rows := 0
	for _, f := range manifest.Files {
		data, failed := os.ReadFile(filepath.Join(l.store, filepath.Dir(latest.Manifest), f.Path))
		if failed == nil && fmt.Sprintf("%x", sha256.Sum256(data)) != f.SHA256 {
			failed = fmt.Errorf("%s is not what the manifest names", f.Path)
		}
		err, rows = errors.Join(err, failed), rows+f.Rows
	}
	if err == nil && (rows != manifest.Rows || rows != lakeRecords) {
		err = fmt.Errorf("%d rows, the manifest says %d", rows, manifest.Rows)
	}
	return err
}
