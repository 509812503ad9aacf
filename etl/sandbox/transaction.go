package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

// A Transaction is one card transaction as Procurify serves it. Pointers are
// null where the vendor may serve null, which is more often than its schema
// admits.
type Transaction struct {
	ID                    int                `json:"id"`
	Note                  string             `json:"note"`
	Vendor                TransactionVendor  `json:"vendor"`
	Currency              string             `json:"currency"`
	Amount                string             `json:"amount"`
	VendorCurrency        string             `json:"vendor_currency"`
	VendorAmount          *string            `json:"vendor_amount"`
	Status                *string            `json:"status"`
	AuthorizationStatus   *string            `json:"authorization_status"`
	AuthorizationDatetime string             `json:"authorization_datetime"`
	TransactionDatetime   *string            `json:"transaction_datetime"`
	AllocationDatetime    string             `json:"allocation_datetime"`
	Card                  TransactionCard    `json:"card"`
	ReceiptAttachments    []string           `json:"receipt_attachments"`
	Fund                  *Fund              `json:"fund"`
	Account               *Account           `json:"account"`
	Type                  *string            `json:"type"`
	ReconciliationStatus  string             `json:"reconciliation_status"`
	Cardholder            Cardholder         `json:"cardholder"`
	LinkedAuthorization   *string            `json:"linked_authorization"`
	CustomFields          []TransactionField `json:"custom_fields"`

	// Extra replaces members as served, or adds unknown ones; a nil value
	// removes one.
	Extra map[string]json.RawMessage `json:"extra,omitempty"`

	deleted bool
}

// TransactionVendor is the merchant as the card network names it.
type TransactionVendor struct {
	Name       string `json:"name"`
	Category   string `json:"category"`
	City       string `json:"city"`
	State      string `json:"state"`
	Country    string `json:"country"`
	PostalCode string `json:"postal_code"`
}

// TransactionCard is the card, known by its last digits.
type TransactionCard struct {
	UUID           string  `json:"uuid"`
	LastFourDigits string  `json:"last_four_digits"`
	Status         *string `json:"status"`
}

// Account is an entry of the chart of accounts.
type Account struct {
	Code             string `json:"account_code"`
	Description      string `json:"account_code_description"`
	Department       string `json:"department"`
	DepartmentBranch string `json:"department_branch"`
}

// Fund is what a transaction is allocated to.
type Fund struct {
	UUID        string  `json:"uuid"`
	Title       string  `json:"title"`
	Reason      string  `json:"reason"`
	DateCreated string  `json:"date_created"`
	Account     Account `json:"account"`
	Status      string  `json:"status"`
	Amount      string  `json:"amount"`
}

// Cardholder is the person who holds the card. There is no e-mail.
type Cardholder struct {
	UUID      string `json:"uuid"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Status    string `json:"status"`
}

// TransactionField is a custom field.
type TransactionField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type"`
}

// indexTransaction goes by the datetime that the vendor's filter compares. A
// hold has no transaction_datetime yet.
func (s *Sandbox) indexTransaction(t Transaction) entry {
	text := t.AuthorizationDatetime
	switch by := s.opt.Procurify.FilterBy; {
	case by == ByTransaction && t.TransactionDatetime != nil:
		text = *t.TransactionDatetime
	case by == ByAllocation:
		text = t.AllocationDatetime
	}
	at, err := time.Parse(time.RFC3339, text)
	return entry{day: dayNumber(text), at: at.UnixMilli(), gone: t.deleted || err != nil}
}

func (t Transaction) encode() []byte {
	extra := t.Extra
	t.Extra = nil
	data := encode(t)
	if extra != nil {
		data = merge(data, extra)
	}
	return data
}

func (g *generator) transaction(id int) Transaction {
	r := g.random('t', id)
	t := g.plainTransaction(id, r)
	spring(g, r, transactionTraps, rareTraps, id, g.company != nil && isSettled(id, g.Transactions), &t)
	return t
}

// plainTransaction makes a captured purchase.
func (g *generator) plainTransaction(id int, r *rand.Rand) Transaction {
	captured := g.created(id, g.Transactions, r).Truncate(time.Second).In(pacific)
	who := g.catalog.people[plainPeople+r.IntN(len(names))]
	account := accounts[r.IntN(len(accounts))]
	t := Transaction{
		ID:                   id,
		Note:                 purposes[r.IntN(len(purposes))],
		Vendor:               g.merchant(r),
		Currency:             "USD",
		VendorCurrency:       "USD",
		Status:               new("capture"),
		AuthorizationStatus:  new("closed"),
		Card:                 TransactionCard{uuid('d', who.ID), fmt.Sprintf("%04d", who.ID*7%10000), new("active")},
		ReceiptAttachments:   []string{},
		Fund:                 g.fund(id%12, account),
		Account:              &account,
		Type:                 new("spend"),
		ReconciliationStatus: "reviewed",
		Cardholder:           Cardholder{uuid('c', who.ID), who.First, who.Last, "active"},
		LinkedAuthorization:  new(authorization(id)),
		CustomFields:         []TransactionField{},
	}
	t.dateAt(captured)
	g.charge(&t, price(r))
	if g.company != nil {
		g.company.fitCard(id, &t, r)
	}
	return t
}

// dateAt captures a transaction, two hours after its authorisation.
func (t *Transaction) dateAt(captured time.Time) {
	t.AuthorizationDatetime = captured.Add(-2 * time.Hour).Format(time.RFC3339)
	t.TransactionDatetime = new(captured.Format(time.RFC3339))
	t.AllocationDatetime = captured.Add(time.Hour).Format(time.RFC3339)
}

// charge sets the amount, in cents, in the vendor's style and sign.
func (g *generator) charge(t *Transaction, cents int64) {
	if g.Procurify.BalanceSigns && *t.Status != "refund" {
		cents = -cents
	}
	t.Amount = g.amountText(cents)
	t.VendorAmount = new(t.Amount)
}

// refund turns a transaction into a refund. Its amount is positive under
// either style of signs.
func (g *generator) refund(t *Transaction, cents int64) {
	t.Status = new("refund")
	g.charge(t, cents)
}

func (g *generator) amountText(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	if g.Procurify.MinorUnits {
		return fmt.Sprint(sign, cents)
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}

// pacific is the offset of Procurify's datetimes: late evenings lie on the
// next day in UTC.
var pacific = time.FixedZone("", -7*60*60)

func authorization(n int) string { return fmt.Sprintf("iauth_sandbox%06d", n) }

// merchant names a vendor as card networks do.
func (g *generator) merchant(r *rand.Rand) TransactionVendor {
	place := places[r.IntN(len(places))]
	return TransactionVendor{
		Name:     g.catalog.companies[g.anyVendor(r)],
		Category: categories[r.IntN(len(categories))],
		City:     place[0], State: place[1], Country: "US", PostalCode: place[2],
	}
}

func (g *generator) fund(n int, account Account) *Fund {
	return &Fund{
		UUID: uuid('f', n), Title: fmt.Sprintf("Team fund %d", n+1), Reason: "Quarterly budget",
		DateCreated: "2026-01-05T09:00:00-07:00", Account: account, Status: "open", Amount: g.amountText(500_000),
	}
}

var places = [][3]string{
	{"SAN FRANCISCO", "CA", "94107"}, {"NEW YORK", "NY", "10001"}, {"AUSTIN", "TX", "73301"}, {"SEATTLE", "WA", "98101"},
}

var categories = []string{
	"computer_software_stores", "eating_places_restaurants", "airlines_air_carriers", "taxicabs_limousines",
	"stationery_stores_office_and_school_supply_stores", "digital_goods_applications",
}

var accounts = []Account{
	{"6100", "Software subscriptions", "Engineering", "HQ"},
	{"6200", "Travel", "Sales", "HQ"},
	{"6300", "Meals and entertainment", "Sales", "West"},
	{"6400", "Office expenses", "Operations", "HQ"},
	{"6500", "Advertising", "Marketing", "East"},
}

// rareTraps is how many of the first traps exist only once: those that come in
// pairs, and the one that would otherwise make both signs of refunds common.
const rareTraps = 8

var transactionTraps = []trap[Transaction]{
	{"first of two captures", func(g *generator, t *Transaction) { g.capture(t, 900_001, 4000) }},
	{"second of two captures", func(g *generator, t *Transaction) { g.capture(t, 900_001, 6000) }},
	{"hold that was captured", func(g *generator, t *Transaction) {
		hold(t, "closed")
		g.capture(t, 900_002, 7000)
	}},
	{"captured above its hold", func(g *generator, t *Transaction) { g.capture(t, 900_002, 8400) }},
	{"charged, then refunded", func(g *generator, t *Transaction) { g.capture(t, 900_003, 5000) }},
	{"refund linked to its charge", func(g *generator, t *Transaction) {
		g.refund(t, 5000)
		t.LinkedAuthorization = new(authorization(900_003))
	}},
	{"refund linked to another charge", func(g *generator, t *Transaction) {
		g.refund(t, 1234)
		t.LinkedAuthorization = new(authorization(900_001))
	}},
	{"refund reversal", func(g *generator, t *Transaction) { g.refund(t, -2500) }},
	// Those above exist once.
	{"refund linked to nothing", func(g *generator, t *Transaction) {
		g.refund(t, 1999)
		t.LinkedAuthorization = nil
	}},
	{"refund still pending", func(g *generator, t *Transaction) {
		g.refund(t, 2999)
		t.AuthorizationStatus = new("pending")
	}},
	{"forced capture", set(func(t *Transaction) { t.LinkedAuthorization, t.AuthorizationStatus = nil, nil })},
	{"forced capture with empty authorisation", set(func(t *Transaction) { t.LinkedAuthorization = new("") })},
	{"hold", set(func(t *Transaction) { hold(t, "pending") })},
	{"hold that was released", set(func(t *Transaction) { hold(t, "reversed") })},
	{"capture that claims to be pending", set(func(t *Transaction) { t.AuthorizationStatus = new("pending") })},
	{"capture that claims to be reversed", set(func(t *Transaction) { t.AuthorizationStatus = new("reversed") })},
	{"fund allocation", set(func(t *Transaction) { t.Type = new("credit") })},
	{"no status", set(func(t *Transaction) { t.Status = nil })},
	{"unknown status", set(func(t *Transaction) { t.Status = new("disputed") })},
	{"no type", set(func(t *Transaction) { t.Type = nil })},
	{"amount is zero", func(g *generator, t *Transaction) { g.charge(t, 0) }},
	{"no account", set(func(t *Transaction) { t.Account = nil })},
	{"no fund", set(func(t *Transaction) { t.Fund = nil })},
	{"no account and no fund", set(func(t *Transaction) { t.Account, t.Fund = nil, nil })},
	{"no vendor amount", set(func(t *Transaction) { t.VendorAmount = nil })},
	{"no vendor name", set(func(t *Transaction) { t.Vendor.Name = "" })},
	{"id shared with an expense", set(func(t *Transaction) { t.Note = "same id, other vendor" })},
	{"bought in euros", set(func(t *Transaction) { t.VendorCurrency, t.VendorAmount = "EUR", new("64.00") })},
	{"lower-case currency", set(func(t *Transaction) { t.Currency, t.VendorCurrency = "usd", "usd" })},
	{"captured weeks later", set(func(t *Transaction) {
		captured, _ := time.Parse(time.RFC3339, *t.TransactionDatetime) // as plainTransaction wrote it
		t.AuthorizationDatetime = captured.Add(-24 * 24 * time.Hour).Format(time.RFC3339)
	})},
	{"late evening", set(func(t *Transaction) { t.TransactionDatetime = new((*t.TransactionDatetime)[:10] + "T22:15:00-07:00") })},
	{"no transaction datetime", set(func(t *Transaction) { t.TransactionDatetime = nil })},
	{"namesake", heldBy(namesakeOne)},
	{"other namesake", heldBy(namesakeTwo)},
	{"misspelt cardholder status", set(func(t *Transaction) { t.Cardholder.Status = "required_information" })},
	{"lost card", set(func(t *Transaction) { t.Card.Status = new("lost") })},
	{"custom fields and receipts", set(func(t *Transaction) {
		t.CustomFields = []TransactionField{{"Project", "Apollo", "dropdown"}, {"Billable", "true", "boolean"}}
		t.ReceiptAttachments = []string{"https://files.procurify.example/r/1.jpg"}
	})},
	{"not yet reviewed", set(func(t *Transaction) { t.ReconciliationStatus = "pending" })},
	{"same purchase as an expense", func(g *generator, t *Transaction) {
		t.Vendor.Name, t.Note = "GITHUB, INC.", "also handed in as an expense"
		g.charge(t, 4200)
	}},
}

// capture makes a transaction part of an authorisation. All parts of one are
// at the same vendor.
func (g *generator) capture(t *Transaction, link int, cents int64) {
	t.Vendor.Name = families[link%len(families)][1]
	t.LinkedAuthorization = new(authorization(link))
	g.charge(t, cents)
}

// hold turns a transaction into reserved money that was not captured.
func hold(t *Transaction, authorizationStatus string) {
	t.Status, t.AuthorizationStatus, t.TransactionDatetime = new("precapture"), new(authorizationStatus), nil
}

func heldBy(who int) func(*generator, *Transaction) {
	return func(g *generator, t *Transaction) {
		p := g.catalog.people[who]
		t.Cardholder = Cardholder{uuid('c', p.ID), p.First, p.Last, "active"}
	}
}
