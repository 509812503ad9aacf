package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestAResultCommandsNoTerminalAndTellsNoSecret(t *testing.T) {
	const vendor = "Ev\u202eil\x1b[2J\u009b2J\U000e0041 hush-hush"
	tests := map[string]struct {
		json bool
		want string
	}{
		"text": {false, "vendor Evil[2J2J …\nnext\n"},
		"JSON": {true, "{\n  \"vendor\": \"Ev\\u202eil\\u001b[2J\\u009b2J\\udb40\\udc41 …\"\n}\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			a := &app{stdout: &out, json: tt.json}
			a.redact.Add("it", "hush-hush")
			err := a.print(map[string]string{"vendor": vendor}, func(w *screen) {
				fmt.Fprintf(w, "vendor %s\nnext\n", vendor)
			})
			if out.String() != tt.want || err != nil {
				t.Errorf("got %q, %v; want %q", out.String(), err, tt.want)
			}
			var read map[string]string
			if tt.json && (json.Unmarshal([]byte(out.String()), &read) != nil || read["vendor"] != strings.Replace(vendor, "hush-hush", "…", 1)) {
				t.Errorf("the JSON says %q", read["vendor"])
			}
		})
	}
}

func TestAScreenKeepsItsOwnColorsOnly(t *testing.T) {
	var a app
	s := &screen{Writer: io.Discard, paint: true}
	text := s.color(green, "fine") + s.color(faint, "\x1b[5mbad\x1b]0;title\a") + "\x1b[2J"
	if got, want := a.paintedText(text), "\x1b[32mfine\x1b[0m\x1b[2m[5mbad]0;title\x1b[0m[2J"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
