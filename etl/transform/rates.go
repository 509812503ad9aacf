package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// loadRates makes canonical.fx_rates what the rates file says for the
// reporting currency. A file that is loaded already is not parsed again; an
// empty path stands for a file without rates.
func loadRates(ctx context.Context, tx *warehouse.Tx, path, reporting string) error {
	var content []byte
	if path != "" {
		var err error
		if content, err = os.ReadFile(path); err != nil {
			return etl.Usagef("rates file: %w", err)
		}
	}
	sum := sha256.Sum256(content)
	source := warehouse.Args{"sha256": hex.EncodeToString(sum[:]), "reporting_currency": reporting}

	var known bool
	if err := tx.Get(ctx, "queries/fx_known.sql", source, &known); err != nil || known {
		return err
	}
	lines, err := rateLines(content, reporting)
	if err != nil {
		return etl.Usagef("rates file %s: %w", path, err)
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
		if _, err := tx.Exec(ctx, step.file, step.args); err != nil {
			return fmt.Errorf("rates file %s: %w", path, err)
		}
	}
	return nil
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
