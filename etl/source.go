package etl

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Cursor marks a position in a read of a source. Only the source that
// produced it can read it; empty means the beginning, or that there is no next
// page.
type Cursor string

// A Window is a half-open range of days, both at midnight UTC. A zero To
// means that it has no upper bound.
type Window struct {
	From, To time.Time
}

// String writes the window as 2026-01-01/2026-02-01, or 2026-01-01/.. without
// an upper bound.
func (w Window) String() string {
	if w.To.IsZero() {
		return w.From.Format(time.DateOnly) + "/.."
	}
	return w.From.Format(time.DateOnly) + "/" + w.To.Format(time.DateOnly)
}

// Day returns midnight UTC of t's day.
func Day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// A Span is the length of a window: calendar months or days, one of the two.
type Span struct {
	Months, Days int
}

// Month is the span of one calendar month.
var Month = Span{Months: 1}

// ParseSpan reads a span such as 1mo or 7d.
func ParseSpan(s string) (Span, error) {
	for unit, one := range map[string]Span{"mo": {Months: 1}, "d": {Days: 1}} {
		number, ok := strings.CutSuffix(s, unit)
		if n, err := strconv.Atoi(number); ok && err == nil && n > 0 && n <= 1000 {
			return Span{Months: n * one.Months, Days: n * one.Days}, nil
		}
	}
	return Span{}, fmt.Errorf("window %q: write calendar months such as 1mo, or days such as 7d", s)
}

func (s Span) String() string {
	if s.Months > 0 {
		return fmt.Sprintf("%dmo", s.Months)
	}
	return fmt.Sprintf("%dd", s.Days)
}

// next returns the end of the window that contains day. Windows of months end
// with a month, wherever they begin.
func (s Span) next(day time.Time) time.Time {
	if s.Months > 0 {
		return time.Date(day.Year(), day.Month()+time.Month(s.Months), 1, 0, 0, 0, 0, time.UTC)
	}
	return day.AddDate(0, 0, s.Days)
}

// Split cuts the days from from up to and without to into windows.
func (s Span) Split(from, to time.Time) []Window {
	var windows []Window
	for from.Before(to) {
		end := s.next(from)
		if end.After(to) {
			end = to
		}
		windows = append(windows, Window{from, end})
		from = end
	}
	return windows
}

// SplitOpen cuts the days from from on into windows. The last one contains
// today and has no upper bound.
func (s Span) SplitOpen(from, today time.Time) []Window {
	windows := s.Split(from, today.AddDate(0, 0, 1))
	if len(windows) == 0 {
		return []Window{{From: from}}
	}
	windows[len(windows)-1].To = time.Time{}
	return windows
}
