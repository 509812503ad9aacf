package extract

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"math"
	"strings"
	"sync"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

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
	for i := range p.objects {
		if k.isNews(&p.objects[i], s) {
			places = append(places, i+1)
		}
	}
	for i := range p.included {
		if p.included[i].fault != nil {
			continue // never landed
		}
		if k.isNews(&p.included[i], s) {
			places = append(places, len(p.objects)+i+1)
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

// load reads the last look of the objects dated from or later, on pages from
// pageFrom onwards.
func (k *known) load(ctx context.Context, db *warehouse.DB, source string, from time.Time, pageFrom string) error {
	return k.read(ctx, db, source, from, pageFrom, []string{""})
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
	return k.read(ctx, db, source, time.Time{}, "", unknown)
}

func (k *known) read(ctx context.Context, db *warehouse.DB, source string, from time.Time, pageFrom string, ids []string) error {
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
// deleted, without those that have no usable id.
func (k *known) living(stream string, w etl.Window) []string {
	return k.of(stream, w, func(id string, _ knownObject) bool { return !strings.HasPrefix(id, noID) })
}

// unseenNameless lists those without a usable id that the job has not seen.
func (k *known) unseenNameless(stream string, w etl.Window) []string {
	return k.of(stream, w, func(id string, o knownObject) bool { return strings.HasPrefix(id, noID) && !o.seen })
}

func (k *known) of(stream string, w etl.Window, is func(id string, o knownObject) bool) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	from, to := dayNumber(w.From, noDay+1), dayNumber(w.To, math.MaxInt32)
	var ids []string
	for id, o := range k.objects[stream] {
		if o.living && o.day >= from && o.day < to && is(id, o) {
			ids = append(ids, id)
		}
	}
	return ids
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
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		text = append(text, digits[l>>shift&15])
	}
	return text
}
