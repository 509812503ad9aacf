package report

import (
	"fmt"
	"math/big"
	"strings"
)

// amount reads an exact decimal number that SQL printed.
func amount(text string) (*big.Rat, error) {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%q is no number", text)
	}
	return r, nil
}

// shift divides by ten to the power of exponent: minor units become major.
func shift(r *big.Rat, exponent int) *big.Rat {
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)
	return new(big.Rat).Quo(r, new(big.Rat).SetInt(power))
}

// money prints an amount with at least the given decimals, and with as many
// more as it takes to hide nothing.
func money(r *big.Rat, decimals int) string {
	needed, exact := r.FloatPrec()
	if exact {
		decimals = max(decimals, needed)
	}
	whole, fraction, _ := strings.Cut(r.FloatString(decimals), ".")
	text := thousands(whole)
	if fraction != "" {
		text += "." + fraction
	}
	return text
}

// thousands sets commas between groups of three digits.
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

func count(n int64) string { return thousands(fmt.Sprint(n)) }
