package report

import (
	"math/big"
	"time"
)

// shownMonths is how many months the chart has room for.
const shownMonths = 24

// A month is the spend of one calendar month.
type month struct {
	First             time.Time
	Records, Unpriced int64
	Amount            string
	value             *big.Rat
}

// Name is how people call the month.
func (m month) Name() string { return m.First.Format("January 2006") }

// A monthChart is a column chart on a canvas of len(Columns) × 10 by 100.
type monthChart struct {
	All     []month
	Columns []column
	Width   int
	Zero    string // height of the line at which nothing was spent
	Highest month
}

// A column is one month's mark.
type column struct {
	month
	X, Y, Height string
	Negative     bool
}

// chartMonths draws the newest months, and months without spend between them
// as empty columns.
func chartMonths(months []month) monthChart {
	chart := monthChart{All: months}
	if len(months) == 0 {
		return chart
	}
	shown := fillMonths(months)
	shown = shown[max(0, len(shown)-shownMonths):]
	top, bottom := new(big.Rat), new(big.Rat)
	for _, m := range shown {
		if m.value.Cmp(top) > 0 {
			top, chart.Highest = m.value, m
		}
		if m.value.Cmp(bottom) < 0 {
			bottom = m.value
		}
	}
	span := new(big.Rat).Sub(top, bottom)
	scale := func(r *big.Rat) *big.Rat { // 0 … 100
		if span.Sign() == 0 {
			return new(big.Rat)
		}
		return new(big.Rat).Quo(new(big.Rat).Mul(r, big.NewRat(100, 1)), span)
	}
	zero := scale(top)
	chart.Zero, chart.Width = zero.FloatString(2), 10*len(shown)
	for i, m := range shown {
		c := column{month: m, X: big.NewRat(int64(20*i+3), 2).FloatString(1), Negative: m.value.Sign() < 0}
		c.Height = scale(new(big.Rat).Abs(m.value)).FloatString(2)
		c.Y = chart.Zero
		if !c.Negative {
			c.Y = new(big.Rat).Sub(zero, scale(m.value)).FloatString(2)
		}
		chart.Columns = append(chart.Columns, c)
	}
	return chart
}

// fillMonths puts the months that have no spend between those that have.
func fillMonths(months []month) []month {
	var all []month
	next := months[0].First
	for _, m := range months {
		for ; next.Before(m.First); next = next.AddDate(0, 1, 0) {
			all = append(all, month{First: next, Amount: "0", value: new(big.Rat)})
		}
		all = append(all, m)
		next = m.First.AddDate(0, 1, 0)
	}
	return all
}

// Ends names the first, the middle and the last month of the chart.
func (c monthChart) Ends() []string {
	n := len(c.Columns)
	if n == 0 {
		return nil
	}
	ends := []string{c.Columns[0].First.Format("Jan 2006")}
	if n > 4 {
		ends = append(ends, c.Columns[n/2].First.Format("Jan 2006"))
	}
	if n > 1 {
		ends = append(ends, c.Columns[n-1].First.Format("Jan 2006"))
	}
	return ends
}

// bars scales values to the longest of them, and adds their share of the sum
// of what is positive.
func bars(values []*big.Rat) []bar {
	longest, sum := new(big.Rat), new(big.Rat)
	for _, v := range values {
		if size := new(big.Rat).Abs(v); size.Cmp(longest) > 0 {
			longest = size
		}
		if v.Sign() > 0 {
			sum.Add(sum, v)
		}
	}
	all := make([]bar, len(values))
	for i, v := range values {
		all[i].Negative = v.Sign() < 0
		all[i].Width = int(part(new(big.Rat).Abs(v), longest, 1000).Num().Int64())
		if sum.Sign() > 0 && v.Sign() >= 0 {
			all[i].Share = tenths(part(v, sum, 1000)) + " %"
		}
	}
	return all
}

// part is v ÷ whole × of, rounded to a whole number.
func part(v, whole *big.Rat, of int64) *big.Rat {
	if whole.Sign() == 0 {
		return new(big.Rat)
	}
	r := new(big.Rat).Mul(new(big.Rat).Quo(v, whole), big.NewRat(of, 1))
	rounded, _ := new(big.Rat).SetString(r.FloatString(0))
	return rounded
}

func tenths(r *big.Rat) string {
	return new(big.Rat).Quo(r, big.NewRat(10, 1)).FloatString(1)
}
