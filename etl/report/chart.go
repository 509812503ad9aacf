package report

import (
	"fmt"
	"math"
	"strconv"
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
	Zero    int // height of the line at which nothing was spent
	Highest month
}

// A column is one month's mark.
type column struct {
	month
	X, Y, Height int
	Negative     bool
}

// chartMonths draws the newest months, and months without spend between them
// as empty columns.
func chartMonths(months []month) monthChart {
	shown := fillMonths(months)
	shown = shown[max(0, len(shown)-shownMonths):]
	chart := monthChart{All: months, Width: 20 * len(shown)}
	var top, bottom int64
	for _, m := range shown {
		if u := units(m.Amount); u > top {
			top, chart.Highest = u, m
		}
		bottom = min(bottom, units(m.Amount))
	}
	chart.Zero = pixels(top, top-bottom)
	for i, m := range shown {
		c := column{month: m, X: 20*i + 3, Y: chart.Zero, Height: pixels(units(m.Amount), top-bottom)}
		if c.Negative = units(m.Amount) < 0; c.Negative {
			c.Height = -c.Height
		} else {
			c.Y -= c.Height
		}
		chart.Columns = append(chart.Columns, c)
	}
	return chart
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
	Width                    int
	Share                    string
	Negative                 bool
}

// scaleBars makes the longest bar as wide as there is room.
func scaleBars(bars []bar) {
	var longest, sum int64
	for _, b := range bars {
		longest = max(longest, units(b.Amount), -units(b.Amount))
		sum += max(0, units(b.Amount))
	}
	for i := range bars {
		b, u := &bars[i], units(bars[i].Amount)
		b.Negative = u < 0
		b.Width = pixels(max(u, -u), longest)
		if share := pixels(u, sum); sum > 0 && !b.Negative {
			b.Share = fmt.Sprintf("%d.%d %%", share/10, share%10)
		}
	}
}

// units is an amount with four decimals in units of the last of them, as far
// as it matters to a chart.
func units(amount string) int64 {
	const most = 1 << 56
	n, _ := strconv.ParseInt(strings.Replace(amount, ".", "", 1), 10, 64) // the largest if it is larger
	return min(max(n, -most), most)
}

// pixels is v ÷ whole × 1000, 0 of nothing.
func pixels(v, whole int64) int {
	if whole == 0 {
		return 0
	}
	return int(math.Round(1000 * float64(v) / float64(whole)))
}
