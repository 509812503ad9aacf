package etl

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"
)

// A RunID names one run. It sorts by start time and reads as a time:
// 20261121T020000Z-1f3a9c.
type RunID string

// NewRunID returns the id of a run that starts at now.
func NewRunID(now time.Time) RunID {
	var b [3]byte
	rand.Read(b[:]) // never fails, see its documentation
	return RunID(now.UTC().Format(beganLayout) + "-" + hex.EncodeToString(b[:]))
}

const beganLayout = "20060102T150405Z"

// Began returns when the run began, as its id says. Text that is not a run id
// is an error.
func (id RunID) Began() (time.Time, error) {
	began, _, _ := strings.Cut(string(id), "-")
	return time.Parse(beganLayout, began)
}

// A Slot is one time at which a scheduled job is due.
type Slot struct {
	Job     string    `json:"job"`
	Due     time.Time `json:"due_at"`
	Outcome string    `json:"outcome,omitempty"` // ran, caught_up, skipped, missed
	Run     RunID     `json:"run_id,omitempty"`
}

// Progress receives how much of a task is done, in units: "windows", "pages",
// "records". A total of 0 means that it is not known yet.
type Progress func(unit string, done, total int64)
