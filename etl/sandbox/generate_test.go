package sandbox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/sandbox"
)

func TestMinorUnitsFollowTheExponentRule(t *testing.T) {
	tests := map[string]struct {
		cents    bool
		yen, kwd string
	}{
		"ISO":   {false, "5000 → 3350 USD cents", "12345 → 4012 USD cents"},
		"cents": {true, "500000 → 3350 USD cents", "1234 → 4011 USD cents"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, sandbox.Options{Expenses: 50, Productive: sandbox.Productive{Cents: tt.cents}})
			for want, trap := range map[string]string{tt.yen: "yen has no minor units", tt.kwd: "dinar has three decimals"} {
				e := trapped(t, s, trap)
				got := fmt.Sprint(e["total_amount"], " → ", e["total_amount_default"], " USD cents")
				if got != want {
					t.Errorf("%s: got %s, want %s", trap, got, want)
				}
			}
		})
	}
}

// trapped returns the attributes of a hand-made expense, as JSON texts.
func trapped(t *testing.T, s *sandbox.Sandbox, name string) map[string]json.Number {
	t.Helper()
	for _, trap := range sandbox.ExpenseTraps() {
		if trap.Name != name {
			continue
		}
		r := send(t, "GET", fmt.Sprint(s.ProductiveURL(), "/expenses/", trap.ID), productiveHeaders, "")
		attributes := map[string]json.Number{}
		for key, value := range decode[struct{ Data rawObject }](t, r).Data.Attributes {
			attributes[key] = json.Number(value)
		}
		return attributes
	}
	t.Fatalf("no trap %q", name)
	return nil
}

type rawObject struct{ Attributes map[string]json.RawMessage }

func TestTotalsCountQuantityAndTax(t *testing.T) {
	s := start(t, sandbox.Options{})
	id := s.InsertExpense(func(e *sandbox.Expense) { e.Currency, e.Amount, e.Quantity, e.TaxPercent = "EUR", 10_000, "2.5", 25 })
	e, _ := expense(t, s, id, "")
	want := map[string]any{
		"quantity": "2.5", "amount": 10_000.0, "total_amount": 25_000.0, "total_amount_default": 31_250.0,
		"amount_with_tax": 12_500.0, "total_amount_with_tax": 31_250.0, "total_amount_with_tax_normalized": 31_250.0,
	}
	got := map[string]any{}
	for name := range want {
		got[name] = e.Attributes[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryExpenseTrapIsServed(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 100, Productive: sandbox.Productive{ListDeleted: true}})
	tests := map[string]struct {
		attribute string
		want      string
	}{
		"kuna is retired":              {"currency", `"HRK"`},
		"unknown currency":             {"currency", `"XQZ"`},
		"lower-case currency":          {"currency", `"eur"`},
		"quantity is not one":          {"quantity", `"2.5"`},
		"amount is zero":               {"total_amount", `0`},
		"draft":                        {"draft", `true`},
		"rejected":                     {"rejected", `true`},
		"not approved":                 {"approved", `false`},
		"unknown attributes":           {"line_items_count", `0`},
		"total missing":                {"total_amount_with_tax", ``},
		"profit and revenue missing":   {"profit", ``},
		"created on another UTC day":   {"created_at", ``},
		"invoiced and paid":            {"invoiced", `true`},
		"name in other scripts":        {"name", `"昼食 / обед / غداء"`},
		"refund is negative":           {"total_amount", ``},
		"deleted and still listed":     {"deleted_at", ``},
		"id shared with a transaction": {"name", `"same id, other vendor"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := trapped(t, s, name)[tt.attribute].String(); tt.want != "" && got != tt.want {
				t.Errorf("%s is %s, want %s", tt.attribute, got, tt.want)
			}
		})
	}
}

// people and vendors that may be null are told apart by what is included.
func TestExpensesMayLackPeopleAndVendors(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 100})
	id := map[string]int{}
	for _, trap := range sandbox.ExpenseTraps() {
		id[trap.Name] = trap.ID
	}
	tests := map[string]struct {
		relation string
		want     map[string]any // of the included object; nil: data is null
	}{
		"no vendor":                {"vendor", nil},
		"no person":                {"person", nil},
		"no service type":          {"service_type", nil},
		"person without e-mail":    {"person", map[string]any{"email": nil, "last_name": "Quist"}},
		"person without last name": {"person", map[string]any{"email": "madonna@acme.example", "last_name": nil}},
		"placeholder person":       {"person", map[string]any{"email": nil, "placeholder": true}},
		"archived person":          {"person", map[string]any{"archived_at": "2025-11-30T12:00:00.000+02:00", "email": "Walter.Gone@ACME.example "}},
		"namesake":                 {"person", map[string]any{"first_name": "Anna", "email": "anna.schmidt@acme.example"}},
		"other namesake":           {"person", map[string]any{"first_name": "Anna", "email": "anna.schmidt2@acme.example"}},
		"vendor is a legal suffix": {"vendor", map[string]any{"name": "LLC"}},
		"purchase order":           {"purchase_order", map[string]any{"archived_at": nil}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url := fmt.Sprint(s.ProductiveURL(), "/expenses/", id[name], "?include=", tt.relation)
			one := decode[struct {
				Data     object
				Included []object
			}](t, send(t, "GET", url, productiveHeaders, ""))
			data, given := one.Data.Relationships[tt.relation]["data"]
			if !given || (data == nil) != (tt.want == nil) || len(one.Included) != min(1, len(tt.want)) {
				t.Fatalf("data %v, included %v", data, one.Included)
			}
			for key, value := range tt.want {
				if got := one.Included[0].Attributes[key]; got != value {
					t.Errorf("%s is %v, want %v", key, got, value)
				}
			}
		})
	}
}

// The demo is mostly plain spend, and equal options make equal vendors.
func TestTheDemoIsMostlyPlainSpend(t *testing.T) {
	o := sandbox.DemoOptions()
	o.Productive.ListDeleted = true
	s, twin := start(t, o), start(t, o)
	plain, total := 0, 0
	for number := 1; total < o.Expenses; number++ {
		query := fmt.Sprintf("page[size]=200&sort=id&page[number]=%d", number)
		one, other := expenses(t, s, query), expenses(t, twin, query)
		if string(one.body) != strings.ReplaceAll(string(other.body), twin.ProductiveURL(), s.ProductiveURL()) {
			t.Fatalf("page %d differs", number)
		}
		p := decode[page](t, one)
		for _, e := range p.Data {
			total++
			a := e.Attributes
			if a["approved"] == true && a["draft"] == false && a["deleted_at"] == nil && a["quantity"] == "1.0" {
				plain++
			}
		}
	}
	if share := float64(plain) / float64(total); share < 0.95 || share > 0.999 {
		t.Errorf("%d of %d are plain", plain, total)
	}
}

// Spend of a company covers each of its months, more of it in October than in
// August, and each vendor has a category of its own, at both vendors' APIs.
func TestACompanySpendsByItsSeasons(t *testing.T) {
	to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := start(t, sandbox.Options{Expenses: 3000, Months: 12, Plain: true, To: to})
	byMonth, services := map[string]int{}, map[string]map[string]bool{}
	for number := 1; number <= 15; number++ {
		query := fmt.Sprintf("page[size]=200&sort=id&page[number]=%d", number)
		for _, e := range decode[page](t, expenses(t, s, query)).Data {
			byMonth[e.Attributes["date"].(string)[:7]]++
			vendor, service := fmt.Sprint(e.Relationships["vendor"]), fmt.Sprint(e.Relationships["service_type"])
			if services[vendor] == nil {
				services[vendor] = map[string]bool{}
			}
			services[vendor][service] = true
		}
	}
	for month := 1; month <= 12; month++ {
		if byMonth[fmt.Sprintf("2025-%02d", month)] < 100 {
			t.Errorf("months: %v", byMonth)
		}
	}
	if byMonth["2025-10"] < 2*byMonth["2025-08"] {
		t.Errorf("October is not twice as busy as August: %v", byMonth)
	}
	for vendor, of := range services {
		if len(of) != 1 {
			t.Errorf("vendor %s has %d categories", vendor, len(of))
		}
	}
}

// A second demo in the same week finds nothing new.
func TestVendorsStayTheSameWithinAWeek(t *testing.T) {
	sunday := noon.AddDate(0, 0, 2)
	for name, tt := range map[string]struct {
		now  time.Time
		same bool
	}{
		"on Sunday": {sunday, true},
		"on Monday": {sunday.AddDate(0, 0, 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			friday := start(t, sandbox.Options{Expenses: 100})
			later := start(t, sandbox.Options{Expenses: 100, Now: func() time.Time { return tt.now }})
			query := "page[size]=100&sort=id"
			same := cmp.Equal(decode[page](t, expenses(t, friday, query)).Data, decode[page](t, expenses(t, later, query)).Data)
			if same != tt.same {
				t.Errorf("same is %v", same)
			}
		})
	}
}
