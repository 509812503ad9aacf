package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
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

func (e *Expense) appendAttributes(b []byte, rule Exponent) []byte {
	own := cmp.Or(currencies[e.Currency], currency{2, 1_000_000}) // an unknown one is taken at par
	inEUR := own.rate * 4 / 5                                     // one EUR is 1.25 USD
	b = fmt.Appendf(b, attributes,
		quote(e.Name), quote(e.Date), quoteOrNull(e.PayOn), quoteOrNull(e.PaidOn), e.Invoiced, e.Approved, instantOrNull(e.ApprovedAt),
		e.Rejected, quoteOrNull(e.RejectedReason), instantOrNull(e.DeletedAt), e.Reimbursable, quoteOrNull(e.ReimbursedOn),
		rateText(own.rate), rateText(inEUR), quote(e.Date), instantOrNull(e.CreatedAt), quote(e.Quantity), e.Draft, quote(e.Currency))
	digits := choice(rule == Cents, 2, own.exponent)
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
	divisor := int64(1_000_000)
	for ; digits < 2; digits++ {
		amount *= 10
	}
	for ; digits > 2; digits-- {
		divisor *= 10
	}
	return divide(amount*rate, divisor)
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
