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
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

func (p *landing) single() bool { return p.RecordID != "" }

// opaque reports whether DuckDB cannot or must not read the page as it is.
func (p *landing) opaque() bool {
	return slices.ContainsFunc(p.Faults, func(f fault) bool { return f.Opaque })
}

// recordsAsked counts the records among the objects to look at.
func (p *landing) recordsAsked() int {
	if p.news == nil {
		return p.Records
	}
	n, _ := slices.BinarySearch(p.news, p.Records+1)
	return n
}

// byKind parts pages that follow each other and are of one kind.
func byKind(pages []*landing) [][]*landing {
	var all [][]*landing
	for i, p := range pages {
		if i == 0 || pages[i-1].single() != p.single() {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], p)
	}
	return all
}

// split makes versions of what pages of one kind hold.
func (l *lander) split(ctx context.Context, tx *warehouse.Tx, pages []*landing) (etl.Counts, error) {
	var counts etl.Counts
	args, clean, err := l.arguments(pages)
	defer clean()
	if err != nil {
		return counts, err
	}
	file := "extract/record_split.sql"
	if pages[0].single() {
		file = "extract/record_split_single.sql"
	}
	if _, err := tx.Exec(ctx, file, args); err != nil {
		return counts, err
	}
	if err := checkSplit(ctx, tx, pages); err != nil {
		return counts, err
	}
	var shown int
	if err := tx.Get(ctx, "extract/record.split_counts", nil, &shown, &counts.Read); err != nil {
		return counts, err
	}
	written, err := tx.Exec(ctx, "extract/record_add.sql", warehouse.Args{"source": l.source})
	if err != nil {
		return counts, err
	}
	counts.Written = int(written)
	counts.Skipped = max(0, counts.Read-counts.Written)
	if shown > counts.Written {
		_, err = tx.Exec(ctx, "extract/record_seen_again.sql", warehouse.Args{"source": l.source})
	}
	return counts, err
}

// arguments writes pages as the parameters of the statement that splits them.
// The function it returns removes the files that were made for it.
func (l *lander) arguments(pages []*landing) (args warehouse.Args, clean func(), err error) {
	type page struct {
		ID        string    `json:"page_id"`
		File      string    `json:"file"`
		Stream    string    `json:"stream"`
		From      *string   `json:"window_from"`
		FetchedAt time.Time `json:"fetched_at"`
		Ordinals  []int     `json:"ordinals"` // null asks for all
		Looks     []uint64  `json:"looks"`
		Faults    []fault   `json:"faults"`
	}
	var (
		asked  []page
		files  = map[string]bool{}
		mended []string
		most   int64
	)
	clean = func() {
		for _, file := range mended {
			_ = os.Remove(file) // a mended copy, nobody reads it again
		}
	}
	for _, p := range pages {
		one := page{
			ID: p.ID, File: filepath.Join(l.files.folder, filepath.FromSlash(p.File)), Stream: p.Stream,
			FetchedAt: p.FetchedAt, Ordinals: p.news, Looks: p.looks, Faults: p.Faults,
		}
		if p.From != "" {
			one.From = &p.From
		}
		size := p.Bytes
		if p.opaque() {
			if one.File, size, err = l.files.mended(p.File, p.Faults); err != nil {
				return nil, clean, err
			}
			mended = append(mended, one.File)
		}
		files[warehouse.Literal(one.File)] = true
		asked, most = append(asked, one), max(most, size)
	}
	text, err := json.Marshal(asked)
	names := slices.Sorted(maps.Keys(files))
	return warehouse.Args{"files": names, "pages": string(text), "max_bytes": most + 1024}, clean, err
}

// checkSplit compares how many records the files hold with how many were
// counted when they were fetched: a damaged file reads as an empty one.
func checkSplit(ctx context.Context, tx *warehouse.Tx, pages []*landing) error {
	type page struct {
		ID      string `json:"page_id"`
		File    string `json:"page"`
		Records int    `json:"records"`
		Chosen  int    `json:"chosen"`
	}
	asked := make([]page, len(pages))
	for i, p := range pages {
		asked[i] = page{p.ID, p.File, p.Records, p.recordsAsked()}
	}
	text, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	return tx.Each(ctx, "extract/record.split_check", warehouse.Args{"pages": string(text)}, func(rows *sql.Rows) error {
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

// A landPageError is a page whose records could not be landed. Those of all
// other pages are.
type landPageError struct {
	page *landing
	err  error
}

func (e *landPageError) Error() string { return fmt.Sprintf("page %s: %v", e.page.File, e.err) }

func (e *landPageError) Unwrap() error { return e.err }

// failure says which pages of a read could not be landed; of any read, if
// readID is empty.
func (l *lander) failure(readID string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []error
	for _, id := range slices.Sorted(maps.Keys(l.failed)) {
		if failed := l.failed[id]; readID == "" || failed.page.ReadID == readID {
			found = append(found, failed)
		}
	}
	return errors.Join(found...)
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
		if _, err := l.files.read(page.File); err != nil {
			all = append(all, damagedPage{id, page.ReadID, err})
		}
	}
	return all
}

// giveUp lets nothing come of a damaged page.
func (l *lander) giveUp(ctx context.Context, p damagedPage) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failed, p.id)
	if _, err := l.journal.append(line{Damaged: &damagedLine{p.id, p.err.Error()}}); err != nil {
		return err
	}
	return l.applyDamaged(ctx, damagedLine{p.id, p.err.Error()})
}
