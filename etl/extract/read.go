package extract

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
			_, err = r.land.files.read(line.File)
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
		r.tell(0, r.about.pages(before))
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
		r.tell(1, expected)
		if err := r.learn(ctx, page); err != nil {
			return err
		}
		row, done := r.row(page, p), make(chan error, 1)
		go func() { done <- r.keep.keep(row) }()
		settle = func() error { return <-done }
	}
	return settle()
}

// learn loads the last look of a page's records if they are from before the days
// that the job reads.
func (r *reader) learn(ctx context.Context, page Page) error {
	var ids []string
	if r.slot.purpose == purposeCreated {
		for _, o := range page.objects {
			ids = append(ids, o.id)
		}
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
