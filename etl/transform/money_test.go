package transform_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"spendbridge/etl/transform"
)

// exponents of some currencies, one of each kind; minor units are 10^-n.
var exponents = map[string]int{"EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4}

// maxMajorUnits is the largest amount, in any currency.
const maxMajorUnits = 10_000_000_000_000

// Sums of amounts never differ from exact integer arithmetic, whatever the
// currency, the spelling of the number and the size.
func TestSumsAreExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := map[string]*big.Rat{}
		var expenses, transactions []map[string]any
		for i := range rapid.IntRange(1, 40).Draw(rt, "records") {
			currency := rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "CLF"}).Draw(rt, "currency")
			unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponents[currency])), nil)
			largest := new(big.Int).Mul(big.NewInt(maxMajorUnits), unit).Int64()
			minor := rapid.Int64Range(1, largest).Draw(rt, "minor units")
			amount := new(big.Rat).SetFrac(big.NewInt(minor), unit)
			if want[currency] == nil {
				want[currency] = new(big.Rat)
			}
			if rapid.Bool().Draw(rt, "at Productive.io") {
				if rapid.Bool().Draw(rt, "negative") {
					minor, amount = -minor, amount.Neg(amount)
				}
				expenses = append(expenses, exactExpense(i, currency, minor))
			} else {
				transactions = append(transactions, exactTransaction(i, currency, amount.FloatString(4)))
			}
			want[currency].Add(want[currency], amount)
		}

		db := openWarehouse(t)
		defer db.Close()
		landPage(t, db, "productive", marshal(rt, expenses), day(1))
		landPage(t, db, "procurify", marshal(rt, transactions), day(1))
		result, err := transform.Run(t.Context(), db, testOptions())
		if err != nil {
			rt.Fatal(err)
		}
		if slices.ContainsFunc(result.LeftOut, func(r transform.Reason) bool { return r.Place == "quarantined" }) {
			rt.Fatalf("left out: %+v", result.LeftOut)
		}
		got := map[string]*big.Rat{}
		for _, line := range dump(t, db, "test/totals.sql", []string{"step", "month", "currency", "amount"}) {
			cell := strings.Split(line, "\t")
			step, month, currency := cell[0], cell[1], cell[2]
			if step != "canonical" || month == "" {
				continue
			}
			amount, ok := new(big.Rat).SetString(cell[3])
			if !ok {
				rt.Fatalf("amount %q", cell[3])
			}
			if got[currency] == nil {
				got[currency] = new(big.Rat)
			}
			got[currency].Add(got[currency], amount)
		}
		for currency, sum := range want {
			if got[currency] == nil || got[currency].Cmp(sum) != 0 {
				rt.Errorf("%s: got %v, want %s", currency, got[currency], sum.FloatString(4))
			}
		}
	})
}

func exactExpense(id int, currency string, minor int64) map[string]any {
	return map[string]any{"id": fmt.Sprint(id), "type": "expenses", "attributes": map[string]any{
		"date": "2026-01-15", "approved": true, "name": "x", "currency": currency, "total_amount_with_tax": minor,
	}}
}

func exactTransaction(id int, currency, amount string) map[string]any {
	return map[string]any{
		"id": id, "type": "spend", "status": "capture", "currency": currency, "amount": amount,
		"transaction_datetime": "2026-01-15T10:00:00Z", "vendor": map[string]any{"name": "x"},
	}
}

func marshal(rt *rapid.T, data []map[string]any) string {
	body, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		rt.Fatal(err)
	}
	return string(body)
}
