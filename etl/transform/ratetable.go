package transform

import (
	"bytes"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// A rateTable holds what one euro bought, by day and currency.
type rateTable map[string]map[string]*big.Rat

func newRateTable(days []rateDay) rateTable {
	t := make(rateTable, len(days))
	for _, day := range days {
		t[day.date] = day.perEuro
	}
	return t
}

// currencies lists all that have a rate on any day, but for the euro.
func (t rateTable) currencies() []string {
	seen := map[string]bool{}
	for _, perEuro := range t {
		for currency := range perEuro {
			seen[currency] = true
		}
	}
	delete(seen, euro)
	return slices.Sorted(maps.Keys(seen))
}

// current lists the currencies that have a rate on the last day: those of
// currencies that ended stop earlier.
func (t rateTable) current() []string {
	if len(t) == 0 {
		return nil
	}
	last := slices.Max(slices.Collect(maps.Keys(t)))
	return rateTable{last: t[last]}.currencies()
}

// lacks lists those of the currencies that have no rate on any day.
func (t rateTable) lacks(currencies []string) []string {
	has := t.currencies()
	return slices.DeleteFunc(currencies, func(currency string) bool {
		_, found := slices.BinarySearch(has, currency)
		return found
	})
}

// overlaid returns the table with the rates of another one, which win.
func (t rateTable) overlaid(with rateTable) rateTable {
	all := maps.Clone(t)
	for date, perEuro := range with {
		merged := maps.Clone(perEuro)
		for currency, rate := range t[date] {
			if _, ok := merged[currency]; !ok {
				merged[currency] = rate
			}
		}
		all[date] = merged
	}
	return all
}

// checkEnd recognizes a file whose last rate was cut off: the line does not
// end, and the table knows how it went on.
func (t rateTable) checkEnd(content []byte) error {
	text, err := unzip(content)
	if err != nil || bytes.HasSuffix(text, []byte("\n")) {
		return err
	}
	header, _, _ := bytes.Cut(text, []byte("\n"))
	last := text[bytes.LastIndexByte(text, '\n')+1:]
	columns, fields := strings.Split(string(header), ","), strings.Split(string(last), ",")
	currency := strings.TrimSpace(columns[min(len(fields), len(columns))-1])
	cut := strings.TrimSpace(fields[len(fields)-1])
	known, ok := t[strings.TrimSpace(fields[0])][currency]
	if !ok {
		return nil
	}
	if whole := rateOf(known); whole != cut && strings.HasPrefix(whole, cut) {
		return fmt.Errorf("line %d is cut off: the rate of %s is %s, before it was %s", bytes.Count(text, []byte("\n"))+1, currency, cut, whole)
	}
	return nil
}

// text writes the table in the layout it was read in, the last day first.
func (t rateTable) text() []byte {
	currencies := t.currencies()
	var out bytes.Buffer
	out.WriteString(strings.Join(append([]string{"Date"}, currencies...), ",") + "\n")
	dates := slices.Sorted(maps.Keys(t))
	slices.Reverse(dates)
	for _, date := range dates {
		out.WriteString(date)
		for _, currency := range currencies {
			out.WriteByte(',')
			if rate, ok := t[date][currency]; ok {
				out.WriteString(rateOf(rate))
			}
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// rateOf writes a rate with the decimals it has.
func rateOf(rate *big.Rat) string {
	text := rate.FloatString(rateDecimals)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
