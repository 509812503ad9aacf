package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"spendbridge/etl"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// chunkBytes is how many bytes of page bodies are split at once: enough to be
// fast, few enough for any memory limit.
const chunkBytes = 32 << 20

// A lander loads a job's journal into raw.pages and raw.records: it splits the
// pages with news into versions of records.
type lander struct {
	db     *warehouse.DB
	files  *pageFiles
	source string
	log    *slog.Logger
	known  *known // of the job; nil outside of one

	mu     sync.Mutex // one landing at a time
	counts etl.Counts
	failed []*landPageError

	list    sync.Mutex // guards what follows
	lines   []*landing // not yet in raw.pages, in the order of the journal
	journal *journal   // of the job
	waiting []*landing // pages whose records are not in raw.records, oldest first
	bytes   int64      // of their bodies
	open    []string   // reads whose pages must wait: a later pass may replace them

	inAnyOrder bool // pages do not wait for earlier pages of open reads
}

// A landing is one page to land.
type landing struct {
	pageLine
	journal *journal // that has its line
	end     int64    // of that
	added   bool     // to raw.pages
	news    []int    // positions of the objects to land; nil means all
	looks   []uint64 // of those
}

// waits reports whether the page has records to land.
func (p *landing) waits() bool {
	return p.Outcome == outcomePage && p.File != "" && (p.news == nil || len(p.news) > 0)
}

// add takes the line of a page, and where it ends in the journal. Only the objects
// at the positions in news are landed; nil means all.
func (l *lander) add(j *journal, end int64, line pageLine, news []int) {
	p := &landing{pageLine: line, journal: j, end: end, news: news}
	p.Data, p.Included = nil, nil // the journal has them
	l.list.Lock()
	defer l.list.Unlock()
	l.lines = append(l.lines, p)
	if !p.waits() {
		return
	}
	l.wait(p)
	objects := slices.Concat(line.Data, line.Included)
	if news == nil {
		for _, o := range objects {
			p.looks = append(p.looks, uint64(o.Look))
		}
	}
	for _, place := range news {
		p.looks = append(p.looks, uint64(objects[place-1].Look))
	}
}

// wait adds a page to those that wait, ordered by id.
func (l *lander) wait(p *landing) {
	at, _ := slices.BinarySearchFunc(l.waiting, p.ID, func(q *landing, id string) int { return strings.Compare(q.ID, id) })
	l.waiting = slices.Insert(l.waiting, at, p)
	l.bytes += p.Bytes
}

// drop removes pages from those that wait.
func (l *lander) drop(is func(*landing) bool) (dropped []*landing) {
	l.waiting = slices.DeleteFunc(l.waiting, func(p *landing) bool {
		if !is(p) {
			return false
		}
		dropped = append(dropped, p)
		l.bytes -= p.Bytes
		return true
	})
	return dropped
}

// isFull reports whether enough pages wait for a transaction of their own.
func (l *lander) isFull() bool {
	l.list.Lock()
	defer l.list.Unlock()
	return l.bytes >= chunkBytes
}

// hold prevents the pages of a read from landing until it is released.
func (l *lander) hold(readID string) {
	l.list.Lock()
	defer l.list.Unlock()
	l.open = append(l.open, readID)
}

func (l *lander) release(readID string) {
	l.list.Lock()
	defer l.list.Unlock()
	l.open = slices.DeleteFunc(l.open, func(id string) bool { return id == readID })
}

// supersede discards a read's passes before the given one.
func (l *lander) supersede(ctx context.Context, readID string, pass int) error {
	return l.takeBack(ctx, line{Superseded: &supersededLine{readID, pass}})
}

// takeBack writes and applies a line that discards earlier ones.
func (l *lander) takeBack(ctx context.Context, one line) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.journal.append(one); err != nil {
		return err
	}
	return l.apply(ctx, one)
}

// apply discards the pages that a line takes back. What has already landed stays.
func (l *lander) apply(ctx context.Context, one line) error {
	outcome, message, ids := outcomeSuperseded, "", []string{}
	if d := one.Damaged; d != nil {
		outcome, message, ids = outcomeDamaged, d.Message, []string{d.PageID}
		l.failed = slices.DeleteFunc(l.failed, func(e *landPageError) bool { return e.page.ID == d.PageID })
	}
	takesBack := func(p *landing) bool { return one.takesBack(&p.pageLine) }
	l.list.Lock()
	for _, p := range l.drop(takesBack) {
		if p.added {
			ids = append(ids, p.ID)
		}
	}
	for _, p := range l.lines {
		takesBack(p)
	}
	l.list.Unlock()
	if len(ids) == 0 {
		return nil
	}
	_, err := l.db.Exec(ctx, "extract/page.set_outcome", warehouse.Args{
		"page_ids": ids, "outcome": outcome, "message": warehouse.Null(message),
	})
	return err
}

// load loads the pages in raw.pages whose records are not in raw.records.
func (l *lander) load(ctx context.Context) error {
	lines, err := warehouse.Strings(ctx, l.db, "extract/page.waiting", warehouse.Args{"source": l.source})
	for _, text := range lines {
		p := &landing{added: true}
		if err := json.Unmarshal([]byte(text), &p.pageLine); err != nil {
			return err
		}
		l.wait(p)
	}
	return err
}

// land loads every line into raw.pages and splits every page that is not in
// raw.records yet, except those of open reads and later ones, so that what was
// seen first becomes the first version. Versions, pages and the position in the
// journal are committed together. A page that cannot land does not hold up the
// others: see failure.
func (l *lander) land(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = nil
	groups := grouped(l.ready())
	if len(groups) == 0 {
		groups = append(groups, nil)
	}
	for _, pages := range groups {
		if err := l.landAll(ctx, pages); err != nil {
			return fmt.Errorf("land pages: %w", err)
		}
		limitMemory()
	}
	return nil
}

// ready lists the pages that can land now.
func (l *lander) ready() []*landing {
	l.list.Lock()
	defer l.list.Unlock()
	var ready []*landing
	for _, p := range l.waiting {
		if !slices.Contains(l.open, p.ReadID) {
			ready = append(ready, p)
		} else if !l.inAnyOrder {
			break
		}
	}
	return ready
}

// grouped divides pages into transactions.
func grouped(pages []*landing) [][]*landing {
	var all [][]*landing
	var bytes int64
	for _, p := range pages {
		if len(all) == 0 || bytes+p.Bytes > chunkBytes {
			all, bytes = append(all, nil), 0
		}
		last := len(all) - 1
		all[last], bytes = append(all[last], p), bytes+p.Bytes
	}
	return all
}

// landAll lands pages, or if that fails, each one that can be landed.
func (l *lander) landAll(ctx context.Context, pages []*landing) error {
	err := l.landTogether(ctx, pages)
	var unstored *store.Error
	switch n := len(pages); {
	case err == nil:
		return nil
	case ctx.Err() != nil, n == 0, errors.As(err, &unstored):
		return err
	case n > 1:
		return errors.Join(l.landAll(ctx, pages[:n/2]), l.landAll(ctx, pages[n/2:]))
	}
	l.failed = append(l.failed, &landPageError{pages[0], err})
	return l.landTogether(ctx, nil)
}

// landTogether lands pages and all lines in one transaction.
func (l *lander) landTogether(ctx context.Context, pages []*landing) error {
	l.list.Lock()
	lines := slices.Clone(l.lines)
	l.list.Unlock()
	if len(lines) == 0 && len(pages) == 0 {
		return nil
	}
	among := map[*landing]bool{}
	for _, p := range pages {
		among[p] = true
	}
	if err := l.files.keep(ctx, lines, pages); err != nil {
		return err
	}
	var counts etl.Counts
	err := l.db.InTx(ctx, func(tx *warehouse.Tx) error {
		counts = etl.Counts{}
		if err := l.addPages(ctx, tx, lines, among); err != nil || len(pages) == 0 {
			return err
		}
		if err := tx.AddMacros(ctx); err != nil {
			return err
		}
		for _, chunk := range byKind(pages) {
			one, err := l.split(ctx, tx, chunk)
			if err != nil {
				return err
			}
			counts = counts.Plus(one)
		}
		return setLanded(ctx, tx, pages)
	})
	if err != nil {
		return err
	}
	l.list.Lock()
	l.lines = l.lines[len(lines):]
	for _, p := range lines {
		p.added = true
	}
	l.drop(func(p *landing) bool { return among[p] })
	l.list.Unlock()
	l.counts = l.counts.Plus(counts)
	if l.known == nil || counts.Written == 0 {
		return nil
	}
	landed := make([]string, len(pages))
	for i, p := range pages {
		landed[i] = p.ID
	}
	return l.known.load(ctx, l.db, l.source, selection{pages: landed})
}

// addPages inserts lines into raw.pages, as landed if they are among the given
// pages or have no news.
func (l *lander) addPages(ctx context.Context, tx *warehouse.Tx, lines []*landing, among map[*landing]bool) error {
	if len(lines) == 0 {
		return nil
	}
	type row struct {
		pageLine
		Journal string `json:"journal"`
		Landed  bool   `json:"landed"`
	}
	rows := make([]row, len(lines))
	for i, p := range lines {
		rows[i] = row{p.pageLine, p.journal.name, among[p] || p.Outcome == outcomePage && !p.waits()}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "extract/page.add", warehouse.Args{"source": l.source, "pages": string(text)}); err != nil {
		return err
	}
	for i, p := range lines {
		if i+1 < len(lines) && lines[i+1].journal == p.journal {
			continue
		}
		if err := p.journal.setLanded(ctx, tx, l.source, p.end); err != nil {
			return err
		}
	}
	return nil
}

// setLanded marks pages as landed that were in raw.pages before.
func setLanded(ctx context.Context, tx *warehouse.Tx, pages []*landing) error {
	var ids []string
	for _, p := range pages {
		if p.added {
			ids = append(ids, p.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, "extract/page.set_landed", warehouse.Args{"page_ids": ids})
	return err
}
