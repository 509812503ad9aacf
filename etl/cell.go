package etl

import (
	"fmt"
	"strings"
)

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
