package sandbox

import (
	"encoding/json"
	"maps"
	"sync"
)

// A Record is what Productiv holds of one posted record.
type Record struct {
	AppID  string          `json:"app_id"`
	Key    string          `json:"key"`    // signatureId or transactionNumber
	Record json.RawMessage `json:"record"` // as it arrived
}

// A ledger is what Productiv accepted, in order.
type ledger struct {
	signatures Signatures
	countOnly  bool

	mu       sync.Mutex
	records  []Record
	places   map[string]int // of signatures, in records
	received map[string]int // by key: how often it was accepted
	batches  int
	count    int
}

func newLedger(p Productiv) *ledger {
	return &ledger{signatures: p.Signatures, countOnly: p.CountOnly, places: map[string]int{}, received: map[string]int{}}
}

func (l *ledger) add(app string, records []spend) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batches++
	l.count += len(records)
	if l.countOnly {
		return
	}
	for _, r := range records {
		l.received[r.key]++
		l.store(Record{app, r.key, r.body}, r.signature)
	}
}

// store applies the signature mode. A record without signatureId is always
// new: the older schema has no identity.
func (l *ledger) store(r Record, signature string) {
	place, known := l.places[r.AppID+"\x00"+signature]
	switch {
	case signature == "" || !known || l.signatures == Append:
		l.places[r.AppID+"\x00"+signature] = len(l.records)
		l.records = append(l.records, r)
	case l.signatures == Upsert:
		l.records[place] = r
	}
}

// Records returns what Productiv holds, in the order of arrival. A record that
// replaced another has the other's place.
func (s *Sandbox) Records() []Record {
	l := s.accepted
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Record{}, l.records...)
}

// Received returns how often each key was accepted, whether or not it was
// stored again. A key above 1 was sent again after it had arrived.
func (s *Sandbox) Received() map[string]int {
	l := s.accepted
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.received)
}

// Accepted returns how many records and batches were accepted, repetitions
// counted.
func (s *Sandbox) Accepted() (records, batches int) {
	l := s.accepted
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count, l.batches
}
