// Package durable writes files that survive a crash: once a function has
// returned without an error, its data survives a loss of power; until then
// readers see the previous content.
package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// WriteFile replaces a file atomically. An existing file keeps its mode, a new
// one gets mode.
func WriteFile(path string, data []byte, mode fs.FileMode) error {
	return write(path, data, mode, nil)
}

// WriteShared is [WriteFile] for a file that others may read: the new one is
// theirs from its first moment on.
func WriteShared(path string, data []byte, access *Access) error {
	return write(path, data, 0o600, access)
}

func write(path string, data []byte, mode fs.FileMode, access *Access) error {
	f, err := Create(path, mode)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := access.Give(f.pending.Name()); err != nil {
		return err
	}
	return f.Commit()
}

// WritePrivate is [WriteFile] for a file that only its user may read, in a folder that
// is made if it is missing.
func WritePrivate(path string, data []byte) error {
	if err := MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return WriteFile(path, data, 0o600)
}

// A File is written under a temporary name and renamed when it is complete. A
// process that is killed before that leaves a file .name with digits behind.
type File struct {
	pending *renameio.PendingFile
	path    string
}

// Create begins a file that replaces path.
func Create(path string, mode fs.FileMode) (*File, error) {
	pending, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)),
		renameio.WithPermissions(mode), renameio.WithExistingPermissions())
	if err != nil {
		return nil, err
	}
	return &File{pending, path}, nil
}

// Write implements [io.Writer].
func (f *File) Write(data []byte) (int, error) { return f.pending.Write(data) }

// Commit gives the file its name.
func (f *File) Commit() error {
	if err := f.pending.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return Sync(filepath.Dir(f.path))
}

// Discard removes a file that was not committed.
func (f *File) Discard() error { return f.pending.Cleanup() }

// Append adds data to the end of a file, creating it if necessary.
func Append(path string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, mode)
	if err != nil {
		return err
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil || end > 0 {
		return err
	}
	return Sync(filepath.Dir(path))
}

// AppendLine adds a line to the end of a file of lines. A truncated last line
// is kept as a separate line.
func AppendLine(path string, line []byte, mode fs.FileMode) error {
	whole, err := endsInLine(path)
	if err != nil {
		return err
	}
	if !whole {
		line = append([]byte{'\n'}, line...)
	}
	return Append(path, append(line, '\n'), mode)
}

func endsInLine(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	last := make([]byte, 1)
	if _, err := f.Seek(-1, io.SeekEnd); err != nil {
		return true, nil // it is empty
	}
	_, err = f.Read(last)
	return last[0] == '\n', err
}

// Rename moves a file or folder to its final name. The content of a folder must
// be durable first; see [SyncTree].
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return Sync(filepath.Dir(to))
}

// MkdirAll creates a folder and its missing parents.
func MkdirAll(folder string, mode fs.FileMode) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	parent := filepath.Dir(folder)
	if err := MkdirAll(parent, mode); err != nil {
		return err
	}
	if err := os.Mkdir(folder, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return Sync(parent)
}

// SyncTree makes a folder and everything in it durable.
func SyncTree(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return Sync(path)
	})
}

// Sync makes one file durable, or the directory entries of one folder.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
