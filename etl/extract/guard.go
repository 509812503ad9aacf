package extract

import (
	"context"
	"fmt"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A guard says how many records may go before a person has to look: a token
// that lost a permission looks just like a company that deletes its records.
type guard struct {
	living int // records of the windows that were read
	weeks  [2]week
}

// A week is what the last seven days have left of some records.
type week struct {
	living, gone int
}

// The bounds of a guard: of the living records a share of one in leastShare,
// but never fewer than so many.
const (
	leastShare = 50
	leastRun   = 3
	leastWeek  = 10
)

// guard counts what the guard of some windows goes by: the records of their
// days, and for the week those of the whole stream as well.
func (j *job) guard(ctx context.Context, days etl.Window, living int) (guard, error) {
	g := guard{living: living}
	err := j.DB.Get(ctx, "queries/tombstone_counts.sql", j.about.stream(warehouse.Args{
		"window_from": optionalDay(days.From), "window_to": optionalDay(days.To),
		"since": j.Now().UTC().Add(-7 * 24 * time.Hour),
	}), &g.weeks[0].living, &g.weeks[0].gone, &g.weeks[1].living, &g.weeks[1].gone)
	return g, err
}

// reason says why so many records that would go are not to be believed, or
// nothing if they are.
func (g guard) reason(going int) string {
	switch {
	case going == 0:
		return ""
	case going >= g.living:
		return fmt.Sprintf("all of its %d records have vanished", g.living)
	case going > max(leastRun, g.living/leastShare):
		return fmt.Sprintf("%d of %d records have vanished", going, g.living)
	}
	for _, w := range g.weeks {
		if w.gone > 0 && w.gone+going > max(leastWeek, w.living/leastShare) {
			return fmt.Sprintf("%d records have vanished, and %d of %d within seven days", going, w.gone+going, w.gone+w.living)
		}
	}
	return ""
}
