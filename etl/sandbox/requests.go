package sandbox

import (
	"net/http"
	"regexp"
	"sync"
)

// A Request is how often one kind of request was made and answered in one way.
type Request struct {
	API    string `json:"api"`
	Method string `json:"method"`
	Path   string `json:"path"`   // digits in the last element become {id}
	Status int    `json:"status"` // 0: the connection was dropped
	Count  int    `json:"count"`
	Secret bool   `json:"secret"` // it carried credentials
}

// A requestLog counts requests in the order of their first appearance.
type requestLog struct {
	mu     sync.Mutex
	counts map[Request]int
	order  []Request
}

func newRequestLog() *requestLog { return &requestLog{counts: map[Request]int{}} }

var trailingID = regexp.MustCompile(`/\d+$`)

func (l *requestLog) add(api string, r *http.Request, a answer) {
	key := Request{
		API: api, Method: r.Method, Path: trailingID.ReplaceAllString(r.URL.Path, "/{id}"), Status: a.status,
		Secret: r.Header.Get("Authorization") != "" || r.Header.Get("X-Auth-Token") != "",
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts[key] == 0 {
		l.order = append(l.order, key)
	}
	l.counts[key]++
}

// Requests returns what was asked so far, in the order of first appearance.
func (s *Sandbox) Requests() []Request {
	l := s.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Request, len(l.order))
	for i, key := range l.order {
		all[i] = key
		all[i].Count = l.counts[key]
	}
	return all
}

// RequestCount returns how many requests an API received, whatever came of
// them.
func (s *Sandbox) RequestCount(api string) int {
	n := 0
	for _, r := range s.Requests() {
		if r.API == api {
			n += r.Count
		}
	}
	return n
}

// Strayed returns the requests that reached the host which redirects and
// foreign links lead to. A careful client makes none.
func (s *Sandbox) Strayed() []Request {
	var all []Request
	for _, r := range s.Requests() {
		if r.API == APIElsewhere {
			all = append(all, r)
		}
	}
	return all
}

// Faults returns how often each fault hit, by API and kind, such as
// "productiv:5xx-after-store".
func (s *Sandbox) Faults() map[string]int { return s.plan.firedCounts() }
