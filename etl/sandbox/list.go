package sandbox

import (
	"slices"
	"sync"
)

// lists remembers the ids of recent queries, so that reading a million records
// page by page does not sort them anew for each page. A write to the book
// makes them stale.
type lists struct {
	mu     sync.Mutex
	recent map[string]list
}

type list struct {
	version int
	ids     []int32
}

// maxLists bounds how many are remembered: as many windows as a client may
// read side by side.
const maxLists = 32

func newLists() *lists { return &lists{recent: map[string]list{}} }

// find returns the ids of a query's records in order. The query's name must say
// everything that make depends on.
func (l *lists) find(query string, version int, make func() []int32) []int32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, ok := l.recent[query]; ok && known.version == version {
		return known.ids
	}
	if len(l.recent) >= maxLists {
		clear(l.recent)
	}
	ids := make()
	l.recent[query] = list{version, ids}
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

// sortIDs orders ids; equal ones stay in id order.
func sortIDs(ids []int32, compare func(a, b int32) int) { slices.SortStableFunc(ids, compare) }

// pageOf cuts page number (from 1) out of ids.
func pageOf(ids []int32, number, size int) []int32 {
	from := min((number-1)*size, len(ids))
	return ids[from:min(from+size, len(ids))]
}

// pages is how many pages of a size n records fill; an empty result has none.
func pages(n, size int) int { return (n + size - 1) / size }
