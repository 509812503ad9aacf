package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgressIsALineEveryTenSecondsWithoutATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		a := &app{stderr: &out, logLevel: "info", logFormat: "json"}
		if err := a.setLog(); err != nil {
			t.Fatal(err)
		}
		report, done := a.progress("extract/productive")
		for n := range 35 {
			report("pages", int64(n), 100)
			time.Sleep(time.Second)
		}
		done()
		if lines := strings.Count(out.String(), "stage progressed"); lines != 3 {
			t.Errorf("%d lines in 35 s, want 3:\n%s", lines, out.String())
		}
		if !strings.Contains(out.String(), `"unit":"pages","done":30,"total":100,"rate":1`) {
			t.Errorf("no line says how far it is:\n%s", out.String())
		}
	})
}

func TestProgressIsSilentWhenQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		a := &app{stderr: &out, quiet: true, logLevel: "info", logFormat: "json"}
		if err := a.setLog(); err != nil {
			t.Fatal(err)
		}
		report, done := a.progress("extract/productive")
		time.Sleep(time.Minute)
		report("pages", 1, 2)
		done()
		if out.String() != "" {
			t.Errorf("got %q", out.String())
		}
	})
}
