package extract

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// Land loads into the warehouse what only the journals of a data folder hold, as
// the next extraction would: the warehouse may have been lost or replaced by an
// older copy. Windows that a killed run was reading are left to the next run.
func Land(ctx context.Context, db *warehouse.DB, folder string, s *store.Store, log *slog.Logger) (etl.Counts, error) {
	sources, err := sourcesIn(folder)
	if err != nil {
		return etl.Counts{}, err
	}
	files, err := newPageFiles(folder, s)
	if err != nil {
		return etl.Counts{}, err
	}
	var counts etl.Counts
	var failed []error
	for _, source := range sources {
		l := &lander{db: db, files: files, source: source, log: log}
		if l.open, err = warehouse.Strings(ctx, db, "extract/cursor.reads", warehouse.Args{"source": source}); err != nil {
			return counts, err
		}
		if _, err := l.replayLeft(ctx); err != nil {
			return counts, fmt.Errorf("journals of %s: %w", source, err)
		}
		counts = counts.Plus(l.counts)
		failed = append(failed, l.failure(""))
	}
	return counts, errors.Join(failed...)
}

// Rebuild fills an empty warehouse from the journals and page files of a data
// folder: every page, every version of every record, and the tombstones.
//
// from is the warehouse of the folder: pages that a version without journals has
// stored there are written to a journal first.
func Rebuild(ctx context.Context, from, into *warehouse.DB, folder string) (etl.Counts, error) {
	sources, err := warehouse.Strings(ctx, from, "extract/journal.missing", nil)
	if err != nil {
		return etl.Counts{}, err
	}
	for _, source := range sources {
		if err := writeBacklog(ctx, from, folder, source); err != nil {
			return etl.Counts{}, err
		}
	}
	return Land(ctx, into, folder, nil, slog.New(slog.DiscardHandler))
}

// sourcesIn lists the sources that have journals.
func sourcesIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(folder, "raw"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var sources []string
	for _, entry := range entries {
		if _, err := os.Stat(journalFolder(folder, entry.Name())); err == nil {
			sources = append(sources, entry.Name())
		}
	}
	return sources, nil
}

// replayLeft replays the lines of a source's journals that have not landed, and
// returns the name of the newest journal.
//
// On a lake they are dropped instead, and what they hold is read again: since they
// were written, another machine may have landed newer versions.
func (l *lander) replayLeft(ctx context.Context) (newest string, err error) {
	sources, err := warehouse.Strings(ctx, l.db, "extract/journal.missing", nil)
	if err != nil {
		return "", err
	}
	if slices.Contains(sources, l.source) {
		if err := writeBacklog(ctx, l.db, l.files.folder, l.source); err != nil {
			return "", err
		}
	}
	all, newest, err := journals(ctx, l.db, l.files.folder, l.source)
	if err != nil {
		return "", err
	}
	left := slices.DeleteFunc(slices.Clone(all), func(j *journal) bool { return j.size <= j.landed })
	if l.db.Epoch() > 0 {
		for _, j := range left {
			j.size = j.landed
			if err := j.cut(); err != nil {
				return "", err
			}
		}
		return newest, nil
	}
	later, err := takingBack(left)
	if err != nil {
		return "", err
	}
	for _, j := range left {
		end, err := l.replay(ctx, j, later)
		if err != nil {
			return "", err
		}
		if end < j.size {
			l.log.WarnContext(ctx, "the last line of a journal was incomplete; its page is read again", etl.KeyFile, j.path())
			j.size = end
			if err := j.cut(); err != nil {
				return "", err
			}
		}
		if err := j.setLanded(ctx, l.db, l.source, j.size); err != nil {
			return "", err
		}
	}
	return newest, nil
}

// takingBack returns the lines of journals that take back others, by read or page.
func takingBack(all []*journal) (map[string]line, error) {
	lines := map[string]line{}
	for _, j := range all {
		if _, err := j.read(0, `{"page":`, func(one line, _ int64) error {
			if s := one.Superseded; s != nil {
				lines[s.ReadID] = one // a later line covers more passes
			}
			if d := one.Damaged; d != nil {
				lines[d.PageID] = one
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// replay lands the lines of a journal that have not landed, except those that
// later lines take back and those of open reads. It returns where the last
// complete line ends.
func (l *lander) replay(ctx context.Context, j *journal, later map[string]line) (end int64, err error) {
	var bytes int64
	end, err = j.read(j.landed, "", func(one line, end int64) error {
		switch {
		case one.Page != nil:
			later[one.Page.ReadID].takesBack(one.Page)
			later[one.Page.ID].takesBack(one.Page)
			l.add(j, end, *one.Page, nil)
			if bytes += one.Page.Bytes; bytes < chunkBytes {
				return nil
			}
			bytes = 0
			return l.land(ctx)
		case one.Gone != nil:
			if err := l.land(ctx); err != nil {
				return err
			}
			_, err := one.Gone.add(ctx, l.db, l.source)
			return err
		}
		return l.apply(ctx, one)
	})
	if err != nil {
		return end, err
	}
	return end, l.land(ctx)
}

// add writes the tombstones and returns how many are new.
func (g *goneLine) add(ctx context.Context, r warehouse.Runner, source string) (int, error) {
	n, err := r.Exec(ctx, "extract/tombstone.add", warehouse.Args{
		"source": source, "stream": g.Stream, "record_ids": g.Records, "now": g.At,
	})
	return int(n), err
}

// backlogName is the journal of the pages from a version without journals. It
// sorts before all others.
const backlogName = "00000000-0000-0000-0000-000000000000"

// writeBacklog writes a source's pages and tombstones from a version without
// journals to a journal.
func writeBacklog(ctx context.Context, db *warehouse.DB, folder, source string) error {
	j := &journal{folder: journalFolder(folder, source), name: backlogName}
	if err := durable.MkdirAll(j.folder, 0o700); err != nil {
		return err
	}
	file, err := durable.Create(j.path(), 0o600)
	if err != nil {
		return err
	}
	defer file.Discard()
	buffer := bufio.NewWriter(file)
	args := warehouse.Args{"source": source, "journal": j.name}
	err = db.Each(ctx, "extract/page_backlog.sql", args, func(rows *sql.Rows) error {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		n, err := buffer.WriteString(line + "\n")
		j.size += int64(n)
		return err
	})
	if err := errors.Join(err, buffer.Flush()); err != nil {
		return err
	}
	if err := file.Commit(); err != nil {
		return err
	}
	return db.InTx(ctx, func(tx *warehouse.Tx) error {
		if _, err := tx.Exec(ctx, "extract/page.set_journal", args); err != nil {
			return err
		}
		return j.setLanded(ctx, tx, source, j.size)
	})
}

// UnlandedFiles lists the page files, relative to the data folder, in lines that
// have not landed.
func UnlandedFiles(ctx context.Context, db *warehouse.DB, folder string) ([]string, error) {
	sources, err := sourcesIn(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, source := range sources {
		all, _, err := journals(ctx, db, folder, source)
		if err != nil {
			return nil, err
		}
		for _, j := range all {
			if j.size <= j.landed {
				continue
			}
			if _, err := j.read(j.landed, "", func(one line, _ int64) error {
				if one.Page != nil && one.Page.File != "" {
					files = append(files, one.Page.File)
				}
				return nil
			}); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

// TrimJournal removes the lines of some pages from a journal, or the whole file if
// nothing else in it matters. A missing journal is not an error.
func TrimJournal(folder, source, name string, pageIDs map[string]bool) error {
	j := &journal{folder: journalFolder(folder, source), name: name}
	var left []line
	counts := false
	_, err := j.read(0, "", func(one line, _ int64) error {
		if one.Page == nil || !pageIDs[one.Page.ID] {
			left = append(left, one)
			counts = counts || one.Page != nil || one.Gone != nil || one.Accepted != nil
		}
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !counts:
		return os.Remove(j.path())
	}
	text, err := encode(left)
	if err != nil {
		return err
	}
	return durable.WriteFile(j.path(), text, 0o600)
}
