package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// The states of a slot: the values of raw.cursors.state.
const (
	statePending  = "pending"
	stateReading  = "reading"
	stateRead     = "read" // and proven; deletions are not decided yet
	stateDone     = "done"
	stateUnproven = "unproven"
	stateHeld     = "held" // too many records vanished: needs a person
)

// A slot is one window of a job and its state.
type slot struct {
	purpose string
	query   Query
	state   string
	readID  string
	stored  bool // by an earlier run
}

func slotsOf(purpose string, windows []etl.Window) []*slot {
	var slots []*slot
	for _, w := range windows {
		slots = append(slots, newSlot(purpose, Query{Window: w}))
	}
	return slots
}

func newSlot(purpose string, q Query) *slot {
	return &slot{purpose: purpose, query: q, state: statePending, readID: newReadID()}
}

// MarshalJSON encodes a slot for the statement that stores it.
func (s *slot) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ReadID  string `json:"read_id"`
		Purpose string `json:"purpose"`
		State   string `json:"state"`
		From    string `json:"window_from,omitempty"`
		To      string `json:"window_to,omitempty"`
	}{s.readID, s.purpose, s.state, optionalText(s.query.From), optionalText(s.query.To)})
}

func (s *slot) same(other *slot) bool {
	return s.purpose == other.purpose &&
		s.query.From.Equal(other.query.From) && s.query.To.Equal(other.query.To)
}

// isRead reports whether the window need not be read any more.
func (s *slot) isRead() bool { return s.state == stateDone || s.state == stateRead }

// isBegun reports whether an earlier run started reading the window.
func (s *slot) isBegun() bool {
	return s.stored && s.readID != "" && (s.state == statePending || s.state == stateReading)
}

// wasRead reports whether the window is read again although an earlier run
// finished it.
func (s *slot) wasRead() bool {
	return s.readID == "" || s.state == stateUnproven || s.state == stateHeld
}

// span is from the first day of the windows to the last, without the pass for
// late entries, which is about other days.
func span(windows []*slot) etl.Window {
	days := windows[0].query.Window
	for _, s := range windows {
		if s.purpose == purposeCreated {
			continue
		}
		if s.query.From.Before(days.From) || days.From.IsZero() {
			days.From = s.query.From
		}
		if s.query.To.IsZero() || !days.To.IsZero() && s.query.To.After(days.To) {
			days.To = s.query.To
		}
	}
	return days
}

// begin resumes an interrupted job with the same windows while it is fresh. A
// job from the future is not fresh either: the clock may have been wrong.
func (j *job) begin(ctx context.Context) error {
	now := j.Now().UTC()
	stored, started, updated, err := j.stored(ctx)
	if err != nil {
		return err
	}
	if !j.restart && sameSlots(stored, j.slots) && (j.fresh == 0 || now.Sub(updated).Abs() < j.fresh) {
		j.slots, j.started = stored, started
		return nil
	}
	j.started = now
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := j.forget(ctx, tx); err != nil {
			return err
		}
		return j.setSlots(ctx, tx, j.slots...)
	})
}

// forget removes the state of the job, so that the next one starts over.
func (j *job) forget(ctx context.Context, r warehouse.Runner) error {
	_, err := r.Exec(ctx, "extract/cursor.remove", warehouse.Args{"job_id": j.id})
	return err
}

// stored reads the slots of an earlier job with the same id.
func (j *job) stored(ctx context.Context) (slots []*slot, started, updated time.Time, err error) {
	err = j.DB.Each(ctx, "extract/cursor.list", warehouse.Args{"job_id": j.id}, func(rows *sql.Rows) error {
		var (
			s        = slot{stored: true}
			from, to sql.NullTime
			last     time.Time
		)
		if err := rows.Scan(&s.readID, &s.purpose, &s.state, &from, &to, &started, &last); err != nil {
			return err
		}
		s.query.From, s.query.To = from.Time, to.Time
		if last.After(updated) {
			updated = last
		}
		slots = append(slots, &s)
		return nil
	})
	return slots, started, updated, err
}

// sameSlots reports whether the stored slots are those asked for now, and sets
// their queries, which the table does not store in full.
func sameSlots(stored, asked []*slot) bool {
	if len(stored) != len(asked) {
		return false
	}
	for _, a := range asked {
		i := slices.IndexFunc(stored, a.same)
		if i < 0 {
			return false
		}
		stored[i].query = a.query
	}
	return true
}

// setSlots stores the states of some windows.
func (j *job) setSlots(ctx context.Context, r warehouse.Runner, slots ...*slot) error {
	text, err := json.Marshal(slots)
	if err != nil {
		return err
	}
	_, err = r.Exec(ctx, "extract/cursor.set", warehouse.Args{
		"job_id": j.id, "source": j.about.Name, "run_id": string(j.RunID), "slots": string(text),
		"started_at": j.started, "now": j.Now().UTC(),
	})
	return err
}
