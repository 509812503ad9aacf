package monitor

import (
	"encoding/json"
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
	"spendbridge/etl/etltest"
	"spendbridge/etl/report"
	"spendbridge/etl/snapshot"
	"spendbridge/schemas"
)

const reportPage = `<head><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-a&#43;b='"></head>the report`

// newConsole makes a watch over what one run left: a state and a report.
func newConsole(t *testing.T) *Watch {
	t.Helper()
	c := config.Default()
	c.DataDir = t.TempDir()
	state := report.State{
		AsOf: time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC), Status: etl.StatusNeedsPerson,
		Todo:       []report.Todo{{What: "1 record was rejected", Commands: []string{"spendbridge settle --rejected --retry"}}},
		Runs:       []report.RunState{{Run: "20261120T030000Z-cccccc", Command: "load"}, {Run: "20261119T030000Z-bbbbbb", Command: "load"}},
		Open:       []etl.Undelivered{{Class: etl.ClassRejected, State: "rejected", Currency: "EUR", Records: 1, Amount: "1234.5000", Attention: true}},
		Quarantine: []report.ReasonState{{Reason: "amount_missing", Source: "productive", Records: 3}},
	}
	text, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		c.StateFile(): string(text),
		filepath.Join(c.ReportsDir(), "20261120T030000Z-cccccc.html"): reportPage,
		filepath.Join(c.ReportsDir(), "plain.html"):                   "no policy",
		filepath.Join(c.ReportsDir(), "notes.txt"):                    "not a report",
		filepath.Join(c.ReportsDir(), "folder.html", "inside.html"):   "below",
		filepath.Join(c.ReportsDir(), ".hidden.html"):                 "hidden",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(c.StateFile(), filepath.Join(c.ReportsDir(), "link.html")); err != nil {
		t.Fatal(err)
	}
	return &Watch{metrics: NewMetrics(), now: time.Now, console: &Console{
		Config: c, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Next: func() []etl.Slot { return []etl.Slot{{Job: "sweep", Due: state.AsOf.AddDate(0, 0, 1)}} },
	}}
}

func TestTheConsoleShowsWhatTheLastRunLeft(t *testing.T) {
	answer := ask(newConsole(t), "localhost:9464", "/")
	if answer.Code != http.StatusOK {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	for _, want := range []string{
		"In order, except 1 rejected by Productiv (1,234.50 EUR)", "spendbridge settle --rejected --retry",
		`<a href="reports/20261120T030000Z-cccccc.html">`, "<td>20261119T030000Z-bbbbbb</td>",
		"21 November 2026, 03:00 UTC", "<code>sweep</code>", "Amount is missing", "no analysts’ copy",
	} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// The copy is read once, and again when a load has put another in its place.
func TestTheConsoleReadsTheCopyThatIsThere(t *testing.T) {
	w := newConsole(t)
	opts := snapshot.PublishOptions{Path: w.console.Config.PublishedFile(), Schemas: schemas.FS}
	var read []*report.Published
	for range 2 {
		if err := snapshot.Publish(t.Context(), etltest.OpenDB(t), opts); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if answer := ask(w, "localhost", "/"); !strings.Contains(answer.Body.String(), "There is no spend yet") {
				t.Fatalf("%d %s", answer.Code, answer.Body)
			}
			read = append(read, w.console.published)
		}
	}
	if read[0] != read[1] || read[1] == read[2] || read[2] != read[3] {
		t.Errorf("read %p", read)
	}
}

func TestTheConsoleBeforeTheFirstRun(t *testing.T) {
	w := newConsole(t)
	if err := os.Remove(w.console.Config.StateFile()); err != nil {
		t.Fatal(err)
	}
	if answer := ask(w, "localhost", "/"); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "No run yet") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// A file that cannot be read costs what it holds, and nobody is told its path.
func TestTheConsoleWithDamagedFiles(t *testing.T) {
	w := newConsole(t)
	c := w.console.Config
	if err := os.WriteFile(c.PublishedFile(), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if answer := ask(w, "localhost", "/"); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "no analysts’ copy") {
		t.Errorf("without a copy: %d %s", answer.Code, answer.Body)
	}
	if err := os.WriteFile(c.StateFile(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if answer := ask(w, "localhost", "/"); answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), c.DataDir) {
		t.Errorf("without a state: %d %s", answer.Code, answer.Body)
	}
}

func TestTheConsoleServesReportsAndNothingElse(t *testing.T) {
	w := newConsole(t)
	tests := map[string]int{
		"/reports/20261120T030000Z-cccccc.html":  http.StatusOK,
		"/reports/20261119T030000Z-bbbbbb.html":  http.StatusNotFound,
		"/reports/":                              http.StatusNotFound,
		"/reports":                               http.StatusNotFound,
		"/reports/notes.txt":                     http.StatusNotFound,
		"/reports/link.html":                     http.StatusNotFound,
		"/reports/folder.html":                   http.StatusNotFound,
		"/reports/folder.html/inside.html":       http.StatusNotFound,
		"/reports/folder.html%2finside.html":     http.StatusNotFound,
		"/reports/.hidden.html":                  http.StatusNotFound,
		"/reports/..%2fstate.json":               http.StatusNotFound,
		"/reports/%2e%2e%2fstate.json":           http.StatusNotFound,
		"/reports/..%2freports%2fplain.html":     http.StatusNotFound,
		"/reports/plain.html%00":                 http.StatusNotFound,
		"/state.json":                            http.StatusNotFound,
		"/spend.duckdb":                          http.StatusNotFound,
		"/reports/20261120T030000Z-cccccc.html/": http.StatusNotFound,
	}
	for path, want := range tests {
		t.Run(path, func(t *testing.T) {
			if got := ask(w, "localhost", path); got.Code != want {
				t.Errorf("%d, want %d: %s", got.Code, want, got.Body)
			}
		})
	}
}

func TestTheConsoleOnlyReads(t *testing.T) {
	w := newConsole(t)
	for _, path := range []string{"/", "/reports/plain.html"} {
		for method, want := range map[string]int{
			http.MethodGet: http.StatusOK, http.MethodHead: http.StatusOK, http.MethodPost: http.StatusMethodNotAllowed,
			http.MethodPut: http.StatusMethodNotAllowed, http.MethodDelete: http.StatusMethodNotAllowed, http.MethodOptions: http.StatusMethodNotAllowed,
		} {
			t.Run(method+" "+path, func(t *testing.T) {
				req := httptest.NewRequest(method, path, nil)
				req.Host = "localhost"
				rec := httptest.NewRecorder()
				w.handler().ServeHTTP(rec, req)
				if rec.Code != want {
					t.Errorf("%d, want %d", rec.Code, want)
				}
			})
		}
	}
}

func TestBrowsersHearWhatAPageMayDo(t *testing.T) {
	w := newConsole(t)
	tests := map[string]string{
		"/reports/20261120T030000Z-cccccc.html": "default-src 'none'; style-src 'sha256-a+b='; frame-ancestors 'none'",
		"/reports/plain.html":                   "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
	for path, want := range tests {
		if got := ask(w, "localhost", path).Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: policy %q, want %q", path, got, want)
		}
	}
	header := ask(w, "localhost", "/").Header()
	policy := header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'; ", "style-src 'sha256-", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q does not hold %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
		t.Errorf("policy %q lets scripts run", policy)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
