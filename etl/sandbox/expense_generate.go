package sandbox

import (
	"encoding/json"
	"math/rand/v2"
	"time"
)

// A generator makes each record from its id and the seed alone.
type generator struct {
	Options
	catalog *catalog
	days    int // From to To
}

func newGenerator(o Options, c *catalog) *generator {
	return &generator{Options: o, catalog: c, days: max(1, int(o.To.Sub(o.From).Hours()/24))}
}

// random returns a record's own random source. The kind keeps expense 27 and
// transaction 27 apart.
func (g *generator) random(kind uint64, id int) *rand.Rand {
	return rand.New(rand.NewPCG(g.Seed^kind<<56, uint64(id)))
}

// expense makes one expense.
func (g *generator) expense(id int) Expense {
	r := g.random('e', id)
	e := g.plainExpense(id, r)
	spring(g, r, expenseTraps, 0, id, &e)
	return e
}

// A trap is a record that a careless reader gets wrong.
type trap[T any] struct {
	name   string
	spring func(*generator, *T)
}

// set makes a trap of a change that depends on nothing else.
func set[T any](change func(*T)) func(*generator, *T) {
	return func(_ *generator, record *T) { change(record) }
}

// spring turns the first records into traps, one of each, and four in a hundred
// of the others into any but the rare ones, which are the first of the list.
func spring[T any](g *generator, r *rand.Rand, traps []trap[T], rare, id int, record *T) {
	switch {
	case g.Plain:
	case id <= len(traps):
		traps[id-1].spring(g, record)
	case r.IntN(100) < 4:
		traps[rare+r.IntN(len(traps)-rare)].spring(g, record)
	}
}

// plainExpense makes an approved expense of a known vendor, by a person with
// an e-mail. Later ids are created later.
func (g *generator) plainExpense(id int, r *rand.Rand) Expense {
	created := g.created(id, g.Expenses, r)
	e := Expense{
		ID:           id,
		Name:         purposes[r.IntN(len(purposes))],
		Date:         day(created.AddDate(0, 0, -r.IntN(4))),
		CreatedAt:    created,
		Currency:     usualCurrencies[r.IntN(len(usualCurrencies))],
		Quantity:     "1.0",
		Approved:     true,
		ApprovedAt:   created.Add(26 * time.Hour).Truncate(time.Second),
		Reimbursable: r.IntN(3) == 0,
		Person:       g.anyone(r),
		Creator:      g.anyone(r),
		Vendor:       firstCompany + g.anyVendor(r),
		ServiceType:  firstService + r.IntN(len(services)),
		Deal:         firstDeal + r.IntN(40),
	}
	e.Amount = price(r)
	if r.IntN(4) == 0 {
		e.TaxPercent = 25
	}
	if r.IntN(10) == 0 {
		e.PaidOn = day(created.AddDate(0, 0, 14))
	}
	return e
}

// created spreads ids evenly over the days; one record in a hundred is up to
// 300 days older.
func (g *generator) created(id, total int, r *rand.Rand) time.Time {
	offset := (id - 1) * g.days / max(1, total)
	if !g.Plain && r.IntN(100) == 0 {
		offset -= 1 + r.IntN(300)
	}
	midnight := time.Date(g.From.Year(), g.From.Month(), g.From.Day(), 0, 0, 0, 0, organizationZone)
	return midnight.AddDate(0, 0, offset).Add(time.Duration(r.Int64N(int64(24 * time.Hour)))).Truncate(time.Millisecond)
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

// price is mostly small and sometimes large: 2.00 to 5,002.00.
func price(r *rand.Rand) int64 {
	n := r.Int64N(1000)
	return 200 + n*n*n/2000 + r.Int64N(100)
}

func (g *generator) anyone(r *rand.Rand) int {
	return g.catalog.people[plainPeople+r.IntN(len(names))].ID
}

// anyVendor prefers the vendors at the front of the list, as spend does.
func (g *generator) anyVendor(r *rand.Rand) int {
	n := len(g.catalog.companies) - len(oddVendors)
	return r.IntN(1 + r.IntN(n))
}

var usualCurrencies = []string{"USD", "USD", "USD", "USD", "USD", "USD", "EUR", "EUR", "EUR", "EUR", "GBP", "CAD"}

var purposes = []string{
	"Team lunch", "Monthly subscription", "Flight to client", "Hotel, two nights", "Taxi", "Office supplies",
	"Conference ticket", "Printer toner", "Cloud hosting", "Design licence", "Courier", "Client dinner",
}

var expenseTraps = []trap[Expense]{
	{"yen has no minor units", inCurrency("JPY", 5000, 500_000)},
	{"dinar has three decimals", inCurrency("KWD", 12_345, 1234)},
	{"kuna is retired", inCurrency("HRK", 100_000, 100_000)},
	{"unknown currency", set(func(e *Expense) { e.Currency = "XQZ" })},
	{"lower-case currency", set(func(e *Expense) { e.Currency = "eur" })},
	{"quantity is not one", set(func(e *Expense) { e.Quantity = "2.5" })},
	{"tax is not in amount", set(func(e *Expense) { e.TaxPercent = 25 })},
	{"refund is negative", set(func(e *Expense) { e.Amount = -e.Amount })},
	{"amount is zero", set(func(e *Expense) { e.Amount = 0 })},
	{"billable is not cost", set(func(e *Expense) { e.BillableAmount = 3 * e.Amount })},
	{"no vendor", set(func(e *Expense) { e.Vendor = 0 })},
	{"no person", set(func(e *Expense) { e.Person = 0 })},
	{"no person and no creator", set(func(e *Expense) { e.Person, e.Creator = 0, 0 })},
	{"no service type", set(func(e *Expense) { e.ServiceType = 0 })},
	{"person without e-mail", submittedBy(noEmail)},
	{"person without last name", submittedBy(noLastName)},
	{"placeholder person", submittedBy(placeholderPerson)},
	{"namesake", submittedBy(namesakeOne)},
	{"other namesake", submittedBy(namesakeTwo)},
	{"archived person", submittedBy(archivedPerson)},
	{"draft", set(func(e *Expense) { e.Draft = true })},
	{"rejected", set(func(e *Expense) { e.Approved, e.Rejected, e.RejectedReason = false, true, "no receipt" })},
	{"not approved", set(func(e *Expense) { e.Approved, e.ApprovedAt = false, time.Time{} })},
	{"deleted and still listed", set(func(e *Expense) { e.DeletedAt, e.Listed = e.CreatedAt.Add(time.Hour), true })},
	{"deleted and hidden", set(func(e *Expense) { e.DeletedAt = e.CreatedAt.Add(time.Hour) })},
	{"back-dated", set(func(e *Expense) { e.Date = day(e.CreatedAt.AddDate(0, 0, -60)) })},
	{"id shared with a transaction", set(func(e *Expense) { e.Name = "same id, other vendor" })},
	{"in the future", func(g *generator, e *Expense) { e.Date = day(g.To.AddDate(0, 0, 1+e.ID%30)) }},
	{"created on another UTC day", set(func(e *Expense) {
		y, m, d := e.CreatedAt.Date()
		e.CreatedAt = time.Date(y, m, d, 0, 30, 0, 0, organizationZone)
	})},
	{"unknown attributes", set(func(e *Expense) {
		e.Attributes = map[string]json.RawMessage{
			"markup": []byte(`null`), "line_items_count": []byte(`0`), "updated_at": []byte(`"2026-01-02T03:04:05.000+02:00"`),
		}
	})},
	{"profit and revenue missing", set(func(e *Expense) {
		e.Attributes = map[string]json.RawMessage{
			"profit": nil, "profit_default": nil, "profit_normalized": nil, "recognized_revenue": nil,
		}
	})},
	{"total missing", set(func(e *Expense) {
		e.Attributes = map[string]json.RawMessage{"total_amount_with_tax": nil, "total_amount": nil}
	})},
	{"purchase order", set(func(e *Expense) { e.PurchaseOrder = firstOrder + e.ID%20 })},
	{"vendor padded", odd(0)},
	{"vendor with control characters", odd(1)},
	{"vendor with markup", odd(2)},
	{"vendor is a legal suffix", odd(3)},
	{"vendor is a number", odd(4)},
	{"vendor is an emoji", odd(5)},
	{"vendor of 300 characters", odd(6)},
	{"name in other scripts", set(func(e *Expense) { e.Name = "昼食 / обед / غداء" })},
	{"invoiced and paid", set(func(e *Expense) { e.Invoiced, e.PaidOn = true, e.Date })},
}

// inCurrency sets an amount that is the same money under either exponent rule.
func inCurrency(code string, iso, cents int64) func(*generator, *Expense) {
	return func(g *generator, e *Expense) {
		e.Currency, e.Amount = code, choice(g.Productive.Exponent == Cents, cents, iso)
	}
}

func submittedBy(who int) func(*generator, *Expense) {
	return func(g *generator, e *Expense) { e.Person = g.catalog.people[who].ID }
}

func odd(n int) func(*generator, *Expense) {
	return func(g *generator, e *Expense) {
		e.Vendor = firstCompany + len(g.catalog.companies) - len(oddVendors) + n
	}
}

// seedExpenses are the three expenses of the vendor's example response.
func seedExpenses() []Expense {
	base := time.Date(2025, 8, 2, 2, 7, 0, 0, organizationZone)
	var all []Expense
	for i, ms := range []int{19_900, 20_140, 20_215} {
		all = append(all, Expense{
			ID: 27 + i, Name: "test name", Date: "2025-08-02", CreatedAt: base.Add(time.Duration(ms) * time.Millisecond),
			Currency: "EUR", Amount: 10000, Quantity: "1.0",
		})
	}
	return all
}
