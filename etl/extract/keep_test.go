package extract

import (
	"testing"
	"time"
)

func TestPageIDsSortInTheOrderOfTheirRowsWhateverTheClockDid(t *testing.T) {
	for _, last := range []string{"", "0191b0a0-0000-7000-8000-000000000000", "7fffffff-ffff-7fff-bfff-ffffffffffff"} {
		for range 3 {
			id := pageIDAfter(last)
			if len(id) != 36 || id <= last {
				t.Errorf("%s does not sort after %q", id, last)
			}
			last = id
		}
	}
}

// The lines of a job stay in memory until they have landed, which its pages
// must not: a row that its line points into is kept whole, with the body.
func TestALineDoesNotHoldItsPage(t *testing.T) {
	row := &pageRow{Page: Page{Body: []byte(`{"data": []}`)}, expected: 3}
	l := (&keeper{now: time.Now}).line(row)
	if l.Expected == &row.expected || *l.Expected != 3 {
		t.Errorf("the line points to %p for %d records, want a copy of 3", l.Expected, *l.Expected)
	}
}
