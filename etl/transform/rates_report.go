package transform

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"strings"

	"spendbridge/etl/warehouse"
)

// maxDeviation is how far, in percent, a vendor's rate may be from the
// reference rate without a warning: it is from another day and another bank.
var maxDeviation = big.NewRat(5, 1)

// A rateFinding is the result for one currency of one source. It is recorded as
// a check, but never fails a run.
type rateFinding struct {
	check            string
	source, currency string
	passed           bool
	expected, actual string
	detail           string // a sentence
}

// reportRates records which amounts have no rate, how far the vendors' own
// rates are from the reference, and which currencies a vendor may store with
// other decimals. Findings that deserve a look are returned as warnings.
func (t *transformer) reportRates(ctx context.Context) ([]Warning, error) {
	var warnings []Warning
	for _, report := range []struct {
		file string
		read func(*sql.Rows) (rateFinding, error)
	}{
		{"transform/fx.missing", missingRate},
		{"transform/fx_deviations.sql", deviatingRate},
		{"transform/units_", otherDecimals},
	} {
		findings, err := t.findings(ctx, report.file, report.read)
		if err != nil {
			return nil, err
		}
		for _, f := range findings {
			if err := t.saveFinding(ctx, f); err != nil {
				return nil, err
			}
			// Without a rates file, missing rates are intended.
			if !f.passed && (f.check != checkRateKnown || t.opts.RatesFile != "") {
				warnings = append(warnings, Warning{f.source, f.detail})
			}
		}
	}
	return warnings, nil
}

func (t *transformer) findings(ctx context.Context, file string, read func(*sql.Rows) (rateFinding, error)) ([]rateFinding, error) {
	var all []rateFinding
	err := t.each(ctx, file, func(rows *sql.Rows) error {
		finding, err := read(rows)
		all = append(all, finding)
		return err
	})
	return all, err
}

func (t *transformer) saveFinding(ctx context.Context, f rateFinding) error {
	_, err := t.tx.Exec(ctx, "transform/fx.add_check", warehouse.Args{
		"run_id": string(t.opts.RunID), "check_name": f.check, "passed": f.passed,
		"source": f.source, "subject": f.currency,
		"expected": f.expected, "actual": f.actual, "detail": f.detail,
		"checked_at": t.opts.Now().UTC(),
	})
	return err
}

// The check names in ops.checks.
const (
	checkRateKnown     = "every_amount_has_a_rate"
	checkRateNear      = "vendor_rate_is_near_the_reference"
	checkSameExponents = "vendor_converts_to_the_same_amount"
)

func missingRate(rows *sql.Rows) (rateFinding, error) {
	var source, currency, reporting, amount string
	var records int
	err := rows.Scan(&source, &currency, &reporting, &records, &amount)
	return rateFinding{
		check: checkRateKnown, source: source, currency: currency,
		expected: "0", actual: fmt.Sprint(records),
		detail: fmt.Sprintf("no rate from %s into %s; records without one: %d, together %s %[1]s",
			currency, reporting, records, short(amount)),
	}, err
}

func deviatingRate(rows *sql.Rows) (rateFinding, error) {
	var source, currency, record, vendor, reference, day string
	var records int
	if err := rows.Scan(&source, &currency, &records, &record, &vendor, &reference, &day); err != nil {
		return rateFinding{}, err
	}
	percent, err := deviation(vendor, reference)
	if err != nil {
		return rateFinding{}, err
	}
	return rateFinding{
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

func otherDecimals(rows *sql.Rows) (rateFinding, error) {
	var source, currency, target string
	var records, suspects int
	err := rows.Scan(&source, &currency, &target, &records, &suspects)
	return rateFinding{
		check: checkSameExponents, source: source, currency: currency,
		passed: 2*suspects <= records, expected: "0", actual: fmt.Sprint(suspects),
		detail: fmt.Sprintf("%d of %d amounts in %s are far from the vendor's own conversion into %s; "+
			"it may store one of them with other decimals, see minor_units", suspects, records, currency, target),
	}, err
}
