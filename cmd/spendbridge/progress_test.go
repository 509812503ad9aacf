package main

import (
	"fmt"
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

func TestProgressSaysHowFarAStageIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWork("extract/productive")
		if got := w.words(time.Now()); got != "" {
			t.Errorf("at the beginning: %q", got)
		}
		time.Sleep(20 * time.Second)
		w.set("windows", 3, 12)
		w.set("records", 40_000, 0)
		w.set("pages", 200, 800)
		if got, want := w.words(time.Now()), "3/12 windows, 40,000 records, 2,000/s, 1m0s left"; got != want {
			t.Errorf("reading: %q, want %q", got, want)
		}
		w = newWork("deliver")
		time.Sleep(10 * time.Second)
		w.set("records", 1_000, 4_000)
		if got, want := w.words(time.Now()), "1,000 records, 100/s, 30s left"; got != want {
			t.Errorf("posting: %q, want %q", got, want)
		}
	})
}

// Several stages may draw at once, and the log goes on beside them.
func TestBarsComeAndGo(t *testing.T) {
	var out strings.Builder
	b := bars{out: &out}
	first, endFirst := b.draw("extract/productive")
	second, endSecond := b.draw("extract/procurify")
	first("pages", 1, 2)
	second("pages", 5, 5)
	fmt.Fprintln(&b, "a line of the log")
	endFirst()
	endSecond()
	fmt.Fprintln(&b, "another")
	if b.drawn != nil || !strings.Contains(out.String(), "a line of the log\n") || !strings.HasSuffix(out.String(), "another\n") {
		t.Errorf("it wrote %q", out.String())
	}
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
