package transform

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"spendbridge/etl/plaintext"
)

// euro is what a file of reference rates converts from: each of its numbers
// says how many units one euro bought.
const euro = "EUR"

// maxRatesFile limits the unpacked size of a zipped rates file. The bank's
// whole history is about one megabyte.
const maxRatesFile = 64 << 20

// A rateTable holds the units that one euro bought, by day, such as 2026-01-31,
// and currency, the euro included.
type rateTable map[string]map[string]*big.Rat

// parseRates reads the European Central Bank's history layout, zipped or not:
// a line "Date,USD,JPY,…", then a line per day, in any order. An empty cell or
// N/A is a day without that rate.
func parseRates(content []byte) (rateTable, error) {
	text, err := unzip(content)
	if err != nil {
		return nil, err
	}
	lines, err := plaintext.Records(text)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, errors.New("is empty; it begins with Date,USD,JPY,…")
	}
	currencies, err := rateHeader(lines[0].Fields)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", lines[0].Line, err)
	}
	table := make(rateTable, len(lines)-1)
	seen := map[string]int{}
	for _, line := range lines[1:] {
		perEuro, err := parseRateDay(currencies, line.Fields)
		date := line.Fields[0]
		if first, ok := seen[date]; ok && err == nil {
			err = fmt.Errorf("%s is already on line %d", date, first)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line.Line, err)
		}
		seen[date] = line.Line
		table[date] = perEuro
	}
	return table, nil
}

// unzip returns the only file of a zip archive, or content if it is not an
// archive.
func unzip(content []byte) ([]byte, error) {
	if !bytes.HasPrefix(content, []byte("PK\x03\x04")) {
		return content, nil
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	if len(archive.File) != 1 {
		return nil, fmt.Errorf("the archive holds %d files, one is expected", len(archive.File))
	}
	file, err := archive.File[0].Open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxRatesFile+1))
	if len(text) > maxRatesFile {
		return nil, fmt.Errorf("%s unpacks to more than %d bytes", archive.File[0].Name, maxRatesFile)
	}
	return text, err
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// rateHeader reads the first line. The bank ends every line with a comma, so
// the last column has no name.
func rateHeader(header []string) ([]string, error) {
	if !strings.EqualFold(header[0], "Date") {
		return nil, errors.New(`does not begin with Date; use the layout of the bank's "Time series" file: Date,USD,JPY,…`)
	}
	seen := map[string]bool{euro: true}
	for i, code := range header[1:] {
		last := i == len(header)-2
		if code == "" && last {
			continue
		}
		code = strings.ToUpper(code)
		header[i+1] = code
		if !currencyCode.MatchString(code) || seen[code] {
			return nil, fmt.Errorf("%q is not a currency code, or is listed twice", code)
		}
		seen[code] = true
	}
	return header[1:], nil
}

// A rate is written with digits and a point, never with an exponent.
var rateText = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,12})?$`)

func parseRateDay(currencies, fields []string) (map[string]*big.Rat, error) {
	if len(fields) != 1+len(currencies) {
		return nil, fmt.Errorf("wrong number of fields: %d instead of %d", len(fields), 1+len(currencies))
	}
	if _, err := time.Parse(time.DateOnly, fields[0]); err != nil {
		return nil, fmt.Errorf("%q is not a date such as 2026-01-31", fields[0])
	}
	perEuro := map[string]*big.Rat{euro: big.NewRat(1, 1)}
	for i, text := range fields[1:] {
		if text == "" || text == "N/A" {
			continue
		}
		rate, ok := new(big.Rat), rateText.MatchString(text)
		if ok {
			rate, ok = rate.SetString(text)
		}
		if !ok || rate.Sign() == 0 || currencies[i] == "" {
			return nil, fmt.Errorf("%q is not a rate", text)
		}
		perEuro[currencies[i]] = rate
	}
	return perEuro, nil
}

// rateLines renders the rates as lines of date, currency and rate, so that one
// statement loads all of them. It converts them through the euro: one unit of a
// currency is perEuro[reporting] / perEuro[currency] of the reporting one. A rate
// that does not fit decimal(20,12) is left out, and so is a day without a rate of
// the reporting currency.
func rateLines(content []byte, reporting string) (string, error) {
	if len(content) == 0 {
		return "", nil
	}
	table, err := parseRates(content)
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	for _, date := range table.dates() {
		perEuro := table[date]
		target, ok := perEuro[reporting]
		for _, currency := range slices.Sorted(maps.Keys(perEuro)) {
			if !ok || currency == reporting {
				continue
			}
			rate := halfEven(new(big.Rat).Quo(target, perEuro[currency]), rateDecimals)
			if rate.Sign() > 0 && rate.Cmp(maxRate) < 0 {
				lines.WriteString(date + " " + currency + " " + decimal(rate, rateDecimals) + "\n")
			}
		}
	}
	return lines.String(), nil
}

// dates lists the days, the last one first.
func (t rateTable) dates() []string {
	dates := slices.Sorted(maps.Keys(t))
	slices.Reverse(dates)
	return dates
}

// A rate is decimal(20,12).
const rateDecimals = 12

// maxRate is the smallest unscaled rate that is too large.
var maxRate = power10(20)

// halfEven returns value × 10^decimals rounded half to even. The value is not
// negative.
func halfEven(value *big.Rat, decimals int) *big.Int {
	scaled := new(big.Int).Mul(value.Num(), power10(decimals))
	quotient, rest := new(big.Int).QuoRem(scaled, value.Denom(), new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(value.Denom()) {
	case 1:
		return quotient.Add(quotient, big.NewInt(1))
	case 0:
		return quotient.Add(quotient, big.NewInt(int64(quotient.Bit(0))))
	}
	return quotient
}

// decimal writes an unscaled integer with its point.
func decimal(unscaled *big.Int, decimals int) string {
	return new(big.Rat).SetFrac(unscaled, power10(decimals)).FloatString(decimals)
}

func power10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
