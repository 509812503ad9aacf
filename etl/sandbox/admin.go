package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

// adminHandler answers /_sandbox/, which is no part of any vendor's contract.
// Faults and latency do not reach it, and it is not counted.
func (s *Sandbox) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sandbox/records", s.adminRecords)
	mux.HandleFunc("GET /_sandbox/requests", s.adminRequests)
	mux.HandleFunc("POST /_sandbox/mutate", s.adminMutate)
	return mux
}

func (s *Sandbox) adminRecords(w http.ResponseWriter, r *http.Request) {
	count, batches := s.Accepted()
	replyJSON(http.StatusOK, map[string]any{
		"records": s.Records(), "received": s.Received(), "accepted": count, "batches": batches,
	}).writeTo(w, r)
}

func (s *Sandbox) adminRequests(w http.ResponseWriter, r *http.Request) {
	replyJSON(http.StatusOK, map[string]any{"requests": s.Requests(), "faults": s.Faults()}).writeTo(w, r)
}

// A Mutation is the body of POST /_sandbox/mutate, and what it answers with
// the id filled in:
//
//	{"op": "edit", "stream": "expenses", "id": 12, "set": {"amount": 4200}}
//
// Op is insert, edit, delete, restore, approve, unapprove, capture or rename.
// Stream is expenses, transactions or companies. Set holds members of
// [Expense] or [Transaction] under their JSON names, or {"name": …} of a company.
type Mutation struct {
	Op     string          `json:"op"`
	Stream string          `json:"stream"`
	ID     int             `json:"id"`
	Set    json.RawMessage `json:"set,omitempty"`
}

func (s *Sandbox) adminMutate(w http.ResponseWriter, r *http.Request) {
	var m Mutation
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&m)
	if err == nil {
		m, err = s.Mutate(m)
	}
	if err != nil {
		replyJSON(http.StatusBadRequest, map[string]any{"error": err.Error()}).writeTo(w, r)
		return
	}
	replyJSON(http.StatusOK, m).writeTo(w, r)
}

// Mutate does what one POST to /_sandbox/mutate asks for, or nothing.
func (s *Sandbox) Mutate(m Mutation) (Mutation, error) {
	if err := m.check(); err != nil {
		return m, err
	}
	setExpense := func(e *Expense) { decodeSet(m.Set, e) }
	setTransaction := func(t *Transaction) { decodeSet(m.Set, t) }
	var err error
	switch m.Stream + " " + m.Op {
	case "expenses insert":
		m.ID = s.InsertExpense(setExpense)
	case "expenses edit":
		err = s.EditExpense(m.ID, setExpense)
	case "expenses delete":
		err = s.DeleteExpense(m.ID)
	case "expenses restore":
		err = s.RestoreExpense(m.ID)
	case "expenses approve":
		err = s.ApproveExpense(m.ID)
	case "expenses unapprove":
		err = s.UnapproveExpense(m.ID)
	case "transactions insert":
		m.ID = s.InsertTransaction(setTransaction)
	case "transactions edit":
		err = s.EditTransaction(m.ID, setTransaction)
	case "transactions delete":
		err = s.DeleteTransaction(m.ID)
	case "transactions restore":
		err = s.RestoreTransaction(m.ID)
	case "transactions capture":
		err = s.CaptureTransaction(m.ID)
	case "companies rename":
		var v company
		decodeSet(m.Set, &v)
		err = s.RenameVendor(m.ID, v.Name)
	default:
		err = fmt.Errorf("sandbox: no operation %q on stream %q", m.Op, m.Stream)
	}
	return m, err
}

// check decodes the set on trial, so that a wrong one changes nothing.
func (m Mutation) check() error {
	var trial any = new(Expense)
	switch m.Stream {
	case "transactions":
		trial = new(Transaction)
	case "companies":
		trial = new(company)
	}
	return decodeSet(m.Set, trial)
}

// decodeSet changes the members that set names and leaves the others.
func decodeSet(set json.RawMessage, v any) error {
	if len(set) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(set))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v)
}
