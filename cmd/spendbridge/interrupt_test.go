package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"spendbridge/etl/sandbox"
)

// Whatever ends a run, the batch under way is brought to its end: nothing is
// in doubt, and the next run goes on.
func TestARunThatIsInterruptedLeavesNothingInDoubt(t *testing.T) {
	tests := map[string]struct {
		before []string // the command that starts the program
		end    func(*testing.T, *exec.Cmd, io.Closer)
		code   int
	}{
		"SIGTERM": {nil, send(syscall.SIGTERM), 1},
		// As many as a terminal sends that closes.
		"SIGHUP":                     {nil, send(syscall.SIGHUP, syscall.SIGHUP, syscall.SIGHUP), 1},
		"SIGHUP under nohup":         {[]string{"nohup"}, send(syscall.SIGHUP), 0},
		"the log's reader goes away": {nil, func(_ *testing.T, _ *exec.Cmd, log io.Closer) { log.Close() }, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if name == "SIGHUP" && signal.Ignored(syscall.SIGHUP) {
				t.Skip("the tests themselves run under nohup")
			}
			t.Parallel()
			config := slowProductiv(t)
			args := append(tt.before, programName(t), "run", "--config", config, "--log-format", "json", "--log-level", "debug")
			cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stderr)
			for lines.Scan() && !strings.Contains(lines.Text(), `"msg":"stage started"`) || !strings.Contains(lines.Text(), `"stage":"deliver"`) {
			}
			tt.end(t, cmd, stderr)
			io.Copy(io.Discard, stderr)
			err = cmd.Wait()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() != tt.code {
				t.Errorf("the run ended with %v, want exit code %d", err, tt.code)
			}

			next := exec.CommandContext(t.Context(), programName(t), "run", "--config", config, "--json")
			out, err := next.Output()
			var result struct {
				Delivery struct{ Unknown, Pending int }
			}
			if err := errors.Join(err, json.Unmarshal(out, &result)); err != nil || result.Delivery.Unknown+result.Delivery.Pending > 0 {
				t.Errorf("the next run: %v, %+v", err, result)
			}
		})
	}
}

func send(signals ...syscall.Signal) func(*testing.T, *exec.Cmd, io.Closer) {
	return func(t *testing.T, cmd *exec.Cmd, _ io.Closer) {
		for _, s := range signals {
			if err := cmd.Process.Signal(s); err != nil {
				t.Error(err)
			}
		}
	}
}

// slowProductiv plays vendors of which Productiv takes its time to answer, and
// returns a configuration for them.
func slowProductiv(t *testing.T) string {
	t.Helper()
	options := smallSandbox()
	options.Faults = []sandbox.Fault{{API: sandbox.APIProductiv, Kind: "slow", Arg: "2s"}}
	vendors := sandbox.New(options)
	if err := vendors.Start(context.Background(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vendors.Close() })
	text, err := vendors.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "spendbridge.yaml")
	if err := os.WriteFile(path, append(text, "\nquarantine: {max_share: 1}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOutputThatNobodyReadsToItsEndIsAFailure(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	cmd := exec.CommandContext(t.Context(), programName(t), "version")
	var stderr strings.Builder
	cmd.Stdout, cmd.Stderr = writer, &stderr
	err = cmd.Run()
	if cmd.ProcessState.ExitCode() != 1 || stderr.Len() > 0 {
		t.Errorf("ended with %v, stderr %q; want exit code 1 without a word", err, &stderr)
	}
}
