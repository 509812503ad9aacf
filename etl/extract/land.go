package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// chunkBytes is how much of page bodies is split at once: enough to be quick,
// little enough for any memory limit.
const chunkBytes = 64 << 20

// A lander splits kept pages into versions of records.
type lander struct {
	db     *warehouse.DB
	folder string
	source string
	before string // only pages with a smaller id; empty means all

	mu     sync.Mutex // one landing at a time
	counts etl.Counts

	choice sync.Mutex
	chosen map[string][]int // page id → which of its included objects are news
	open   []string         // reads whose pages wait: a later pass may replace them

	inAnyOrder bool // pages do not wait for those of open reads before them
}

// A chunk is some pages of one kind that are landed together.
type chunk struct {
	ids    []string
	files  []string
	single bool
	bytes  int64
	max    int64
}

// add notes which of a kept page's included objects are to be landed.
func (l *lander) add(row *pageRow) {
	l.choice.Lock()
	defer l.choice.Unlock()
	if l.chosen == nil {
		l.chosen = map[string][]int{}
	}
	l.chosen[row.id] = row.news
}

// hold keeps the pages of a read from being landed until it is released.
func (l *lander) hold(readID string) {
	l.choice.Lock()
	defer l.choice.Unlock()
	l.open = append(l.open, readID)
}

func (l *lander) release(readID string) {
	l.choice.Lock()
	defer l.choice.Unlock()
	l.open = slices.DeleteFunc(l.open, func(id string) bool { return id == readID })
}

// supersede lets nothing come of a read's passes before the given one.
func (l *lander) supersede(ctx context.Context, readID string, pass int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.db.Exec(ctx, "queries/page_supersede.sql", warehouse.Args{"read_id": readID, "pass": pass})
	return err
}

// openReads are a statement's parameter: a list is never empty.
func (l *lander) openReads() []string {
	l.choice.Lock()
	defer l.choice.Unlock()
	return append([]string{""}, l.open...)
}

// land splits every page of the source that is not in raw.records yet, except
// those of open reads and what came after them; pages of an earlier run that
// was killed are included. The versions and the note that their pages have
// landed are committed together.
func (l *lander) land(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	chunks, err := l.chunks(ctx)
	if err != nil {
		return fmt.Errorf("land pages: %w", err)
	}
	for _, c := range chunks {
		counts, err := l.landChunk(ctx, c)
		if err != nil {
			return fmt.Errorf("land pages: %w", err)
		}
		l.counts = l.counts.Plus(counts)
		l.landed(c)
	}
	return nil
}

// landed forgets the choices that were made use of.
func (l *lander) landed(c *chunk) {
	l.choice.Lock()
	defer l.choice.Unlock()
	for _, id := range c.ids {
		delete(l.chosen, id)
	}
}

func (l *lander) chunks(ctx context.Context) ([]*chunk, error) {
	var all []*chunk
	err := l.db.Each(ctx, "queries/page_not_landed.sql", warehouse.Args{
		"source": l.source, "before": l.before, "open_reads": l.openReads(), "in_any_order": l.inAnyOrder,
	}, func(rows *sql.Rows) error {
		var (
			id, file string
			bytes    int64
			single   bool
		)
		if err := rows.Scan(&id, &file, &bytes, &single); err != nil {
			return err
		}
		if len(all) == 0 || all[len(all)-1].single != single || all[len(all)-1].bytes+bytes > chunkBytes {
			all = append(all, &chunk{single: single})
		}
		all[len(all)-1].add(id, warehouse.Literal(filepath.Join(l.folder, filepath.FromSlash(file))), bytes)
		return nil
	})
	return all, err
}

func (c *chunk) add(id, file string, bytes int64) {
	c.ids = append(c.ids, id)
	c.bytes += bytes
	c.max = max(c.max, bytes)
	if !slices.Contains(c.files, file) {
		c.files = append(c.files, file)
	}
}

// pages writes the chunk's pages as a statement's parameter.
func (l *lander) pages(c *chunk) (string, error) {
	type page struct {
		ID       string `json:"page_id"`
		Included *[]int `json:"included"` // null asks for all
	}
	l.choice.Lock()
	defer l.choice.Unlock()
	var all []page
	for _, id := range c.ids {
		one := page{ID: id}
		if included, ok := l.chosen[id]; ok {
			one.Included = &included
		}
		all = append(all, one)
	}
	text, err := json.Marshal(all)
	return string(text), err
}

func (l *lander) landChunk(ctx context.Context, c *chunk) (etl.Counts, error) {
	split := "queries/record_split.sql"
	if c.single {
		split = "queries/record_split_single.sql"
	}
	pages, err := l.pages(c)
	if err != nil {
		return etl.Counts{}, err
	}
	var counts etl.Counts
	err = l.db.InTx(ctx, func(tx *warehouse.Tx) error {
		if _, err := tx.Exec(ctx, split, warehouse.Args{
			"files": c.files, "pages": pages, "max_bytes": c.max + 1024,
			"root": filepath.Clean(l.folder) + string(filepath.Separator),
		}); err != nil {
			return err
		}
		if err := checkSplit(ctx, tx, c.ids); err != nil {
			return err
		}
		if err := tx.Get(ctx, "queries/record_split_counts.sql", nil, &counts.Read); err != nil {
			return err
		}
		written, err := tx.Exec(ctx, "queries/record_add.sql", warehouse.Args{"source": l.source})
		if err != nil {
			return err
		}
		counts.Written = int(written)
		counts.Skipped = max(0, counts.Read-counts.Written)
		_, err = tx.Exec(ctx, "queries/page_set_landed.sql", warehouse.Args{"page_ids": c.ids})
		return err
	})
	return counts, err
}

// checkSplit compares how many records the files hold with how many were
// counted when they were fetched: a damaged file reads as an empty one.
func checkSplit(ctx context.Context, tx *warehouse.Tx, ids []string) error {
	return tx.Each(ctx, "queries/record_split_check.sql", warehouse.Args{"page_ids": ids}, func(rows *sql.Rows) error {
		var (
			file            string
			expected, found int
		)
		if err := rows.Scan(&file, &expected, &found); err != nil {
			return err
		}
		return fmt.Errorf("page file %s holds %d records instead of %d; restore it from a backup", file, found, expected)
	})
}
