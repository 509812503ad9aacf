package transform

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A rate table is read as it was written, and rates that are laid over it win
// where they are, and only there.
func TestARateTableKeepsWhatIsLaidOverIt(t *testing.T) {
	cell := rapid.StringMatching(`|[1-9][0-9]{0,5}(\.[0-9]{0,11}[1-9])?`)
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]string{} // by day and currency
		table := rateTable{}
		for range 2 {
			text := "Date,USD,JPY\n"
			for day := 1; day <= 3; day++ {
				usd, jpy := cell.Draw(t, "usd"), cell.Draw(t, "jpy")
				text += fmt.Sprintf("2026-01-0%d,%s,%s\n", day, usd, jpy)
				for currency, rate := range map[string]string{"USD": usd, "JPY": jpy} {
					if rate != "" {
						want[fmt.Sprint(day, currency)] = rate
					}
				}
			}
			over, err := parseRates([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			table = table.overlaid(over)
		}
		read, err := parseRates(table.text())
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for date, perEuro := range read {
			for currency, rate := range perEuro {
				if currency != euro {
					got[date[len("2026-01-0"):]+currency] = rateOf(rate)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rates by day and currency (-want +got):\n%s", diff)
		}
	})
}
