package warehouse

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"spendbridge/etl/durable"
)

// spareSpace must stay free on the disk after a copy.
const spareSpace = 64 << 20

// beforeName is the file with the copy of a warehouse before it was migrated
// from a schema version.
func beforeName(location string, version any) string {
	return fmt.Sprintf("%s.before-%v.duckdb", strings.TrimSuffix(location, ".duckdb"), version)
}

// keepBefore copies a closed warehouse before its schema changes. An existing
// copy stays: it is from an earlier migration that no successful run has
// followed yet.
func keepBefore(location string, version int) error {
	target := beforeName(location, version)
	if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(location + ".wal"); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("the write-ahead log %s.wal is not folded into the warehouse", location), err)
	}
	if err := copyFile(location, target); err != nil {
		return fmt.Errorf("keep a copy of schema version %d before the upgrade: %w", version, err)
	}
	return nil
}

// copyFile copies a file, by sharing its blocks where the file system can. It
// is never a hard link: DuckDB changes its file in place.
func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	temp := to + ".tmp"
	target, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(temp) // is gone once renamed
	if err := clone(target, source); err != nil {
		err = copyBytes(target, source)
		if err != nil {
			return errors.Join(err, target.Close())
		}
	}
	if err := errors.Join(target.Sync(), target.Close()); err != nil {
		return err
	}
	return durable.Rename(temp, to)
}

func copyBytes(target, source *os.File) error {
	info, err := source.Stat()
	if err != nil {
		return err
	}
	var disk syscall.Statfs_t
	if err := syscall.Fstatfs(int(target.Fd()), &disk); err != nil {
		return err
	}
	if free := int64(disk.Bavail) * int64(disk.Bsize); free < info.Size()+spareSpace {
		return fmt.Errorf("%d MB are free in %s and the copy takes %d MB; free some space, nothing was changed",
			free>>20, filepath.Dir(target.Name()), (info.Size()+spareSpace)>>20)
	}
	_, err = io.Copy(target, source)
	return err
}

// ForgetBefore removes the copies from before migrations. It is called once a
// run has succeeded with the new schema.
func ForgetBefore(location string) error {
	if location == "" || isRemote(location) {
		return nil
	}
	pattern := beforeName(Literal(filepath.Base(location)), "[0-9]*")
	folder := filepath.Dir(location)
	names, err := fs.Glob(os.DirFS(folder), pattern)
	for _, name := range names {
		err = errors.Join(err, os.Remove(filepath.Join(folder, name)))
	}
	return err
}
