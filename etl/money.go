package etl

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

// An Amount is an exact decimal as text, empty if it cannot be read. In JSON it is
// a text, or null.
type Amount string

// MarshalJSON implements [json.Marshaler].
func (a Amount) MarshalJSON() ([]byte, error) {
	if a == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(a))
}

// Number writes n with a comma between thousands.
func Number[T ~int | ~int64](n T) string { return thousands(fmt.Sprint(n)) }

// Money writes an exact decimal with a comma between thousands and at least the
// given number of decimals, but no further zeros. Empty text stands for an
// amount that could not be read.
func Money[T ~string](amount T, decimals int) string {
	if amount == "" {
		return "?"
	}
	whole, fraction, _ := strings.Cut(string(amount), ".")
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

// SubMoney is the first exact decimal less the second, "" if one of them cannot
// be read.
func SubMoney(a, b string) string {
	if minus, negative := strings.CutPrefix(b, "-"); negative {
		return AddMoney(a, minus)
	}
	return AddMoney(a, "-"+b)
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

// A Cell is one figure of the control totals: the number of some records and
// their money, as exact decimal text. The fields that name a cell are empty where
// its place names it.
type Cell struct {
	Source    string `json:"source,omitempty"`
	Currency  string `json:"currency,omitempty"`
	Type      string `json:"type,omitempty"`
	Month     string `json:"month,omitempty"` // its first day, 2026-01-01
	Records   int64  `json:"records"`
	Amount    string `json:"amount"`
	AbsAmount string `json:"abs_amount,omitempty"`

	// KeyHash is the sum over the records of md5(spend_id), its first eight
	// bytes read as a little-endian number.
	KeyHash string `json:"key_hash,omitempty"`
}

// IsZero reports whether there is neither a record nor money.
func (c Cell) IsZero() bool { return c.Records == 0 && strings.Trim(c.Amount, "-0.") == "" }

// String names the cell of one month and what it holds.
func (c Cell) String() string {
	if c.Records == 0 {
		return "no such cell"
	}
	return fmt.Sprintf("%s %s %s %s: %d records, %s, absolute %s, keys %s",
		c.Source, c.Currency, c.Type, c.Month, c.Records, c.Amount, c.AbsAmount, c.KeyHash)
}
