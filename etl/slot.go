package etl

import "time"

// A Slot is one moment at which a job of the schedule is due.
type Slot struct {
	Job     string    `json:"job"`
	Due     time.Time `json:"due_at"`
	Outcome string    `json:"outcome,omitempty"` // ran, caught_up, skipped, missed
	Run     RunID     `json:"run_id,omitempty"`
}
