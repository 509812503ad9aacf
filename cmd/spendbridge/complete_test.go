package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/sandbox"
	"spendbridge/etl/warehouse"
)

// What a shell asks for is answered from the configuration and from the analysts'
// copy, although another process holds the lock. Nothing is logged or written.
func TestCompletion(t *testing.T) {
	t.Parallel() // a first run
	options := smallSandbox()
	var err error
	if options.Faults, err = sandbox.ParseFaults("productiv:503-after-store@1"); err != nil {
		t.Fatal(err)
	}
	config := startSandbox(t, options)
	folder := filepath.Dir(config)
	if code, _, errs := command(t, "run", "--config", config, "--quiet"); code != 0 && code != 3 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	_, unlock, err := warehouse.Lock(folder, warehouse.Holder{PID: os.Getpid(), Command: "spendbridge run", Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock("")
	batch := selected(t, config, "select distinct batch_id from deliveries where batch_state = 'unknown'")
	run := selected(t, config, "select run_id from runs")
	quarantined := selected(t, config, "select spend_id from quarantine where source = 'procurify' order by 1 desc")

	before := stampsOf(t, folder)
	for line, want := range map[string]string{
		"extract ":                            "productive procurify",
		"extract procurify ":                  "productive",
		"backfill --source p":                 "productive procurify",
		"settle --source ":                    "productive procurify",
		"categories approve --source ":        "productive procurify",
		"status --log-level ":                 "debug info warn error",
		"status --log-format ":                "text json auto",
		"status --config ":                    "yaml yml", // of files
		"report ":                             run,
		"report 19":                           "",
		"report " + run + " ":                 "",
		"load --as-of ":                       run,
		"explain p":                           "prod proc", // too many: how they go on
		"explain productive-517-expense-59":   "productive-517-expense-59",
		"settle 2":                            batch,
		"explain '":                           "",
		"quarantine show procurify-acme-txn-": quarantined,
	} {
		if got := completed(t, config, line); got != want {
			t.Errorf("%q goes on as %q, want %q", line, got, want)
		}
	}
	if diff := cmp.Diff(before, stampsOf(t, folder)); diff != "" {
		t.Errorf("the data folder has changed: %s", diff)
	}
}

// Without a configuration or a run there is nothing to say, and nothing to make.
func TestCompletionBeforeTheFirstRun(t *testing.T) {
	config := filepath.Join(t.TempDir(), "spendbridge.yaml")
	for _, line := range []string{"explain ", "extract ", "report "} {
		if got := completed(t, config, line); got != "" {
			t.Errorf("%q goes on as %q", line, got)
		}
	}
	if code, _, errs := command(t, "init", "--config", config); code != 0 {
		t.Fatal(errs)
	}
	before := stampsOf(t, filepath.Dir(config))
	for line, want := range map[string]string{"explain ": "", "report ": "", "extract ": "productive procurify"} { // its variables are not set
		if got := completed(t, config, line); got != want {
			t.Errorf("%q goes on as %q, want %q", line, got, want)
		}
	}
	if diff := cmp.Diff(before, stampsOf(t, filepath.Dir(config))); diff != "" {
		t.Errorf("something was written: %s", diff)
	}
}

// completed returns what the last word of a line goes on as.
func completed(t *testing.T, config, line string) string {
	t.Helper()
	code, out, errs := command(t, append([]string{"__complete", "--config", config}, strings.Split(line, " ")...)...)
	if code != 0 || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "Completion ended with directive") {
		t.Errorf("%q: exit code %d, stderr %q", line, code, errs)
	}
	words := strings.Fields(out)
	return strings.Join(words[:len(words)-1], " ") // the last is for the shell
}

// selected returns the rows of one column.
func selected(t *testing.T, config, query string) string {
	t.Helper()
	code, out, errs := command(t, "query", "--config", config, "--json", "select string_agg(word, ' ') as words from ("+query+") as rows (word)")
	_, words, found := strings.Cut(out, `"words": "`)
	words, _, _ = strings.Cut(words, `"`)
	if code != 0 || !found {
		t.Fatalf("%s: exit code %d: %s%s", query, code, out, errs)
	}
	return words
}

// stampsOf says when each file of a folder was written and who may read it.
func stampsOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	stamps := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			stamps[path] = info.ModTime().String() + " " + info.Mode().String()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return stamps
}
