package report

import (
	"fmt"
	"math/big"
	"strings"
	"time"
)

// shownMonths is how many months the chart has room for.
const shownMonths = 24

// A month is the spend of one calendar month.
type month struct {
	Month             time.Time // its first day
	Records, Unpriced int64
	Amount            string
}

// Name is how people call the month.
func (m month) Name() string { return m.Month.Format("January 2006") }

// A monthChart is a column chart on a canvas of len(Columns) × 20 by 1000.
type monthChart struct {
	All     []month
	Columns []column
	Width   int
	Zero    int64 // height of the line at which nothing was spent
	Highest month
}

// A column is one month's mark.
type column struct {
	month
	X, Y, Height int64
	Negative     bool
}

// chartMonths draws the newest months, and months without spend between them
// as empty columns.
func chartMonths(months []month) (monthChart, error) {
	chart := monthChart{All: months}
	shown := fillMonths(months)
	shown = shown[max(0, len(shown)-shownMonths):]
	values := make([]*big.Int, len(shown))
	top, bottom := new(big.Int), new(big.Int)
	for i, m := range shown {
		var err error
		if values[i], err = units(m.Amount); err != nil {
			return chart, err
		}
		if values[i].Cmp(top) > 0 {
			top, chart.Highest = values[i], m
		}
		if values[i].Cmp(bottom) < 0 {
			bottom = values[i]
		}
	}
	span := new(big.Int).Sub(top, bottom)
	chart.Zero, chart.Width = thousandths(top, span), 20*len(shown)
	for i, m := range shown {
		c := column{month: m, X: int64(20*i + 3), Y: chart.Zero, Height: thousandths(values[i], span)}
		if c.Negative = values[i].Sign() < 0; c.Negative {
			c.Height = -c.Height
		} else {
			c.Y -= c.Height
		}
		chart.Columns = append(chart.Columns, c)
	}
	return chart, nil
}

// fillMonths puts the months that have no spend between those that have.
func fillMonths(months []month) []month {
	var all []month
	for _, m := range months {
		for n := len(all); n > 0 && all[n-1].Month.AddDate(0, 1, 0).Before(m.Month); n++ {
			all = append(all, month{Month: all[n-1].Month.AddDate(0, 1, 0), Amount: "0.0000"})
		}
		all = append(all, m)
	}
	return all
}

// Ends names the first, the middle and the last month of the chart.
func (c monthChart) Ends() []string {
	n := len(c.Columns)
	var ends []string
	for i, column := range c.Columns {
		if i == 0 || i == n-1 || i == n/2 && n > 4 {
			ends = append(ends, column.Month.Format("Jan 2006"))
		}
	}
	return ends
}

// A bar is one line of a bar chart. Width is of 1000, Share of all that is
// positive.
type bar struct {
	Name, Transacted, Amount string
	Exponent                 int // of a currency
	Records, Unpriced        int64
	Width                    int64
	Share                    string
	Negative                 bool
}

// scaleBars makes the longest bar as wide as there is room.
func scaleBars(bars []bar) error {
	longest, sum := new(big.Int), new(big.Int)
	values := make([]*big.Int, len(bars))
	for i := range bars {
		var err error
		if values[i], err = units(bars[i].Amount); err != nil {
			return err
		}
		if values[i].CmpAbs(longest) > 0 {
			longest.Abs(values[i])
		}
		if values[i].Sign() > 0 {
			sum.Add(sum, values[i])
		}
	}
	for i, v := range values {
		b := &bars[i]
		b.Negative = v.Sign() < 0
		b.Width = thousandths(new(big.Int).Abs(v), longest)
		if share := thousandths(v, sum); sum.Sign() > 0 && !b.Negative {
			b.Share = fmt.Sprintf("%d.%d %%", share/10, share%10)
		}
	}
	return nil
}

// units reads an amount as SQL prints it, with four decimals, in units of the
// last of them.
func units(amount string) (*big.Int, error) {
	n, ok := new(big.Int).SetString(strings.Replace(amount, ".", "", 1), 10)
	if !ok {
		return nil, fmt.Errorf("%q is not an amount", amount)
	}
	return n, nil
}

// thousandths is v ÷ whole × 1000, rounded; 0 of nothing.
func thousandths(v, whole *big.Int) int64 {
	if whole.Sign() == 0 {
		return 0
	}
	twice := new(big.Int).Mul(v, big.NewInt(2000))
	twice.Add(twice, whole)
	return twice.Div(twice, new(big.Int).Mul(whole, big.NewInt(2))).Int64()
}
