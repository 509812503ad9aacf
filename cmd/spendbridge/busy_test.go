package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spendbridge/etl/warehouse"
)

// While another process has the data folder, what analysts and the one on call
// ask is answered from what the run before left, and says so.
func TestQuestionsAreAnsweredWhileARunIsAtWork(t *testing.T) {
	t.Parallel() // commands wait for the lock
	config := startSandbox(t, smallSandbox())
	ask := func(want int, args ...string) string {
		t.Helper()
		var out, errs strings.Builder
		if code := execute(t.Context(), append(args, "--config", config), &out, &errs); code != want {
			t.Fatalf("%s: exit code %d, want %d: %s", strings.Join(args, " "), code, want, errs.String())
		}
		return out.String()
	}
	if code := execute(t.Context(), []string{"run", "--config", config}, io.Discard, io.Discard); code != 0 && code != 3 {
		t.Fatalf("exit code %d", code)
	}
	quarantined := ask(0, "query", "--json", "select spend_id from quarantine order by spend_id limit 1")
	_, id, _ := strings.Cut(quarantined, `"spend_id": "`)
	id, _, _ = strings.Cut(id, `"`)
	_, unlock, err := warehouse.Lock(filepath.Dir(config), warehouse.Holder{PID: os.Getpid(), Command: "spendbridge run", Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock("")
	for _, command := range [][]string{
		{"explain", id}, {"quarantine", "list"}, {"quarantine", "show", id}, {"report"},
	} {
		if got := ask(0, command...); !strings.Contains(got, `"spendbridge run" is at work; this is from the analysts' copy, as of 20`) {
			t.Errorf("%s does not say which moment it shows:\n%s", command[0], got)
		}
		if got := ask(0, append(command, "--json")...); !strings.Contains(got, `"as_of": "20`) || !strings.Contains(got, `"busy": "spendbridge run"`) {
			t.Errorf("%s --json does not say which moment it shows:\n%s", command[0], got)
		}
	}
}

// A run that is killed while it posts is told by status, with the batch that it
// left, until a later run has done its work.
func TestARunThatIsKilledIsNotInOrder(t *testing.T) {
	config := slowProductiv(t)
	status := func(want int) string {
		t.Helper()
		var out strings.Builder
		if code := execute(t.Context(), []string{"status", "--config", config}, &out, io.Discard); code != want {
			t.Fatalf("exit code %d, want %d:\n%s", code, want, out.String())
		}
		return strings.Join(strings.Fields(out.String()), " ") // wherever lines break
	}
	cmd := exec.CommandContext(t.Context(), programName(t), "run", "--config", config, "--log-format", "json", "--log-level", "debug")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.Contains(lines.Text(), `"msg":"stage started"`) && strings.Contains(lines.Text(), `"stage":"deliver"`) {
			break
		}
	}
	sent := filepath.Join(filepath.Dir(config), "sent", "*.json.zst")
	for found := []string(nil); len(found) == 0; { // the POST has begun
		if found, err = filepath.Glob(sent); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // reports the kill

	got := status(1)
	for _, want := range []string{
		"✗ Something failed", "(run) was stopped before it ended", "spendbridge run", "was being sent when its run died", "spendbridge load",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("status does not say %q:\n%s", want, got)
		}
	}
	if got := status(1); !strings.Contains(got, "was stopped before it ended") {
		t.Errorf("asked again:\n%s", got)
	}
	if code := execute(t.Context(), []string{"run", "--config", config}, io.Discard, io.Discard); code != 3 {
		t.Fatalf("exit code %d after a batch in doubt, want 3", code)
	}
	if got := status(3); strings.Contains(got, "was stopped") || !strings.Contains(got, "In order, except") || !strings.Contains(got, " in doubt (") {
		t.Errorf("after the next run:\n%s", got)
	}
}
