package warehouse

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// A Lake is a warehouse that several machines share: DuckLake, with its catalog in
// PostgreSQL and its data in a folder or a bucket.
type Lake struct {
	DataPath   string // a folder, or s3://bucket/prefix
	Extensions string // the folder of DuckDB's extensions; empty means DuckDB's own
	Bucket     Bucket // how to reach DataPath if it is in a bucket
}

// engineVersion is the version of DuckDB that this program contains, for which
// extensions are made.
const engineVersion = "v1.5.5"

// extensions names what a lake needs, in the order in which it is loaded.
func (l *Lake) extensions() []string {
	names := []string{"postgres_scanner", "ducklake"}
	if l.inBucket() {
		names = append(names, "httpfs")
	}
	return names
}

func (l *Lake) inBucket() bool { return isInBucket(l.DataPath) }

// extensionFolders are where an extension may be.
func (l *Lake) extensionFolders() []string {
	inside := filepath.Join(engineVersion, runtime.GOOS+"_"+runtime.GOARCH)
	if l.Extensions != "" {
		return []string{l.Extensions, filepath.Join(l.Extensions, inside)}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	return []string{filepath.Join(home, ".duckdb", "extensions", inside)}
}

// A MissingExtensionError names an extension of DuckDB that a lake needs.
type MissingExtensionError struct {
	Name    string
	Folders []string
}

func (e *MissingExtensionError) Error() string {
	return fmt.Sprintf("%s.duckdb_extension of DuckDB %s for %s_%s is not in %s; it is in the Python package duckdb-extension-%s==%s: "+
		"unpack that and name the folder with the file in the key extensions. Nothing is downloaded by itself",
		e.Name, engineVersion, runtime.GOOS, runtime.GOARCH, strings.Join(e.Folders, " or "),
		strings.ReplaceAll(e.Name, "_", "-"), strings.TrimPrefix(engineVersion, "v"))
}

// FindExtensions returns the files of the extensions that a lake needs, in the order
// in which they are loaded. The error joins a [*MissingExtensionError] for each
// that is missing.
func (l *Lake) FindExtensions() (files []string, missing error) {
	for _, name := range l.extensions() {
		file, err := l.find(name)
		files, missing = append(files, file), errors.Join(missing, err)
	}
	return files, missing
}

func (l *Lake) find(name string) (string, error) {
	for _, folder := range l.extensionFolders() {
		file := filepath.Join(folder, name+".duckdb_extension")
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return "", &MissingExtensionError{name, l.extensionFolders()}
}

// settings lists the statements that attach a lake.
func (l *Lake) settings(location string) ([]setting, error) {
	files, err := l.FindExtensions()
	if err != nil {
		return nil, err
	}
	all := []setting{set("warehouse/instance.set_disabled_optimizers", fromStatistics)}
	for _, file := range files {
		all = append(all, setting{file: "warehouse/instance.load_extension", places: map[string]string{"location": file}})
	}
	places := map[string]string{"location": location, "data_path": l.DataPath}
	return append(all, setting{file: "warehouse/instance.attach_lake", places: places}), nil
}
