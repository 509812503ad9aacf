package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"spendbridge/etl/config"
	"spendbridge/etl/etltest"
	"spendbridge/etl/extract"
)

func TestTheSandboxPrintsAConfigurationAndServesUntilItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var printed strings.Builder
	stdout := writerFunc(func(p []byte) (int, error) {
		stop()
		return printed.Write(p)
	})
	if code := execute(ctx, []string{"sandbox", "--expenses", "1", "--transactions", "1"}, stdout, io.Discard); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(printed.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(path, extract.Kinds(extract.Vendors))
	if err != nil {
		t.Fatalf("what was printed is no configuration: %v\n%s", err, printed.String())
	}
	if len(c.Sources) != 2 || !strings.HasPrefix(c.Productiv.BaseURL, "http://127.0.0.1:") {
		t.Errorf("got %+v", c)
	}
}

// The demo reads more than a year, and has an answer to each of the analysts'
// questions; the recent months are still moving, those before are final.
func TestTheDemoAnswersTheTenQuestions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	if code, _, errs := command(t, "demo", "--dir", dir, "--expenses", "1200", "--transactions", "600", "--quiet"); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	rows := func(question string) []map[string]any {
		t.Helper()
		code, out, errs := command(t, "query", "--file", filepath.Join(dir, "spend.duckdb"), "--json", question)
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, errs)
		}
		var all []map[string]any
		if err := json.Unmarshal([]byte(out), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	questions := etltest.Glob(t, "analyst/[0-9]*.txtar")
	for _, name := range questions {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows(string(archive.Files[0].Data))) == 0 {
			t.Errorf("%s: no answer", filepath.Base(name))
		}
	}
	if months := rows("select distinct month from spend"); len(questions) != 10 || len(months) < 13 {
		t.Errorf("%d questions, %d months", len(questions), len(months))
	}
	if states := rows("select status from month_status group by status having count(*) > 3"); len(states) != 2 {
		t.Errorf("months are only %v", states)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
