package extract

import (
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
	"spendbridge/etl/warehouse"
)

// Land brings into the warehouse what the journals of a data folder hold and
// it does not, as the next extraction would: the warehouse may have been lost,
// or be an older one. Windows that a killed run was reading wait for it.
func Land(ctx context.Context, db *warehouse.DB, folder string, log *slog.Logger) (etl.Counts, error) {
	sources, err := sourcesIn(folder)
	if err != nil {
		return etl.Counts{}, err
	}
	files, err := newPageFiles(folder)
	if err != nil {
		return etl.Counts{}, err
	}
	var counts etl.Counts
	var failed []error
	for _, source := range sources {
		l := &lander{db: db, files: files, source: source}
		if l.open, err = warehouse.Strings(ctx, db, "extract/cursor.reads", warehouse.Args{"source": source}); err != nil {
			return counts, err
		}
		if _, err := l.replayLeft(ctx, folder, log); err != nil {
			return counts, fmt.Errorf("journals of %s: %w", source, err)
		}
		counts = counts.Plus(l.counts)
		failed = append(failed, l.failure(""))
	}
	return counts, errors.Join(failed...)
}

// Rebuild fills an empty warehouse with what the journals and page files of a
// data folder hold: every page, every version of every record, and the
// tombstones, each after the pages that were read before it.
//
// from is the warehouse of the folder: what it holds of a version without
// journals is written into one first.
func Rebuild(ctx context.Context, from, into *warehouse.DB, folder string) (etl.Counts, error) {
	files, err := newPageFiles(folder)
	if err != nil {
		return etl.Counts{}, err
	}
	backlogs, err := warehouse.Strings(ctx, from, "extract/page.sources", nil)
	if err != nil {
		return etl.Counts{}, err
	}
	for _, source := range backlogs {
		if err := writeBacklog(ctx, from, folder, source); err != nil {
			return etl.Counts{}, err
		}
	}
	sources, err := sourcesIn(folder)
	if err != nil {
		return etl.Counts{}, err
	}
	var counts etl.Counts
	for _, source := range sources {
		l := &lander{db: into, files: files, source: source}
		if err := l.rebuild(ctx, folder); err != nil {
			return counts, fmt.Errorf("journals of %s: %w", source, err)
		}
		counts = counts.Plus(l.counts)
	}
	return counts, nil
}

// sourcesIn lists the sources that have journals.
func sourcesIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(folder, "raw"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var sources []string
	for _, entry := range entries {
		if _, err := os.Stat(filepath.Join(folder, journalFolder(entry.Name()))); err == nil {
			sources = append(sources, entry.Name())
		}
	}
	return sources, nil
}

func (l *lander) rebuild(ctx context.Context, folder string) error {
	all, err := journals(folder, l.source)
	if err != nil {
		return err
	}
	voided, err := voidedIn(all)
	if err != nil {
		return err
	}
	for _, j := range all {
		if _, err := l.replay(ctx, j, 0, voided); err != nil {
			return err
		}
	}
	return l.failure("")
}

// replayLeft takes up what a source's journals hold and the warehouse does
// not, and returns all journals.
func (l *lander) replayLeft(ctx context.Context, folder string, log *slog.Logger) ([]*journal, error) {
	if err := writeBacklog(ctx, l.db, folder, l.source); err != nil {
		return nil, err
	}
	all, err := journals(folder, l.source)
	if err != nil {
		return nil, err
	}
	landed, err := landedBytes(ctx, l.db, l.source)
	if err != nil {
		return nil, err
	}
	left := slices.DeleteFunc(slices.Clone(all), func(j *journal) bool { return j.size <= landed[j.name] })
	voided, err := voidedIn(left)
	if err != nil {
		return nil, err
	}
	for _, j := range left {
		end, err := l.replay(ctx, j, landed[j.name], voided)
		if err != nil {
			return nil, err
		}
		if end < j.size {
			log.WarnContext(ctx, "the last line of a journal was cut off; its page is read again", etl.KeyFile, j.path())
			j.size = end
			if err := j.cut(); err != nil {
				return nil, err
			}
		}
		if err := l.db.InTx(ctx, func(tx *warehouse.Tx) error {
			return j.setLanded(ctx, tx, l.source, j.size)
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// landedBytes is how much of each journal of a source is in the warehouse.
func landedBytes(ctx context.Context, db *warehouse.DB, source string) (map[string]int64, error) {
	landed := map[string]int64{}
	err := db.Each(ctx, "extract/journal.list", warehouse.Args{"source": source}, func(rows *sql.Rows) error {
		var name string
		var bytes int64
		err := rows.Scan(&name, &bytes)
		landed[name] = bytes
		return err
	})
	return landed, err
}

// A voided is the pages whose lines a later line takes back: the passes of
// reads that others replaced, and the pages whose file was damaged.
type voided struct {
	passes map[string]int // read → the first pass that counts
	pages  map[string]string
}

// voidedIn reads what the lines of journals take back.
func voidedIn(all []*journal) (*voided, error) {
	v := &voided{passes: map[string]int{}, pages: map[string]string{}}
	for _, j := range all {
		if err := j.readOthers(func(one line) error {
			if s := one.Superseded; s != nil {
				v.passes[s.ReadID] = max(v.passes[s.ReadID], s.Pass)
			}
			if d := one.Damaged; d != nil {
				v.pages[d.PageID] = d.Message
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// apply says what became of a page.
func (v *voided) apply(p *pageLine) {
	if p.Outcome != outcomePage {
		return
	}
	if p.Pass < v.passes[p.ReadID] {
		p.Outcome = outcomeSuperseded
	}
	if message, damaged := v.pages[p.ID]; damaged {
		p.Outcome, p.Message = outcomeDamaged, message
	}
}

// replay takes up the lines of a journal behind its first bytes, lands them as
// far as they wait for none, and returns where the last whole line ends.
func (l *lander) replay(ctx context.Context, j *journal, from int64, v *voided) (end int64, err error) {
	var bytes int64
	end, err = j.read(from, func(one line, end int64) error {
		switch {
		case one.Page != nil:
			v.apply(one.Page)
			l.take(*one.Page, j, end)
			if bytes += one.Page.Bytes; bytes < chunkBytes {
				return nil
			}
			bytes = 0
			return l.land(ctx)
		case one.Superseded != nil:
			return l.applySuperseded(ctx, *one.Superseded)
		case one.Damaged != nil:
			return l.applyDamaged(ctx, *one.Damaged)
		case one.Gone != nil:
			if err := l.land(ctx); err != nil {
				return err
			}
			_, err := one.Gone.add(ctx, l.db, l.source)
			return err
		}
		return nil
	})
	if err != nil {
		return end, err
	}
	return end, l.land(ctx)
}

// take adds the line of a page that some job kept.
func (l *lander) take(p pageLine, j *journal, end int64) {
	q := &landing{pageLine: p, journal: j, end: end}
	if q.waits() {
		for _, o := range append(p.Data, p.Included...) {
			q.looks = append(q.looks, uint64(o.Look))
		}
	}
	q.Data, q.Included = nil, nil
	l.list.Lock()
	defer l.list.Unlock()
	l.lines = append(l.lines, q)
	if q.waits() {
		l.wait(q)
	}
}

func (l *lander) applySuperseded(ctx context.Context, s supersededLine) error {
	if added := l.markSuperseded(s.ReadID, s.Pass); !added {
		return nil
	}
	_, err := l.db.Exec(ctx, "extract/page.supersede", warehouse.Args{"read_id": s.ReadID, "pass": s.Pass})
	return err
}

func (l *lander) applyDamaged(ctx context.Context, d damagedLine) error {
	l.list.Lock()
	l.drop(func(p *landing) bool { return p.ID == d.PageID })
	for _, p := range l.lines {
		if p.ID == d.PageID {
			p.Outcome, p.Message = outcomeDamaged, d.Message
		}
	}
	l.list.Unlock()
	_, err := l.db.Exec(ctx, "extract/page.set_damaged", warehouse.Args{"page_id": d.PageID, "message": d.Message})
	return err
}

// add writes the tombstones and returns how many there were not before.
func (g *goneLine) add(ctx context.Context, r warehouse.Runner, source string) (int, error) {
	n, err := r.Exec(ctx, "extract/tombstone.add", warehouse.Args{
		"source": source, "stream": g.Stream, "record_ids": g.Records, "now": g.At,
	})
	if err != nil {
		return 0, fmt.Errorf("tombstones: %w", err)
	}
	return int(n), nil
}
