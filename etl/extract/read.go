package extract

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// maxPasses is how often a window is read at most: once, and three times again
// if it is not proven.
const maxPasses = 4

// A reader reads one window and proves it.
type reader struct {
	*job
	*slot
}

// prove reads the window until it is proven or maxPasses is reached, starting
// with the pass that a killed run left. On an error everything read so far is
// kept.
func (r *reader) prove(ctx context.Context, current *pass) (*finding, error) {
	f := &finding{slot: r.slot, Proof: Proof{
		Purpose: r.slot.purpose, Window: r.query.Window, Name: r.query.String(), ReadID: r.readID,
	}}
	var previous *pass
	for ; current.n <= maxPasses && !f.Proven; current = newPass(current.n + 1) {
		err := r.pass(ctx, current)
		f.add(current)
		switch {
		case errors.Is(err, errShifted):
			f.Reason, previous = err.Error(), nil
		case err != nil:
			return nil, err
		default:
			f.Reason, previous = current.faults(previous), current
			f.Proven = f.Reason == ""
		}
	}
	return f, nil
}

// resume restores the pass that a killed run was in from the pages that it kept.
// It returns nil if the read has to start over: if it pages by number, if pages
// are damaged, or if some were stored without their file because an older
// warehouse knew more than this one.
func (r *reader) resume(ctx context.Context) (*pass, error) {
	p := newPass(1)
	if !r.isBegun() {
		return p, nil
	}
	var damaged []*landPageError
	unusable := false
	err := r.DB.Each(ctx, "extract/page.of_read", warehouse.Args{"read_id": r.readID}, func(rows *sql.Rows) error {
		var journal, id string
		if err := rows.Scan(&journal, &id); err != nil {
			return err
		}
		line, err := r.kept.find(r.land.journal.folder, journal, id)
		if err != nil {
			line = &pageLine{ID: id}
		} else if line.File != "" {
			_, err = r.land.files.read(ctx, line.File)
		}
		if err != nil {
			damaged = append(damaged, &landPageError{&landing{pageLine: *line}, err})
			return nil
		}
		page := line.page()
		if line.Pass != p.n {
			p = newPass(line.Pass)
		}
		p.add(page)
		news := r.known.news(&page, p.lastSeen)
		unusable = unusable || page.Numbered || len(news) > 0 && line.File == ""
		return nil
	})
	if err != nil {
		return nil, err
	}
	if unusable || len(damaged) > 0 {
		p = nil
	}
	return p, r.land.giveUp(ctx, damaged)
}

// pass reads from the position of p to the last page.
func (r *reader) pass(ctx context.Context, p *pass) error {
	counts := r.source.About().CountsPages
	if p.pages == 0 && !counts {
		before, err := r.source.Count(ctx, r.query)
		if err != nil {
			return err
		}
		p.before = before
		p.ended = before == 0 // nothing to read, if that holds
		r.tell(0, 0, r.about.pages(before))
	}
	if !p.ended {
		if err := r.pages(ctx, p); err != nil {
			return err
		}
	}
	if p.numbered {
		return nil // its pages include the count
	}
	after, err := r.source.Count(ctx, r.query)
	p.after = after
	return err
}

// pages reads and keeps the pages that follow p.next. The next page is fetched
// while one is made durable, but counts only after that.
func (r *reader) pages(ctx context.Context, p *pass) error {
	settle := func() error { return nil }
	for page, err := range r.source.Pages(ctx, r.query, p.next) {
		if kept := settle(); kept != nil {
			return kept
		}
		if errors.Is(err, etl.ErrDrift) {
			return r.keepDrift(page, p, err)
		}
		if err != nil {
			return err
		}
		p.add(page)
		if !p.ended && p.pages >= p.limit(r.about.PageSize) {
			return fmt.Errorf("window %s: %w: after %d pages with %d different records there are more, and the vendor announced %d; the next run reads the window again",
				r.query, errEndless, p.pages, len(p.seen), p.before)
		}
		expected := 0 // pages not reported yet
		if p.pages == 1 && page.Expected != unknown {
			expected = r.about.pages(page.Expected)
		}
		r.tell(1, len(page.objects), expected)
		if err := r.learn(ctx, page); err != nil {
			return err
		}
		row, done := r.row(page, p), make(chan error, 1)
		go func() { done <- r.keep.keep(row) }()
		settle = func() error { return <-done }
	}
	return settle()
}

// learn loads the last look of a page's records that may be stored and are not
// known: those that were forgotten, and those of other days than the job is reading.
func (r *reader) learn(ctx context.Context, page Page) error {
	var ids []string
	if r.divided || r.slot.purpose == purposeCreated {
		for _, o := range page.objects {
			ids = append(ids, o.id)
		}
	} else {
		ids = r.known.forgotten(page)
	}
	return r.known.learn(ctx, r.DB, r.about.Name, r.about.Stream, ids)
}

func (r *reader) row(page Page, p *pass) *pageRow {
	expected := page.Expected
	if expected == unknown {
		expected = p.before
	}
	return &pageRow{
		Page: page, expected: expected, lastSeen: p.lastSeen,
		line: pageLine{
			ReadID: r.readID, Purpose: r.slot.purpose, From: optionalText(r.query.From), To: optionalText(r.query.To),
			Pass: p.n, Number: p.pages, Outcome: outcomePage,
		},
	}
}

// keepDrift keeps a page that broke the agreed format for inspection. The cursor
// stays where it was.
func (r *reader) keepDrift(page Page, p *pass, found error) error {
	row := r.row(page, p)
	row.line.Number++
	row.Next, row.objects = p.next, nil
	row.line.Outcome, row.line.Message = outcomeDrift, found.Error()
	if err := r.keep.keep(row); err != nil {
		return errors.Join(found, err)
	}
	return fmt.Errorf("page %d of window %s, kept as %s: %w", row.line.Number, r.query, row.line.File, found)
}

func newReadID() string { return uuid.Must(uuid.NewV7()).String() }

// String describes the query by its window, and a query for late entries by
// their day.
func (q Query) String() string {
	if !q.CreatedFrom.IsZero() {
		return "before " + q.To.Format(time.DateOnly) + " created from " + q.CreatedFrom.Format(time.DateOnly)
	}
	return q.Window.String()
}

// A finding is the result of reading a window.
type finding struct {
	Proof
	slot     *slot
	seen     []map[string]look // ids of each pass
	nameless int               // records of the last pass without a usable id
	missing  []string          // ids that were expected and not found
}

func (f *finding) add(p *pass) {
	f.Passes = p.n
	f.Pages += p.pages
	f.Before, f.After, f.Found = p.before, p.after, len(p.seen)
	f.seen, f.Blank = append(f.seen, p.seen), p.blank
	f.nameless = 0
	for _, n := range p.nameless {
		f.nameless += n
	}
}

// early lists the records that only passes before the last one found.
func (f *finding) early() []string {
	var ids []string
	last := f.seen[len(f.seen)-1]
	for _, pass := range f.seen[:len(f.seen)-1] {
		for id := range pass {
			if _, ok := last[id]; !ok {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// saw reports whether any pass found the record.
func (f *finding) saw(id string) bool {
	return slices.ContainsFunc(f.seen, func(pass map[string]look) bool {
		_, ok := pass[id]
		return ok
	})
}

// A pass is one reading of a window from its first page to its last.
type pass struct {
	n             int // of the read, from 1
	before, after int
	seen          map[string]look // id → how it looked
	blank         map[string]int
	nameless      map[string]int // generated id → number of equal records
	lastSeen      lastSeen
	pages         int
	size          int // records of the first page, if there is a second one
	numbered      bool
	unsteady      bool
	next          etl.Cursor
	ended         bool
}

func newPass(n int) *pass {
	return &pass{n: n, before: unknown, after: unknown, seen: map[string]look{}, blank: map[string]int{}, nameless: map[string]int{}, lastSeen: lastSeen{}}
}

func (p *pass) add(page Page) {
	p.pages++
	p.numbered, p.unsteady = page.Numbered, page.Unsteady
	p.next, p.ended = page.Next, page.Next == ""
	if page.Expected != unknown {
		if p.pages == 1 {
			p.before = page.Expected
		}
		p.after = page.Expected
	}
	if p.pages == 1 && !p.ended {
		p.size = len(page.objects)
	}
	for i := range page.objects {
		o := &page.objects[i]
		p.tellApart(o)
		o.before, p.seen[o.id] = p.seen[o.id], o.look
		for _, link := range o.blank {
			p.blank[link]++
		}
	}
	for link, n := range page.blank {
		p.blank[link] += n
	}
}

// limit is how many pages a pass may have: enough for twice the announced number
// of records, and two more. A list that is longer has no end. A vendor may put
// fewer records on a page than requested.
func (p *pass) limit(asked int) int {
	size := asked
	if p.size > 0 {
		size = min(p.size, asked)
	}
	return (2*p.before+size-1)/size + 2
}

// tellApart numbers records without an id whose bytes are equal: the vendor
// counts each of them.
func (p *pass) tellApart(o *object) {
	if !o.nameless() {
		return
	}
	p.nameless[o.id]++
	if n := p.nameless[o.id]; n > 1 {
		o.id = fmt.Sprintf("%s-%d", o.id, n)
	}
}

// faults says why the pass proves nothing; it is empty for a proof. If records
// may come and go without changing the count, two consecutive passes must agree.
func (p *pass) faults(previous *pass) string {
	switch {
	case p.before != p.after:
		return fmt.Sprintf("the vendor counted %d records before and %d after", p.before, p.after)
	case p.before != len(p.seen):
		return fmt.Sprintf("the vendor counts %d records, %d were found", p.before, len(p.seen))
	case p.unsteady && p.pages > 1 && previous == nil:
		return "a list that may shift needs a second pass"
	case p.unsteady && p.pages > 1 && !maps.Equal(p.seen, previous.seen):
		return "two passes found different records"
	}
	return ""
}
