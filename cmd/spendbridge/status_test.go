package main

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/report"
	"spendbridge/etl/warehouse"
)

func TestStatusWhileARunIsAtWork(t *testing.T) {
	options := smallSandbox()
	options.Plain = true
	a := &app{configPath: startSandbox(t, options), log: slog.New(slog.DiscardHandler)}
	c, err := a.config()
	if err != nil {
		t.Fatal(err)
	}
	holder := warehouse.Holder{PID: os.Getpid(), Command: "spendbridge run", Started: time.Now()}

	_, unlock, err := warehouse.Lock(c.DataDir, holder)
	if err != nil {
		t.Fatal(err)
	}
	first, err := a.readState(t.Context(), c)
	if err != nil || first.Busy != "spendbridge run" || first.Status != "" {
		t.Errorf("in the first run: %+v, %v", first, err)
	}
	if err := unlock(""); err != nil {
		t.Fatal(err)
	}

	if code := execute(t.Context(), []string{"run", "--config", a.configPath}, io.Discard, io.Discard); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	_, unlock, err = warehouse.Lock(c.DataDir, holder)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock("")
	later, err := a.readState(t.Context(), c)
	if err != nil || later.Busy != "spendbridge run" || later.Status != etl.StatusOK || len(later.Runs) != 1 {
		t.Errorf("in a later run: %+v, %v", later, err)
	}
}

func TestAScheduleThatNobodyServesNeedsAPerson(t *testing.T) {
	now := at("2026-11-20T12:00:00Z")
	tests := map[string]struct {
		last time.Time // settled slot of a job that is due every hour, zero = none
		busy string
		want bool
	}{
		"it is served":             {at("2026-11-20T11:00:00Z"), "", false},
		"it is a bit late":         {at("2026-11-20T10:00:00Z"), "", false},
		"nobody has been there":    {at("2026-11-20T03:00:00Z"), "", true},
		"there never was a daemon": {time.Time{}, "", false},
		"a run takes long":         {at("2026-11-20T03:00:00Z"), "spendbridge backfill", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			result := &statusResult{Busy: tt.busy, State: report.State{Status: etl.StatusOK}}
			if !tt.last.IsZero() {
				result.Slots = []report.SlotState{{Job: "load", Due: tt.last, Outcome: "ran"}}
			}
			c := config.Default()
			c.Schedule.Load = "0 * * * *"
			result.addOverdue(c, now)
			var person *etl.NeedsPersonError
			if got := errors.As(result.err(), &person); got != tt.want {
				t.Errorf("needs a person: %v, want %v; %v", got, tt.want, result.Todo)
			}
		})
	}
}

func TestStatusIsInColorOnATerminalOnly(t *testing.T) {
	result := &statusResult{State: report.State{
		AsOf: at("2026-11-20T12:00:00Z"), Status: etl.StatusFailed, Since: at("2026-11-20T03:00:00Z"),
		Todo: []report.Todo{{What: "transform: disk full"}},
		Runs: []report.RunState{{Run: "r", Command: "run", Status: etl.StatusFailed, Started: at("2026-11-20T03:00:00Z")}},
	}}
	for _, paint := range []bool{false, true} {
		var out strings.Builder
		result.print(&screen{&out, paint, time.UTC})
		if got := strings.Contains(out.String(), "\x1b["); got != paint {
			t.Errorf("color is %v, want %v:\n%s", got, paint, out.String())
		}
		if !strings.Contains(out.String(), "✗ Something failed since 2026-11-20 03:00 UTC") {
			t.Errorf("got\n%s", out.String())
		}
		if lines := strings.Count(out.String(), "\n"); lines > 24 {
			t.Errorf("%d lines are more than a screen", lines)
		}
	}
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}
