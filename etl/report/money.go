package report

import (
	"fmt"
	"math/big"

	"spendbridge/etl"
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
	return etl.Money(r.FloatString(decimals), decimals)
}

func count(n int64) string { return etl.Number(n) }
