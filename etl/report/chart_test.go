package report

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// spent makes months from January 2026 on.
func spent(amounts ...int64) []month {
	var months []month
	for i, a := range amounts {
		months = append(months, month{First: time.Date(2026, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC), value: big.NewRat(a, 1)})
	}
	return months
}

func TestColumnsStandOnTheZeroLine(t *testing.T) {
	type mark struct {
		Y, Height string
		Negative  bool
	}
	tests := map[string]struct {
		months []month
		zero   string
		want   []mark
	}{
		"only spend":          {spent(50, 100), "100.00", []mark{{"50.00", "50.00", false}, {"0.00", "100.00", false}}},
		"refunds hang down":   {spent(75, -25), "75.00", []mark{{"0.00", "75.00", false}, {"75.00", "25.00", true}}},
		"only refunds":        {spent(-10, -20), "0.00", []mark{{"0.00", "50.00", true}, {"0.00", "100.00", true}}},
		"nothing at all":      {spent(0, 0), "0.00", []mark{{"0.00", "0.00", false}, {"0.00", "0.00", false}}},
		"thirds do not drift": {spent(3, 1), "100.00", []mark{{"0.00", "100.00", false}, {"66.67", "33.33", false}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			chart := chartMonths(tt.months)
			var got []mark
			for _, c := range chart.Columns {
				got = append(got, mark{c.Y, c.Height, c.Negative})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if chart.Zero != tt.zero {
				t.Errorf("the zero line is at %s, want %s", chart.Zero, tt.zero)
			}
		})
	}
}

func TestMonthsWithoutSpendAreDrawnToo(t *testing.T) {
	months := spent(10, 20, 30, 40)
	chart := chartMonths([]month{months[0], months[3]})
	if len(chart.Columns) != 4 || chart.Columns[1].Height != "0.00" || chart.Columns[1].Name() != "February 2026" {
		t.Errorf("got %d columns, %+v", len(chart.Columns), chart.Columns)
	}
}

func TestTheChartShowsTheNewestMonths(t *testing.T) {
	amounts := make([]int64, 40)
	chart := chartMonths(spent(amounts...))
	if len(chart.Columns) != shownMonths || len(chart.All) != 40 || chart.Columns[0].Name() != "May 2027" {
		t.Errorf("got %d columns from %s, of %d months", len(chart.Columns), chart.Columns[0].Name(), len(chart.All))
	}
}

func TestBarsAreScaledToTheLongest(t *testing.T) {
	want := []bar{{Width: 1000, Share: "66.7 %"}, {Width: 500, Share: "33.3 %"}, {Width: 250, Negative: true}, {Width: 0, Share: "0.0 %"}}
	got := bars([]*big.Rat{big.NewRat(200, 1), big.NewRat(100, 1), big.NewRat(-50, 1), new(big.Rat)})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if all := bars([]*big.Rat{new(big.Rat)}); all[0].Width != 0 || all[0].Share != "" {
		t.Errorf("nothing spent: %+v", all[0])
	}
}
