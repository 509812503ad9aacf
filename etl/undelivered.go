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
	Amount     Amount    `json:"amount"`     // what posting them would add, of those that can be read
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
		sums[u.Currency] = AddMoney(sums[u.Currency], string(u.Amount))
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

// The gates that hold records before their first byte is sent to Productiv,
// as the ledger and every report name them.
const (
	GateFolder     = "folder"             // this may not be the data folder that posted last
	GateDelivered  = "delivered_keys"     // a list of what Productiv has does not name the record
	GateTarget     = "target"             // another target has the record
	GateFirstLoad  = "first_load"         // the target never accepted anything from this source
	GateQuarantine = "quarantine"         // much of the source went into quarantine
	GateBackfill   = "backfill"           // it came by a backfill, or became due by a changed setting or version
	GateChanges    = "hold_changes_above" // the setting of this name
	GateVolume     = "hold_volume_above"  // the setting of this name
)

// A Held is what one gate holds.
type Held struct {
	Gate    string `json:"gate"`
	Items   int    `json:"items"` // what would be posted: a change may be two
	Records int    `json:"records"`
}

// Why is a short reason why the gate holds.
func (h Held) Why() string {
	switch h.Gate {
	case GateFolder:
		return "this may not be the data folder that posted last"
	case GateDelivered:
		return "the file of delivered keys does not list them"
	case GateTarget:
		return "another target of Productiv has them"
	case GateFirstLoad:
		return "this is the first load of the source to this target"
	case GateQuarantine:
		return "many records of the source went into quarantine since the last load"
	case GateBackfill:
		return "they came by a backfill, or became due by a changed setting"
	default:
		return "the load is larger than productiv." + h.Gate + " allows"
	}
}

// A HeldPlan is what the gates of the last load hold, under the name by which it
// can be approved. Without a name nothing is held.
type HeldPlan struct {
	Name  string `json:"plan"`
	Held  []Held `json:"held"`
	Moves []Move `json:"moves,omitempty"` // what the gate of the target asks
}

// A Move is a target of Productiv that has records, and the one that they
// would go to now.
type Move struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Items is how many items an approval would post.
func (p HeldPlan) Items() int {
	n := 0
	for _, h := range p.Held {
		n += h.Items
	}
	return n
}

// Has reports whether a gate holds something.
func (p HeldPlan) Has(gate string) bool {
	return slices.ContainsFunc(p.Held, func(h Held) bool { return h.Gate == gate })
}

// Ways lists the commands that resolve the gates. Approval comes last.
func (p HeldPlan) Ways() []string {
	ways := []string{"spendbridge load --dry-run"}
	for _, m := range p.Moves {
		ways = append(ways, fmt.Sprintf("spendbridge settle --target-moved --from %s --to %s --note WHY  # both are one application", m.From, m.To))
	}
	if p.Has(GateTarget) {
		ways = append(ways, "spendbridge settle --target-kept --note WHY  # they are two, the records stay where they are")
	}
	if p.Has(GateFolder) {
		ways = append(ways,
			"spendbridge verify --rebuild  # with --from-store if there is a store; else after the newest sent files were copied into sent in the data folder",
			"spendbridge settle --delivered-keys FILE --note WHY  # a file exported from Productiv")
	}
	return append(ways, fmt.Sprintf("spendbridge load --approve=%s --note WHY  # posts exactly these %d", p.Name, p.Items()))
}

// String describes what is held and why.
func (p HeldPlan) String() string {
	parts := make([]string, len(p.Held))
	for i, h := range p.Held {
		parts[i] = fmt.Sprintf("%d records are held by the gate %s: %s", h.Records, h.Gate, h.Why())
	}
	return strings.Join(parts, "; ")
}
