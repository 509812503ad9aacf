package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestATable(t *testing.T) {
	tests := map[string]struct {
		width      int
		head, cell []string
		more       []string
		want       string
	}{
		"aligns numbers and commands no terminal": {80,
			[]string{"STAGE", "ROWS", "NOTE"}, []string{"extract/ä", "1,234", ""}, []string{"load", "7", "\x1b[31mfi\u202erst\n"}, `
  STAGE       ROWS  NOTE
  extract/ä  1,234
  load           7  [31mfirst
`},
		"counts columns of East Asian text": {80,
			[]string{"VENDOR", "CITY"}, []string{"株式会社ポスト", "東京"}, []string{"Post", "Bonn"}, `
  VENDOR          CITY
  株式会社ポスト  東京
  Post            Bonn
`},
		"cuts the longest texts": {32,
			[]string{"ID", "DETAIL", "AMOUNT"}, []string{"27", "the 株式会社 has no name", "1,234.50"}, []string{"28", "short", "1.00"}, `
  ID  DETAIL              AMOUNT
  27  the 株式会社 ha…  1,234.50
  28  short                 1.00
`},
		"stands upright where it is too wide": {24,
			[]string{"FIRST", "SECOND"}, []string{"1234567890123", "a text that is long"}, []string{"2", ""}, `
  FIRST   1234567890123
  SECOND  a text that i…

  FIRST   2
  SECOND
`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tbl := table{head: tt.head}
			tbl.add(tt.cell...)
			tbl.add(tt.more...)
			var out strings.Builder
			tbl.print(&screen{Writer: &out, width: tt.width})
			if diff := cmp.Diff(tt.want[1:], out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAScreenBreaksLinesBetweenWords(t *testing.T) {
	var out strings.Builder
	w := &screen{Writer: &out, width: 16}
	w.wrap("  - ", "a long 株式会社 note with https://long.example.com/path in it")
	w.chop("    ", `{"amount":"12.00"}`)
	want := `
  - a long
    株式会社
    note with
    https://long.example.com/path
    in it
    {"amount":"1
    2.00"}
`
	if diff := cmp.Diff(want[1:], out.String()); diff != "" {
		t.Error(diff)
	}
}
