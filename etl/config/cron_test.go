package config

import (
	"strings"
	"testing"
)

func TestParseCronRefusesWhatWouldSurpriseLater(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"nothing":                  {"", "empty spec string"},
		"words":                    {"every now and then", "minute hour day month weekday"},
		"six fields":               {"0 0 2 * * *", "minute hour day month weekday"},
		"hour 24":                  {"0 24 * * *", "above maximum"},
		"weekday 8":                {"0 0 * * 8", "above maximum"},
		"weekdays to 8":            {"0 0 * * 1-8", "above maximum"},
		"a step of no weekdays":    {"0 0 * * 7/0", "beyond end of range"},
		"a step of nothing":        {"*/0 * * * *", "step of range"},
		"a zone without schedule":  {"TZ=Europe/Paris", "schedule.timezone"},
		"a zone with schedule":     {"CRON_TZ=Europe/Paris 0 2 * * *", "schedule.timezone"},
		"an interval":              {"@every 1h", "no fixed times"},
		"the 31st of February":     {"0 0 31 2 *", "never occurs"},
		"the 31st of short months": {"0 0 31 4,6,9,11 *", "never occurs"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ParseCron(tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one that says %q", err, tt.want)
			}
		})
	}
}
