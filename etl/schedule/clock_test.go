package schedule

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/config"
)

func TestWeekday7IsSunday(t *testing.T) {
	tests := map[string]string{
		"7": "0", "0,7": "0", "5-7": "5,6,0", "0-7": "0-6", "7-7": "0", "1-7/2": "1,3,5,0", "7/2": "0", "6,7": "6,0", "mon,7": "1,0",
	}
	for days, same := range tests {
		t.Run(days, func(t *testing.T) {
			got, want := mustCron(t, "30 4 * * "+days, "UTC"), mustCron(t, "30 4 * * "+same, "UTC")
			a, b := at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")
			for range 15 {
				if a, b = got.Next(a), want.Next(b); !a.Equal(b) {
					t.Fatalf("due at %s, want %s", a, b)
				}
			}
		})
	}
}

func TestNextAtClockChanges(t *testing.T) {
	tests := map[string]struct {
		zone, text, after string
		want              []string
	}{
		"Paris leaves 02:30 out: due when the gap ends": {
			"Europe/Paris", "30 2 * * *", "2026-03-28T00:00:00Z",
			[]string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
		},
		"Paris shows 02:30 twice: due once, the first time": {
			"Europe/Paris", "30 2 * * *", "2026-10-24T00:00:00Z",
			[]string{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		},
		"New York leaves 02:30 out": {
			"America/New_York", "30 2 * * *", "2026-03-07T12:00:00Z",
			[]string{"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"},
		},
		"New York shows 01:00 twice": {
			"America/New_York", "0 1 * * *", "2026-10-31T12:00:00Z",
			[]string{"2026-11-01T05:00:00Z", "2026-11-02T06:00:00Z"},
		},
		"a quarter-hourly job runs once for all the gap": {
			"Europe/Paris", "*/15 1-3 * * *", "2026-03-29T00:30:00Z",
			[]string{"2026-03-29T00:45:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z"},
		},
		"Lord Howe moves by half an hour": {
			"Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z",
			[]string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"},
		},
		"Samoa left a whole day out": {
			"Pacific/Apia", "0 12 30 * *", "2011-12-01T00:00:00Z",
			[]string{"2011-12-30T10:00:00Z", "2012-01-29T22:00:00Z"},
		},
		"a zone without changes": {
			"UTC", "@daily", "2026-03-28T00:00:00Z",
			[]string{"2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			clock := mustCron(t, tt.text, tt.zone)
			var got []string
			for next := at(tt.after); len(got) < len(tt.want); {
				next = clock.Next(next)
				got = append(got, next.Format(time.RFC3339))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever minute the clocks change at, a daily job is due on every day of
// the year, once, at a time of that day.
func TestADailyJobIsDueOnceEachDayOfAYear(t *testing.T) {
	for _, zone := range []string{"Europe/Paris", "America/New_York"} {
		for _, text := range []string{"0 0 * * *", "0 1 * * *", "30 1 * * *", "0 2 * * *", "30 2 * * *", "0 3 * * *", "59 23 * * *"} {
			t.Run(zone+" "+text, func(t *testing.T) {
				clock := mustCron(t, text, zone)
				first := time.Date(2026, 1, 1, 0, 0, 0, 0, clock.zone)
				due := first.Add(-time.Second)
				for day := range 365 {
					due = clock.Next(due)
					want := first.AddDate(0, 0, day).Format(time.DateOnly)
					if got := due.In(clock.zone).Format(time.DateOnly); got != want {
						t.Fatalf("slot %d is due on %s, want %s", day, got, want)
					}
				}
			})
		}
	}
}

func mustCron(t *testing.T, text, zone string) wallClock {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := config.ParseCron(text)
	if err != nil {
		t.Fatal(err)
	}
	return wallClock{parsed, location}
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}
