package snapshot

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// install makes a folder durable and gives it its name.
func install(temp, path string) error {
	if err := syncTree(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}

// switchLatest points the link `latest` at a snapshot, in one step.
func switchLatest(folder, id string) error {
	temp := filepath.Join(folder, leftover+latestLink)
	if err := os.Symlink(id, temp); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(folder, latestLink)); err != nil {
		return err
	}
	return syncPath(folder)
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

// syncTree makes a folder and all that is in it durable.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncPath(path)
	})
}

// syncPath makes one file or folder durable.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
