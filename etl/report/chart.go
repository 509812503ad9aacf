package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const shownMonths = 24

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
	Ticks   []tick
	Width   int
	Zero    int // height of the line at which nothing was spent
	Highest month
}

type column struct {
	month
	X, Y, Height int
	Negative     bool
}

// Label is the amount as there is room for it above a column.
func (c column) Label() string {
	if c.Height == 0 {
		return ""
	}
	return compact(units(c.Amount) / unitsOfOne)
}

// A tick is a line across the chart, and the amount that it stands for.
type tick struct {
	Y     int
	Label string
}

// chartMonths draws the newest months, and months without spend between them
// as empty columns, on a scale that ends at round amounts.
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
	step := roundStep(top - bottom)
	top, bottom = (top+step-1)/step*step, -(-bottom+step-1)/step*step
	for at := top; at >= bottom && top > bottom; at -= step {
		chart.Ticks = append(chart.Ticks, tick{pixels(top-at, top-bottom), compact(at / unitsOfOne)})
	}
	chart.Zero = pixels(top, top-bottom)
	for i, m := range shown {
		height := pixels(units(m.Amount), top-bottom) // below zero it hangs down
		chart.Columns = append(chart.Columns, column{
			month: m, X: 20*i + 3, Y: chart.Zero - max(height, 0), Height: max(height, -height), Negative: units(m.Amount) < 0,
		})
	}
	return chart
}

// roundStep is 1, 2 or 5 times a power of ten, so that a chart of this height
// has a handful of steps.
func roundStep(height int64) int64 {
	step := int64(unitsOfOne)
	for ; ; step *= 10 {
		for _, factor := range []int64{1, 2, 5} {
			if step*factor*5 >= height {
				return step * factor
			}
		}
	}
}

// compact writes a whole amount in four characters or so: 950, 1.2k, 569k, 3.4M.
func compact(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	for _, unit := range []struct {
		size int64
		name string
	}{{1_000_000_000, "B"}, {1_000_000, "M"}, {1_000, "k"}} {
		if n < unit.size {
			continue
		}
		if tenths := (n*10 + unit.size/2) / unit.size; tenths < 100 && tenths%10 != 0 {
			return fmt.Sprintf("%s%d.%d%s", sign, tenths/10, tenths%10, unit.name)
		}
		return fmt.Sprintf("%s%d%s", sign, (n+unit.size/2)/unit.size, unit.name)
	}
	return fmt.Sprint(sign, n)
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

// unitsOfOne is how many units an amount of 1 has.
const unitsOfOne = 10_000

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
