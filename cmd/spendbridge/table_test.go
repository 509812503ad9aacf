package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
