package snapshot

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"spendbridge/etl/warehouse"
)

// Refresh is [Publish] if the analysts' copy does not show what it would show
// now, rows about runs alone not counted: they change with every run. In doubt
// it publishes: if canonical.spend is not known to be as it was, or the file is
// not the one that was written last. It calls before first, and reports
// whether it published.
func Refresh(ctx context.Context, db *warehouse.DB, opts PublishOptions, before func(context.Context) error) (bool, error) {
	shows, err := opts.shows(ctx, db)
	if err != nil {
		return false, fmt.Errorf("publish: %w", err)
	}
	current, err := opts.isCurrent(ctx, db, shows)
	if err != nil || current {
		return false, err
	}
	if err := before(ctx); err != nil {
		return false, err
	}
	if err := Publish(ctx, db, opts); err != nil {
		return false, err
	}
	return true, opts.record(ctx, db, shows)
}

// shows is one hash of all that decides what the copy shows: its rows, its SQL
// and texts, and the engine that writes it. It is "" if Spend is not known.
func (o PublishOptions) shows(ctx context.Context, db *warehouse.DB) (string, error) {
	if o.Spend == "" {
		return "", nil
	}
	var state, engine string
	if err := db.Get(ctx, "snapshot/publish_state.sql", nil, &state); err != nil {
		return "", err
	}
	if err := db.Get(ctx, "snapshot/snapshot.engine", nil, &engine); err != nil {
		return "", err
	}
	files, err := db.Folder(publishedFolder)
	if err != nil {
		return "", err
	}
	statements, err := db.Hash(files...)
	if err != nil {
		return "", err
	}
	parts := []string{o.Spend, state, engine, statements}
	for _, name := range []string{commentsFile, contractFile} {
		text, err := fs.ReadFile(o.Schemas, name)
		if err != nil {
			return "", err
		}
		parts = append(parts, string(text))
	}
	sum := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(sum, "%d %s\n", len(part), part)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// isCurrent reports whether the file is the one that was written last, and
// shows this. A log beside it would be replayed into it.
func (o PublishOptions) isCurrent(ctx context.Context, db *warehouse.DB, shows string) (bool, error) {
	var (
		shown, written string
		size           int64
	)
	err := db.Get(ctx, "snapshot/publish.last", nil, &shown, &written, &size)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil || shows == "" || shown != shows {
		return false, err
	}
	if _, err := os.Lstat(o.Path + ".wal"); !errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	found, bytes, err := hashOfFile(o.Path)
	return err == nil && found == written && bytes == size, nil
}

// record notes what the file shows. A run that dies before it did leaves a
// file that the next one does not know, and writes again.
func (o PublishOptions) record(ctx context.Context, db *warehouse.DB, shows string) error {
	sum, size, err := hashOfFile(o.Path)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return db.InTx(ctx, func(tx *warehouse.Tx) error {
		views, err := addViews(ctx, db, tx)
		if err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		if err := warehouse.Clear(ctx, tx, "ops.published"); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "snapshot/publish.add", warehouse.Args{
			"run_id": string(o.RunID), "shows": shows, "sha256": sum, "bytes": size, "published_at": o.Now().UTC(), "views": views,
		})
		return err
	})
}

// addViews gives a lake, which many read, the analysts' views unless it has them, and
// returns their hash. A warehouse that is a file gets none: its copy has them.
func addViews(ctx context.Context, db *warehouse.DB, tx *warehouse.Tx) (hash string, err error) {
	if db.Worker() == "" {
		return "", nil
	}
	files, err := tx.Folder(publishedFolder)
	if err != nil {
		return "", err
	}
	files = slices.DeleteFunc(files, func(file string) bool { return path.Base(file) < firstView })
	hash, err = db.Hash(files...)
	if err != nil {
		return "", err
	}
	var has string
	if err := tx.Get(ctx, "snapshot/publish.views", nil, &has); err != nil || has == hash {
		return hash, err
	}
	for _, file := range files {
		if _, err := tx.Exec(ctx, file, nil); err != nil {
			return "", err
		}
	}
	return hash, nil
}
