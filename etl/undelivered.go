package etl

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The classes of records that differ between Productiv and canonical.spend.
// Each is settled in its own way.
const (
	ClassChanged     = "changed"     // another amount, currency or time; the policy does not post it
	ClassTouched     = "touched"     // something else differs
	ClassWithdrawn   = "withdrawn"   // delivered, and no longer spend
	ClassFrozen      = "frozen"      // delivered, and now quarantined or not due
	ClassHeld        = "held"        // by a gate
	ClassRejected    = "rejected"    // by Productiv
	ClassInvalid     = "invalid"     // it breaks the JSON Schema of a record, so it was never sent
	ClassUnknown     = "unknown"     // in doubt: the answer was lost
	ClassPending     = "pending"     // the next load posts it
	ClassNotDue      = "not_due"     // before post_from, or in the future
	ClassQuarantined = "quarantined" // it cannot become spend yet
)

// An Undelivered counts the records of one class and currency that differ
// between Productiv and canonical.spend.
type Undelivered struct {
	Class      string    `json:"class"`
	State      string    `json:"state"` // where the control totals count them
	Currency   string    `json:"currency"`
	Records    int64     `json:"records"`
	Reversed   int64     `json:"reversed"`   // reversed, but their new version is missing
	Amount     string    `json:"amount"`     // what posting them would add, exact
	Unreadable int64     `json:"unreadable"` // without a readable amount
	Since      time.Time `json:"since,omitzero"`
	Attention  bool      `json:"needs_attention"`
	Settled    bool      `json:"settled"` // a person settled them
}

// classWords lists the classes in display order, with their wording.
var classWords = []struct{ class, words string }{
	{ClassUnknown, "in doubt"},
	{ClassRejected, "rejected by Productiv"},
	{ClassInvalid, "rejected here"},
	{ClassHeld, "held by a gate"},
	{ClassChanged, "changed and not posted"},
	{ClassWithdrawn, "withdrawn and still at Productiv"},
	{ClassFrozen, "frozen"},
	{ClassQuarantined, "in quarantine"},
	{ClassPending, "pending"},
	{ClassTouched, "touched"},
	{ClassNotDue, "not due"},
}

// ClassWords describes a class.
func ClassWords(class string) string {
	for _, c := range classWords {
		if c.class == class {
			return c.words
		}
	}
	return class
}

// Words says what the records are, and whether a person settled them.
func (u Undelivered) Words() string {
	if u.Settled {
		return ClassWords(u.Class) + ", settled"
	}
	return ClassWords(u.Class)
}

// IsReadable reports whether the amount of any of the records can be read.
func (u Undelivered) IsReadable() bool { return u.Unreadable < u.Records }

// Money prints the amount for people, "?" if none can be read.
func (u Undelivered) Money() string {
	if !u.IsReadable() {
		return "?"
	}
	return Money(u.Amount, 2)
}

// Exceptions summarizes what is neither delivered nor settled, with its money:
// "17 rejected by Productiv (22,161.55 USD, 6,546.50 EUR)". Touched and not_due
// records are not exceptions. It is empty if there are none.
func Exceptions(all []Undelivered) string {
	var parts []string
	for _, c := range classWords {
		if c.class == ClassTouched || c.class == ClassNotDue {
			continue
		}
		cells := slices.DeleteFunc(slices.Clone(all), func(u Undelivered) bool { return u.Class != c.class || u.Settled })
		if len(cells) > 0 {
			parts = append(parts, SumUp(cells)+" "+c.words+" ("+MoneyOf(cells)+")")
		}
	}
	return strings.Join(parts, ", ")
}

// SumUp adds up the records.
func SumUp(cells []Undelivered) string {
	n := int64(0)
	for _, u := range cells {
		n += u.Records
	}
	return Number(n)
}

// MoneyOf lists the money by currency.
func MoneyOf(cells []Undelivered) string {
	var currencies []string
	sums, unreadable := map[string]string{}, int64(0)
	for _, u := range cells {
		unreadable += u.Unreadable
		if !u.IsReadable() {
			continue
		}
		if _, ok := sums[u.Currency]; !ok {
			currencies = append(currencies, u.Currency)
			sums[u.Currency] = "0"
		}
		sums[u.Currency] = AddMoney(sums[u.Currency], u.Amount)
	}
	parts := make([]string, 0, len(currencies)+1)
	for _, currency := range currencies {
		parts = append(parts, strings.TrimSpace(Money(sums[currency], 2)+" "+currency))
	}
	if unreadable > 0 {
		parts = append(parts, fmt.Sprintf("%s without a readable amount", Number(unreadable)))
	}
	return strings.Join(parts, ", ")
}
