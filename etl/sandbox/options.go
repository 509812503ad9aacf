package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"
)

// Options say how many records there are, how the vendors behave where their
// documentation is silent, and which faults occur. The zero value is three
// empty vendors without faults.
type Options struct {
	Seed                   uint64 // decides every generated value: equal options make equal vendors
	Expenses, Transactions int    // how many records exist at the start

	// From and To bound the days of most spend. The default is the 80 days
	// before this week's Monday, so that vendors created within a week are
	// equal. One record in a hundred is older, and a few expenses are after To.
	From, To time.Time

	// Months is how long the company has been at it: the default of From is so
	// many months before To, spend has seasons, categories fit their vendors, and
	// some purchases are in both systems. 0: all is drawn at random.
	Months int

	// Plain leaves out the traps, records that a careless reader gets wrong:
	// schemas/README.md, Traps.
	Plain bool

	// SeedOnly serves exactly the three expenses of the vendor's own example
	// response, and no transactions.
	SeedOnly bool

	Now        func() time.Time // the vendors' clock; default time.Now
	Latency    time.Duration    // how long each answer takes
	Faults     []Fault          // see [ParseFaults]
	Productive Productive
	Procurify  Procurify
	Productiv  Productiv
}

// Productive are the options of Productive.io.
type Productive struct {
	OrganizationID string // default "517", as in the vendor's example

	NoCursor         bool // an older server: page[after] is ignored
	CursorRefused    bool // page[after] answers 400 keyset_unsupported_sort
	NoSortByID       bool // an older server: sort=id answers 400
	RefuseLargePages bool // page[size] above 200 answers 400 instead of 200 records
	ListDeleted      bool // deleted expenses stay in the list, with deleted_at
	LinksElsewhere   bool // links name another host
	EnforceLimits    bool // 100 requests in 10 s, 4000 in 30 min, by Now
	Cents            bool // amounts are in hundredths, whatever ISO 4217 says of the currency
	NewerSpec        bool // errors carry a number as status and no code
}

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

// DemoMonths is how many months of spend the commands demo and sandbox serve.
const DemoMonths = 15

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

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.To.IsZero() { // the start of this week
		y, m, d := o.Now().UTC().Date()
		o.To = time.Date(y, m, d-(int(o.Now().UTC().Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
	}
	if o.From.IsZero() && o.Months > 0 {
		o.From = o.To.AddDate(0, -o.Months, 0)
	} else if o.From.IsZero() {
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

// lookback is how far back a run must read to find all spend of a company of
// some months, back-dated records included. It is empty for any other.
func (o Options) lookback() string {
	if o.Months == 0 {
		return ""
	}
	return fmt.Sprintf("%dd", int(o.Now().Sub(o.From).Hours()/24)+90)
}

// SecretMark is part of every secret and token of the sandbox, so that a test
// can search a program's output for it.
const SecretMark = "sandbox-secret"

// The credentials that the vendors accept. Client ids are not secret.
const (
	ProductiveToken       = SecretMark + "-productive-token"
	ProcurifyClientID     = "sandbox-procurify-client"
	ProcurifyClientSecret = SecretMark + "-procurify-client"
	ProductivClientID     = "sandbox-productiv-client"
	ProductivClientSecret = SecretMark + "-productiv-client"
)

// tokens are the access tokens that were issued.
type tokens struct {
	now func() time.Time

	mu     sync.Mutex
	issued map[string]token
	count  int // issued so far
}

type token struct {
	api     string
	scope   string
	expires time.Time
}

func (t *tokens) issue(api, scope string, life time.Duration) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	name := fmt.Sprintf("%s-%s-access-%d", SecretMark, api, t.count)
	t.issued[name] = token{api, scope, t.now().Add(life)}
	return name
}

// check reports whether an Authorization header has a valid token, and its scope.
func (t *tokens) check(api, header string) (scope string, ok bool) {
	name, bearer := strings.CutPrefix(header, "Bearer ")
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.issued[name]
	return found.scope, bearer && found.api == api && t.now().Before(found.expires)
}

func (t *tokens) revoke(api string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.issued, func(_ string, found token) bool { return found.api == api })
}
