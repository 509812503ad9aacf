package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"spendbridge/etl/sandbox"
)

func TestAmountsComeInBothStylesAndSigns(t *testing.T) {
	tests := map[string]struct {
		options sandbox.Procurify
		want    string // a capture, a refund, and its reversal
	}{
		"decimal":              {sandbox.Procurify{}, "40.00 50.00 -25.00"},
		"minor units":          {sandbox.Procurify{MinorUnits: true}, "4000 5000 -2500"},
		"balance signs":        {sandbox.Procurify{BalanceSigns: true}, "-40.00 50.00 -25.00"},
		"balance, minor units": {sandbox.Procurify{BalanceSigns: true, MinorUnits: true}, "-4000 5000 -2500"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, sandbox.Options{Transactions: 60, Procurify: tt.options})
			all := byTrap(t, s)
			got := all["first of two captures"].Amount + " " + all["refund linked to its charge"].Amount + " " + all["refund reversal"].Amount
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// byTrap returns the hand-made transactions by their names.
func byTrap(t *testing.T, s *sandbox.Sandbox) map[string]sandbox.Transaction {
	t.Helper()
	p := decode[transactionPage](t, transactions(t, s, procurifyHeaders(t, s), "page_size=100"))
	all := map[string]sandbox.Transaction{}
	for _, one := range p.Data {
		for _, trap := range sandbox.TransactionTraps() {
			if trap.ID == one.ID {
				all[trap.Name] = one
			}
		}
	}
	if len(all) != len(sandbox.TransactionTraps()) {
		t.Fatalf("%d of %d traps", len(all), len(sandbox.TransactionTraps()))
	}
	return all
}

func TestEveryTransactionTrapIsServed(t *testing.T) {
	s := start(t, sandbox.Options{Transactions: 60})
	all := byTrap(t, s)
	describe := func(name string) string {
		one := all[name]
		return fmt.Sprintf("%s %s %s, link %s", value(one.Type), value(one.Status), value(one.AuthorizationStatus),
			strings.TrimPrefix(value(one.LinkedAuthorization), "iauth_sandbox"))
	}
	tests := map[string]string{
		"first of two captures":                   "spend capture closed, link 900001",
		"second of two captures":                  "spend capture closed, link 900001",
		"hold that was captured":                  "spend precapture closed, link 900002",
		"captured above its hold":                 "spend capture closed, link 900002",
		"refund linked to its charge":             "spend refund closed, link 900003",
		"refund linked to another charge":         "spend refund closed, link 900001",
		"refund linked to nothing":                "spend refund closed, link null",
		"forced capture":                          "spend capture null, link null",
		"forced capture with empty authorisation": "spend capture closed, link ",
		"hold":                              "spend precapture pending, link 000013",
		"hold that was released":            "spend precapture reversed, link 000014",
		"capture that claims to be pending": "spend capture pending, link 000015",
		"fund allocation":                   "credit capture closed, link 000017",
		"no status":                         "spend null closed, link 000018",
		"unknown status":                    "spend disputed closed, link 000019",
		"no type":                           "null capture closed, link 000020",
	}
	for name, want := range tests {
		if got := describe(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if all["no account"].Account != nil || all["no fund"].Fund != nil || all["no vendor amount"].VendorAmount != nil {
		t.Error("account, fund or vendor_amount is not null")
	}
	one, other := all["namesake"].Cardholder, all["other namesake"].Cardholder
	if one.FirstName != other.FirstName || one.LastName != other.LastName || one.UUID == other.UUID {
		t.Errorf("namesakes %+v and %+v", one, other)
	}
	late := all["captured weeks later"]
	if authorised, captured := at(t, late.AuthorizationDatetime), at(t, *late.TransactionDatetime); captured.Sub(authorised) != 24*24*time.Hour {
		t.Errorf("authorised %s, captured %s", authorised, captured)
	}
	evening := at(t, *all["late evening"].TransactionDatetime)
	if evening.Day() == evening.UTC().Day() {
		t.Errorf("%s is on the same day in UTC", evening)
	}
}

func value(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
