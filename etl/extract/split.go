package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

func (p *landing) single() bool { return p.RecordID != "" }

// recordsAsked counts the records among the objects to land.
func (p *landing) recordsAsked() int {
	if p.news == nil {
		return p.Records
	}
	n, _ := slices.BinarySearch(p.news, p.Records+1)
	return n
}

// byKind groups consecutive pages of the same kind.
func byKind(pages []*landing) [][]*landing {
	var all [][]*landing
	for i, p := range pages {
		if i == 0 || pages[i-1].single() != p.single() || pages[i-1].Stream != p.Stream {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], p)
	}
	return all
}

// split turns the objects on pages of one kind into versions.
func (l *lander) split(ctx context.Context, tx *warehouse.Tx, pages []*landing) (etl.Counts, error) {
	var counts etl.Counts
	args, clean, err := l.arguments(ctx, pages)
	defer clean()
	if err != nil {
		return counts, err
	}
	if err := addMacros(ctx, tx, pages[0]); err != nil {
		return counts, err
	}
	if _, err := tx.Exec(ctx, "extract/record_split.sql", args); err != nil {
		return counts, err
	}
	if err := checkSplit(ctx, tx, args["pages"]); err != nil {
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

// addMacros creates the macros that say what the form of a page is, and how the
// records of its stream are dated.
func addMacros(ctx context.Context, tx *warehouse.Tx, p *landing) error {
	form := "extract/page_objects.list"
	if p.single() {
		form = "extract/page_objects.single"
	}
	dates := "extract/dates_" + p.Stream
	for _, macro := range []string{form, dates + ".fields", dates + ".filed_on", dates + ".unsettled"} {
		if _, err := tx.Exec(ctx, macro, nil); err != nil {
			return err
		}
	}
	return nil
}

// arguments returns the parameters of the statement that splits pages. clean
// removes the temporary files.
func (l *lander) arguments(ctx context.Context, pages []*landing) (args warehouse.Args, clean func(), err error) {
	type page struct {
		pageLine
		Path     string   `json:"path"` // of the file that DuckDB reads
		Chosen   int      `json:"chosen"`
		Ordinals []int    `json:"ordinals"` // null asks for all
		Looks    []uint64 `json:"looks"`
	}
	var (
		asked         []page
		files, mended []string
		most          int64
	)
	clean = func() {
		for _, file := range mended {
			_ = os.Remove(file) // a temporary copy
		}
	}
	for _, p := range pages {
		file, size := filepath.Join(l.files.folder, filepath.FromSlash(p.File)), p.Bytes
		if slices.ContainsFunc(p.Faults, func(f fault) bool { return f.Opaque }) { // DuckDB cannot read it as it is
			if file, size, err = l.files.mended(ctx, p.File, p.Faults); err != nil {
				return nil, clean, err
			}
			mended = append(mended, file)
		}
		asked = append(asked, page{p.pageLine, file, p.recordsAsked(), p.news, p.looks})
		files, most = append(files, warehouse.Literal(file)), max(most, size)
	}
	text, err := json.Marshal(asked)
	slices.Sort(files)
	return warehouse.Args{"files": slices.Compact(files), "pages": string(text), "max_bytes": most + 1024}, clean, err
}

// checkSplit compares the number of records in the files with the number counted
// when they were fetched: DuckDB reads a damaged file as an empty one.
func checkSplit(ctx context.Context, tx *warehouse.Tx, pages any) error {
	return tx.Each(ctx, "extract/record.split_check", warehouse.Args{"pages": pages}, func(rows *sql.Rows) error {
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

// A landPageError is a page whose records could not be landed.
type landPageError struct {
	page *landing
	err  error
}

func (e *landPageError) Error() string { return fmt.Sprintf("page %s: %v", e.page.File, e.err) }

func (e *landPageError) Unwrap() error { return e.err }

// failure returns the errors of the pages of a read that could not be landed; an
// empty readID means any read.
func (l *lander) failure(readID string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []error
	for _, failed := range l.failed {
		if readID == "" || failed.page.ReadID == readID {
			found = append(found, failed)
		}
	}
	return errors.Join(found...)
}

// damaged lists the pages that could not land because their file is damaged.
func (l *lander) damaged(ctx context.Context) (all []*landPageError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, failed := range l.failed {
		if _, err := l.files.read(ctx, failed.page.File); err != nil {
			all = append(all, &landPageError{failed.page, err})
		}
	}
	return all
}

// giveUp discards damaged pages.
func (l *lander) giveUp(ctx context.Context, damaged []*landPageError) error {
	for _, d := range damaged {
		if err := l.takeBack(ctx, line{Damaged: &damagedLine{d.page.ID, d.err.Error()}}); err != nil {
			return err
		}
		l.log.WarnContext(ctx, "stored page is damaged; its records are read again", etl.Err(d.err))
	}
	return nil
}
