package httpretry

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryAfter reads how long a server asks to pause: X-RateLimit-Reset in
// seconds (schemas/README.md, Productive.io: limits), else Retry-After in
// seconds or as a date. What cannot be read, or is in the past, is zero.
func retryAfter(header http.Header, now time.Time) time.Duration {
	if wait := pause(header.Get("X-RateLimit-Reset"), now); wait > 0 {
		return wait
	}
	return pause(header.Get("Retry-After"), now)
}

func pause(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	seconds, err := strconv.ParseFloat(value, 64)
	switch {
	case err == nil && seconds >= float64(math.MaxInt64/int64(time.Second)):
		return math.MaxInt64
	case err == nil && seconds > 0:
		return time.Duration(math.Ceil(seconds)) * time.Second
	case err == nil:
		return 0
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
