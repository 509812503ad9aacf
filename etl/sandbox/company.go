package sandbox

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A trade is what a vendor sells: under which categories its spend is booked,
// what people write about it, and what it costs, in cents.
type trade struct {
	service     int // of services
	merchant    string
	account     Account
	purposes    []string
	least, most int64
}

var (
	software    = trade{0, "computer_software_stores", accounts[0], []string{"Monthly subscription", "Design licence", "Seats for new colleagues"}, 900, 240_000}
	hosting     = trade{5, "computer_network_services", Account{"6150", "Hosting", "Engineering", "HQ"}, []string{"Cloud hosting", "Backup storage", "Domain renewal"}, 2_000, 900_000}
	air         = trade{1, "airlines_air_carriers", accounts[1], []string{"Flight to client", "Flight to conference"}, 9_000, 180_000}
	hotel       = trade{2, "hotels_motels_and_resorts", accounts[1], []string{"Hotel, two nights", "Offsite, rooms"}, 11_000, 150_000}
	taxi        = trade{11, "taxicabs_limousines", accounts[1], []string{"Taxi", "Ride to the airport"}, 700, 9_000}
	meals       = trade{3, "eating_places_restaurants", accounts[2], []string{"Team lunch", "Client dinner", "Coffee for the office"}, 400, 60_000}
	office      = trade{4, "stationery_stores_office_and_school_supply_stores", accounts[3], []string{"Office supplies", "Printer toner", "Courier"}, 500, 70_000}
	printing    = trade{10, "miscellaneous_publishing_and_printing", accounts[3], []string{"Brochures", "Business cards"}, 2_000, 120_000}
	hardware    = trade{9, "computers_peripherals_software", accounts[0], []string{"Laptop", "Monitor", "Keyboard and mouse"}, 4_000, 320_000}
	advertising = trade{7, "advertising_services", accounts[4], []string{"Campaign", "Conference ticket", "Trade fair stand"}, 10_000, 700_000}
	consulting  = trade{6, "professional_services", Account{"6600", "Professional services", "Operations", "HQ"}, []string{"Contractor, one week", "Legal advice", "Translation"}, 20_000, 1_200_000}
	utilities   = trade{11, "utilities", accounts[3], []string{"Electricity", "Office cleaning"}, 3_000, 90_000}
)

// familyTrades are the trades of families, in their order, and tailTrades those
// of the second words of the long tail.
var (
	familyTrades = []*trade{
		&software, &hosting, &office, &hosting, &software, &software, &software, &software, &software, &software,
		&meals, &taxi, &taxi, &air, &air, &air, &hotel, &hotel, &meals, &meals,
		&office, &office, &hardware, &utilities, &printing, &office, &meals, &printing, &hosting, &hosting,
		&printing, &consulting, &consulting, &printing,
	}
	tailTrades = []*trade{
		&meals, &utilities, &advertising, &consulting, &printing, &office, &utilities, &advertising, &hotel, &software,
		&consulting, &hardware, &consulting, &utilities, &advertising, &consulting, &office, &hosting, &consulting, &consulting,
	}
)

// A company is what makes generated spend look like that of one company over
// the months: seasons and growth, categories that fit the vendors, purchases
// that are in both systems.
type company struct {
	*generator
	trades []*trade // by place of the vendor in the catalog
	spent  []int    // by day: how much was spent until its end
}

func newCompany(g *generator) *company {
	c := &company{generator: g}
	for i, family := range families {
		c.trades = append(c.trades, slices.Repeat(familyTrades[i:i+1], len(family))...)
	}
	for range tailFirst {
		c.trades = append(c.trades, tailTrades...)
	}
	sum := 0
	for i := range g.days {
		sum += seasons[g.From.AddDate(0, 0, i).Month()-1] * (g.days + i) / g.days
		c.spent = append(c.spent, sum)
	}
	return c
}

// seasons are how busy a day of each month is: holidays are quiet, autumn is
// not.
var seasons = [12]int{80, 90, 110, 100, 110, 105, 70, 60, 120, 130, 140, 75}

// day is how many days after From a record is from, of so many that are in the
// order of their days.
func (c *company) day(id, total int) int {
	spent := (id - 1) * c.spent[len(c.spent)-1] / max(1, total)
	day, _ := slices.BinarySearch(c.spent, spent+1)
	return day
}

// isSettled reports whether a record is old enough that nothing about it is
// open any more.
func isSettled(id, total int) bool { return id <= total*3/4 }

func (c *company) price(t *trade, r *rand.Rand) int64 {
	n := r.Int64N(1000)
	return t.least + (t.most-t.least)*n*n*n/1_000_000_000 + r.Int64N(100)
}

// fit makes an expense one that the company would have.
func (c *company) fit(e *Expense, r *rand.Rand) {
	t := c.trades[e.Vendor-firstCompany]
	e.ServiceType, e.Name = firstService+t.service, t.purposes[r.IntN(len(t.purposes))]
	if e.Amount = c.price(t, r); r.IntN(60) == 0 {
		e.Amount = -e.Amount
	}
}

// fitCard makes a transaction one that the company would have. One in forty is
// filed as an expense as well.
func (c *company) fitCard(id int, t *Transaction, r *rand.Rand) {
	vendor := c.anyVendor(r)
	trade := c.trades[vendor]
	t.Vendor.Name, t.Vendor.Category = c.catalog.companies[vendor], trade.merchant
	t.Note, t.Account, t.Fund = trade.purposes[r.IntN(len(trade.purposes))], &trade.account, c.fund(id%12, trade.account)
	cents := c.price(trade, r)
	if r.IntN(60) == 0 {
		c.refund(t, cents)
	} else {
		c.charge(t, cents)
	}
	if !isSettled(id, c.Transactions) && r.IntN(3) == 0 {
		t.ReconciliationStatus = "pending"
	}
	if id%40 == 0 {
		c.fileTwice(id, t)
	}
}

// fileTwice makes a transaction the card's side of an expense of that time, if
// there is one of plain dollars.
func (c *company) fileTwice(id int, t *Transaction) {
	near := 1 + (id-1)*c.Expenses/max(1, c.Transactions)
	for n := near; n < min(near+20, c.Expenses); n++ {
		e := c.expense(n)
		paid, err := time.ParseInLocation(time.DateOnly, e.Date, pacific)
		vendor := e.Vendor - firstCompany
		if err != nil || e.Currency != "USD" || e.TaxPercent != 0 || e.Quantity != "1.0" || e.Amount <= 0 ||
			!e.Approved || e.Draft || vendor < 0 || vendor >= len(c.trades) {
			continue
		}
		trade := c.trades[vendor]
		t.Vendor.Name, t.Vendor.Category, t.Account = strings.ToUpper(c.catalog.companies[vendor]), trade.merchant, &trade.account
		t.Status, t.Note = new("capture"), e.Name
		c.charge(t, e.Amount)
		t.dateAt(paid.Add(36 * time.Hour))
		return
	}
}
