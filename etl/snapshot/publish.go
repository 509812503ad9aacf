package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

const (
	publishedFolder = "8_published" // the SQL that makes the analysts' copy
	firstView       = "050"         // the files before make tables, those from here on views
	commentsFile    = "published/comments.json"
)

// PublishOptions says where the analysts' copy is.
type PublishOptions struct {
	Path    string // such as data/spend.duckdb
	Schemas fs.FS  // holds the texts that describe tables and columns
	Access  *durable.Access

	// What only [Refresh] needs.
	RunID etl.RunID
	Now   func() time.Time
	Spend string // logical hash of canonical.spend; empty if it is not known
}

// Publish replaces the analysts' copy: a DuckDB file with the canonical
// tables, deliveries, rates and runs, and the views to read them by. It is
// written beside and put in place by a rename: readers that
// have the old file open keep it, and those that open the path get one or the
// other, whole, at any moment. The file is read-only, so that no reader leaves a log behind.
func Publish(ctx context.Context, db *warehouse.DB, opts PublishOptions) error {
	temp := filepath.Join(filepath.Dir(opts.Path), leftover+filepath.Base(opts.Path))
	err := removeDatabase(temp)
	defer removeDatabase(temp)
	if err == nil {
		err = db.InConn(ctx, func(conn *warehouse.Conn) error { return writePublished(ctx, conn, temp, opts.Schemas) })
	}
	if err == nil {
		err = replaceDatabase(temp, opts.Path, opts.Access)
	}
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// writePublished fills a new database file and closes it.
func writePublished(ctx context.Context, conn *warehouse.Conn, path string, schemas fs.FS) (err error) {
	if err := conn.ExecAt(ctx, "snapshot/publish.attach", path); err != nil {
		return err
	}
	// The database is the instance's: it must go even if the caller gives up.
	defer func() { err = errors.Join(err, detachPublished(context.WithoutCancel(ctx), conn)) }()

	if _, err := conn.Exec(ctx, "snapshot/publish.use", nil); err != nil {
		return err
	}
	files, err := conn.Folder(publishedFolder)
	if err != nil {
		return err
	}
	for _, file := range files {
		if _, err := conn.Exec(ctx, file, nil); err != nil {
			return err
		}
	}
	objects, columns, err := comments(schemas)
	if err != nil {
		return err
	}
	return conn.ExecSelected(ctx, "snapshot/publish_comments.sql", warehouse.Args{"objects": objects, "columns": columns})
}

// detachPublished closes the file. What is in use cannot be detached.
func detachPublished(ctx context.Context, conn *warehouse.Conn) error {
	if err := conn.UseWarehouse(ctx); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "snapshot/publish.detach", nil)
	return err
}

// comments returns what tables and columns mean, as two JSON objects. A
// column of canonical.spend means what it means in the Parquet files.
func comments(schemas fs.FS) (objects, columns string, err error) {
	var texts struct {
		Objects map[string]string `json:"objects"`
		Columns map[string]string `json:"columns"`
	}
	text, err := fs.ReadFile(schemas, commentsFile)
	if err != nil {
		return "", "", err
	}
	if err := json.Unmarshal(text, &texts); err != nil {
		return "", "", fmt.Errorf("%s: %w", commentsFile, err)
	}
	contract, err := readContract(schemas)
	if err != nil {
		return "", "", err
	}
	for _, column := range contract.Columns {
		for _, name := range []string{column.Name, "canonical.spend." + column.Name, "main.spend." + column.Name} {
			if texts.Columns[name] == "" || name != column.Name {
				texts.Columns[name] = column.Description
			}
		}
	}
	return jsonText(texts.Objects), jsonText(texts.Columns), nil
}

func jsonText[V string | int32](values map[string]V) string {
	text, _ := json.Marshal(values) // such a map always marshals
	return string(text)
}

// replaceDatabase makes a closed database file durable and gives it its name.
// A log beside the old file would be replayed into the new one, so it goes
// first.
func replaceDatabase(temp, path string, access *durable.Access) error {
	if err := os.Chmod(temp, 0o444); err != nil {
		return err
	}
	if err := access.Give(temp); err != nil {
		return err
	}
	if err := durable.Sync(temp); err != nil {
		return err
	}
	if err := removeIfThere(path + ".wal"); err != nil {
		return err
	}
	return durable.Rename(temp, path)
}

func removeDatabase(path string) error {
	return errors.Join(removeIfThere(path), removeIfThere(path+".wal"))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
