package snapshot

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

const (
	manifestFile = "manifest.json"

	// manifestFormat 2 has the months below the folder spend, so that nothing
	// but data is in it. Before, they were beside the manifest, in month=01,
	// and the manifest had no format.
	manifestFormat = 2
)

// A Manifest says what a snapshot holds and what it was made with.
type Manifest struct {
	Format     int       `json:"format"`
	SnapshotID string    `json:"snapshot_id"`
	RunID      etl.RunID `json:"run_id"`
	CreatedAt  time.Time `json:"created_at"`
	AsOf       time.Time `json:"as_of,omitzero"` // of a past state that was built again

	Rows int64 `json:"rows"`

	// LogicalHash depends on the rows alone: not on the engine, the
	// compression, the order or the split into files. It is the sum of the
	// files' hashes; schemas/parquet/README.md says how to recompute it.
	LogicalHash string `json:"logical_hash"`

	Files         []ManifestFile `json:"files"`
	ControlTotals []etl.Cell     `json:"control_totals"` // as read back

	// Months says which months were final when the snapshot was taken. A
	// snapshot that was built again for a past moment does not know.
	Months []etl.MonthStatus `json:"months,omitempty"`

	Inputs   Inputs `json:"inputs"`
	Engine   string `json:"engine"`   // DuckDB's version, which decides the files' bytes
	Contract string `json:"contract"` // sha256 of schemas/parquet/spend.json
}

// A ManifestFile is one month of a snapshot. Its logical hash is the sum over
// its rows of md5(line), first eight bytes read as a little-endian number, where
// the line is the row as the statement snapshot.line spells it. So two engines
// agree on it, and the hash of a snapshot is the sum of its months'.
type ManifestFile struct {
	Path        string `json:"path"`  // relative to the snapshot, with forward slashes
	Month       string `json:"month"` // 2026-01
	Rows        int64  `json:"rows"`
	Bytes       int64  `json:"bytes"`
	SHA256      string `json:"sha256"`
	LogicalHash string `json:"logical_hash"`
	Linked      bool   `json:"linked"` // the previous snapshot's file, unchanged
}

// Inputs names what canonical.spend was made with besides the raw
// data. Equal inputs and equal raw data give the same logical hash.
type Inputs struct {
	Program string `json:"program"` // its version
	SQL     string `json:"sql"`     // sha256 of the SQL that makes canonical.spend, macros included
	Config  string `json:"config"`  // sha256 of the configuration without secrets
	Aliases string `json:"aliases"` // sha256 of the vendor aliases
	Rates   string `json:"rates"`   // sha256 of the exchange rates
	Rules   string `json:"rules"`   // sha256 of the exclusion rules

	Categories string `json:"categories,omitempty"` // sha256 of the categories file; empty = there is none
}

// ReadManifest reads the manifest of the snapshot in a folder.
func ReadManifest(folder string) (Manifest, error) {
	var m Manifest
	text, err := os.ReadFile(filepath.Join(folder, manifestFile))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%s: %w", filepath.Join(folder, manifestFile), err)
	}
	return m, nil
}

func (m *Manifest) write(folder string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, manifestFile), append(text, '\n'), 0o444)
}

// add appends a month, which comes with the cells that were read back of it.
func (m *Manifest) add(file ManifestFile, cells []etl.Cell) error {
	total, err := addText(m.LogicalHash, file.LogicalHash)
	if err != nil {
		return fmt.Errorf("logical hash of %s: %w", file.Path, err)
	}
	m.Rows += file.Rows
	m.LogicalHash = total
	m.Files = append(m.Files, file)
	m.ControlTotals = append(m.ControlTotals, cells...)
	return nil
}

// sort puts files and cells in the order of their months.
func (m *Manifest) sort() {
	slices.SortFunc(m.Files, func(a, b ManifestFile) int { return strings.Compare(a.Month, b.Month) })
	slices.SortFunc(m.ControlTotals, func(a, b etl.Cell) int { return strings.Compare(order(a), order(b)) })
}

// month returns the file of a month and its cells.
func (m *Manifest) month(month string) (file ManifestFile, cells []etl.Cell, ok bool) {
	for _, f := range m.Files {
		if f.Month == month {
			file, ok = f, true
		}
	}
	for _, cell := range m.ControlTotals {
		if cell.Month[:len("2006-01")] == month {
			cells = append(cells, cell)
		}
	}
	return file, cells, ok
}

func addText(a, b string) (string, error) {
	x, okX := new(big.Int).SetString(a, 10)
	y, okY := new(big.Int).SetString(b, 10)
	if !okX || !okY {
		return "", fmt.Errorf("%q and %q are not both whole numbers", a, b)
	}
	return x.Add(x, y).String(), nil
}

// hashOfFile returns a file's sha256 and length.
func hashOfFile(path string) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return "", 0, err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), n, nil
}

// firstDay is the month as SQL takes it.
func (f ManifestFile) firstDay() string { return f.Month + "-01" }

// A partition is the path of a month's file. Engines read a month with a
// leading zero as text.
func partition(month string) string {
	return fmt.Sprintf("spend/year=%s/month=%s/part-0.parquet", month[:4], strings.TrimPrefix(month[5:], "0"))
}

// stateMonths returns what each month of canonical.spend is to become, oldest
// first. An empty state is one file without rows.
func stateMonths(ctx context.Context, conn *warehouse.Conn) ([]ManifestFile, error) {
	if _, err := conn.Exec(ctx, "snapshot/snapshot.line", nil); err != nil {
		return nil, err
	}
	months, err := warehouse.List(ctx, conn, "snapshot/snapshot.months", nil, func(rows *sql.Rows, f *ManifestFile) error {
		err := rows.Scan(&f.Month, &f.Rows, &f.LogicalHash)
		f.Path = partition(f.Month)
		return err
	})
	if len(months) == 0 {
		months = []ManifestFile{{Path: partition("1970-01"), Month: "1970-01", LogicalHash: "0"}}
	}
	return months, err
}

// firstDays lists months as SQL takes them.
func firstDays(months []ManifestFile) []string {
	days := make([]string, len(months))
	for i, m := range months {
		days[i] = m.firstDay()
	}
	return days
}
