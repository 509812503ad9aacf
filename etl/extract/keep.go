package extract

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
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

// known holds the last look of each of a source's objects, as far as the job
// reads. An object that is not in it counts as news.
type known struct {
	mu      sync.Mutex
	objects map[string]map[string]knownObject // by stream and id
	seen    int                               // objects that the job has read
}

type knownObject struct {
	look   look // zero: any look is news
	day    int32
	living bool

	seen     bool // by this job
	restless bool // its look has changed during this job
}

// noDay is the day of an object without a known one.
const noDay = math.MinInt32

// lastSeen holds the last look of restless objects within one pass. Other passes
// do not rely on it, because a pass may turn out not to count.
type lastSeen map[objectKey]look

type objectKey struct{ stream, id string }

// news returns the positions, from 1, of the objects on a page that must be
// landed: data, then included. An object with an unchanged look is not news. One
// that changed during the job is, unless the same pass has already seen it so:
// the pages of other passes may be discarded.
func (k *known) news(p *Page, s lastSeen) []int {
	k.mu.Lock()
	defer k.mu.Unlock()
	places := []int{}
	for i, o := range slices.Concat(p.objects, p.included) {
		if i >= len(p.objects) && o.fault != nil {
			continue // never landed
		}
		if k.isNews(&o, s) {
			places = append(places, i+1)
		}
	}
	return places
}

func (k *known) isNews(o *object, s lastSeen) bool {
	objects := k.stream(o.stream)
	was := objects[o.id]
	now := was
	if !was.seen {
		now.seen = true
		k.seen++
	}
	now.restless = was.restless || !was.living || was.look != o.look
	if now != was {
		objects[o.id] = now
	}
	if !now.restless {
		return false
	}
	key := objectKey{o.stream, o.id}
	if s[key] == o.look {
		return false
	}
	s[key] = o.look
	return true
}

func (k *known) stream(name string) map[string]knownObject {
	if k.objects[name] == nil {
		k.objects[name] = map[string]knownObject{}
	}
	return k.objects[name]
}

// learn reads the last look of those records that are not known yet.
func (k *known) learn(ctx context.Context, db *warehouse.DB, source, stream string, ids []string) error {
	k.mu.Lock()
	var unknown []string
	for _, id := range ids {
		if _, ok := k.objects[stream][id]; !ok {
			unknown = append(unknown, id)
		}
	}
	k.mu.Unlock()
	if len(unknown) == 0 {
		return nil
	}
	return k.load(ctx, db, source, time.Time{}, "", unknown...)
}

// load reads the last look of the objects dated from or later, on pages from
// pageFrom onwards. An empty id stands for all of them.
func (k *known) load(ctx context.Context, db *warehouse.DB, source string, from time.Time, pageFrom string, ids ...string) error {
	args := warehouse.Args{"source": source, "from": optionalDay(from), "page_from": pageFrom, "record_ids": ids, "no_day": noDay}
	k.mu.Lock()
	defer k.mu.Unlock()
	return db.Each(ctx, "extract/record.known", args, func(rows *sql.Rows) error {
		var stream, id string
		var o knownObject
		if err := rows.Scan(&stream, &id, &o.look, &o.day, &o.living); err != nil {
			return err
		}
		objects := k.stream(stream)
		o.seen, o.restless = objects[id].seen, objects[id].restless
		objects[id] = o
		return nil
	})
}

// living lists the objects of a stream that are dated within a window and not
// deleted, and apart those of them without a usable id that the job has not seen.
func (k *known) living(stream string, w etl.Window) (ids, unseenNameless []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	from, to := dayNumber(w.From, noDay+1), dayNumber(w.To, math.MaxInt32)
	for id, o := range k.objects[stream] {
		switch {
		case !o.living || o.day < from || o.day >= to:
		case !strings.HasPrefix(id, noID):
			ids = append(ids, id)
		case !o.seen:
			unseenNameless = append(unseenNameless, id)
		}
	}
	return ids, unseenNameless
}

// dayNumber is the number of days since 1970.
func dayNumber(day time.Time, unbounded int32) int32 {
	if day.IsZero() {
		return unbounded
	}
	return int32(day.Unix() / (24 * 60 * 60))
}

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
