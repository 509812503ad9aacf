package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html/template"
	"math/big"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// How many lines of a long list the page shows.
const (
	maxVendors     = 12
	maxQuarantined = 12
	maxUndelivered = 12
	maxSuggestions = 10
)

// A page is all that the report of a run shows. What a statement selects fills
// the fields of its rows; page.html prints them.
type page struct {
	Style     template.CSS
	StyleHash string

	Run     runRow
	State   *State // as of now
	Verdict verdict
	Todo    []Todo
	Figures []figure
	Stages  []StageState
	Checks  []checkRow

	TotalsRun    string // the run whose totals are shown; empty = none yet
	Totals       Totals
	LedgerStates []int // of ledgerStates, those that occur in Totals

	Spend      spendRow
	Months     monthChart
	Vendors    []bar
	Currencies []bar
	Rates      []rateRow
	Asked      *Asked // nil: nobody asked

	Changes     []changeRow
	Since       []sinceRow
	SinceRun    string
	Excluded    []reasonRow
	Quarantine  []reasonRow
	Quarantined []Quarantined

	Deliveries  []deliveryRow
	Batches     []batchRow
	BatchMoney  map[string][]batchMoney // by batch
	Undelivered []undeliveredRow
	Snapshot    snapshotRow

	exponents map[cellKey]int // by how many decimals a source shifts its amounts
}

// A verdict is the state of a run in words.
type verdict struct {
	Class string // ok, person, failed: which colour and sign
	Title string
	Text  string
}

// A figure is one number that matters.
type figure struct {
	Label, Value, Note string
}

// A runRow is one row of ops.runs.
type runRow struct {
	RunState
	Version, ConfigHash string
}

// A checkRow counts the proofs of one kind.
type checkRow struct {
	Stage, CheckName, Source string
	Passed, Failed           int64
}

// A spendRow sums up all spend, in the reporting currency.
type spendRow struct {
	Records, Unpriced, Vendors int64
	Amount, Currency           string
	FirstDay, LastDay          string
}

// A rateRow is how amounts of one currency were converted.
type rateRow struct {
	Currency, FXSource, Lowest, Highest, FirstDay, LastDay, Amount string
	Records                                                        int64
}

// A changeRow counts what one stream's records did during the run.
type changeRow struct {
	Source, Stream       string
	Added, Changed, Gone int64
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

// A deliveryRow is what one state of the run's posted records came to.
type deliveryRow struct {
	State, Kind, Currency, Amount string
	Records                       int64
}

// A batchRow is one batch of this run, or one in doubt.
type batchRow struct {
	BatchState
	Target string
	Status int
}

// A batchMoney is the money in one batch in one currency.
type batchMoney struct {
	BatchID, Currency, Amount string
}

// An undeliveredRow is one record that Productiv does not hold as spend has it.
type undeliveredRow struct {
	SpendID, Class, Vendor, OccurredOn, Amount, Currency, Reason, Command string
}

// A snapshotRow is the newest Parquet snapshot.
type snapshotRow struct {
	SnapshotID, Path, LogicalHash string
	Rows                          int64
	CreatedAt                     time.Time
}

// A reader fills one page.
type reader struct {
	db   warehouse.Runner
	page *page
}

// readPage reads all that the report of a run shows.
func readPage(ctx context.Context, db warehouse.Runner, run etl.RunID, state *State) (*page, error) {
	p := &page{State: state, BatchMoney: map[string][]batchMoney{}}
	r := &reader{db: db, page: p}
	err := warehouse.Fill(ctx, db, &p.Run, "report/run.get", warehouse.Args{"run_id": string(run)})
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
	var money []batchMoney
	err = fillAll(ctx, db,
		part{&p.Stages, "report/run.stages", r.runArgs()},
		part{&p.Checks, "report/run.checks", r.runArgs()},
		part{&p.Spend, "report/spend.list", nil},
		part{&p.Currencies, "report/spend.currencies", nil},
		part{&p.Vendors, "report/spend.vendors", warehouse.Args{"limit": maxVendors}},
		part{&months, "report/spend.months", nil},
		part{&p.Rates, "report/spend.rates", nil},
		part{&p.Changes, "report/delivery.changes", warehouse.Args{"started_at": p.Run.Started, "finished_at": until}},
		part{&p.Excluded, "report/quarantine.reasons", warehouse.Args{"place": "excluded"}},
		part{&p.Quarantine, "report/quarantine.reasons", warehouse.Args{"place": "quarantine"}},
		part{&p.Quarantined, "report/quarantine.first", warehouse.Args{"limit": maxQuarantined}},
		part{&p.Deliveries, "report/delivery.states", r.runArgs()},
		part{&p.Batches, "report/delivery.batches", r.runArgs()},
		part{&money, "report/delivery.batch_money", r.runArgs()},
		part{&p.Undelivered, "report/delivery.undelivered_first", warehouse.Args{"limit": maxUndelivered}},
	)
	if err != nil {
		return nil, err
	}
	for _, m := range money {
		p.BatchMoney[m.BatchID] = append(p.BatchMoney[m.BatchID], m)
	}
	if err := warehouse.Fill(ctx, db, &p.Snapshot, "report/run.snapshot", r.runArgs()); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	if p.exponents, err = r.exponents(ctx); err != nil {
		return nil, err
	}
	p.Months = chartMonths(months)
	scaleBars(p.Vendors)
	scaleBars(p.Currencies)
	if err := r.totals(ctx); err != nil {
		return nil, err
	}
	p.judge()
	return p, nil
}

func (r *reader) runArgs() warehouse.Args { return warehouse.Args{"run_id": string(r.page.Run.Run)} }

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
	currency = strings.ToUpper(currency)
	exponent := p.exponents[cellKey{source, currency}]
	value, ok := new(big.Rat).SetString(fmt.Sprintf("%se-%d", amount, exponent))
	if !ok {
		return "", fmt.Errorf("%q is not a number", amount)
	}
	decimals, _ := value.FloatPrec()
	return etl.Money(value.FloatString(decimals), p.decimals(currency)), nil
}
