package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"
)

// adminHandler serves /_sandbox/, which is not part of any vendor's API. Faults
// and latency do not apply to it, and its requests are not counted.
func (s *Sandbox) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sandbox/records", func(w http.ResponseWriter, r *http.Request) {
		count, batches := s.Accepted()
		replyJSON(http.StatusOK, map[string]any{
			"records": s.Records(), "received": s.Received(), "accepted": count, "batches": batches,
		}).writeTo(w, r)
	})
	mux.HandleFunc("GET /_sandbox/requests", func(w http.ResponseWriter, r *http.Request) {
		replyJSON(http.StatusOK, map[string]any{"requests": s.Requests(), "faults": s.Faults()}).writeTo(w, r)
	})
	mux.HandleFunc("POST /_sandbox/mutate", s.adminMutate)
	return mux
}

// A mutation is the body of POST /_sandbox/mutate; the response is the same with
// the id filled in:
//
//	{"op": "edit", "stream": "expenses", "id": 12, "set": {"amount": 4200}}
//
// Op is insert, edit or delete, stream is expenses or transactions. Set holds
// members of [Expense] or [Transaction] under their JSON names.
type mutation struct {
	Op     string          `json:"op"`
	Stream string          `json:"stream"`
	ID     int             `json:"id"`
	Set    json.RawMessage `json:"set,omitempty"`
}

func (s *Sandbox) adminMutate(w http.ResponseWriter, r *http.Request) {
	var m mutation
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&m)
	if err == nil {
		err = s.mutate(&m)
	}
	if err != nil {
		replyJSON(http.StatusBadRequest, map[string]any{"error": err.Error()}).writeTo(w, r)
		return
	}
	replyJSON(http.StatusOK, m).writeTo(w, r)
}

// mutate makes one change, or none if it is invalid.
func (s *Sandbox) mutate(m *mutation) error {
	var trial any = new(Expense)
	if m.Stream == "transactions" {
		trial = new(Transaction)
	}
	err := m.decodeSet(trial)
	if err != nil {
		return err
	}
	setExpense := func(e *Expense) { m.decodeSet(e) }
	setTransaction := func(t *Transaction) { m.decodeSet(t) }
	switch m.Stream + " " + m.Op {
	case "expenses insert":
		m.ID = s.InsertExpense(setExpense)
	case "expenses edit":
		err = s.EditExpense(m.ID, setExpense)
	case "expenses delete":
		err = s.DeleteExpense(m.ID)
	case "transactions insert":
		m.ID = s.InsertTransaction(setTransaction)
	case "transactions edit":
		err = s.EditTransaction(m.ID, setTransaction)
	case "transactions delete":
		err = s.DeleteTransaction(m.ID)
	default:
		err = fmt.Errorf("sandbox: no operation %q on stream %q", m.Op, m.Stream)
	}
	return err
}

// decodeSet sets the members of v that Set names.
func (m *mutation) decodeSet(v any) error {
	if len(m.Set) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(m.Set))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v)
}

// A Request counts requests that are equal in all other fields.
type Request struct {
	API    string `json:"api"`
	Method string `json:"method"`
	Path   string `json:"path"`   // digits in the last element become {id}
	Status int    `json:"status"` // 0: the connection was dropped
	Count  int    `json:"count"`
	Secret bool   `json:"secret"` // it carried credentials
}

// A requestLog counts requests in the order in which each first came.
type requestLog struct {
	mu  sync.Mutex
	all []Request
}

var trailingID = regexp.MustCompile(`/\d+$`)

func (l *requestLog) add(api string, r *http.Request, a answer) {
	one := Request{
		API: api, Method: r.Method, Path: trailingID.ReplaceAllString(r.URL.Path, "/{id}"), Status: a.status,
		Secret: r.Header.Get("Authorization") != "" || r.Header.Get("X-Auth-Token") != "",
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, known := range l.all {
		if one.Count = known.Count; one == known {
			l.all[i].Count++
			return
		}
	}
	one.Count = 1
	l.all = append(l.all, one)
}

// Requests returns the requests so far, in the order in which each first came.
func (s *Sandbox) Requests() []Request {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	return append([]Request{}, s.requests.all...)
}

// RequestCount returns how many requests an API received, dropped ones included.
func (s *Sandbox) RequestCount(api string) int {
	n := 0
	for _, r := range s.Requests() {
		if r.API == api {
			n += r.Count
		}
	}
	return n
}

// Strayed returns the requests to the foreign host that redirects and links
// lead to. A careful client makes none.
func (s *Sandbox) Strayed() []Request {
	return slices.DeleteFunc(s.Requests(), func(r Request) bool { return r.API != apiElsewhere })
}
