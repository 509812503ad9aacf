package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"spendbridge/etl/config"
	"spendbridge/etl/extract"
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

	began := time.Now().UTC().Day()
	for range 2 {
		var out strings.Builder
		if code := execute(t.Context(), []string{"transform", "--config", config}, &out, io.Discard); code != 0 {
			t.Fatalf("exit code %d: %s", code, out.String())
		}
		if !strings.Contains(out.String(), "✓  rates") {
			t.Errorf("there is no stage rates:\n%s", out.String())
		}
	}
	if asked != 1 && time.Now().UTC().Day() == began { // else midnight was in between
		t.Errorf("the rates were fetched %d times, want 1", asked)
	}
}

// TestABadDownloadOfRatesNeedsAttention until there is a good one, or none is
// asked for. The one before stays.
func TestABadDownloadOfRatesNeedsAttention(t *testing.T) {
	answer := "Date,USD,JPY,\n2020-01-02,1.1,160,\n"
	bank := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) }))
	defer bank.Close()
	path := startSandbox(t, sandbox.Options{})
	without, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	addLines(t, path, "fx: {url: "+bank.URL+"}")
	run := func(command string, want int, says string) {
		t.Helper()
		var out strings.Builder
		if code := execute(t.Context(), []string{command, "--config", path}, &out, io.Discard); code != want {
			t.Fatalf("%s: exit code %d, want %d: %s", command, code, want, out.String())
		}
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), strings.Join(strings.Fields(says), " ")) {
			t.Errorf("%s does not say %q:\n%s", command, says, out.String())
		}
	}
	run("transform", 0, "✓  rates")

	c, err := config.Read(path, extract.Kinds(extract.Vendors))
	if err != nil {
		t.Fatal(err)
	}
	kept, good := c.RatesFile(), answer
	yesterday := time.Now().AddDate(0, 0, -1)
	if err := os.Chtimes(kept, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	answer = "Date,USD,JPY,\n2020-01-03,1.1,-,\n"
	run("transform", 3, "!  rates")
	run("status", 3, `line 2: "-" is not a rate; the rates fetched before are used`)
	if text, err := os.ReadFile(kept); string(text) != good || err != nil {
		t.Errorf("kept %q, %v; want %q", text, err, good)
	}

	if err := os.WriteFile(path, without, 0o600); err != nil {
		t.Fatal(err)
	}
	run("transform", 0, "✓  transform")
	run("status", 0, "Everything is in order")
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
