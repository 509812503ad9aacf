package extract

import "testing"

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
