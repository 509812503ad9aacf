package durable

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// An Access says who besides its user may read what is written. Nobody may, if
// it is nil.
type Access struct {
	Mode fs.FileMode // of files, such as 0640; folders can be entered by those who may read
	GID  int         // the group; -1 = as it is
}

// Give gives a file or folder to those who may read it. A file that its own
// user may not write stays so.
func (a *Access) Give(path string) error {
	if a == nil {
		return nil
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	mode := a.Mode
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return nil
	case info.IsDir():
		mode |= 0o200 | mode&0o444>>2
	case info.Mode()&0o200 == 0:
		mode &^= 0o222
	}
	if err := os.Chown(path, -1, a.GID); err != nil {
		return fmt.Errorf("give to the group that may read: %w", err)
	}
	return os.Chmod(path, mode)
}

// GiveTree gives a folder and everything in it.
func (a *Access) GiveTree(root string) error {
	if a == nil {
		return nil
	}
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return a.Give(path)
	})
}
