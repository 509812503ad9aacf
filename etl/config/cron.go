package config

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// cronFields reads minute, hour, day, month and weekday, or a name like @daily.
var cronFields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// ParseCron reads five cron fields, or a name such as @daily. It refuses a
// time zone (the library panics if no fields follow it), @every (its slots
// move with each restart), and schedules that never occur.
func ParseCron(text string) (cron.Schedule, error) {
	switch {
	case strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ="):
		return nil, fmt.Errorf("%q contains a time zone; set schedule.timezone instead, which applies to all jobs", text)
	case strings.HasPrefix(text, "@every"):
		return nil, fmt.Errorf("%q has no fixed times; use cron fields such as \"0 * * * *\" for every hour", text)
	}
	parsed, err := cronFields.Parse(sundayAsZero(text))
	if err != nil {
		return nil, fmt.Errorf("%q: %w; write minute hour day month weekday, such as \"0 2 * * *\" for 02:00", text, err)
	}
	if parsed.Next(time.Now()).IsZero() {
		return nil, fmt.Errorf("%q never occurs: no day in the coming years matches; change the day or the month", text)
	}
	return parsed, nil
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
