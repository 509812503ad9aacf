package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMoney(t *testing.T) {
	tests := map[string]struct {
		text     string
		decimals int
		want     string
	}{
		"zeros are cut":              {"80.0000", 0, "80"},
		"down to the decimals":       {"80.0000", 2, "80.00"},
		"but never a digit":          {"80.1234", 2, "80.1234"},
		"thousands":                  {"1234567.5000", 2, "1,234,567.50"},
		"below zero":                 {"-123456.0000", 2, "-123,456.00"},
		"three digits below zero":    {"-123", 2, "-123.00"},
		"more than fits into a word": {"123456789012345678901234.0000", 0, "123,456,789,012,345,678,901,234"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := money(tt.text, tt.decimals); got != tt.want {
				t.Errorf("money(%q, %d) = %q, want %q", tt.text, tt.decimals, got, tt.want)
			}
		})
	}
}

func TestATableAlignsNumbersAndCommandsNoTerminal(t *testing.T) {
	tbl := table{head: []string{"STAGE", "ROWS", "NOTE"}}
	tbl.add("extract/ä", "1,234", "")
	tbl.add("load", "7", "\x1b[31mfi\u202erst\n")
	var out strings.Builder
	tbl.print(&out)
	want := `
  STAGE       ROWS  NOTE
  extract/ä  1,234
  load           7  [31mfirst
`[1:]
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
