package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"spendbridge/etl"
)

// Check proves that the snapshot in a folder still is what its
// manifest says: every file is there with its bytes, no file is there besides,
// and the rows read back add up to the control totals. It returns all faults
// it finds.
func Check(folder string, schemas fs.FS) error {
	m, err := ReadManifest(folder)
	if err != nil {
		return err
	}
	c, err := readContract(schemas)
	if err != nil {
		return err
	}
	faults := []error{checkTotal(m), checkOrphans(folder, m)}
	for _, file := range m.Files {
		if err := checkFile(folder, m, file, c); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", file.Path, err))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("snapshot %s: %w", m.SnapshotID, err)
	}
	return nil
}

// checkFile compares one file with the manifest. A snapshot that keeps an
// older contract is compared by its bytes alone.
func checkFile(folder string, m Manifest, file ManifestFile, c contract) error {
	if err := checkBytes(folder, file); err != nil || m.Contract != c.hash {
		return err
	}
	got, err := readCells(filepath.Join(folder, filepath.FromSlash(file.Path)), c)
	if err != nil {
		return err
	}
	_, want, _ := m.month(file.Month)
	if differ := differences(want, got); len(differ) > 0 {
		return fmt.Errorf("control totals differ: %s", strings.Join(differ, ", "))
	}
	return nil
}

func checkBytes(folder string, file ManifestFile) error {
	sum, size, err := hashOfFile(filepath.Join(folder, filepath.FromSlash(file.Path)))
	if err == nil && (sum != file.SHA256 || size != file.Bytes) {
		err = fmt.Errorf("%d bytes with sha256 %s, the manifest says %d with %s", size, sum, file.Bytes, file.SHA256)
	}
	return err
}

// checkTotal proves that the manifest's files add up to its totals.
func checkTotal(m Manifest) error {
	sum := Manifest{LogicalHash: "0"}
	for _, file := range m.Files {
		if err := sum.add(file, nil); err != nil {
			return err
		}
	}
	if sum.Rows != m.Rows || sum.LogicalHash != m.LogicalHash {
		return fmt.Errorf("manifest: files add up to %d rows with logical hash %s, it says %d with %s",
			sum.Rows, sum.LogicalHash, m.Rows, m.LogicalHash)
	}
	return nil
}

// checkOrphans looks for files that the manifest does not name: a reader of the
// whole folder would count them in.
func checkOrphans(folder string, m Manifest) error {
	named := map[string]bool{manifestFile: true}
	for _, file := range m.Files {
		named[file.Path] = true
	}
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if !named[filepath.ToSlash(name)] {
			return fmt.Errorf("%s: the manifest does not name it", name)
		}
		return nil
	})
}

// differences names every cell in which two control totals differ.
func differences(want, got []etl.Cell) []string {
	cells := map[string][2]etl.Cell{}
	for i, side := range [][]etl.Cell{want, got} {
		for _, cell := range side {
			pair := cells[order(cell)]
			pair[i] = cell
			cells[order(cell)] = pair
		}
	}
	var differ []string
	for _, pair := range cells {
		if pair[0] != pair[1] {
			differ = append(differ, fmt.Sprintf("canonical has %s, the snapshot %s", pair[0], pair[1]))
		}
	}
	slices.Sort(differ)
	return differ
}
