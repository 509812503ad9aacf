package extract

import (
	"slices"
	"testing"
	"time"

	"spendbridge/etl"
)

// What a concluded window returned leaves the memory, but no count: another window
// may return it once more.
func TestAForgottenRecordIsCountedOnce(t *testing.T) {
	march := etl.Window{From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}
	record := func(id string) object { return object{stream: "expenses", id: id, look: 7} }
	page := Page{}
	page.objects = []object{record("1"), record("2"), record(noID + "3")}
	k := newKnown()
	k.objects["expenses"] = map[string]knownObject{"2": {look: 7, living: true, day: dayNumber(march.From, 0)}}

	news := func(want ...int) {
		t.Helper()
		if got := k.news(&page, lastSeen{}); !slices.Equal(got, want) {
			t.Errorf("news are %d, want %d", got, want)
		}
	}
	found := &finding{seen: []map[string]look{{"1": 7, "2": 7, noID + "3": 7}}}
	news(1, 3)
	if gone := k.forgotten(page); len(gone) > 0 {
		t.Errorf("%s are forgotten, want none", gone)
	}
	k.forget("expenses", found, []*slot{{query: Query{Window: march}}})
	if gone := k.forgotten(page); !slices.Equal(gone, []string{"1"}) {
		t.Errorf("%s are forgotten, want only what has an id and no open window lists", gone)
	}
	k.forget("expenses", found, nil)
	if gone := k.forgotten(page); !slices.Equal(gone, []string{"1", "2"}) {
		t.Errorf("%s are forgotten, want those with an id", gone)
	}
	news(1, 2, 3) // without what the warehouse says of them
	if k.count() != len(page.objects) {
		t.Errorf("%d records are counted, want %d", k.count(), len(page.objects))
	}
}
