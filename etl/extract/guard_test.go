package extract

import "testing"

func TestTheGuard(t *testing.T) {
	quiet := func(living int) [2]week { return [2]week{{living: living}, {living: living}} }
	tests := map[string]struct {
		guard
		going int
		want  string
	}{
		"nothing of nothing":     {guard{0, quiet(0)}, 0, ""},
		"nothing of many":        {guard{1000, quiet(1000)}, 0, ""},
		"one of one":             {guard{1, quiet(1)}, 1, "all of its 1 records have vanished"},
		"one of two":             {guard{2, quiet(2)}, 1, ""},
		"all of three":           {guard{3, quiet(3)}, 3, "all of its 3 records have vanished"},
		"three of four":          {guard{4, quiet(4)}, 3, ""},
		"four of twelve":         {guard{12, quiet(12)}, 4, "4 of 12 records have vanished"},
		"ten of twelve":          {guard{12, quiet(12)}, 10, "10 of 12 records have vanished"},
		"three of a thousand":    {guard{1000, quiet(1000)}, 3, ""},
		"two percent":            {guard{1000, quiet(1000)}, 20, ""},
		"more than two percent":  {guard{1000, quiet(1000)}, 21, "21 of 1000 records have vanished"},
		"two percent of 199":     {guard{199, quiet(199)}, 4, "4 of 199 records have vanished"},
		"few windows of a lot":   {guard{12, [2]week{{12, 0}, {5000, 0}}}, 10, "10 of 12 records have vanished"},
		"a week below its bound": {guard{93, [2]week{{93, 7}, {93, 7}}}, 3, ""},
		"a week above its bound": {guard{92, [2]week{{92, 8}, {92, 8}}}, 3, "3 records have vanished, and 11 of 100 within seven days"},
		"the days read, of many": {guard{92, [2]week{{92, 8}, {5000, 8}}}, 3, "3 records have vanished, and 11 of 100 within seven days"},
		"other days of the week": {guard{92, [2]week{{92, 0}, {392, 8}}}, 3, "3 records have vanished, and 11 of 400 within seven days"},
		"two percent of a week":  {guard{1000, [2]week{{1000, 10}, {1000, 10}}}, 10, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.reason(tt.going); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
