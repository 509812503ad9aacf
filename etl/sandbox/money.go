package sandbox

import (
	"strconv"
	"strings"
)

// A currency is what the vendors know of one: its ISO exponent and, in
// millionths, how many US dollars it buys.
type currency struct {
	code     string
	exponent int
	rate     int64
}

// currencies are those that generated spend uses. EUR buys 1.25 USD, as in the
// vendor's example; HRK was retired in 2023 and still occurs in old budgets.
var currencies = map[string]currency{
	"USD": {"USD", 2, 1_000_000},
	"EUR": {"EUR", 2, 1_250_000},
	"GBP": {"GBP", 2, 1_500_000},
	"CAD": {"CAD", 2, 750_000},
	"CHF": {"CHF", 2, 1_100_000},
	"JPY": {"JPY", 0, 6_700},
	"KWD": {"KWD", 3, 3_250_000},
	"HRK": {"HRK", 2, 160_000},
}

// lookup returns what is known of a currency; an unknown one is taken at par.
func lookup(code string) currency {
	if c, ok := currencies[code]; ok {
		return c
	}
	return currency{code, 2, 1_000_000}
}

// digits returns how many of a stored amount's digits are decimals.
func (e Exponent) digits(c currency) int {
	if e == Cents {
		return 2
	}
	return c.exponent
}

// convert turns minor units of one currency into minor units of another at a
// rate in millionths, rounding halves away from zero.
func convert(amount int64, from, to int, rate int64) int64 {
	divisor := int64(1_000_000)
	for ; from < to; from++ {
		amount *= 10
	}
	for ; from > to; from-- {
		divisor *= 10
	}
	return divide(amount*rate, divisor)
}

// divide rounds halves away from zero.
func divide(a, b int64) int64 {
	half := b / 2
	if a < 0 {
		half = -half
	}
	return (a + half) / b
}

// times multiplies an amount by a quantity such as "2.5".
func times(amount int64, quantity string) int64 {
	if quantity == "1.0" {
		return amount
	}
	thousandths, ok := parseThousandths(quantity)
	if !ok {
		return amount
	}
	return divide(amount*thousandths, 1000)
}

// parseThousandths reads "2.5" as 2500.
func parseThousandths(s string) (int64, bool) {
	whole, decimals, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole+(decimals + "000")[:3], 10, 64)
	return n, err == nil
}

// appendRate writes millionths as the vendor does: 1.25, 1.0, 0.0067.
func appendRate(b []byte, rate int64) []byte {
	b = strconv.AppendInt(b, rate/1_000_000, 10)
	b = append(b, '.')
	decimals := strconv.FormatInt(1_000_000+rate%1_000_000, 10)[1:]
	end := len(decimals)
	for end > 1 && decimals[end-1] == '0' {
		end--
	}
	return append(b, decimals[:end]...)
}

// decimal writes minor units with a decimal point: 8000 and 2 are "80.00".
func decimal(amount int64, digits int) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	s := strconv.FormatInt(amount, 10)
	if digits == 0 {
		return sign + s
	}
	for len(s) <= digits {
		s = "0" + s
	}
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}
