package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"
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

// edit changes a record, whose id stays.
func edit[T any](s *Sandbox, b *book[T], id int, change func(*T)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return b.edit(id, change)
}

// insert adds a record of now, with a change that may be nil, and returns its id.
func insert[T any](s *Sandbox, b *book[T], change func(*T)) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return b.insert(change)
}

// EditExpense changes an expense.
func (s *Sandbox) EditExpense(id int, change func(*Expense)) error {
	return edit(s, s.expenses, id, change)
}

// InsertExpense adds an approved expense of today, with a change that may be
// nil, and returns its id.
func (s *Sandbox) InsertExpense(change func(*Expense)) int { return insert(s, s.expenses, change) }

func (s *Sandbox) expenseOfNow(id int) Expense {
	e := s.generator.plainExpense(id, s.generator.random('e', id))
	e.CreatedAt = s.opt.Now().In(organizationZone).Truncate(time.Millisecond)
	e.ApprovedAt, e.Date, e.PaidOn = e.CreatedAt, day(s.opt.Now().UTC()), "" // there, tomorrow may have begun
	return e
}

// DeleteExpense moves an expense to the recycle bin.
func (s *Sandbox) DeleteExpense(id int) error { return s.EditExpense(id, s.bin) }

func (s *Sandbox) bin(e *Expense) { e.DeletedAt = s.opt.Now() }

// RestoreExpense takes an expense out of the recycle bin.
func (s *Sandbox) RestoreExpense(id int) error {
	return s.EditExpense(id, func(e *Expense) { e.DeletedAt = time.Time{} })
}

// ApproveExpense approves an expense.
func (s *Sandbox) ApproveExpense(id int) error {
	return s.EditExpense(id, func(e *Expense) {
		e.Approved, e.Rejected, e.RejectedReason, e.ApprovedAt = true, false, "", s.opt.Now()
	})
}

// UnapproveExpense withdraws an approval.
func (s *Sandbox) UnapproveExpense(id int) error {
	return s.EditExpense(id, func(e *Expense) { e.Approved, e.ApprovedAt = false, time.Time{} })
}

// EditTransaction changes a transaction.
func (s *Sandbox) EditTransaction(id int, change func(*Transaction)) error {
	return edit(s, s.transactions, id, change)
}

// InsertTransaction adds a purchase captured now, with a change that may be
// nil, and returns its id.
func (s *Sandbox) InsertTransaction(change func(*Transaction)) int {
	return insert(s, s.transactions, change)
}

func (s *Sandbox) transactionOfNow(id int) Transaction {
	t := s.generator.plainTransaction(id, s.generator.random('t', id))
	now := s.opt.Now().In(pacific).Truncate(time.Second)
	t.AuthorizationDatetime = now.Add(-2 * time.Hour).Format(time.RFC3339)
	t.TransactionDatetime, t.AllocationDatetime = new(now.Format(time.RFC3339)), now.Format(time.RFC3339)
	return t
}

// DeleteTransaction makes a transaction vanish from the list.
func (s *Sandbox) DeleteTransaction(id int) error { return s.EditTransaction(id, vanish) }

func vanish(t *Transaction) { t.deleted = true }

// RestoreTransaction brings a vanished transaction back.
func (s *Sandbox) RestoreTransaction(id int) error {
	return s.EditTransaction(id, func(t *Transaction) { t.deleted = false })
}

// RenameVendor changes a company's name in all expenses that refer to it.
func (s *Sandbox) RenameVendor(id int, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if byID(s.catalog.companies, firstCompany, id) == "" {
		return fmt.Errorf("sandbox: no company %d", id)
	}
	s.catalog.companies[id-firstCompany] = name
	s.catalog.encoded.Delete(reference{"companies", id})
	return nil
}

// drift changes the data next to the first record of a page that was just read,
// so that a client that continues by page number skips or repeats a record.
func (s *Sandbox) drift(api, kind string, first int) {
	if kind == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch api {
	case APIProductive:
		driftAt(s.expenses, kind, first, func(e *Expense, near Expense) { e.Date = near.Date })
	case APIProcurify:
		driftAt(s.transactions, kind, first, func(t *Transaction, near Transaction) {
			t.TransactionDatetime = near.TransactionDatetime
		})
	}
}

func driftAt[T any](b *book[T], kind string, first int, moveNear func(record *T, near T)) {
	if kind == "insert" || kind == "swap" {
		near, _ := b.get(first)
		b.insert(func(record *T) { moveNear(record, near) })
	}
	if kind == "delete" || kind == "swap" {
		b.edit(first, b.remove)
	}
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
	if err == nil && m.Stream == "transactions" {
		err = mutate(s, s.transactions, &m)
	} else if err == nil {
		err = mutate(s, s.expenses, &m)
	}
	if err != nil {
		replyJSON(http.StatusBadRequest, map[string]any{"error": err.Error()}).writeTo(w, r)
		return
	}
	replyJSON(http.StatusOK, m).writeTo(w, r)
}

// mutate makes one change, or none if it is invalid.
func mutate[T any](s *Sandbox, b *book[T], m *mutation) error {
	set := func(record *T) error {
		if len(m.Set) == 0 {
			return nil
		}
		decoder := json.NewDecoder(bytes.NewReader(m.Set))
		decoder.DisallowUnknownFields()
		return decoder.Decode(record)
	}
	if err := set(new(T)); err != nil {
		return err
	}
	change := func(record *T) { set(record) }
	switch {
	case m.Stream != b.kind+"s":
	case m.Op == "insert":
		m.ID = insert(s, b, change)
		return nil
	case m.Op == "edit":
		return edit(s, b, m.ID, change)
	case m.Op == "delete":
		return edit(s, b, m.ID, b.remove)
	}
	return fmt.Errorf("sandbox: no operation %q on stream %q", m.Op, m.Stream)
}
