package httpretry

import (
	"math"
	"net/http"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	tests := map[string]struct {
		reset, after string
		want         time.Duration
	}{
		"absent":             {"", "", 0},
		"seconds":            {"", "120", 2 * time.Minute},
		"the vendor's own":   {"10", "120", 10 * time.Second},
		"its own is useless": {"soon", "120", 2 * time.Minute},
		"a fraction":         {"0.2", "", time.Second},
		"white space":        {" 3 ", "", 3 * time.Second},
		"negative":           {"", "-1", 0},
		"date":               {"", "Sun, 01 Mar 2026 12:00:30 GMT", 30 * time.Second},
		"date in past":       {"", "Sun, 01 Mar 2026 11:00:00 GMT", 0},
		"overflow":           {"", "99999999999999", math.MaxInt64},
		"infinite":           {"", "Inf", math.MaxInt64},
		"not a number":       {"", "NaN", 0},
		"not a date":         {"", "soon", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			header.Set("X-RateLimit-Reset", tt.reset)
			header.Set("Retry-After", tt.after)
			if got := retryAfter(header, noon); got != tt.want {
				t.Errorf("retryAfter = %v, want %v", got, tt.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "1", "-1", "1e400", "NaN", "0x10", "Sun, 01 Mar 2026 12:00:30 GMT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if got := pause(value, noon); got < 0 {
			t.Errorf("pause(%q) = %v", value, got)
		}
	})
}
