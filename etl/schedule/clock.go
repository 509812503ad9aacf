package schedule

import (
	"time"

	"github.com/robfig/cron/v3"
)

// A wallClock is a cron expression read on the clocks of one time zone. A
// local time that a clock change leaves out is due at the first instant after
// it, one that comes twice at its first occurrence.
type wallClock struct {
	cron cron.Schedule // always asked in UTC, which has no clock changes
	zone *time.Location
}

// Next returns the first due time after t, or zero if there is none within
// five years.
func (w wallClock) Next(t time.Time) time.Time {
	for wall := onWall(t, w.zone); ; {
		wall = w.cron.Next(wall)
		if wall.IsZero() {
			return wall
		}
		// In an hour that comes twice, and after one that is left out, several
		// wall times are one instant, or one that has passed.
		if due := instant(wall, w.zone); due.After(t) {
			return due
		}
	}
}

// onWall returns what the clocks of zone show at t, as if they were UTC.
func onWall(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// instant returns when the clocks of zone first show wall, or first pass it.
func instant(wall time.Time, zone *time.Location) time.Time {
	guess := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	from, until := guess.ZoneBounds()
	switch shown := onWall(guess, zone); {
	case shown.After(wall): // guess is after the gap
		return from.UTC()
	case shown.Before(wall):
		return until.UTC()
	}
	if from.IsZero() {
		return guess.UTC()
	}
	_, before := from.Add(-time.Second).Zone()
	if earlier := wall.Add(-time.Duration(before) * time.Second); earlier.Before(from) {
		return earlier.UTC()
	}
	return guess.UTC()
}
