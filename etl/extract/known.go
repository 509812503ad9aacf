package extract

import (
	"context"
	"database/sql"
	"hash/maphash"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// known holds the last look of each of a source's objects, as far as they are
// stored and of the days that the job is reading: all of them would not fit in
// memory.
type known struct {
	mu      sync.Mutex
	objects map[string]map[string]knownObject // by stream and id

	// read has a hash of every object that the job has read, and whether it is
	// forgotten. One in many billions is taken for another.
	read map[uint64]bool
}

type knownObject struct {
	look     look // zero: any look is news
	day      int32
	living   bool
	restless bool // its look has changed during this job
}

// noDay is the day of an object without a known one.
const noDay = math.MinInt32

// lastSeen holds the last look of restless objects within one pass. Other passes
// do not rely on it, because a pass may turn out not to count.
type lastSeen map[objectKey]look

type objectKey struct{ stream, id string }

func (k objectKey) hash() uint64 { return maphash.Comparable(seed, k) }

func newKnown() *known {
	return &known{objects: map[string]map[string]knownObject{}, read: map[uint64]bool{}}
}

// news returns the positions, from 1, of the objects on a page that must be
// landed: data, then included. An object with an unchanged look is not news. One
// that is not known or changed during the job is, unless the same pass has already
// seen it so: the pages of other passes may be discarded.
func (k *known) news(p *Page, s lastSeen) []int {
	k.mu.Lock()
	defer k.mu.Unlock()
	places := []int{}
	for i, o := range slices.Concat(p.objects, p.included) {
		included := i >= len(p.objects)
		if included && o.fault != nil {
			continue // never landed
		}
		if k.isNews(&o, included, s) {
			places = append(places, i+1)
		}
	}
	return places
}

func (k *known) isNews(o *object, included bool, s lastSeen) bool {
	key := objectKey{o.stream, o.id}
	hash := key.hash()
	if !k.hasRead(hash) {
		k.read[hash] = false
	}
	was, ok := k.objects[o.stream][o.id]
	if !ok && o.before != 0 {
		return o.before != o.look
	}
	if !was.restless && was.living && was.look == o.look {
		return false
	}
	if ok && !was.restless {
		was.restless = true
		k.objects[o.stream][o.id] = was
	}
	if s[key] == o.look {
		return false
	}
	if ok || included { // of others, the pass knows
		s[key] = o.look
	}
	return true
}

// count is how many objects the job has read.
func (k *known) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.read)
}

// forget drops the records that a window returned, unless they are dated within an
// open one. They have landed, or will before the job ends.
func (k *known) forget(stream string, f *finding, open []*slot) {
	k.mu.Lock()
	defer k.mu.Unlock()
	objects := k.objects[stream]
	for _, pass := range f.seen {
		for id := range pass {
			isOpen := func(s *slot) bool { return objects[id].isWithin(s.query.Window) }
			if strings.HasPrefix(id, noID) || slices.ContainsFunc(open, isOpen) {
				continue
			}
			delete(objects, id)
			if hash := (objectKey{stream, id}).hash(); k.hasRead(hash) {
				k.read[hash] = true
			}
		}
	}
}

func (k *known) hasRead(hash uint64) bool {
	_, ok := k.read[hash]
	return ok
}

func (k *known) isForgotten(hash uint64) bool { return k.read[hash] }

// isWithin reports whether the object is dated within a window and not deleted.
func (o knownObject) isWithin(w etl.Window) bool { return o.living && isWithin(o.day, w) }

func isWithin(day int32, w etl.Window) bool {
	return day >= dayNumber(w.From, noDay+1) && day < dayNumber(w.To, math.MaxInt32)
}

// forgotten lists the ids of the records on a page that were forgotten.
func (k *known) forgotten(page Page) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var ids []string
	for _, o := range page.objects {
		if k.isForgotten(objectKey{o.stream, o.id}.hash()) {
			ids = append(ids, o.id)
		}
	}
	return ids
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
	return k.load(ctx, db, source, selection{records: unknown})
}

// A selection narrows down which objects to load: dated within the days or undated,
// and those with some ids or on some pages, in their order. Nil means all of them.
type selection struct {
	days           etl.Window
	records, pages []string
}

// load reads the last look of objects.
func (k *known) load(ctx context.Context, db *warehouse.DB, source string, s selection) error {
	all := []string{""}
	args := warehouse.Args{
		"source": source, "window_from": optionalDay(s.days.From), "window_to": optionalDay(s.days.To),
		"record_ids": all, "page_ids": all, "no_day": noDay,
	}
	if s.records != nil {
		args["record_ids"] = s.records
	}
	if s.pages != nil {
		args["page_ids"] = s.pages
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return db.Each(ctx, "extract/record.known", args, func(rows *sql.Rows) error {
		var stream, id string
		var o knownObject
		if err := rows.Scan(&stream, &id, &o.look, &o.day, &o.living); err != nil {
			return err
		}
		was, ok := k.objects[stream][id]
		if !ok && s.pages != nil && k.isForgotten(objectKey{stream, id}.hash()) {
			return nil // it landed after it was forgotten
		}
		if k.objects[stream] == nil {
			k.objects[stream] = map[string]knownObject{}
		}
		o.restless = was.restless
		k.objects[stream][id] = o
		return nil
	})
}

// living lists the objects of a stream that are dated within a window and not
// deleted, and apart those of them without a usable id that the job has not seen.
func (k *known) living(stream string, w etl.Window) (ids, unseenNameless []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, o := range k.objects[stream] {
		switch {
		case !o.isWithin(w):
		case !strings.HasPrefix(id, noID):
			ids = append(ids, id)
		case !k.hasRead(objectKey{stream, id}.hash()):
			unseenNameless = append(unseenNameless, id)
		}
	}
	return ids, unseenNameless
}

// maxPart is how many stored records a part has at most, unless it is one window.
const maxPart = 100_000

// A part is consecutive windows of a job, whose records become known together,
// once the first of them is read.
type part struct {
	days etl.Window
	load func() error
}

// divide assigns a part to each of the job's windows. The first part also has what is
// without a day; those windows are in it that are read, or of other days.
func (j *job) divide(ctx context.Context) error {
	var stored []struct {
		Day     int32
		Records int
	}
	if err := warehouse.Fill(ctx, j.DB, &stored, "extract/record.days", j.about.stream(nil)); err != nil {
		return err
	}
	newPart := func(days etl.Window) *part {
		p := &part{days: days}
		p.load = sync.OnceValue(func() error { return j.known.load(ctx, j.DB, j.about.Name, selection{days: p.days}) })
		return p
	}
	first := newPart(etl.Window{From: j.Now(), To: j.Now()}) // no day
	last, held := first, 0
	for _, s := range j.slots {
		s.part = first
		if s.isRead() || s.purpose == purposeCreated {
			continue
		}
		n := 0
		for _, day := range stored {
			if isWithin(day.Day, s.query.Window) {
				n += day.Records
			}
		}
		switch {
		case len(j.open) == 0:
			last.days = s.query.Window
		case held+n > maxPart:
			j.divided = true
			last, held = newPart(s.query.Window), 0
		default:
			last.days = span([]*slot{{query: Query{Window: last.days}}, s})
		}
		held += n
		j.open = append(j.open, s)
		s.part = last
	}
	return first.load()
}

// close drops what windows have returned that are concluded now.
func (j *job) close(concluded []*finding) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range concluded {
		j.open = slices.DeleteFunc(j.open, func(s *slot) bool { return s == f.slot })
	}
	for _, f := range concluded {
		j.known.forget(j.about.Stream, f, j.open)
	}
}

// limitMemory has the collector leave less garbage while much is known: by itself it
// leaves as much as there is.
func limitMemory() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetMemoryLimit(max(250e6, int64(live[0].Value.Uint64())*5/4+100e6))
}

// dayNumber is the number of days since 1970.
func dayNumber(day time.Time, unbounded int32) int32 {
	if day.IsZero() {
		return unbounded
	}
	return int32(day.Unix() / (24 * 60 * 60))
}
