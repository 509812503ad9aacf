package report

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// spent makes months from January 2026 on.
func spent(amounts ...int64) []month {
	var months []month
	for i, a := range amounts {
		months = append(months, month{Month: time.Date(2026, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC), Amount: fmt.Sprint(a) + ".0000"})
	}
	return months
}

func TestColumnsStandOnTheZeroLine(t *testing.T) {
	type mark struct {
		Y, Height int
		Negative  bool
	}
	tests := map[string]struct {
		months []month
		zero   int
		want   []mark
	}{
		"only spend":          {spent(50, 100), 1000, []mark{{500, 500, false}, {0, 1000, false}}},
		"refunds hang down":   {spent(80, -20), 800, []mark{{0, 800, false}, {800, 200, true}}},
		"only refunds":        {spent(-10, -20), 0, []mark{{0, 500, true}, {0, 1000, true}}},
		"nothing at all":      {spent(0, 0), 0, []mark{{0, 0, false}, {0, 0, false}}},
		"thirds do not drift": {spent(3, 1), 1000, []mark{{0, 1000, false}, {667, 333, false}}},
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
				t.Errorf("the zero line is at %d, want %d", chart.Zero, tt.zero)
			}
		})
	}
}

func TestTheScaleEndsAtRoundAmounts(t *testing.T) {
	tests := map[string]struct {
		months []month
		want   []string
	}{
		"thousands":      {spent(569_180, 210_043), []string{"600k", "400k", "200k", "0"}},
		"refunds":        {spent(75, -25), []string{"80", "60", "40", "20", "0", "-20", "-40"}},
		"millions":       {spent(1_500_000, 900_000), []string{"1.5M", "1M", "500k", "0"}},
		"next to none":   {spent(1, 0), []string{"1", "0"}},
		"nothing at all": {spent(0, 0), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, tick := range chartMonths(tt.months).Ticks {
				got = append(got, tick.Label)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompactAmounts(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 950: "950", 1_000: "1k", 1_249: "1.2k", -25_300: "-25k", 569_180: "569k", 3_420_000: "3.4M", 12_000_000_000: "12B"} {
		if got := compact(n); got != want {
			t.Errorf("compact(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestMonthsWithoutSpendAreDrawnToo(t *testing.T) {
	months := spent(10, 20, 30, 40)
	chart := chartMonths([]month{months[0], months[3]})
	if len(chart.Columns) != 4 || chart.Columns[1].Height != 0 || chart.Columns[1].Name() != "February 2026" {
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
	got := []bar{{Amount: "200.0000"}, {Amount: "100.0000"}, {Amount: "-50.0000"}, {Amount: "0.0000"}}
	want := slices.Clone(got)
	want[0].Width, want[0].Share = 1000, "66.7 %"
	want[1].Width, want[1].Share = 500, "33.3 %"
	want[2].Width, want[2].Negative = 250, true
	want[3].Share = "0.0 %"
	scaleBars(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	nothing := []bar{{Amount: "0.0000"}}
	if scaleBars(nothing); nothing[0].Width != 0 || nothing[0].Share != "" {
		t.Errorf("nothing spent: %+v", nothing[0])
	}
}
