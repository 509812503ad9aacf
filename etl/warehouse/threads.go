package warehouse

import (
	"context"
	"os"
	"sync"
)

// muchGrowth is how much a file must grow before a process uses all processors.
const muchGrowth = 8 << 20

// A spread decides when statements run on all processors. A statement of a few
// milliseconds costs half as much CPU on one thread: of two threads, one spins
// while it waits for the other. So an instance starts with one thread and gets
// all of them once this process has written so much that its statements are
// long.
type spread struct {
	location string
	opened   int64 // bytes, as it was opened

	mu   sync.Mutex
	done bool
}

// startsNarrow reports whether the number of threads adapts to the work.
func (opts Options) startsNarrow() bool {
	return opts.Threads == 0 && opts.Location != "" && !isRemote(opts.Location)
}

func newSpread(location string) *spread {
	return &spread{location: location, opened: bytesOf(location)}
}

// widen gives the instance all processors if this process has written much.
func (db *DB) widen(ctx context.Context) error {
	s := db.spread
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done || bytesOf(s.location) < s.opened+muchGrowth {
		return nil
	}
	_, err := db.Exec(ctx, "warehouse/instance.reset_threads", nil)
	s.done = err == nil
	return err
}

// bytesOf returns the size of a database file with its write-ahead log. A
// missing file has size 0.
func bytesOf(location string) (size int64) {
	for _, path := range []string{location, location + ".wal"} {
		if info, err := os.Stat(path); err == nil {
			size += info.Size()
		}
	}
	return size
}
