package sandbox

import (
	"sync"
	"time"
)

// A rateLimit counts requests in two fixed windows: 100 in 10 seconds, 4000 in
// half an hour.
type rateLimit struct {
	now func() time.Time

	mu      sync.Mutex
	windows [2]window
}

type window struct {
	start time.Time
	count int
}

// wait counts a request and returns how long the client has to wait, or 0 if
// the request is within both limits.
func (l *rateLimit) wait() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(
		l.windows[0].add(l.now(), 100, 10*time.Second),
		l.windows[1].add(l.now(), 4000, 30*time.Minute),
	)
}

func (w *window) add(now time.Time, limit int, length time.Duration) time.Duration {
	if now.Sub(w.start) >= length {
		*w = window{start: now}
	}
	if w.count++; w.count <= limit {
		return 0
	}
	return w.start.Add(length).Sub(now)
}
