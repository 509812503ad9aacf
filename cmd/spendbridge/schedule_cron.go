package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // servers without a zone database run schedules too

	"github.com/robfig/cron/v3"
)

// A wallClock is a cron expression read on the clocks of one time zone. A
// local time that a clock change leaves out is due at the first instant after
// it, one that comes twice at its first occurrence.
type wallClock struct {
	cron cron.Schedule // always asked in UTC, which has no clock changes
	zone *time.Location
}

var cronFields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// parseCron reads five cron fields, or a name such as @daily. It refuses what
// would be a surprise later: a zone of its own (the library panics when the
// fields behind it are missing), @every (its slots move with each restart),
// and what never comes.
func parseCron(text string, zone *time.Location, now time.Time) (wallClock, error) {
	switch {
	case strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ="):
		return wallClock{}, fmt.Errorf("%q names a time zone; write it to schedule.timezone, it holds for all jobs", text)
	case strings.HasPrefix(text, "@every"):
		return wallClock{}, fmt.Errorf("%q has no fixed times; write them as cron fields, such as \"0 * * * *\" for every hour", text)
	}
	parsed, err := cronFields.Parse(sundayAsZero(text))
	if err != nil {
		return wallClock{}, fmt.Errorf("%q: %w; write minute hour day month weekday, such as \"0 2 * * *\" for two o'clock", text, err)
	}
	clock := wallClock{parsed, zone}
	if clock.Next(now).IsZero() {
		return wallClock{}, fmt.Errorf("%q never comes: no day of the next years fits; change day and month", text)
	}
	return clock, nil
}

// throughSunday matches a weekday, or a range of them, that ends on day 7.
var throughSunday = regexp.MustCompile(`^(?:([0-7])-)?7(?:/([1-9][0-9]?))?$`)

// sundayAsZero lists the weekdays of expressions that end on day 7, which is
// Sunday as 0 is. The library knows only the latter.
func sundayAsZero(text string) string {
	fields := strings.Fields(text)
	if len(fields) != 5 {
		return text
	}
	expressions := strings.Split(fields[4], ",")
	for i, expression := range expressions {
		match := throughSunday.FindStringSubmatch(expression)
		if match == nil {
			continue
		}
		first, _ := strconv.Atoi(cmp.Or(match[1], "7")) // the pattern lets only numbers through
		step, _ := strconv.Atoi(cmp.Or(match[2], "1"))
		var days []string
		for day := first; day <= 7; day += step {
			days = append(days, strconv.Itoa(day%7))
		}
		expressions[i] = strings.Join(days, ",")
	}
	fields[4] = strings.Join(expressions, ",")
	return strings.Join(fields, " ")
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
	case shown.After(wall): // guess lies behind the gap
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
