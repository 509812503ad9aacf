package sandbox_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/sandbox"
)

func TestNumberedPages(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 450, Plain: true})

	first := decode[page](t, expenses(t, s, "page[size]=200&sort=id"))
	want := map[string]any{
		"current_page": 1.0, "total_pages": 3.0, "total_count": 450.0, "page_size": 200.0, "max_page_size": 200.0,
	}
	delete(first.Meta, "settings")
	if diff := cmp.Diff(want, first.Meta); diff != "" {
		t.Error(diff)
	}
	if first.Links.Prev != "" || !strings.Contains(first.Links.Next, "page%5Bnumber%5D=2") {
		t.Errorf("links of the first page: %+v", first.Links)
	}

	last := decode[page](t, expenses(t, s, "page[size]=200&page[number]=3&sort=id"))
	if len(last.Data) != 50 || last.Data[0].ID != "401" || last.Links.Next != "" || last.Links.Prev == "" {
		t.Errorf("last page: %d records from %s, links %+v", len(last.Data), last.Data[0].ID, last.Links)
	}

	beyond := decode[page](t, expenses(t, s, "page[size]=200&page[number]=9&sort=id"))
	if len(beyond.Data) != 0 {
		t.Errorf("page 9 has %d records", len(beyond.Data))
	}
	if n := len(decode[page](t, expenses(t, s, "page[size]=1000")).Data); n != 200 {
		t.Errorf("page size 1000 gave %d records", n)
	}
	if n := len(decode[page](t, expenses(t, s, "")).Data); n != 30 {
		t.Errorf("default page size gave %d records", n)
	}
}

func TestAnEmptyResultHasNoPages(t *testing.T) {
	s := start(t, sandbox.Options{})
	got := decode[page](t, expenses(t, s, "page[size]=200"))
	if got.Meta["total_pages"] != 0.0 || got.Meta["total_count"] != 0.0 || got.Data == nil || len(got.Data) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestCursorsReachEveryExpenseOnce(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 450, Plain: true})
	for _, sort := range []string{"", "id", "-id", "date", "-date", "created_at"} {
		t.Run("sort "+sort, func(t *testing.T) {
			var seen []string
			query := "page[after]=&page[size]=200"
			if sort != "" {
				query += "&sort=" + sort
			}
			for next := s.ProductiveURL() + "/expenses?" + escape(query); next != ""; {
				p := decode[page](t, send(t, "GET", next, productiveHeaders, ""))
				if p.Meta["total_count"] != nil || p.Meta["page_size"] != 200.0 {
					t.Fatalf("meta %v", p.Meta)
				}
				seen, next = append(seen, ids(p)...), p.Links.Next
			}
			slices.Sort(seen)
			if unique := len(slices.Compact(seen)); unique != 450 || len(seen) != 450 {
				t.Errorf("%d records, %d distinct", len(seen), unique)
			}
		})
	}
}

func TestTheLastCursorPageLeadsNowhere(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 200, Plain: true})
	if p := decode[page](t, expenses(t, s, "page[after]=&page[size]=200")); len(p.Data) != 200 || p.Links.Next != "" {
		t.Errorf("%d records, next %q", len(p.Data), p.Links.Next)
	}
}

func TestUnaskedTheNewestExpensesComeFirst(t *testing.T) {
	s := start(t, sandbox.Options{})
	for _, date := range []string{"2026-02-01", "2026-02-02", "2026-02-01"} {
		s.InsertExpense(func(e *sandbox.Expense) { e.Date = date })
	}
	for _, query := range []string{"page[number]=1", "page[after]="} {
		if got := ids(decode[page](t, expenses(t, s, query))); !slices.Equal(got, []string{"2", "3", "1"}) {
			t.Errorf("%s: %v", query, got)
		}
	}
}

func TestAnOlderServerIgnoresCursors(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 3, Productive: sandbox.Productive{NoCursor: true}})
	got := decode[page](t, expenses(t, s, "page[after]=&page[size]=200"))
	if got.Meta["total_count"] == nil {
		t.Errorf("meta %v", got.Meta)
	}
}

func TestFilters(t *testing.T) {
	s := start(t, sandbox.Options{})
	add := func(date, created string, change func(*sandbox.Expense)) {
		s.InsertExpense(func(e *sandbox.Expense) {
			e.Date = date
			e.CreatedAt, _ = time.Parse(time.RFC3339, created)
			if change != nil {
				change(e)
			}
		})
	}
	add("2026-01-31", "2026-02-01T00:30:00+02:00", nil) // 31 January in UTC
	add("2026-02-01", "2026-02-01T09:00:00+02:00", func(e *sandbox.Expense) { e.Approved = false })
	add("2026-02-28", "2026-02-28T09:00:00+02:00", func(e *sandbox.Expense) { e.Name = "Odd name" })
	add("2026-03-01", "2026-03-01T09:00:05+02:00", func(e *sandbox.Expense) { e.Vendor = 0 })

	tests := map[string]struct {
		query string
		want  string
	}{
		"from a date on":                   {"filter[date][gt_eq]=2026-02-01", "2 3 4"},
		"after a date":                     {"filter[date][gt]=2026-02-01", "3 4"},
		"up to a date":                     {"filter[date][lt_eq]=2026-02-28", "1 2 3"},
		"before a date":                    {"filter[date][lt]=2026-02-28", "1 2"},
		"between dates":                    {"filter[date][gt_eq]=2026-02-01&filter[date][lt]=2026-03-01", "2 3"},
		"one date":                         {"filter[date]=2026-02-28", "3"},
		"one date by operator":             {"filter[date][eq]=2026-02-28", "3"},
		"the seed's date_after":            {"filter[date_after]=2026-02-28", "3 4"},
		"the seed's date_before":           {"filter[date_before]=2026-02-01", "1 2"},
		"created in the organisation zone": {"filter[created_at][gt_eq]=2026-02-01&filter[created_at][lt]=2026-02-02", "1 2"},
		"created, cut to the day":          {"filter[created_at][gt_eq]=2026-02-01T23:59:59+02:00", "1 2 3 4"},
		"approved":                         {"filter[approval_status]=1", "1 3 4"},
		"not approved":                     {"filter[approval_status][eq][]=2", "2"},
		"part of a name":                   {"filter[query][contains]=odd", "3"},
		"nothing":                          {"filter[date][gt]=2027-01-01", ""},
		"one group or the other": {
			"filter[$op]=or&filter[0][date][eq]=2026-01-31&filter[1][date][eq]=2026-03-01", "1 4",
		},
		"both groups": {
			"filter[$op]=and&filter[0][date][gt]=2026-01-31&filter[1][date][lt]=2026-03-01", "2 3",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(ids(decode[page](t, expenses(t, s, tt.query+"&sort=id"))), " ")
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}

	t.Run("created, exact by feature flag", func(t *testing.T) {
		header := maps.Clone(productiveHeaders)
		header["X-Feature-Flags"] = "filteringSkipDatetimeCastToDate"
		url := s.ProductiveURL() + "/expenses?" + escape("sort=id&filter[created_at][gt]=2026-03-01T09:00:04+02:00")
		if got := ids(decode[page](t, send(t, "GET", url, header, ""))); !slices.Equal(got, []string{"4"}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestRelationshipsHaveNoIdUnlessIncluded(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 200, Plain: true})

	bare := decode[page](t, expenses(t, s, "page[size]=200"))
	for name, relation := range bare.Data[0].Relationships {
		if name != "organization" && !cmp.Equal(relation, map[string]any{"meta": map[string]any{"included": false}}) {
			t.Errorf("%s is %v", name, relation)
		}
	}
	if bare.Included != nil {
		t.Error("included without include")
	}

	full := decode[page](t, expenses(t, s, "page[size]=200&include=person,vendor,service_type,purchase_order,creator"))
	seen := map[string]int{}
	for _, o := range full.Included {
		seen[o.Type+" "+o.ID]++
	}
	for _, e := range full.Data {
		for _, name := range []string{"person", "vendor", "service_type", "creator"} {
			data := e.Relationships[name]["data"].(map[string]any)
			key := fmt.Sprint(data["type"], " ", data["id"])
			if seen[key] != 1 {
				t.Fatalf("%s is included %d times", key, seen[key])
			}
		}
		if data, ok := e.Relationships["purchase_order"]["data"]; !ok || data != nil {
			t.Fatalf("purchase_order is %v", e.Relationships["purchase_order"])
		}
	}
}

func TestLinksMayNameAnotherHost(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 3, Productive: sandbox.Productive{LinksElsewhere: true}})
	next := decode[page](t, expenses(t, s, "page[size]=1")).Links.Next
	if next == "" || strings.HasPrefix(next, s.ProductiveURL()) {
		t.Errorf("next is %q", next)
	}
	send(t, "GET", next, productiveHeaders, "")
	if strayed := s.Strayed(); len(strayed) != 1 || !strayed[0].Secret {
		t.Errorf("strayed: %+v", strayed)
	}
}

func TestTheRateLimitIsEnforcedWhenAsked(t *testing.T) {
	now := noon
	s := start(t, sandbox.Options{
		Now: func() time.Time { return now }, Productive: sandbox.Productive{EnforceLimits: true},
	})
	for i := range 100 {
		if r := expenses(t, s, ""); r.status != 200 {
			t.Fatalf("request %d: %d", i+1, r.status)
		}
	}
	r := expenses(t, s, "")
	if r.status != 429 || r.header.Get("X-RateLimit-Reset") != "11" || r.header.Get("Retry-After") != "" {
		t.Errorf("%d, headers %v", r.status, r.header)
	}
	now = now.Add(11 * time.Second)
	if r := expenses(t, s, ""); r.status != 200 {
		t.Errorf("after the window: %d", r.status)
	}
}
