package report

import (
	"html/template"
	"math/big"
	"time"

	"spendbridge/etl"
)

// A page is all that the report of a run shows.
type page struct {
	Style     template.CSS
	StyleHash string

	Run     runRow
	State   *State // as of now
	Verdict verdict
	Todo    []Todo
	Figures []figure
	Stages  []stageRow
	Checks  []checkRow

	TotalsRun string // the run whose totals are shown; empty = none yet
	Balance   []balanceRow
	Ledger    ledgerTable

	Spend      spendRow
	Months     monthChart
	Vendors    []bar
	Currencies []currencyRow
	Rates      []rateRow
	Duplicates []Duplicates

	Changes    []changeRow
	Since      []sinceRow
	SinceRun   string
	Excluded   []reasonRow
	Quarantine []reasonRow
	SetAside   []setAsideRow

	Deliveries  []deliveryRow
	Batches     []batchRow
	Open        []openRow
	Undelivered []undeliveredRow
	Suggestions []Suggestion
	Snapshot    snapshotRow
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
	ID, Command, Status, Error, Version, ConfigHash string
	Started                                         time.Time
	Finished                                        time.Time // zero while the run goes on
}

// A stageRow is what one stage of the run did.
type stageRow struct {
	Name, Words, Status, Error string
	Read, Written, Skipped     int64
	Took                       string
}

// A checkRow counts the proofs of one kind.
type checkRow struct {
	Stage, Name, Source string
	Passed, Failed      int64
}

// A balanceRow is the first identity for one source and currency: all that was
// read is spend, excluded or set aside.
type balanceRow struct {
	Source, Currency               string
	Raw, Spend, Excluded, SetAside cell
	Difference                     cell
	Balanced                       bool
}

// A cell is a number of records and their money.
type cell struct {
	Records int64
	Amount  string
	value   *big.Rat
}

// A ledgerTable is the second identity: all spend is in one state of delivery.
type ledgerTable struct {
	States []string // column titles
	Rows   []ledgerRow
}

// A ledgerRow is one source and currency of a ledgerTable.
type ledgerRow struct {
	Source, Currency string
	Spend            cell
	States           []cell
	Difference       cell
	Balanced         bool
}

// A spendRow sums up all spend, in the reporting currency.
type spendRow struct {
	Records, Unpriced, Vendors int64
	Amount, Currency           string
	FirstDay, LastDay          string
}

// A bar is one line of a bar chart. Width is of 1000; a negative amount has
// Negative set.
type bar struct {
	Name     string
	Amount   string
	Records  int64
	Unpriced int64
	Share    string
	Width    int
	Negative bool
}

// A currencyRow is the spend in one currency.
type currencyRow struct {
	bar
	Transacted string
}

// A rateRow is how amounts of one currency were converted.
type rateRow struct {
	Currency, Into, Source, Lowest, Highest, FirstDay, LastDay, Amount string
	Records                                                            int64
}

// A changeRow counts what one stream's records did during the run.
type changeRow struct {
	Source, Stream       string
	Added, Changed, Gone int64
}

// A sinceRow compares spend with that of the run before.
type sinceRow struct {
	Source, Currency   string
	Before, Now, Moved cell
}

// A reasonRow is what was left out for one reason.
type reasonRow struct {
	Reason, Words, Source, Currency, Amount string
	Records                                 int64
}

// A setAsideRow is one record in quarantine.
type setAsideRow struct {
	SpendID, Source, Words, Reason, Detail, Vendor, Amount, Currency, Day string
}

// A deliveryRow is what one state of the run's posted records came to.
type deliveryRow struct {
	State, Words, Kind, Currency, Amount string
	Records                              int64
}

// A batchRow is one batch of this run, or one that waits for a person.
type batchRow struct {
	ID, Run, Target, State, Words, Message string
	Records                                int64
	Amounts                                []string
	Status                                 int
	Planned                                time.Time
}

// An openRow counts the records of one class and currency that are not
// delivered.
type openRow struct {
	etl.Undelivered
	Amount string
}

// An undeliveredRow is one record that Productiv does not hold as spend has it.
type undeliveredRow struct {
	SpendID, Class, Words, Vendor, Day, Amount, Currency, Reason, Command string
	Since                                                                 time.Time
}

// A snapshotRow is the newest Parquet snapshot.
type snapshotRow struct {
	ID, Path, Hash string
	Rows           int64
	Created        time.Time
}
