package snapshot

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
)

// A proof is a month's file as it was written, and what proves it.
type proof struct {
	w     *snapshotWriter
	conn  *warehouse.Conn
	month ManifestFile
	data  []byte
}

// withProof calls f with the file of December 2024.
func withProof(t *testing.T, f func(proof)) {
	t.Helper()
	db := snapshotDB(t, 400, twoMonths, 2, nil)
	s := takeOne(t, db, snapshotOptions(t.TempDir(), firstRun))
	c, err := readContract(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(s.Path, "spend", "year=2024", "month=12", "part-0.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	err = db.InConn(t.Context(), func(conn *warehouse.Conn) error {
		months, err := stateMonths(t.Context(), conn)
		f(proof{&snapshotWriter{contract: c}, conn, months[1], data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// of proves a file that holds data.
func (p proof) of(t *testing.T, data []byte) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "part-0.parquet")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := p.w.proveFile(t.Context(), p.conn, p.month, path)
	return err
}

// eachColumn calls f with the place of each column in the file.
func (p proof) eachColumn(t *testing.T, f func(name string, begins, bytes int64)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "whole.parquet")
	if err := os.WriteFile(path, p.data, 0o600); err != nil {
		t.Fatal(err)
	}
	err := p.conn.Each(t.Context(), "test/parquet_chunks.sql", warehouse.Args{"path": path}, func(rows *sql.Rows) error {
		var name string
		var begins, bytes int64
		if err := rows.Scan(&name, &begins, &bytes); err != nil {
			return err
		}
		f(name, begins, bytes)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// flipped returns the file with one byte inverted.
func (p proof) flipped(at int64) []byte {
	damaged := bytes.Clone(p.data)
	damaged[at] ^= 0xff
	return damaged
}

func TestAFlippedByteInAnyColumnIsCaught(t *testing.T) {
	withProof(t, func(p proof) {
		if err := p.of(t, p.data); err != nil {
			t.Fatalf("the file as written: %v", err)
		}
		p.eachColumn(t, func(name string, begins, length int64) {
			if err := p.of(t, p.flipped(begins+length/2)); err == nil {
				t.Errorf("column %s: not caught", name)
			}
		})
	})
}

// parquet-go alone catches what touches a column of the control totals.
func TestTheSecondReaderCatchesAFlippedByteByItself(t *testing.T) {
	withProof(t, func(p proof) {
		path := filepath.Join(t.TempDir(), "part-0.parquet")
		cells := func(data []byte) ([]etl.Cell, error) {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			return readCells(path, p.w.contract)
		}
		want, err := cells(p.data)
		if err != nil {
			t.Fatal(err)
		}
		p.eachColumn(t, func(name string, begins, length int64) {
			if !slices.Contains([]string{"spend_id", "source", "currency", "type", "occurred_on", "amount"}, name) {
				return
			}
			got, err := cells(p.flipped(begins + length - 20))
			if err == nil && len(differences(want, got)) == 0 {
				t.Errorf("column %s: not caught", name)
			}
		})
	})
}

func TestATruncatedFileIsCaught(t *testing.T) {
	withProof(t, func(p proof) {
		for _, left := range []int{0, 1, 4, 8, 12, len(p.data) / 4, len(p.data) / 2, len(p.data) - 8, len(p.data) - 1} {
			if err := p.of(t, p.data[:left]); err == nil {
				t.Errorf("%d of %d bytes: not caught", left, len(p.data))
			}
		}
	})
}

func TestAMissingMiddleIsCaughtThoughTheFooterIsWhole(t *testing.T) {
	withProof(t, func(p proof) {
		hole := bytes.Clone(p.data)
		clear(hole[100 : len(hole)/2])
		if err := p.of(t, hole); err == nil {
			t.Error("not caught")
		}
	})
}

func TestAnotherMonthsFileIsCaught(t *testing.T) {
	withProof(t, func(p proof) {
		p.month.Month = "2025-01"
		err := p.of(t, p.data)
		if err == nil || !strings.Contains(err.Error(), "is in the file of 2025-01") {
			t.Errorf("got error %v", err)
		}
	})
}
