package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// An Expense is one expense as Productive.io stores it. Totals, conversions and
// profit are computed when it is served. The id of a related object is 0 if
// there is none.
type Expense struct {
	ID             int       `json:"id"`
	Name           string    `json:"name"`
	Date           string    `json:"date"` // 2026-01-31
	CreatedAt      time.Time `json:"created_at"`
	PayOn          string    `json:"pay_on"`
	PaidOn         string    `json:"paid_on"`
	Currency       string    `json:"currency"`
	Amount         int64     `json:"amount"`   // one unit, before tax, in minor units
	Quantity       string    `json:"quantity"` // "1.0"
	TaxPercent     int64     `json:"tax_percent"`
	BillableAmount int64     `json:"billable_amount"`
	Approved       bool      `json:"approved"`
	ApprovedAt     time.Time `json:"approved_at"`
	Rejected       bool      `json:"rejected"`
	RejectedReason string    `json:"rejected_reason"`
	Draft          bool      `json:"draft"`
	DeletedAt      time.Time `json:"deleted_at"`
	Listed         bool      `json:"listed"` // stays in the list although deleted
	Reimbursable   bool      `json:"reimbursable"`
	ReimbursedOn   string    `json:"reimbursed_on"`
	Invoiced       bool      `json:"invoiced"`
	Person         int       `json:"person_id"`
	Creator        int       `json:"creator_id"`
	Vendor         int       `json:"vendor_id"`
	ServiceType    int       `json:"service_type_id"`
	PurchaseOrder  int       `json:"purchase_order_id"`
	Deal           int       `json:"deal_id"`

	// Attributes replaces or adds attributes as served; a nil value removes one.
	Attributes map[string]json.RawMessage `json:"attributes,omitempty"`
}

func (s *Sandbox) indexExpense(e Expense) entry {
	hidden := !e.DeletedAt.IsZero() && !e.Listed && !s.opt.Productive.ListDeleted
	return entry{day: dayNumber(e.Date), at: e.CreatedAt.UnixMilli(), gone: hidden}
}

// dayNumber reads 2026-01-31 as 20260131; anything else is 0.
func dayNumber(date string) int32 {
	t, err := time.Parse(time.DateOnly, date[:min(len(date), len(time.DateOnly))])
	if err != nil {
		return 0
	}
	return int32(t.Year()*10_000 + int(t.Month())*100 + t.Day())
}

// organizationZone is the offset of Productive.io's datetimes: shortly after
// midnight is the day before in UTC.
var organizationZone = time.FixedZone("", 2*60*60)

const instant = "2006-01-02T15:04:05.000-07:00"

// moneyAttributes are the families in the order the API serves them.
var moneyAttributes = []string{
	"amount", "total_amount", "billable_amount", "profit", "recognized_revenue", "amount_with_tax", "total_amount_with_tax",
}

// amounts returns the values of moneyAttributes.
func (e *Expense) amounts() [7]int64 {
	total := times(e.Amount, e.Quantity)
	withTax := func(amount int64) int64 { return divide(amount*(100+e.TaxPercent), 100) }
	return [7]int64{e.Amount, total, e.BillableAmount, e.BillableAmount - total, 0, withTax(e.Amount), withTax(total)}
}

// attributes is the beginning of an expense's attributes; the amounts follow.
const attributes = `{"name":%s,"date":%s,"pay_on":%s,"paid_on":%s,"position":1,"invoiced":%t,"approved":%t,"approved_at":%s,` +
	`"rejected":%t,"rejected_reason":%s,"rejected_at":null,"deleted_at":%s,"reimbursable":%t,"reimbursed_on":%s,` +
	`"exchange_rate":"%s","exchange_rate_normalized":"%s","exchange_date":%s,"created_at":%s,"quantity":%s,` +
	`"quantity_received":"0.0","custom_fields":null,"draft":%t,"exported":false,"exported_at":null,` +
	`"export_integration_type_id":null,"export_id":null,"export_url":null,"company_reference_id":null,` +
	`"external_payment_id":null,"currency":%s,"currency_default":"USD","currency_normalized":"EUR"`

func (e *Expense) appendAttributes(b []byte, cents bool) []byte {
	own := cmp.Or(currencies[e.Currency], currency{2, 1_000_000}) // an unknown one is taken at par
	inEUR := own.rate * 4 / 5                                     // one EUR is 1.25 USD
	b = fmt.Appendf(b, attributes,
		quote(e.Name), quote(e.Date), quoteOrNull(e.PayOn), quoteOrNull(e.PaidOn), e.Invoiced, e.Approved, instantOrNull(e.ApprovedAt),
		e.Rejected, quoteOrNull(e.RejectedReason), instantOrNull(e.DeletedAt), e.Reimbursable, quoteOrNull(e.ReimbursedOn),
		rateText(own.rate), rateText(inEUR), quote(e.Date), instantOrNull(e.CreatedAt), quote(e.Quantity), e.Draft, quote(e.Currency))
	digits := choice(cents, 2, own.exponent)
	for i, amount := range e.amounts() {
		name := moneyAttributes[i]
		b = appendAmount(b, name, "", amount)
		b = appendAmount(b, name, "_default", hundredths(amount, digits, own.rate))
		b = appendAmount(b, name, "_normalized", hundredths(amount, digits, inEUR))
	}
	return append(b, '}')
}

func appendAmount(b []byte, name, suffix string, amount int64) []byte {
	b = append(append(append(b, `,"`...), name...), suffix...)
	return strconv.AppendInt(append(b, `":`...), amount, 10)
}

// merge replaces, adds and removes attributes of an encoded object. They come
// out sorted by name.
func merge(object []byte, changes map[string]json.RawMessage) []byte {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(object, &attributes); err != nil {
		panic(err) // it is our own JSON
	}
	for name, value := range changes {
		if attributes[name] = value; value == nil {
			delete(attributes, name)
		}
	}
	return encode(attributes)
}

type currency struct {
	exponent int   // as in ISO 4217
	rate     int64 // millionths of a US dollar that it buys
}

// currencies are those of generated spend. EUR buys 1.25 USD, as in the vendor's
// example; HRK was retired in 2023 and still occurs in old budgets.
var currencies = map[string]currency{
	"USD": {2, 1_000_000},
	"EUR": {2, 1_250_000},
	"GBP": {2, 1_500_000},
	"CAD": {2, 750_000},
	"CHF": {2, 1_100_000},
	"JPY": {0, 6_700},
	"KWD": {3, 3_250_000},
	"HRK": {2, 160_000},
}

// hundredths turns minor units, of which digits are decimals, into hundredths
// of another currency at a rate in millionths.
func hundredths(amount int64, digits int, rate int64) int64 {
	units := [...]int64{1, 10, 100, 1000}[digits]
	return divide(amount*rate, 10_000*units)
}

// divide rounds halves away from zero.
func divide(a, b int64) int64 {
	return (a + choice(a < 0, -b/2, b/2)) / b
}

// times multiplies an amount by a quantity such as "2.5", and by 1 if it is
// not a number.
func times(amount int64, quantity string) int64 {
	whole, decimals, _ := strings.Cut(quantity, ".")
	thousandths, err := strconv.ParseInt(whole+(decimals + "000")[:3], 10, 64)
	if err != nil {
		return amount
	}
	return divide(amount*thousandths, 1000)
}

// rateText writes millionths as the vendor does: 1.25, 1.0, 0.0067.
func rateText(rate int64) string {
	decimals := strings.TrimRight(fmt.Sprintf("%06d", rate%1_000_000), "0")
	return fmt.Sprintf("%d.%s", rate/1_000_000, cmp.Or(decimals, "0"))
}

// A generator makes each record from its id and the seed alone.
type generator struct {
	Options
	catalog *catalog
	days    int      // From to To
	company *company // nil: all is drawn at random
}

// random returns a record's own random source. The kind keeps expense 27 and
// transaction 27 apart.
func (g *generator) random(kind uint64, id int) *rand.Rand {
	return rand.New(rand.NewPCG(g.Seed^kind<<56, uint64(id)))
}

func (g *generator) expense(id int) Expense {
	r := g.random('e', id)
	e := g.plainExpense(id, r)
	spring(g, r, expenseTraps, 0, id, g.company != nil && isSettled(id, g.Expenses), &e)
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
// of the others that are not settled into any but the rare ones, which are the
// first of the list.
func spring[T any](g *generator, r *rand.Rand, traps []trap[T], rare, id int, settled bool, record *T) {
	switch {
	case g.Plain:
	case id <= len(traps):
		traps[id-1].spring(g, record)
	case !settled && r.IntN(100) < 4:
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
	if g.company != nil {
		g.company.fit(&e, r)
	}
	return e
}

// created spreads ids evenly over the days, and one record in a hundred is up to
// 300 days older; or as a company spends.
func (g *generator) created(id, total int, r *rand.Rand) time.Time {
	offset := (id - 1) * g.days / max(1, total)
	if g.company != nil {
		offset = g.company.day(id, total)
	} else if !g.Plain && r.IntN(100) == 0 {
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

// inCurrency sets an amount that is the same money however it is stored.
func inCurrency(code string, iso, cents int64) func(*generator, *Expense) {
	return func(g *generator, e *Expense) {
		e.Currency, e.Amount = code, choice(g.Productive.Cents, cents, iso)
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
