package report

import (
	"context"
	"database/sql"
	"errors"
	"html/template"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// How many lines of a long list the page shows.
const (
	maxVendors     = 12
	maxOfVendor    = 10 // records of each
	maxQuarantined = 12
	maxUndelivered = 12
	maxSuggestions = 10
	maxMonthStates = 14
	maxDecisions   = 30
)

// A page is all that the report of a run shows. What a statement selects fills
// the fields of its rows; page.html prints them.
type page struct {
	Style      template.CSS
	StyleHash  string
	Script     template.JS
	ScriptHash string

	Run struct { // its row of ops.runs
		RunState
		Version, ConfigHash string
	}
	State   *State // as of now
	Verdict verdict
	Todo    []Todo
	Figures []figure
	Stages  []StageState
	Checks  []struct { // the proofs of one kind
		Stage, CheckName, Source string
		Passed, Failed           int64
	}

	TotalsRun    string // the run whose totals are shown; empty = none yet
	Totals       Totals
	LedgerStates []int // of ledgerStates, those that occur in Totals

	Spend      allSpend
	Months     monthChart
	Compared   *comparison       // nil: no month is over
	Final      []etl.MonthStatus // of the newest months, the last first
	Vendors    []bar
	OfVendor   map[string][]vendorRecord // the newest records by vendor
	Currencies []bar
	Rates      []struct { // how amounts of one currency were converted
		Currency, FXSource, Lowest, Highest, FirstDay, LastDay, Amount string
		Records                                                        int64
	}
	Asked *Asked // nil: nobody asked

	Changes []struct { // what one stream's records did during the run
		Source, Stream             string
		Added, Changed, Gone       int64
		AddedAmount, ChangedAmount string // of those that are spend; empty: none is
	}
	Since       []sinceRow
	SinceRun    string
	Excluded    []reasonRow
	Quarantine  []reasonRow
	Quarantined []Quarantined

	Deliveries []struct { // what one state of the run's posted records came to
		State, Kind, Currency, Amount string
		Records                       int64
	}
	Batches []struct { // of this run, or in doubt
		BatchState
		Target string
		Status int
	}
	BatchMoney map[string][]batchMoney // by batch
	Decisions  []struct {              // by people, since the run before
		DecidedAt                          time.Time
		DecidedBy, Decision, Subject, Note string
	}
	Undelivered []undeliveredRecord
	Snapshot    struct { // the newest
		SnapshotID, Path, LogicalHash string
		Rows                          int64
		CreatedAt                     time.Time
	}

	exponents map[cellKey]int // by how many decimals a source shifts its amounts
}

// An allSpend is all of it, in the reporting currency.
type allSpend struct {
	Records, Unpriced, Vendors int64
	Amount, Currency           string
	FirstDay, LastDay          string
}

// An undeliveredRecord is one that Productiv does not hold as spend has it.
type undeliveredRecord struct {
	SpendID, Class, Vendor, OccurredOn, Amount, Currency, Reason, Command string
}

// Settle is the command that settles it, safe to paste into a shell: a part of
// the id is what a vendor wrote.
func (u undeliveredRecord) Settle() string {
	return strings.ReplaceAll(u.Command, u.SpendID, shellWord(u.SpendID))
}

type verdict struct {
	Class string // ok, person, failed: which colour and sign
	Title string
	Text  string
}

type figure struct {
	Label, Value, Note string
}

// A sinceRow compares spend with that of the run before.
type sinceRow struct {
	Source, Currency   string
	Before, Now, Moved etl.Cell
}

// A reasonRow is what was left out for one reason. The amount is as received.
type reasonRow struct {
	Reason, Source, Currency, Amount string
	Records                          int64
}

// A batchMoney is the money in one batch in one currency.
type batchMoney struct {
	BatchID, Currency, Amount string
}

// A vendorRecord is one record of a vendor.
type vendorRecord struct {
	Vendor, SpendID, OccurredOn, Amount, Currency, Category string
}

// Explain is the command that tells where the record comes from and went.
func (r vendorRecord) Explain() string { return "spendbridge explain " + shellWord(r.SpendID) }

func readPage(ctx context.Context, db warehouse.Runner, run etl.RunID, state *State) (*page, error) {
	p := &page{State: state, OfVendor: map[string][]vendorRecord{}, BatchMoney: map[string][]batchMoney{}}
	args := warehouse.Args{"run_id": string(run)}
	err := warehouse.Fill(ctx, db, &p.Run, "report/run.get", args)
	if errors.Is(err, sql.ErrNoRows) {
		err = errors.New("no such run; spendbridge status lists the last ones")
	}
	if err != nil {
		return nil, err
	}
	until := p.Run.Finished
	if until.IsZero() {
		until = p.Run.Started.AddDate(1, 0, 0) // the run goes on
	}
	var months []month
	var ofVendors []vendorRecord
	var money []batchMoney
	err = fillAll(ctx, db,
		part{&p.Stages, "report/run.stages", args},
		part{&p.Checks, "report/run.checks", args},
		part{&p.Spend, "report/spend.list", nil},
		part{&p.Currencies, "report/spend.currencies", nil},
		part{&p.Vendors, "report/spend.vendors", warehouse.Args{"limit": maxVendors}},
		part{&ofVendors, "report/spend.vendor_records", warehouse.Args{"limit": maxVendors, "each": maxOfVendor}},
		part{&months, "report/spend.months", nil},
		part{&p.Final, "report/spend.month_status", warehouse.Args{"limit": maxMonthStates}},
		part{&p.Rates, "report/spend.rates", nil},
		part{&p.Changes, "report/delivery.changes", warehouse.Args{"started_at": p.Run.Started, "finished_at": until}},
		part{&p.Excluded, "report/quarantine.reasons", warehouse.Args{"place": "excluded"}},
		part{&p.Quarantine, "report/quarantine.reasons", warehouse.Args{"place": "quarantine"}},
		part{&p.Deliveries, "report/delivery.states", args},
		part{&p.Batches, "report/delivery.batches", args},
		part{&p.Decisions, "report/delivery.decisions", warehouse.Args{"run_id": string(run), "limit": maxDecisions}},
	)
	var details []part // of what there is
	if len(p.Quarantine) > 0 {
		details = append(details, part{&p.Quarantined, "report/quarantine.first", warehouse.Args{"limit": maxQuarantined}})
	}
	if len(p.Batches) > 0 {
		details = append(details, part{&money, "report/delivery.batch_money", args})
	}
	if len(state.Open) > 0 {
		details = append(details, part{&p.Undelivered, "report/delivery.largest", warehouse.Args{"quarantined": false, "limit": maxUndelivered}})
	}
	if err == nil {
		err = fillAll(ctx, db, details...)
	}
	if err != nil {
		return nil, err
	}
	for _, r := range ofVendors {
		p.OfVendor[r.Vendor] = append(p.OfVendor[r.Vendor], r)
	}
	for _, m := range money {
		p.BatchMoney[m.BatchID] = append(p.BatchMoney[m.BatchID], m)
	}
	if err := warehouse.Fill(ctx, db, &p.Snapshot, "report/run.snapshot", args); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	if p.exponents, err = exponents(ctx, db); err != nil {
		return nil, err
	}
	p.Months = chartMonths(months)
	scaleBars(p.Vendors)
	scaleBars(p.Currencies)
	if err := p.readComparison(ctx, db); err != nil {
		return nil, err
	}
	if err := p.readTotals(ctx, db); err != nil {
		return nil, err
	}
	p.judge()
	return p, nil
}

// decimals is how many decimals amounts of a currency are printed with.
func (p *page) decimals(currency string) int {
	for _, c := range p.Currencies {
		if c.Name == currency {
			return c.Exponent
		}
	}
	return 2
}

// money prints an exact amount as its currency is printed, and none as a
// question mark.
func (p *page) money(amount, currency string) string {
	return etl.Money(amount, p.decimals(currency))
}

// major prints an amount that a source gave in its own unit: exact, and with as
// many decimals as that takes.
func (p *page) major(amount, source, currency string) (string, error) {
	if amount == "" {
		return "?", nil
	}
	text, err := p.shifted(amount, source, currency)
	return etl.Money(text, p.decimals(strings.ToUpper(currency))), err
}

// shifted is an amount that a source gave in its own unit, in major units.
func (p *page) shifted(amount, source, currency string) (string, error) {
	return shift(amount, p.exponents[cellKey{source, strings.ToUpper(currency)}])
}
