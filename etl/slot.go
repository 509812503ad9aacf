package etl

import "time"

// A Slot is one time at which a scheduled job is due.
type Slot struct {
	Job     string    `json:"job"`
	Due     time.Time `json:"due_at"`
	Outcome string    `json:"outcome,omitempty"` // ran, caught_up, skipped, missed
	Run     RunID     `json:"run_id,omitempty"`
}
