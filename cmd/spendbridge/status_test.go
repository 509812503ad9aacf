package main

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/report"
	"spendbridge/etl/sandbox"
	"spendbridge/etl/warehouse"
)

func TestStatusWhileARunIsAtWork(t *testing.T) {
	t.Parallel() // commands wait for the lock
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
	first, err := a.readState(t.Context(), c, false)
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
	later, err := a.readState(t.Context(), c, false)
	if err != nil || later.Busy != "spendbridge run" || later.Status != etl.StatusOK || len(later.Runs) != 1 {
		t.Errorf("in a later run: %+v, %v", later, err)
	}
}

// Status tells the webhook of what came between runs, once; and each time of a
// data folder that does not open, as it cannot note that there.
func TestStatusNotifies(t *testing.T) {
	var told []string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct{ Text string }
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Error(err)
		}
		told = append(told, message.Text)
	}))
	defer hook.Close()
	options := smallSandbox()
	options.Plain = true
	path := startSandbox(t, options)
	addLines(t, path, "notify: {webhook: "+hook.URL+"}")
	folder := filepath.Dir(path)

	steps := []struct {
		line string
		code int
		told string // in the new message; empty for none
	}{
		{"run", 0, ""},
		{"status --notify", 0, ""},
		{"rm spend.duckdb", 0, ""},
		{"status", 3, ""},
		{"status --notify", 3, "Needs attention: the analysts' copy is missing"},
		{"status --notify", 3, ""},
		{"load --snapshot-only", 0, "Everything is in order"},
		{"status --notify", 0, ""},
		{"rm warehouse.duckdb", 0, ""},
		{"mkdir warehouse.duckdb", 0, ""},
		{"status", 1, ""},
		{"status --notify", 1, "Something failed: "},
		{"status --notify", 1, "Something failed: "},
	}
	for _, step := range steps {
		before, code := len(told), 0
		switch words := strings.Fields(step.line); words[0] {
		case "rm":
			if err := os.Remove(filepath.Join(folder, words[1])); err != nil {
				t.Fatal(err)
			}
		case "mkdir":
			if err := os.Mkdir(filepath.Join(folder, words[1]), 0o700); err != nil {
				t.Fatal(err)
			}
		default:
			code, _, _ = command(t, append(words, "--config", path, "--quiet")...)
		}
		if code != step.code {
			t.Errorf("%s ended with %d, want %d", step.line, code, step.code)
		}
		switch news := strings.Join(told[before:], "\n"); {
		case (news == "") != (step.told == ""), !strings.Contains(news, step.told):
			t.Errorf("%s told %q, want %q", step.line, news, step.told)
		}
	}
}

// The message of a run that went wrong names the host, the run, each source with its
// money, and what to do.
func TestTheWebhookSaysWhatAndWhere(t *testing.T) {
	var told []byte
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told, _ = io.ReadAll(r.Body) }))
	defer hook.Close()
	options := smallSandbox()
	options.Plain = true
	var err error
	if options.Faults, err = sandbox.ParseFaults("productiv:503-after-store@1,procurify:403"); err != nil {
		t.Fatal(err)
	}
	path := startSandbox(t, options)
	addLines(t, path, "notify: {webhook: "+hook.URL+"}")
	if code, _, errs := command(t, "run", "--config", path, "--quiet"); code != 1 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var message struct {
		Text, Host string
		Run        string `json:"run_id"`
		Sources    []struct{ Source, What string }
	}
	if err := json.Unmarshal(told, &message); err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	if message.Host != host || message.Run == "" || len(message.Sources) != 2 {
		t.Fatalf("got %s", told)
	}
	if s := message.Sources[0]; s.Source != "procurify" || !strings.Contains(s.What, "403") {
		t.Errorf("of a source that was not read it says %+v", s)
	}
	if s := message.Sources[1]; s.Source != "productive" || !strings.Contains(s.What, " in doubt (") || !strings.Contains(s.What, " USD") {
		t.Errorf("of a source that is in doubt it says %+v", s)
	}
	for _, want := range []string{host, message.Run, "\n• productive: ", "\n`spendbridge settle "} {
		if !strings.Contains(message.Text, want) {
			t.Errorf("the text does not name %q: %q", want, message.Text)
		}
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
		result.print(&screen{Writer: &out, paint: paint, width: 80, zone: time.UTC})
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
