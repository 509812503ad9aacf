package snapshot

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// write fills the temporary folder. A month that the previous snapshot holds
// as it is now is linked from there, the others are written.
func (w *snapshotWriter) write(ctx context.Context, db *warehouse.DB) error {
	return db.InConn(ctx, func(conn *warehouse.Conn) error {
		if err := conn.Get(ctx, "snapshot/snapshot.engine", nil, &w.manifest.Engine); err != nil {
			return err
		}
		months, err := stateMonths(ctx, conn)
		if err != nil {
			return err
		}
		for _, m := range months {
			if err := w.link(m); err != nil {
				return err
			}
		}
		if err := w.export(ctx, conn); err != nil {
			return err
		}
		w.manifest.sort()
		return w.manifest.write(w.temp)
	})
}

// link takes a month over from the previous snapshot if that holds the same
// rows, written by the same engine to the same contract, in a file that still
// has the bytes that were proven when it was written. Else the month is to be
// written.
func (w *snapshotWriter) link(m ManifestFile) error {
	target := w.place(m)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	before := w.previous.Manifest
	file, cells, ok := before.month(m.Month)
	if !ok || file.LogicalHash != m.LogicalHash || file.Rows != m.Rows ||
		before.Engine != w.manifest.Engine || before.Contract != w.manifest.Contract ||
		!takeOver(filepath.Join(w.previous.Path, filepath.FromSlash(file.Path)), target, file.SHA256) {
		w.written = append(w.written, m)
		return nil
	}
	file.Path, file.Linked = m.Path, true
	return w.manifest.add(file, cells)
}

// place is where a month's file is until the snapshot is whole.
func (w *snapshotWriter) place(m ManifestFile) string {
	return filepath.Join(w.temp, filepath.FromSlash(m.Path))
}

// export writes the months that were not linked.
func (w *snapshotWriter) export(ctx context.Context, conn *warehouse.Conn) error {
	if len(w.written) == 0 {
		return nil
	}
	if _, err := conn.Exec(ctx, "snapshot/snapshot.sorted", warehouse.Args{"months": firstDays(w.written)}); err != nil {
		return err
	}
	for _, m := range w.written {
		file, cells, err := w.exportMonth(ctx, conn, m)
		if err == nil {
			err = w.manifest.add(file, cells)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
	}
	return nil
}

// exportMonth writes a month's file and proves it.
func (w *snapshotWriter) exportMonth(ctx context.Context, conn *warehouse.Conn, m ManifestFile) (ManifestFile, []etl.Cell, error) {
	target := w.place(m)
	if _, err := conn.Exec(ctx, "snapshot/snapshot.copy", warehouse.Args{
		"month": m.firstDay(), "path": target,
		"field_ids": jsonText(w.contract.fieldIDs), "metadata": jsonText(w.contract.Metadata),
	}); err != nil {
		return m, nil, err
	}
	// Files are read-only, as snapshots share them.
	if err := os.Chmod(target, 0o444); err != nil {
		return m, nil, err
	}
	cells, err := w.proveFile(ctx, conn, m, target)
	if err != nil {
		return m, nil, fmt.Errorf("read back: %w", err)
	}
	m.SHA256, m.Bytes, err = hashOfFile(target)
	return m, cells, err
}

// proveFile compares a file as it is on disk with the month it was written
// from: by DuckDB for the logical hash over all columns, by parquet-go for
// schema, row count and cells.
func (w *snapshotWriter) proveFile(ctx context.Context, conn *warehouse.Conn, m ManifestFile, path string) ([]etl.Cell, error) {
	if err := checkFooter(path, w.contract); err != nil {
		return nil, err
	}
	// DuckDB goes first: on a damaged page parquet-go may ask for more memory
	// than there is.
	found := m
	if err := conn.Get(ctx, "snapshot/snapshot.file_hash", warehouse.Args{"path": warehouse.Literal(path)}, &found.Rows, &found.LogicalHash); err != nil {
		return nil, err
	}
	if found != m {
		return nil, fmt.Errorf("logical hash %s of %d rows, want %s of %d rows", found.LogicalHash, found.Rows, m.LogicalHash, m.Rows)
	}
	cells, err := readCells(path, w.contract)
	if err != nil {
		return nil, err
	}
	return cells, inMonth(cells, m)
}

// inMonth checks that a file's cells are those of its month, and of all of it.
func inMonth(cells []etl.Cell, m ManifestFile) error {
	var records int64
	for _, cell := range cells {
		records += cell.Records
		if !strings.HasPrefix(cell.Month, m.Month) {
			return fmt.Errorf("a record of %s is in the file of %s", cell.Month, m.Month)
		}
	}
	if records != m.Rows {
		return fmt.Errorf("%d rows, want %d", records, m.Rows)
	}
	return nil
}
