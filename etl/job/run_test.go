package job

import (
	"testing"
	"time"

	"spendbridge/etl"
)

func TestIDsOfRunsSortByTheirBeginAlsoWithinASecond(t *testing.T) {
	at := time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)
	tests := map[string]struct{ newest etl.RunID }{
		"no run before":           {""},
		"one in the same second":  {"20261121T020000Z-80ffff"},
		"one of yesterday":        {"20261120T020000Z-ffffff"},
		"the clock was set back":  {"20301121T020000Z-000000"},
		"an id of another layout": {"zzz"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			id := idAfter(tt.newest, func() time.Time { return at })
			if _, err := tt.newest.Began(); err == nil && id <= tt.newest {
				t.Errorf("%s does not sort behind %s", id, tt.newest)
			}
		})
	}
}
