package snapshot

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"spendbridge/etl/durable"
)

// install makes a folder durable and gives it its name.
func install(temp, path string) error {
	if err := durable.SyncTree(temp); err != nil {
		return err
	}
	return durable.Rename(temp, path)
}

// switchLatest points the link `latest` at a snapshot, in one step.
func switchLatest(folder, id string) error {
	temp := filepath.Join(folder, leftover+latestLink)
	if err := os.Symlink(id, temp); err != nil {
		return err
	}
	return durable.Rename(temp, filepath.Join(folder, latestLink))
}

// clearLeftovers removes what killed runs have left.
func clearLeftovers(folder string) error {
	names, err := fs.Glob(os.DirFS(folder), leftover+"*")
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// takeOver links a file whose bytes have the sha256, and reports whether it
// could.
func takeOver(from, to, sha256 string) bool {
	if linkOrCopy(from, to) != nil {
		return false
	}
	sum, _, err := hashOfFile(to)
	if err != nil || sum != sha256 {
		os.Remove(to)
		return false
	}
	return true
}

// linkOrCopy gives a file a second name, or copies it where the file system
// knows no hard links.
func linkOrCopy(from, to string) error {
	if err := os.Link(from, to); err == nil {
		return nil
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}
