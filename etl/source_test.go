package etl_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
)

func day(t *testing.T, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSpansCutPeriodsIntoWindows(t *testing.T) {
	tests := map[string]struct {
		span     string
		from, to string
		want     []string
	}{
		"whole months":    {"1mo", "2024-01-01", "2024-03-01", []string{"2024-01-01/2024-02-01", "2024-02-01/2024-03-01"}},
		"parts of months": {"1mo", "2024-01-30", "2024-03-02", []string{"2024-01-30/2024-02-01", "2024-02-01/2024-03-01", "2024-03-01/2024-03-02"}},
		"over the year":   {"1mo", "2023-12-31", "2024-01-02", []string{"2023-12-31/2024-01-01", "2024-01-01/2024-01-02"}},
		"quarters":        {"3mo", "2024-01-01", "2024-07-01", []string{"2024-01-01/2024-04-01", "2024-04-01/2024-07-01"}},
		"weeks":           {"7d", "2024-02-26", "2024-03-06", []string{"2024-02-26/2024-03-04", "2024-03-04/2024-03-06"}},
		"one day":         {"1d", "2024-02-29", "2024-03-01", []string{"2024-02-29/2024-03-01"}},
		"nothing":         {"1mo", "2024-01-01", "2024-01-01", nil},
		"the wrong way":   {"1mo", "2024-02-01", "2024-01-01", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			span, err := etl.ParseSpan(tt.span)
			if err != nil || span.String() != tt.span {
				t.Fatalf("span %q reads as %v, %v", tt.span, span, err)
			}
			var got []string
			for _, w := range span.Split(day(t, tt.from), day(t, tt.to)) {
				got = append(got, w.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("windows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheNewestWindowIsOpen(t *testing.T) {
	tests := map[string]struct {
		from, today string
		want        []string
	}{
		"some months":        {"2024-01-15", "2024-02-10", []string{"2024-01-15/2024-02-01", "2024-02-01/.."}},
		"a month's last day": {"2024-01-15", "2024-01-31", []string{"2024-01-15/.."}},
		"from the future":    {"2024-03-01", "2024-01-31", []string{"2024-03-01/.."}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, w := range etl.Month.SplitOpen(day(t, tt.from), day(t, tt.today)) {
				got = append(got, w.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("windows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseSpanRefuses(t *testing.T) {
	for _, text := range []string{"", "mo", "0mo", "-1d", "1", "1w", "1.5mo", "9999d", "1moo", "1mo 2d"} {
		if span, err := etl.ParseSpan(text); err == nil {
			t.Errorf("%q reads as %v", text, span)
		}
	}
}
