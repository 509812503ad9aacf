package transform

import (
	"database/sql"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/warehouse"
)

// combine writes records as lines of currency, amount, day, the vendor's rate
// and the currency that one converts into.
const combine = `
	insert into staging.records_combined by name
	select
		(row_number() over ())::varchar as spend_id,
		'' as source, '' as kind, '' as tenant, '' as stream, '' as record_id,
		1 as record_version, '' as page_id, '' as identifier, '' as type_value,
		false as vendor_fallback,
		to_timestamp(0) as first_seen_at, to_timestamp(0) as changed_at,
		field[1] as currency,
		field[2]::decimal(18, 4) as amount,
		field[3]::date as occurred_on,
		nullif(field[4], '')::decimal(20, 12) as exchange_rate,
		nullif(field[5], '') as currency_default
	from (select string_split(unnest(string_split($lines, chr(10))), ' ') as field)`

const converted = `
	select amount_reporting::varchar, fx_rate::varchar, fx_date::varchar, fx_source
	from int_amounts_converted
	order by spend_id::integer`

// convert returns amount, rate, day and source of each record's conversion
// into the reporting currency, with the rates file given.
func convert(t *testing.T, reporting, ratesFile string, records []string) []string {
	t.Helper()
	db := openWith(t, map[string]string{
		"test/combine.sql":   combine,
		"test/converted.sql": converted,
		"test/dirty.sql":     `create temp table dirty_slice as from staging.records_combined select source, stream, record_id, first_seen_at limit 1`,
		"test/setting.sql": `
			create or replace table staging.setting_run as
			select $reporting_currency as reporting_currency`,
	})
	path := filepath.Join(t.TempDir(), "rates.csv")
	if err := os.WriteFile(path, []byte(ratesFile), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := db.InTx(t.Context(), func(tx *warehouse.Tx) error {
		for _, step := range []struct {
			file string
			args warehouse.Args
		}{
			{"test/setting.sql", warehouse.Args{"reporting_currency": reporting}},
			{"test/combine.sql", warehouse.Args{"lines": strings.Join(records, "\n")}},
			{"test/dirty.sql", nil},
			{"transform/dirty.first_seen_from", nil},
			{"transform/dirty.first_seen_to", nil},
			{"2_staging/seed_currencies.sql", nil},
			{"4_normalized/int_amounts_converted.sql", nil},
		} {
			if _, err := tx.Exec(t.Context(), step.file, step.args); err != nil {
				return err
			}
		}
		rates := newTransformer(tx, Options{RatesFile: path, ReportingCurrency: reporting, Now: time.Now})
		if err := rates.loadRates(t.Context()); err != nil {
			return err
		}
		return tx.Each(t.Context(), "test/converted.sql", nil, func(rows *sql.Rows) error {
			var field [4]sql.NullString
			err := rows.Scan(&field[0], &field[1], &field[2], &field[3])
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s",
				field[0].String, field[1].String, field[2].String, field[3].String)))
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestConversionChoosesTheRate(t *testing.T) {
	const rates = `Date,USD,JPY,HRK
2026-01-09,1.2,160,N/A
2026-01-02,1.1,150,N/A
2022-12-30,1.0,140,7.5
`
	tests := map[string]struct{ record, want string }{
		"the same currency needs none":             {"USD 10.0000 2026-01-09", "10.0000 1.000000000000 2026-01-09 same"},
		"of the day":                               {"EUR 10.0000 2026-01-09", "12.0000 1.200000000000 2026-01-09 ecb"},
		"of the last day before a weekend":         {"EUR 10.0000 2026-01-08", "11.0000 1.100000000000 2026-01-02 ecb"},
		"through the euro":                         {"JPY 1000.0000 2026-01-09", "7.5000 0.007500000000 2026-01-09 ecb"},
		"before the vendor's own":                  {"EUR 10.0000 2026-01-09 9 USD", "12.0000 1.200000000000 2026-01-09 ecb"},
		"the vendor's own as second choice":        {"GBP 10.0000 2026-01-09 1.35 USD", "13.5000 1.350000000000 2026-01-09 vendor"},
		"not the vendor's into another currency":   {"GBP 10.0000 2026-01-09 1.35 CAD", ""},
		"not the vendor's of zero":                 {"GBP 10.0000 2026-01-09 0 USD", ""},
		"not the vendor's below zero":              {"GBP 10.0000 2026-01-09 -1 USD", ""},
		"not one from before the file begins":      {"EUR 10.0000 2022-12-29", ""},
		"not one of a currency that ended":         {"HRK 10.0000 2026-01-09", ""},
		"not one of a file that ended long before": {"EUR 10.0000 2026-01-20", ""},
		"the last one for ten days":                {"EUR 10.0000 2026-01-19", "12.0000 1.200000000000 2026-01-09 ecb"},
		"none for a currency nobody rates":         {"VEF 10.0000 2026-01-09", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record := tt.record + strings.Repeat(" ", 4-strings.Count(tt.record, " "))
			if diff := cmp.Diff([]string{tt.want}, convert(t, "USD", rates, []string{record})); diff != "" {
				t.Errorf("amount, rate, day, source (-want +got):\n%s", diff)
			}
		})
	}
}

// TestConversionIsExact compares DuckDB's decimals with exact fractions: any
// currency, any exponent, up to 10^13 units, of either sign, and the products
// that lie exactly in the middle.
func TestConversionIsExact(t *testing.T) {
	for reporting, exponent := range map[string]int{"USD": 2, "JPY": 0, "KWD": 3, "CLF": 4} {
		t.Run(reporting, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, uint64(exponent)))
			var records, want []string
			for range 5000 {
				amount, rate := randomAmount(random), randomRate(random)
				records = append(records, fmt.Sprintf("VEF %s 2026-01-09 %s %s", amount, rate, reporting))
				want = append(want, exactly(amount, rate, exponent)+" "+rate+" 2026-01-09 vendor")
			}
			if diff := cmp.Diff(want, convert(t, reporting, "Date,USD\n", records)); diff != "" {
				t.Errorf("amount, rate, day, source (-want +got):\n%s", diff)
			}
		})
	}
}

// randomAmount is a decimal(18,4) of up to 10^13 with any number of digits.
func randomAmount(random *rand.Rand) string {
	amount := decimal(big.NewInt(random.Int64N(pow(1+random.IntN(17)))), 4)
	if random.IntN(2) == 0 {
		return "-" + amount
	}
	return amount
}

// randomRate is a decimal(20,12) whose product with such an amount still fits
// decimal(18,4); one in four is short, so that products lie in the middle.
func randomRate(random *rand.Rand) string {
	if random.IntN(4) == 0 {
		return decimal(big.NewInt((1+random.Int64N(9))*pow(random.IntN(2)+10)), rateDecimals)
	}
	return decimal(big.NewInt(1+random.Int64N(pow(1+random.IntN(12)))), rateDecimals)
}

func pow(n int) int64 { return power10(n).Int64() }

// exactly multiplies without any rounding but the last.
func exactly(amount, rate string, exponent int) string {
	a, _ := new(big.Rat).SetString(amount)
	r, _ := new(big.Rat).SetString(rate)
	product := a.Mul(a, r)
	rounded := halfEven(new(big.Rat).Abs(product), exponent)
	text := decimal(rounded.Mul(rounded, power10(4-exponent)), 4)
	if product.Sign() < 0 && rounded.Sign() != 0 {
		return "-" + text
	}
	return text
}
