package transform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// loadRates loads the current rates for the reporting currency into
// canonical.fx_rates, unless they are loaded already.
func (t *transformer) loadRates(ctx context.Context) error {
	content, err := t.ratesInForce(ctx)
	if err != nil {
		return err
	}
	reporting := t.opts.ReportingCurrency
	source := warehouse.Args{"sha256": hexHash(content), "reporting_currency": reporting}

	var known bool
	if err := t.tx.Get(ctx, "transform/fx.known", source, &known); err != nil || known {
		return err
	}
	lines, err := rateLines(content, reporting)
	if err != nil {
		return fmt.Errorf("rates: %w", err)
	}
	if err := warehouse.Clear(ctx, t.tx, "canonical.fx_rates", "canonical.fx_source"); err != nil {
		return err
	}
	if _, err := t.tx.Exec(ctx, "transform/fx.add", warehouse.Args{"lines": lines, "reporting_currency": reporting}); err != nil {
		return fmt.Errorf("rates: %w", err)
	}
	_, err = t.tx.Exec(ctx, "transform/fx.add_source", source)
	return err
}

// ratesInForce returns the rates of the file merged with those of earlier
// files. While the file is unusable, the stored rates are used.
func (t *transformer) ratesInForce(ctx context.Context) ([]byte, error) {
	file := userFile{key: keyRates, path: t.opts.RatesFile}
	if file.path == "" {
		return nil, t.forget(ctx, file.key)
	}
	kept, err := lastGood(ctx, t.tx, file.key)
	if err != nil {
		return nil, err
	}
	content, fault := readFile(file.path)
	if fault == nil && kept != nil && kept.sha256 == hexHash(content) {
		return kept.content, t.keep(ctx, file, kept, *kept)
	}
	if fault == nil {
		merged, err := mergeRates(kept, content)
		if err == nil {
			return merged, t.keep(ctx, file, kept, goodCopy{sha256: hexHash(content), content: merged})
		}
		fault = fmt.Errorf("%s: %w", file.path, err)
	}
	return t.keptRates(kept, fault)
}

// keptRates returns the rates to use while the file is unusable. A failed
// download was already reported.
func (t *transformer) keptRates(kept *goodCopy, fault error) ([]byte, error) {
	key := "fx.rates_file"
	if t.opts.RatesFetched {
		key = "fx.url"
	}
	switch {
	case !t.opts.RatesFetched && (kept == nil || kept.path != t.opts.RatesFile):
		return nil, neverGood(key, fault)
	case t.opts.RatesFetched && errors.Is(fault, errMissing):
	case kept != nil:
		t.needsAttention(key, fault, kept)
	default:
		t.attention = append(t.attention, &etl.NeedsPersonError{
			What: fmt.Sprintf("%s: %v; amounts have no reference rate", key, fault), Fix: "correct " + key,
		})
	}
	if kept == nil {
		return nil, nil
	}
	return kept.content, nil
}

// CheckRates reports why a rates file must not replace the previous one: it
// cannot be parsed, or lacks currencies that the previous one had.
func CheckRates(ctx context.Context, r warehouse.Runner, content []byte) error {
	kept, err := lastGood(ctx, r, keyRates)
	if err != nil {
		return err
	}
	_, err = mergeRates(kept, content)
	return err
}

// mergeRates parses a rates file and merges it over the stored ones: days and
// currencies that it lacks keep their rates. It rejects a file without a
// currency that had a rate on the last stored day, and one whose last line is
// truncated.
func mergeRates(kept *goodCopy, content []byte) ([]byte, error) {
	days, err := parseRates(content)
	if err != nil {
		return nil, err
	}
	rates := newRateTable(days)
	if kept == nil {
		return rates.text(), nil
	}
	days, err = parseRates(kept.content)
	if err != nil {
		return nil, fmt.Errorf("kept rates: %w", err)
	}
	before := newRateTable(days)
	if lost := rates.lacks(before.current()); len(lost) > 0 {
		return nil, fmt.Errorf("has no rate of %s, which the file before had; add it, or remove the key for one run to start without the kept rates", strings.Join(lost, ", "))
	}
	if err := before.checkEnd(content); err != nil {
		return nil, err
	}
	return before.overlaid(rates).text(), nil
}

// rateLines renders the rates as lines of date, currency and rate, so that one
// statement loads all of them.
func rateLines(content []byte, reporting string) (string, error) {
	if len(content) == 0 {
		return "", nil
	}
	days, err := parseRates(content)
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	for _, day := range days {
		for _, cross := range day.into(reporting) {
			lines.WriteString(day.date + " " + cross.currency + " " + cross.rate + "\n")
		}
	}
	return lines.String(), nil
}

// A rateTable holds the units that one euro bought, by day and currency.
type rateTable map[string]map[string]*big.Rat

func newRateTable(days []rateDay) rateTable {
	t := make(rateTable, len(days))
	for _, day := range days {
		t[day.date] = day.perEuro
	}
	return t
}

// currencies lists all currencies that have a rate on any day, except the euro.
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

// overlaid returns the table merged with another one, whose rates win.
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

// checkEnd recognizes a file whose last rate is truncated: the line has no
// newline, and the table has a longer rate that begins like it.
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
