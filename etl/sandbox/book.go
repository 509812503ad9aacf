package sandbox

import (
	"fmt"
	"sync"
)

// A book holds the records of one kind. Generated records are generated again on
// each read, so each costs only an index entry; edited and inserted ones are
// stored. Ids start at 1. The caller locks.
type book[T any] struct {
	streamOf[T]
	size    int     // how many are generated
	entries []entry // entries[id-1]
	own     map[int]T

	mu    sync.Mutex // guards lists, which readers fill
	lists map[string][]int32
}

// A streamOf says what a book does not know of its records.
type streamOf[T any] struct {
	kind     string // such as expense
	generate func(id int) T
	ofNow    func(id int) T // makes one that is inserted
	index    func(T) entry
	id       func(*T) *int
	remove   func(*T) // takes a record off the lists
}

// An entry is what lists are filtered and sorted by.
type entry struct {
	day  int32 // yyyymmdd
	at   int64 // Unix milliseconds
	gone bool  // not in lists
}

func newBook[T any](size int, of streamOf[T]) *book[T] {
	b := &book[T]{streamOf: of, size: size, own: map[int]T{}, entries: make([]entry, size), lists: map[string][]int32{}}
	for i := range b.entries {
		b.entries[i] = b.index(b.generate(i + 1))
	}
	return b
}

// get returns a record, listed or not.
func (b *book[T]) get(id int) (record T, ok bool) {
	if record, ok = b.own[id]; ok {
		return record, true
	}
	if id < 1 || id > b.size {
		return record, false
	}
	return b.generate(id), true
}

func (b *book[T]) put(id int, record T) {
	*b.id(&record) = id
	for len(b.entries) < id {
		b.entries = append(b.entries, entry{gone: true})
	}
	b.own[id] = record
	b.entries[id-1] = b.index(record)
	clear(b.lists)
}

// edit changes a record, whose id stays.
func (b *book[T]) edit(id int, change func(*T)) error {
	record, ok := b.get(id)
	if !ok {
		return fmt.Errorf("sandbox: no %s %d", b.kind, id)
	}
	change(&record)
	b.put(id, record)
	return nil
}

// insert adds a record of now, with a change that may be nil.
func (b *book[T]) insert(change func(*T)) (id int) {
	id = len(b.entries) + 1
	record := b.ofNow(id)
	if change != nil {
		change(&record)
	}
	b.put(id, record)
	return id
}

// maxLists limits how many lists a book remembers: as many as the windows that
// a client may read in parallel.
const maxLists = 32

// list returns the ids of a query's records in order. It remembers them until
// the next write, so that a million records are not sorted anew for each page.
// The query must name everything that run depends on.
func (b *book[T]) list(query string, run func() []int32) []int32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	ids, known := b.lists[query]
	if !known {
		if len(b.lists) >= maxLists {
			clear(b.lists)
		}
		ids = run()
		b.lists[query] = ids
	}
	return ids
}

// selectIDs returns the ids of listed records that match, in id order.
func (b *book[T]) selectIDs(match func(id int, e entry) bool) []int32 {
	var ids []int32
	for i, e := range b.entries {
		if !e.gone && match(i+1, e) {
			ids = append(ids, int32(i+1))
		}
	}
	return ids
}

// pageOf cuts page number (from 1) out of all.
func pageOf[T any](all []T, number, size int) []T {
	from := min((number-1)*size, len(all))
	return all[from:min(from+size, len(all))]
}

// pages returns how many pages of a size n records fill; an empty result has none.
func pages(n, size int) int { return (n + size - 1) / size }
