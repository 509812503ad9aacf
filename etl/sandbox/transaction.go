package sandbox

import (
	"encoding/json"
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
