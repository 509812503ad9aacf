package transform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// loadRates makes canonical.fx_rates what the rates in force say for the
// reporting currency. Rates that are loaded already are not parsed again.
func (t *transformer) loadRates(ctx context.Context) error {
	content, err := t.ratesInForce(ctx)
	if err != nil {
		return err
	}
	reporting := t.opts.ReportingCurrency
	source := warehouse.Args{"sha256": hexHash(content), "reporting_currency": reporting}

	var known bool
	if err := t.tx.Get(ctx, "queries/fx_known.sql", source, &known); err != nil || known {
		return err
	}
	lines, err := rateLines(content, reporting)
	if err != nil {
		return fmt.Errorf("rates: %w", err)
	}
	for _, step := range []struct {
		file string
		args warehouse.Args
	}{
		{"queries/fx_clear.sql", nil},
		{"queries/fx_add.sql", warehouse.Args{"lines": lines, "reporting_currency": reporting}},
		{"queries/fx_source_clear.sql", nil},
		{"queries/fx_source_add.sql", source},
	} {
		if _, err := t.tx.Exec(ctx, step.file, step.args); err != nil {
			return fmt.Errorf("rates: %w", err)
		}
	}
	return nil
}

// ratesInForce returns the rates of the file and of all files before it. The
// kept ones stay as they are while the file cannot be used.
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

// keptRates returns the rates to use although the file has a fault. That a
// download is not there was told when it was asked for.
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
			What: fmt.Sprintf("%s: %v; amounts have no reference rate", key, fault), Mend: "correct " + key,
		})
	}
	if kept == nil {
		return nil, nil
	}
	return kept.content, nil
}

// CheckRates reports why a file of rates must not replace the one before: it
// cannot be read in full, or lost what that one had.
func CheckRates(ctx context.Context, r warehouse.Runner, content []byte) error {
	kept, err := lastGood(ctx, r, keyRates)
	if err != nil {
		return err
	}
	_, err = mergeRates(kept, content)
	return err
}

// mergeRates reads a file of rates in full and lays it over the kept ones:
// days and currencies that it does not have keep their rates. A file that has
// no rate of a currency whose rates went on until the last kept day is
// refused, as is one whose last line is cut off.
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

// rateLines renders the rates as lines of date, currency and rate, which
// DuckDB takes apart: one statement for the bank's quarter of a million.
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
