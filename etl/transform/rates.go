package transform

import (
	"bytes"
	"context"
	"database/sql"
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
// canonical.fx_rates, unless they are loaded already and no table was dropped.
func (t *transformer) loadRates(ctx context.Context) error {
	content, err := t.ratesInForce(ctx)
	if err != nil {
		return err
	}
	reporting := t.opts.ReportingCurrency
	source := warehouse.Args{"sha256": hexHash(content), "reporting_currency": reporting}

	var known bool
	if err := t.tx.Get(ctx, "transform/fx.known", source, &known); err != nil || known && t.restored == "" {
		return err
	}
	lines, err := rateLines(content, reporting)
	if err != nil {
		return fmt.Errorf("rates: %w", err)
	}
	t.rates = true
	if err := t.exec(ctx, "transform/fx.before"); err != nil {
		return err
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
	kept := t.copies[file.key]
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
	copies, err := goodCopies(ctx, r)
	if err != nil {
		return err
	}
	_, err = mergeRates(copies[keyRates], content)
	return err
}

// mergeRates parses a rates file and merges it over the stored ones: days and
// currencies that it lacks keep their rates. It rejects a file without a
// currency that had a rate on the last stored day, and one whose last line is
// truncated.
func mergeRates(kept *goodCopy, content []byte) ([]byte, error) {
	rates, err := parseRates(content)
	if err != nil {
		return nil, err
	}
	if kept == nil {
		return rates.text(), nil
	}
	before, err := parseRates(kept.content)
	if err != nil {
		return nil, fmt.Errorf("kept rates: %w", err)
	}
	if lost := rates.lacks(before.current()); len(lost) > 0 {
		return nil, fmt.Errorf("has no rate of %s, which the file before had; add it, or remove the key for one run to start without the kept rates", strings.Join(lost, ", "))
	}
	if err := before.checkEnd(content); err != nil {
		return nil, err
	}
	return before.overlaid(rates).text(), nil
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
	last := t.dates()[0]
	return rateTable{last: t[last]}.currencies()
}

// lacks lists those of the currencies that have no rate on any day.
func (t rateTable) lacks(currencies []string) []string {
	has := t.currencies()
	return slices.DeleteFunc(currencies, func(currency string) bool { return slices.Contains(has, currency) })
}

// overlaid returns the table merged with another one, whose rates win.
func (t rateTable) overlaid(with rateTable) rateTable {
	all := maps.Clone(t)
	for date, perEuro := range with {
		all[date] = map[string]*big.Rat{}
		maps.Copy(all[date], t[date])
		maps.Copy(all[date], perEuro)
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
	for _, date := range t.dates() {
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

// maxDeviation is how far, in percent, a vendor's rate may be from the
// reference rate without a warning: it is from another day and another bank.
var maxDeviation = big.NewRat(5, 1)

// reportRates records which amounts have no rate, how far the vendors' own
// rates are from the reference, and which currencies a vendor may store with
// other decimals. Findings that deserve a look are returned as warnings.
func (t *transformer) reportRates(ctx context.Context) ([]Warning, error) {
	var findings []finding
	for _, report := range []struct {
		file string
		read func(*sql.Rows) (finding, error)
	}{
		{"transform/fx.missing", missingRate},
		{"transform/fx_deviations.sql", deviatingRate},
		{"transform/units_", otherDecimals},
	} {
		err := t.each(ctx, report.file, func(rows *sql.Rows) error {
			found, err := report.read(rows)
			findings = append(findings, found)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	var warnings []Warning
	for _, f := range findings {
		if err := saveFinding(ctx, t.tx, t.opts, f); err != nil {
			return nil, err
		}
		// Without a rates file, missing rates are intended.
		if !f.passed && (f.check != checkRateKnown || t.opts.RatesFile != "") {
			warnings = append(warnings, Warning{f.source, f.detail})
		}
	}
	return warnings, nil
}

// The check names in ops.checks.
const (
	checkRateKnown     = "every_amount_has_a_rate"
	checkRateNear      = "vendor_rate_is_near_the_reference"
	checkSameExponents = "vendor_converts_to_the_same_amount"
)

func missingRate(rows *sql.Rows) (finding, error) {
	var source, currency, reporting, amount string
	var records int
	err := rows.Scan(&source, &currency, &reporting, &records, &amount)
	return finding{
		check: checkRateKnown, source: source, currency: currency,
		expected: "0", actual: fmt.Sprint(records),
		detail: fmt.Sprintf("no rate from %s into %s; records without one: %d, together %s %[1]s",
			currency, reporting, records, short(amount)),
	}, err
}

func deviatingRate(rows *sql.Rows) (finding, error) {
	var source, currency, record, vendor, reference, day string
	var records int
	if err := rows.Scan(&source, &currency, &records, &record, &vendor, &reference, &day); err != nil {
		return finding{}, err
	}
	percent, err := deviation(vendor, reference)
	if err != nil {
		return finding{}, err
	}
	return finding{
		check: checkRateNear, source: source, currency: currency,
		passed: percent.Cmp(maxDeviation) <= 0, expected: reference, actual: vendor,
		detail: fmt.Sprintf("the vendor's own rate of %s is up to %s %% off the reference: %s against %s of %s, in %s",
			currency, percent.FloatString(2), short(vendor), short(reference), day, record),
	}, nil
}

// short drops trailing zeros after a decimal point.
func short(decimal string) string {
	return strings.TrimRight(strings.TrimRight(decimal, "0"), ".")
}

// deviation is how far a rate is from the reference, in percent.
func deviation(rate, reference string) (*big.Rat, error) {
	a, okA := new(big.Rat).SetString(rate)
	b, okB := new(big.Rat).SetString(reference)
	if !okA || !okB || b.Sign() == 0 {
		return nil, fmt.Errorf("%q and %q are not rates", rate, reference)
	}
	share := a.Quo(a.Sub(a, b), b)
	return share.Abs(share.Mul(share, big.NewRat(100, 1))), nil
}

func otherDecimals(rows *sql.Rows) (finding, error) {
	var source, currency, target string
	var records, suspects int
	err := rows.Scan(&source, &currency, &target, &records, &suspects)
	return finding{
		check: checkSameExponents, source: source, currency: currency,
		passed: 2*suspects <= records, expected: "0", actual: fmt.Sprint(suspects),
		detail: fmt.Sprintf("%d of %d amounts in %s are far from the vendor's own conversion into %s; "+
			"it may store one of them with other decimals, see minor_units", suspects, records, currency, target),
	}, err
}
