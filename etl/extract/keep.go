package extract

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"spendbridge/etl"
)

// What became of a response: the values of raw.pages.outcome.
const (
	outcomePage    = "page"
	outcomeAbsent  = "absent"  // fetched by id, and deleted
	outcomeDrift   = "drift"   // not in the agreed format
	outcomeRefused = "refused" // fetched by id, and another answer

	outcomeSuperseded = "superseded" // set later: replaced by another pass
	outcomeDamaged    = "damaged"    // set later: its file broke before its records landed
)

// How a page was requested: the values of raw.pages.paging.
const (
	pagingCursor   = "cursor"
	pagingUnsorted = "unsorted cursor"
	pagingNumber   = "number"
)

// A pageRow is a page to keep, and its line in the journal.
type pageRow struct {
	Page
	line     pageLine
	expected int
	lastSeen lastSeen // of the pass
	news     []int    // positions of the objects to land
	done     chan error
}

func (p Page) paging() string {
	switch {
	case p.Numbered:
		return pagingNumber
	case p.Unsteady:
		return pagingUnsorted
	}
	return pagingCursor
}

// A keeper makes pages durable: first the file, then the line. Pages that arrive
// together share one write. A page without news gets no file.
type keeper struct {
	about About
	run   etl.RunID
	now   func() time.Time
	land  *lander

	mu     sync.Mutex
	last   string // the newest page id of the source
	queue  []*pageRow
	active bool // a goroutine is writing the queue

	// badIncluded lists the included objects with a fault, and where they are.
	badIncluded map[string]string
}

// keep stores a page and completes its line. When it returns, the page survives
// a power failure.
func (k *keeper) keep(row *pageRow) error {
	row.line = k.line(row)
	k.mu.Lock() // the order of the pages decides what is news
	k.last = pageIDAfter(k.last)
	row.line.ID = k.last
	if row.line.Outcome == outcomePage {
		row.news = k.land.known.news(&row.Page, row.lastSeen)
	}
	k.mu.Unlock()
	sum := sha256.Sum256(row.Body)
	row.line.SHA256 = hex.EncodeToString(sum[:])
	bad := slices.ContainsFunc(row.line.Faults, row.line.isIncluded) // kept for inspection
	if row.line.Outcome != outcomePage || len(row.news) > 0 || bad {
		file, err := k.land.files.write(k.about.Name, row.line.SHA256, row.Body)
		if err != nil {
			return fmt.Errorf("keep page: %w", err)
		}
		row.line.File = file
	}
	row.done = make(chan error, 1)
	k.mu.Lock()
	for _, f := range row.line.Faults {
		if row.line.isIncluded(f) {
			what := fmt.Sprintf("%s: %s: %s", f.RecordID, f.Reason, f.Detail)
			k.badIncluded[what] = fmt.Sprintf("object %d of page %s", f.Ordinal, row.line.File)
		}
	}
	k.queue = append(k.queue, row)
	lead := !k.active
	k.active = true
	k.mu.Unlock()
	if lead {
		k.writeQueue()
	}
	return <-row.done
}

// isIncluded reports whether the fault is in an included object.
func (l *pageLine) isIncluded(f fault) bool { return f.Ordinal > l.Records }

// line completes a page's line except for id and file.
func (k *keeper) line(row *pageRow) pageLine {
	l := row.line
	l.Run, l.Stream, l.FetchedAt = k.run, k.about.Stream, k.now().UTC().Truncate(time.Microsecond)
	l.URL, l.Next, l.Paging, l.Status = row.URL, string(row.Next), row.paging(), row.Status
	l.Bytes, l.Records, l.Faults = int64(len(row.Body)), len(row.objects), row.faults()
	if expected := row.expected; expected != unknown {
		l.Expected = &expected // a pointer into row would keep its body in memory
	}
	for _, o := range row.objects {
		l.Data = append(l.Data, sighting{ID: o.id, Look: o.look})
		for _, link := range o.blank {
			if l.Blank == nil {
				l.Blank = map[string]int{}
			}
			l.Blank[link]++
		}
	}
	for _, o := range row.included {
		l.Included = append(l.Included, sighting{Stream: o.stream, ID: o.id, Look: o.look})
	}
	return l
}

// writeQueue writes the queue until it is empty.
func (k *keeper) writeQueue() {
	for {
		k.mu.Lock()
		batch := k.queue
		k.queue = nil
		k.active = len(batch) > 0
		k.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		lines := make([]line, len(batch))
		for i, row := range batch {
			lines[i] = line{Page: &row.line}
		}
		end, err := k.land.journal.append(lines...)
		for _, row := range batch {
			if err == nil {
				k.land.add(k.land.journal, end, row.line, row.news)
			}
			row.done <- err
		}
	}
}

// pageIDAfter returns an id that sorts after last even if the clock went back:
// ids sort in the order in which pages were kept.
func pageIDAfter(last string) string {
	id := uuid.Must(uuid.NewV7())
	if id.String() > last {
		return id.String()
	}
	id = uuid.MustParse(last) // made by this function
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			break
		}
	}
	return id.String()
}

// optionalText formats a day for journals.
func optionalText(day time.Time) string {
	if day.IsZero() {
		return ""
	}
	return day.Format(time.DateOnly)
}

func optionalDay(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }

// A look is a hash of an object's verbatim bytes and of its fault: an object
// whose look has not changed is no news. It is stored in journals and as
// raw.records.verbatim_hash. Zero means unknown.
type look uint64

func lookOf(raw []byte, f *fault) look {
	sum := sha256.Sum256(raw)
	if f != nil {
		sum = sha256.Sum256([]byte(string(sum[:]) + f.Reason + ": " + f.Detail))
	}
	return look(max(1, binary.BigEndian.Uint64(sum[:])))
}

// append formats a look for journals.
func (l look) append(text []byte) []byte {
	return hex.AppendEncode(text, binary.BigEndian.AppendUint64(make([]byte, 0, 8), uint64(l)))
}
