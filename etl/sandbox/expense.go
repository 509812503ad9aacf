package sandbox

import (
	"encoding/json"
	"slices"
	"time"
)

// An Expense is what Productive.io knows of one expense. What the API derives
// (totals, conversions, profit) is not here: it is worked out when served.
// Ids of related objects are 0 where there is none.
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

	// Attributes replaces attributes as served, or adds unknown ones; a nil
	// value removes one. It can make any drift.
	Attributes map[string]json.RawMessage `json:"attributes,omitempty"`
}

// entry indexes an expense.
func (e Expense) entry() entry {
	return entry{day: dayNumber(e.Date), at: e.CreatedAt.UnixMilli()}
}

// dayNumber reads 2026-01-31 as 20260131; anything else is 0.
func dayNumber(date string) int32 {
	if len(date) < 10 {
		return 0
	}
	var n int32
	for i, c := range []byte(date[:10]) {
		switch {
		case i == 4 || i == 7:
			continue
		case c < '0' || c > '9':
			return 0
		}
		n = n*10 + int32(c-'0')
	}
	return n
}

// organizationZone is the offset that datetimes carry. Because of it, what is
// created shortly after midnight lies on the day before in UTC.
var organizationZone = time.FixedZone("", 2*60*60)

const instant = "2006-01-02T15:04:05.000-07:00"

// moneyAttributes are the families in the order the API serves them.
var moneyAttributes = []string{
	"amount", "total_amount", "billable_amount", "profit", "recognized_revenue", "amount_with_tax", "total_amount_with_tax",
}

// amounts works out the money families of an expense in moneyAttributes'
// order.
func (e *Expense) amounts() [7]int64 {
	total := times(e.Amount, e.Quantity)
	withTax := func(amount int64) int64 { return divide(amount*(100+e.TaxPercent), 100) }
	return [7]int64{e.Amount, total, e.BillableAmount, e.BillableAmount - total, 0, withTax(e.Amount), withTax(total)}
}

// appendExpense writes one JSON:API object. Only relationships in include
// carry data; the others say meta.included false, and not even an id.
func (c *catalog) appendExpense(b []byte, e *Expense, rule Exponent, include []string) []byte {
	b = append(b, `{"id":"`...)
	b = appendInt(b, e.ID)
	b = append(b, `","type":"expenses","attributes":`...)
	if e.Attributes == nil {
		b = e.appendAttributes(b, rule)
	} else {
		b = append(b, merge(e.appendAttributes(nil, rule), e.Attributes)...)
	}
	b = append(b, `,"relationships":{"organization":{"data":{"type":"organizations","id":"`...)
	b = append(b, c.organization...)
	b = append(b, `"}}`...)
	for _, name := range relationships {
		b = append(b, `,"`...)
		b = append(b, name...)
		b = append(b, `":`...)
		if slices.Contains(include, name) {
			b = appendReference(b, relatedTypes[name], e.related(name))
		} else {
			b = append(b, `{"meta":{"included":false}}`...)
		}
	}
	return append(b, "}}"...)
}

func (e *Expense) appendAttributes(b []byte, rule Exponent) []byte {
	own, usd, eur := lookup(e.Currency), currencies["USD"], currencies["EUR"]
	b = appendText(append(b, '{'), `"name":`, e.Name)
	b = appendText(b, `,"date":`, e.Date)
	b = appendNullable(b, `,"pay_on":`, e.PayOn)
	b = appendNullable(b, `,"paid_on":`, e.PaidOn)
	b = append(b, `,"position":1`...)
	b = appendBool(b, `,"invoiced":`, e.Invoiced)
	b = appendBool(b, `,"approved":`, e.Approved)
	b = appendTime(b, `,"approved_at":`, e.ApprovedAt)
	b = appendBool(b, `,"rejected":`, e.Rejected)
	b = appendNullable(b, `,"rejected_reason":`, e.RejectedReason)
	b = append(b, `,"rejected_at":null`...)
	b = appendTime(b, `,"deleted_at":`, e.DeletedAt)
	b = appendBool(b, `,"reimbursable":`, e.Reimbursable)
	b = appendNullable(b, `,"reimbursed_on":`, e.ReimbursedOn)
	b = append(b, `,"exchange_rate":"`...)
	b = appendRate(b, own.rate)
	b = append(b, `","exchange_rate_normalized":"`...)
	b = appendRate(b, own.rate*4/5) // one EUR is 1.25 USD
	b = appendText(b, `","exchange_date":`, e.Date)
	b = appendTime(b, `,"created_at":`, e.CreatedAt)
	b = appendText(b, `,"quantity":`, e.Quantity)
	b = append(b, `,"quantity_received":"0.0","custom_fields":null`...)
	b = appendBool(b, `,"draft":`, e.Draft)
	b = append(b, `,"exported":false,"exported_at":null,"export_integration_type_id":null,"export_id":null`...)
	b = append(b, `,"export_url":null,"company_reference_id":null,"external_payment_id":null`...)
	b = appendText(b, `,"currency":`, e.Currency)
	b = append(b, `,"currency_default":"USD","currency_normalized":"EUR"`...)
	from, toUSD, toEUR := rule.digits(own), rule.digits(usd), rule.digits(eur)
	for i, amount := range e.amounts() {
		b = appendMoney(b, moneyAttributes[i], "", amount)
		b = appendMoney(b, moneyAttributes[i], "_default", convert(amount, from, toUSD, own.rate))
		b = appendMoney(b, moneyAttributes[i], "_normalized", convert(amount, from, toEUR, own.rate*4/5))
	}
	return append(b, '}')
}

// merge replaces, adds and removes attributes of an encoded object. The order
// of the attributes is lost, which JSON allows a vendor to do as well.
func merge(object []byte, changes map[string]json.RawMessage) []byte {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(object, &attributes); err != nil {
		panic(err) // we wrote it ourselves
	}
	for name, value := range changes {
		if attributes[name] = value; value == nil {
			delete(attributes, name)
		}
	}
	return encode(attributes)
}
