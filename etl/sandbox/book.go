package sandbox

// A book holds the records of one kind. Generated records are made anew each
// time they are read, so a million of them cost an index entry each; only what
// was edited or inserted is kept. Ids count from 1. The caller locks.
type book[T any] struct {
	generate func(id int) T
	index    func(T) entry
	size     int // how many are generated

	entries []entry // entries[id-1]
	own     map[int]T
	version int // changes with every write
}

// An entry is what lists are filtered and sorted by.
type entry struct {
	day  int32 // yyyymmdd
	at   int64 // Unix milliseconds
	gone bool  // not in lists
}

func newBook[T any](size int, generate func(id int) T, index func(T) entry) *book[T] {
	b := &book[T]{generate: generate, index: index, size: size, own: map[int]T{}, entries: make([]entry, size)}
	for i := range b.entries {
		b.entries[i] = index(generate(i + 1))
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

// put inserts or replaces a record.
func (b *book[T]) put(id int, record T) {
	for len(b.entries) < id {
		b.entries = append(b.entries, entry{gone: true})
	}
	b.own[id] = record
	b.entries[id-1] = b.index(record)
	b.version++
}

// next is the id of the next record to be inserted.
func (b *book[T]) next() int { return len(b.entries) + 1 }
