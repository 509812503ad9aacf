package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
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
	files  *pageFiles
	source string
	before string // only pages with a smaller id; empty means all

	mu     sync.Mutex // one landing at a time
	counts etl.Counts
	failed map[string]*landPageError // by page id

	choice sync.Mutex
	chosen map[string][]int // page id → which of its included objects are news
	open   []string         // reads whose pages wait: a later pass may replace them

	inAnyOrder bool // pages do not wait for those of open reads before them
}

// A landPageError is a page whose records could not be landed. Those of all
// other pages are.
type landPageError struct {
	page landing
	err  error
}

func (e *landPageError) Error() string { return fmt.Sprintf("page %s: %v", e.page.file, e.err) }

func (e *landPageError) Unwrap() error { return e.err }

// A landing is one page that is to be landed.
type landing struct {
	id, readID string
	file       string // relative to the data folder
	bytes      int64
	single     bool
	faults     []fault
}

// opaque reports whether DuckDB cannot or must not read the page as it is.
func (p landing) opaque() bool {
	return slices.ContainsFunc(p.faults, func(f fault) bool { return f.Opaque })
}

// A chunk is some pages of one kind that are landed together.
type chunk struct {
	pages []landing
	bytes int64
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
// landed are committed together. A page that cannot land keeps no other back:
// see failure.
func (l *lander) land(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	chunks, err := l.chunks(ctx)
	if err != nil {
		return fmt.Errorf("land pages: %w", err)
	}
	l.failed = map[string]*landPageError{}
	for _, c := range chunks {
		if err := l.landAll(ctx, c); err != nil {
			return fmt.Errorf("land pages: %w", err)
		}
	}
	return nil
}

// failure says which pages of a read could not be landed; of any read, if
// readID is empty.
func (l *lander) failure(readID string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []error
	for _, id := range slices.Sorted(maps.Keys(l.failed)) {
		if failed := l.failed[id]; readID == "" || failed.page.readID == readID {
			found = append(found, failed)
		}
	}
	return errors.Join(found...)
}

// landAll lands a chunk, or if that fails, every page of it that can.
func (l *lander) landAll(ctx context.Context, c *chunk) error {
	counts, err := l.landChunk(ctx, c)
	switch n := len(c.pages); {
	case err == nil:
		l.counts = l.counts.Plus(counts)
		l.landed(c)
		return nil
	case ctx.Err() != nil:
		return err
	case n > 1:
		return errors.Join(
			l.landAll(ctx, &chunk{pages: c.pages[:n/2]}), l.landAll(ctx, &chunk{pages: c.pages[n/2:]}),
		)
	}
	l.failed[c.pages[0].id] = &landPageError{c.pages[0], err}
	return nil
}

// landed forgets the choices that were made use of.
func (l *lander) landed(c *chunk) {
	l.choice.Lock()
	defer l.choice.Unlock()
	for _, p := range c.pages {
		delete(l.chosen, p.id)
	}
}

func (l *lander) chunks(ctx context.Context) ([]*chunk, error) {
	var all []*chunk
	err := l.db.Each(ctx, "queries/page_not_landed.sql", warehouse.Args{
		"source": l.source, "before": l.before, "open_reads": l.openReads(), "in_any_order": l.inAnyOrder,
	}, func(rows *sql.Rows) error {
		var p landing
		var faults sql.NullString
		if err := rows.Scan(&p.id, &p.readID, &p.file, &p.bytes, &p.single, &faults); err != nil {
			return err
		}
		if faults.Valid {
			if err := json.Unmarshal([]byte(faults.String), &p.faults); err != nil {
				return fmt.Errorf("faults of page %s: %w", p.id, err)
			}
		}
		if last := len(all) - 1; last < 0 || all[last].pages[0].single != p.single || all[last].bytes+p.bytes > chunkBytes {
			all = append(all, &chunk{})
		}
		c := all[len(all)-1]
		c.pages, c.bytes = append(c.pages, p), c.bytes+p.bytes
		return nil
	})
	return all, err
}

func (l *lander) landChunk(ctx context.Context, c *chunk) (etl.Counts, error) {
	args, clean, err := l.arguments(c)
	defer clean()
	if err != nil {
		return etl.Counts{}, err
	}
	ids := make([]string, len(c.pages))
	for i, p := range c.pages {
		ids[i] = p.id
	}
	split := "queries/record_split.sql"
	if c.pages[0].single {
		split = "queries/record_split_single.sql"
	}
	var counts etl.Counts
	err = l.db.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := readDates(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, split, args); err != nil {
			return err
		}
		if err := checkSplit(ctx, tx, ids); err != nil {
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
		_, err = tx.Exec(ctx, "queries/page_set_landed.sql", warehouse.Args{"page_ids": ids})
		return err
	})
	return counts, err
}

// readDates lets the statements of a transaction read dates and times as the
// transform reads them.
func readDates(ctx context.Context, tx *warehouse.Tx) error {
	for _, macro := range []string{"queries/transform_macro_plain_date.sql", "queries/transform_macro_instant.sql"} {
		if _, err := tx.Exec(ctx, macro, nil); err != nil {
			return err
		}
	}
	return nil
}

// arguments writes a chunk as the parameters of the statement that splits it.
// The function it returns removes the files that were made for it.
func (l *lander) arguments(c *chunk) (args warehouse.Args, clean func(), err error) {
	type page struct {
		ID       string  `json:"page_id"`
		File     string  `json:"file"`
		Included *[]int  `json:"included"` // null asks for all
		Faults   []fault `json:"faults"`
	}
	var (
		pages  []page
		files  []string
		mended []string
		most   int64
	)
	clean = func() {
		for _, file := range mended {
			_ = os.Remove(file) // a mended copy, nobody reads it again
		}
	}
	l.choice.Lock()
	defer l.choice.Unlock()
	for _, p := range c.pages {
		one := page{ID: p.id, File: filepath.Join(l.files.folder, filepath.FromSlash(p.file)), Faults: p.faults}
		size := p.bytes
		if p.opaque() {
			if one.File, size, err = l.files.mended(p.file, p.faults); err != nil {
				return nil, clean, err
			}
			mended = append(mended, one.File)
		}
		if included, ok := l.chosen[p.id]; ok {
			one.Included = &included
		}
		if file := warehouse.Literal(one.File); !slices.Contains(files, file) {
			files = append(files, file)
		}
		pages, most = append(pages, one), max(most, size)
	}
	text, err := json.Marshal(pages)
	return warehouse.Args{"files": files, "pages": string(text), "max_bytes": most + 1024}, clean, err
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

// A damagedPage is a page whose file was damaged before its records landed.
type damagedPage struct {
	id, readID string
	err        error
}

// damaged lists the pages that could not land because their file is damaged.
func (l *lander) damaged() []damagedPage {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []damagedPage
	for _, id := range slices.Sorted(maps.Keys(l.failed)) {
		page := l.failed[id].page
		if _, err := l.files.read(page.file); err != nil {
			all = append(all, damagedPage{id, page.readID, err})
		}
	}
	return all
}

// giveUp lets nothing come of a damaged page.
func (l *lander) giveUp(ctx context.Context, p damagedPage) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failed, p.id)
	_, err := l.db.Exec(ctx, "queries/page_set_damaged.sql", warehouse.Args{"page_id": p.id, "message": p.err.Error()})
	return err
}
