package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"spendbridge/etl/sandbox"
)

func TestReferenceRatesAreFetchedOnceADay(t *testing.T) {
	asked := 0
	bank := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		io.WriteString(w, "Date,USD,JPY,\n2020-01-02,1.1,160,\n")
	}))
	defer bank.Close()
	config := startSandbox(t, sandbox.Options{})
	addLines(t, config, "fx: {url: "+bank.URL+"}")

	for range 2 {
		var out strings.Builder
		if code := execute(t.Context(), []string{"transform", "--config", config}, &out, io.Discard); code != 0 {
			t.Fatalf("exit code %d: %s", code, out.String())
		}
		if !strings.Contains(out.String(), "✓  rates") {
			t.Errorf("there is no stage rates:\n%s", out.String())
		}
	}
	if asked != 1 {
		t.Errorf("the rates were fetched %d times, want 1", asked)
	}
}

func TestWhatTheTransformIsTold(t *testing.T) {
	text := strings.Replace(whole, "token:", "hidden_vendor: title\n    token:", 1)
	c, err := parseConfig("c.yaml", []byte(text), environment)
	if err != nil {
		t.Fatal(err)
	}
	opts := c.transformOptions(&run{session: &session{app: &app{}, config: c}})
	if got := opts.Sources[0].HiddenVendor; got != "title" {
		t.Errorf("hidden vendor %q, want title", got)
	}
}

// addLines appends to a configuration.
func addLines(t *testing.T, config, lines string) {
	t.Helper()
	f, err := os.OpenFile(config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, lines+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
