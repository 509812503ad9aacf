package etl

import (
	"fmt"
	"math/big"
	"strings"
)

// Number writes n with a comma between thousands.
func Number[T ~int | ~int64](n T) string { return thousands(fmt.Sprint(n)) }

// Money writes an exact decimal with a comma between thousands and at least the
// given number of decimals, but no further zeros. Empty text stands for an
// amount that could not be read.
func Money(text string, decimals int) string {
	if text == "" {
		return "?"
	}
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	for len(fraction) < decimals {
		fraction += "0"
	}
	if fraction == "" {
		return thousands(whole)
	}
	return thousands(whole) + "." + fraction
}

// AddMoney adds two exact decimals of at most four decimals, "" if one of them
// cannot be read.
func AddMoney(a, b string) string {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	if !okX || !okY {
		return ""
	}
	return x.Add(x, y).FloatString(4)
}

func thousands(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
