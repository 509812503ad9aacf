package sandbox

import (
	"cmp"
	"time"
)

// Options say how many records there are, how the vendors behave where their
// documentation is silent, and which faults occur. The zero value is three
// empty vendors without faults.
type Options struct {
	// Seed decides every generated value: equal options make equal vendors.
	Seed uint64

	// Expenses and Transactions say how many records exist at the start.
	Expenses, Transactions int

	// From and To bound the days of most spend. The default is the 80 days
	// before this week's Monday, so that vendors created within a week are
	// equal. One record in a hundred is older, and a few expenses are after To.
	From, To time.Time

	// Plain leaves out the traps, records that a careless reader gets wrong:
	// schemas/README.md, Traps.
	Plain bool

	// SeedOnly serves exactly the three expenses of the vendor's own example
	// response, and no transactions.
	SeedOnly bool

	// Now is the vendors' clock. The default is time.Now.
	Now func() time.Time

	// Latency is how long each answer takes.
	Latency time.Duration

	// Faults are the faults that occur, see [ParseFaults].
	Faults []Fault

	Productive Productive
	Procurify  Procurify
	Productiv  Productiv
}

// Productive are the options of Productive.io.
type Productive struct {
	OrganizationID string // default "517", as in the vendor's example

	NoCursor         bool     // an older server: page[after] is ignored
	CursorRefused    bool     // page[after] answers 400 keyset_unsupported_sort
	NoSortByID       bool     // an older server: sort=id answers 400
	RefuseLargePages bool     // page[size] above 200 answers 400 instead of 200 records
	ListDeleted      bool     // deleted expenses stay in the list, with deleted_at
	LinksElsewhere   bool     // links name another host
	EnforceLimits    bool     // 100 requests in 10 s, 4000 in 30 min, by Now
	Exponent         Exponent // how minor units are stored
	NewerSpec        bool     // errors carry a number as status and no code
}

// An Exponent says how many minor units make one unit of a currency.
type Exponent int

const (
	ISO   Exponent = iota // as ISO 4217 says: JPY 0, KWD 3
	Cents                 // a hundredth, whatever the currency
)

// Procurify are the options of Procurify.
type Procurify struct {
	TopLevel      bool          // pagination beside data, not under metadata
	NextElsewhere bool          // next names another host
	MinorUnits    bool          // amounts are "8000", not "80.00"
	BalanceSigns  bool          // captures negative, refunds positive
	MaxPageSize   int           // default 100
	TokenLife     time.Duration // default 24 h
	NoRole        bool          // the role may list neither transactions nor users: 403
	FilterBy      When          // what start_date and end_date compare
}

// A When is one of the three datetimes of a transaction.
type When int

const (
	ByTransaction   When = iota // captured
	ByAuthorization             // authorised
	ByAllocation                // allocated to a fund
)

// Productiv are the options of Productiv.
type Productiv struct {
	TokenLife  time.Duration // default 1 h
	Signatures Signatures    // what a repeated signatureId does
	Strict     string        // "finance" or "spend": refuse other fields
	Partial422 bool          // a refused batch stores its good records
	Poison     []string      // vendors and keys that are refused with 422
	CountOnly  bool          // keep no records, only their number
}

// Signatures says what a repeated signatureId does, which is undocumented.
type Signatures int

const (
	Upsert Signatures = iota // the newer record replaces the older
	Ignore                   // the first one stays
	Append                   // both are kept
)

// DemoOptions are the defaults of the commands demo and sandbox: a few thousand
// records with every trap.
func DemoOptions() Options {
	return Options{
		Seed:         1,
		Expenses:     3000,
		Transactions: 1500,
		Procurify:    Procurify{NextElsewhere: true},
	}
}

// withDefaults sets what is not set.
func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.To.IsZero() {
		o.To = monday(o.Now())
	}
	if o.From.IsZero() {
		o.From = o.To.AddDate(0, 0, -80)
	}
	if o.SeedOnly {
		o.Expenses, o.Transactions = 0, 0
	}
	o.Productive.OrganizationID = cmp.Or(o.Productive.OrganizationID, "517")
	o.Procurify.MaxPageSize = cmp.Or(o.Procurify.MaxPageSize, 100)
	o.Procurify.TokenLife = cmp.Or(o.Procurify.TokenLife, 24*time.Hour)
	o.Productiv.TokenLife = cmp.Or(o.Productiv.TokenLife, time.Hour)
	return o
}

// monday is the start of t's week.
func monday(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	sinceMonday := (int(t.UTC().Weekday()) + 6) % 7
	return time.Date(y, m, d-sinceMonday, 0, 0, 0, 0, time.UTC)
}
