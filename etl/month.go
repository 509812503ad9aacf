package etl

import "time"

// MonthFinal is the status of a month that is over, was read since, and holds
// nothing that is open. Any other month is still moving.
const MonthFinal = "final"

// A MonthStatus says whether a month of a source is final, and what in it is
// open if it is not.
type MonthStatus struct {
	Month   string `json:"month"` // 2026-01; empty = records without a readable day
	Source  string `json:"source"`
	Status  string `json:"status"`
	Records int64  `json:"records"` // that are spend

	Drafts      int64 `json:"drafts"`
	Holds       int64 `json:"holds"` // on cards, that may still be captured
	Quarantined int64 `json:"quarantined"`
	Vanished    int64 `json:"vanished"` // no longer shown, and not accepted yet

	LastReadAt   time.Time `json:"last_read_at,omitzero"`  // the last of its days, and proven
	LastSweepAt  time.Time `json:"last_sweep_at,omitzero"` // the same by a sweep
	LastChangeAt time.Time `json:"last_change_at,omitzero"`
}
