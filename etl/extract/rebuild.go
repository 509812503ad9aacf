package extract

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// Rebuild fills an empty warehouse with the pages of another one and with
// what follows from their files: every version of every record, and the
// tombstones, each after the pages that were read before it.
//
// folder is the data folder, temp one for files that are not needed later.
func Rebuild(ctx context.Context, from, into *warehouse.DB, folder, temp string) (etl.Counts, error) {
	if err := warehouse.Carry(ctx, from, into, temp, "page", nil); err != nil {
		return etl.Counts{}, fmt.Errorf("copy pages: %w", err)
	}
	sources, err := warehouse.Strings(ctx, into, "queries/page_sources.sql", nil)
	if err != nil {
		return etl.Counts{}, err
	}
	files, err := newPageFiles(folder)
	if err != nil {
		return etl.Counts{}, err
	}
	landers := map[string]*lander{}
	for _, source := range sources {
		landers[source] = &lander{db: into, files: files, source: source}
	}
	graves, err := listGraves(ctx, from)
	if err != nil {
		return etl.Counts{}, err
	}
	for _, g := range graves {
		if err := g.dig(ctx, into, landers[g.source]); err != nil {
			return etl.Counts{}, fmt.Errorf("tombstones of %s: %w", g.source, err)
		}
	}
	var (
		counts etl.Counts
		failed []error
	)
	for _, l := range landers {
		l.before = ""
		if err := l.land(ctx); err != nil {
			return counts, err
		}
		counts = counts.Plus(l.counts)
		failed = append(failed, l.failure(""))
	}
	return counts, errors.Join(failed...)
}

// A grave is the tombstones that were written at one time, and before the same
// page.
type grave struct {
	source, stream string
	at             time.Time
	before         string // the page that showed their records again; "" for none
	ids            []any
}

func listGraves(ctx context.Context, db *warehouse.DB) ([]grave, error) {
	var graves []grave
	err := db.Each(ctx, "queries/tombstone_list.sql", nil, func(rows *sql.Rows) error {
		var g grave
		var ids any
		if err := rows.Scan(&g.source, &g.stream, &g.at, &g.before, &ids); err != nil {
			return err
		}
		g.ids, _ = ids.([]any)
		graves = append(graves, g)
		return nil
	})
	return graves, err
}

// dig lands what was read before the tombstones, then writes them.
func (g grave) dig(ctx context.Context, db *warehouse.DB, l *lander) error {
	l.before = g.before
	if err := l.land(ctx); err != nil {
		return err
	}
	ids := make([]string, len(g.ids))
	for i, id := range g.ids {
		ids[i], _ = id.(string)
	}
	_, err := db.Exec(ctx, "queries/tombstone_add.sql", warehouse.Args{
		"source": g.source, "stream": g.stream, "record_ids": ids, "now": g.at,
	})
	return err
}

// CheckPages reads every page file and compares it with its row. Its error
// names the first files that are missing or changed.
func CheckPages(ctx context.Context, db *warehouse.DB, folder string) error {
	files, err := newPageFiles(folder)
	if err != nil {
		return err
	}
	failed := &etl.CheckError{Check: "page files are as they were fetched"}
	err = db.Each(ctx, "queries/page_files.sql", nil, func(rows *sql.Rows) error {
		var file string
		var bytes int
		if err := rows.Scan(&file, &bytes); err != nil {
			return err
		}
		body, err := files.read(file)
		if err == nil && len(body) != bytes {
			err = fmt.Errorf("page file %s: %d bytes instead of %d", file, len(body), bytes)
		}
		if err != nil {
			failed.Rows++
			if failed.Rows <= 5 {
				failed.First = append(failed.First, err.Error())
			}
		}
		return nil
	})
	if err == nil && failed.Rows > 0 {
		return failed
	}
	return err
}
