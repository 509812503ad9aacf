package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/txtar"

	"spendbridge/etl/etltest"
)

// A data folder of an earlier version opens and holds what it held: the same
// canonical rows, ledger and snapshot. Nothing answers at the addresses of its
// vendors, so nothing may be asked or posted. As there is nothing to post, a
// load does not hold anything although the folder is a copy; verify says so.
//
// Who changes on purpose what spend is made of rewrites what is wanted with
// -update, and says why.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	unpackFolder(t, etltest.Data("upgrade", "data.tar.zst"), folder)
	config := filepath.Join(folder, "spendbridge.yaml")
	if err := os.WriteFile(config, etltest.Read(t, "upgrade", "spendbridge.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	copies := func() []string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(folder, "data", "warehouse.before-*.duckdb"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	original, err := os.ReadFile(filepath.Join(folder, "data", "warehouse.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	// Whoever opens the folder first changes the schema; the old file is kept
	// until a run succeeded.
	code, explained, errs := command(t, "explain", "productive-517-expense-10", "--config", config, "--json")
	if code != 0 || !strings.Contains(explained, "/month=09/part-0.parquet") {
		t.Fatalf("explain ended with %d, without the snapshot's file: %s%s", code, explained, errs)
	}
	if found := copies(); len(found) != 1 || filepath.Base(found[0]) != "warehouse.before-92.duckdb" {
		t.Errorf("kept %v, want warehouse.before-92.duckdb", found)
	} else if kept, err := os.ReadFile(found[0]); err != nil || !bytes.Equal(kept, original) {
		t.Errorf("what is kept is not the file of before: %v", err)
	}
	// Its snapshot is of the older layout.
	if _, verified, errs := command(t, "verify", "--config", config); !strings.Contains(verified, "✓  verify/snapshot") {
		t.Errorf("verify has no word on the snapshot: %s%s", verified, errs)
	}
	code, past, errs := command(t, "load", "--snapshot-only", "--as-of", "20261126T114242Z-5df777", "--out", filepath.Join(folder, "past"), "--config", config)
	if code != 0 || !strings.Contains(past, "contract") {
		t.Errorf("load --as-of ended with %d: %s%s", code, past, errs)
	}
	for _, tt := range []struct {
		line string
		code int
	}{
		{"load", 0},
		{"verify", 3},
		{"verify --rebuild", 0},
	} {
		code, _, errs := command(t, append(strings.Fields(tt.line), "--config", config, "--quiet")...)
		if code != tt.code {
			t.Fatalf("%s ended with %d, want %d: %s", tt.line, code, tt.code, errs)
		}
		if found := copies(); len(found) > 0 {
			t.Errorf("after %s %v is still there", tt.line, found)
		}
		got := dumpFolder(t, folder)
		if *update && tt.line == "load" {
			if err := os.WriteFile(etltest.Data("upgrade", "want.txtar"), txtar.Format(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want := txtar.Parse(etltest.Read(t, "upgrade", "want.txtar"))
		if diff := cmp.Diff(sections(want), sections(got)); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", tt.line, diff)
		}
	}
}

// doctor --upgrade says what the commands of this version then do, and changes nothing.
// Here the alias file is gone, and records are due that were not.
func TestAnUpgradeIsTriedOnACopy(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data := filepath.Join(folder, "data")
	unpackFolder(t, etltest.Data("upgrade", "data.tar.zst"), folder)
	config := filepath.Join(folder, "spendbridge.yaml")
	text := bytes.Replace(etltest.Read(t, "upgrade", "spendbridge.yaml"), []byte("post_from: 2026-09-01"), []byte("post_from: 2026-01-01"), 1)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ask := func(want ...string) {
		t.Helper()
		code, out, errs := command(t, "doctor", "--upgrade", "--config", config)
		if code != 0 {
			t.Fatalf("exit code %d: %s%s", code, out, errs)
		}
		for _, text := range want {
			if !regexp.MustCompile(text).MatchString(out) {
				t.Errorf("it does not say %q:\n%s", text, out)
			}
		}
	}
	location := filepath.Join(data, "warehouse.duckdb")
	alter(t, location, "other_rules.sql")
	before := contentOf(t, data)
	ask(
		`ok +schema +version 92 becomes \d+, in \d+ steps`, `warehouse.before-92.duckdb first`,
		`warning +records +another amount for 1 record\n`, `warning +records +another day for 2 records\n`, `warning +records +from excluded to spend: 1 record\n`,
		`warning +names +another vendor for 1 record: Office Depot becomes OFFICE DEPOT #564 \(1\)`, `another category for 1 record\n`,
		`warning +next load +\d+ records are held by the gate folder`,
	)
	if diff := cmp.Diff(before, contentOf(t, data)); diff != "" {
		t.Errorf("the data folder has changed: %s", diff)
	}
	// The version that is here opens it, and is sent back: all is as it was.
	if code, _, errs := command(t, "explain", "productive-517-expense-10", "--config", config); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if err := os.Rename(filepath.Join(data, "warehouse.before-92.duckdb"), location); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, contentOf(t, data)); diff != "" {
		t.Errorf("the way back does not lead to what was there: %s", diff)
	}
	ask(`ok +schema +version 92 becomes`)
	// It takes over.
	if code, _, errs := command(t, "transform", "--config", config); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	ask(`ok +schema +version \d+, which is that of this program`, `ok +records +nothing changes: 57 records`, `ok +names +nothing changes`)
}

// alter runs the statements of a file on a database.
func alter(t *testing.T, database, file string) {
	t.Helper()
	db, err := sql.Open("duckdb", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(string(etltest.Read(t, "upgrade", file))); err != nil {
		t.Fatal(err)
	}
}

// contentOf returns the hash of each file of a folder but its lock.
func contentOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	content := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || entry.Name() == "lock" {
			return err
		}
		text, err := os.ReadFile(path)
		content[path] = fmt.Sprintf("%x", sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// dumpFolder reads all that must survive, one row a line.
func dumpFolder(t *testing.T, folder string) *txtar.Archive {
	t.Helper()
	dump := &txtar.Archive{}
	add := func(name, text string) { dump.Files = append(dump.Files, txtar.File{Name: name, Data: []byte(text)}) }
	warehouse := filepath.Join(folder, "data", "warehouse.duckdb")
	var spend string
	for _, table := range []string{"spend", "excluded", "quarantine", "batches", "items", "targets", "decisions", "holds"} {
		rows := dumpRows(t, warehouse+"?access_mode=READ_ONLY", table+".sql")
		if table == "spend" {
			spend = rows
		}
		add(table+".jsonl", rows)
	}
	latest := filepath.Join(folder, "data", "snapshots", "latest")
	shown := dumpRows(t, "", "snapshot.sql", sql.Named("files", filepath.Join(latest, "spend", "*", "*", "*.parquet")))
	if diff := cmp.Diff(strings.Split(spend, "\n"), strings.Split(shown, "\n")); diff != "" {
		t.Errorf("the snapshot does not show canonical.spend (-spend +snapshot):\n%s", diff)
	}
	add("snapshot.txt", dumpManifest(t, latest))
	return dump
}

func dumpRows(t *testing.T, database, query string, args ...any) string {
	t.Helper()
	db, err := sql.Open("duckdb", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // of which the time zone is
	if _, err := db.Exec("set TimeZone = 'UTC'"); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(string(etltest.Read(t, "upgrade", query)), args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines.String()
}

// dumpManifest says what a snapshot's manifest promises of its rows. What made
// the snapshot, and the bytes of its files, may change with a version.
func dumpManifest(t *testing.T, folder string) string {
	t.Helper()
	var manifest struct {
		Rows        int    `json:"rows"`
		LogicalHash string `json:"logical_hash"`
		Files       []struct {
			Month       string `json:"month"`
			Rows        int    `json:"rows"`
			LogicalHash string `json:"logical_hash"`
		} `json:"files"`
	}
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	fmt.Fprintln(&lines, "all", manifest.Rows, manifest.LogicalHash)
	for _, f := range manifest.Files {
		fmt.Fprintln(&lines, f.Month, f.Rows, f.LogicalHash)
	}
	return lines.String()
}

// unpackFolder unpacks a .tar.zst file into a folder.
func unpackFolder(t *testing.T, archive, folder string) {
	t.Helper()
	packed, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := zstd.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	defer unpacked.Close()
	for reader := tar.NewReader(unpacked); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = unpackEntry(reader, header, filepath.Join(folder, filepath.FromSlash(header.Name)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func unpackEntry(reader io.Reader, header *tar.Header, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return os.MkdirAll(path, 0o700)
	case tar.TypeSymlink:
		return os.Symlink(header.Linkname, path)
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, header.FileInfo().Mode().Perm())
}
