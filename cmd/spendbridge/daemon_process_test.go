package main

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"spendbridge/etl/etltest"
	"spendbridge/etl/sandbox"
	"spendbridge/etl/warehouse"
)

// A process is the daemon as the operating system runs it, with what it logs.
type process struct {
	*exec.Cmd
	folder string
	lines  *bufio.Scanner
	log    strings.Builder
	beats  atomic.Int32 // calls of its heartbeat
}

// startDaemon starts the daemon over a data folder in which one load is due.
func startDaemon(t *testing.T, options sandbox.Options) *process {
	t.Helper()
	vendors := sandbox.New(options)
	if err := vendors.Start(context.Background(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vendors.Close() })
	config, err := vendors.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{folder: t.TempDir()}
	path := filepath.Join(p.folder, "spendbridge.yaml")
	heart := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { p.beats.Add(1) }))
	t.Cleanup(heart.Close)
	schedule := "\nnotify:\n  heartbeat_url: " + heart.URL + "/ping/hush-hush\nschedule:\n  load: \"0 0 1 1 *\"\n  productive: \"0 0 1 1 *\"\n  drain: 20s\nhttp:\n  listen: 127.0.0.1:0\n"
	if err := os.WriteFile(path, append(config, schedule...), 0o600); err != nil {
		t.Fatal(err)
	}
	p.missASlot(t)
	p.Cmd = exec.CommandContext(t.Context(), programName(t), "schedule", "--config", path, "--log-format", "json")
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(stderr)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	return p
}

// builtProgram names the environment variable that says where the program is
// that tests start. The race detector makes a process a third slower, and in
// make test it watches what runs inside of the tests.
const builtProgram = "SPENDBRIDGE_TEST_PROGRAM"

// programName is the program that was built for the tests, or links this test's
// binary to a name under which it is the program: see TestMain.
func programName(t *testing.T) string {
	t.Helper()
	if built := os.Getenv(builtProgram); built != "" {
		return built
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "spendbridge")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	return link
}

// missASlot records slots of two years ago as the last ones, so that others
// are to be caught up.
func (p *process) missASlot(t *testing.T) {
	t.Helper()
	db := etltest.OpenFile(t, filepath.Join(p.folder, "warehouse.duckdb"))
	for _, name := range []string{"load", "productive"} {
		if _, err := db.Exec(t.Context(), "schedule/slot.save", warehouse.Args{
			"job": name, "due_at": time.Now().AddDate(-2, 0, 0), "outcome": "ran", "run_id": nil, "recorded_at": time.Now(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// waitFor reads the log up to a line that holds text.
func (p *process) waitFor(t *testing.T, text string) string {
	t.Helper()
	for p.lines.Scan() {
		p.log.WriteString(p.lines.Text() + "\n")
		if strings.Contains(p.lines.Text(), text) {
			return p.lines.Text()
		}
	}
	t.Fatalf("the daemon ended without saying %q:\n%s", text, p.log.String())
	return ""
}

// exitCode waits for the end.
func (p *process) exitCode(t *testing.T) int {
	t.Helper()
	for p.lines.Scan() {
		p.log.WriteString(p.lines.Text() + "\n")
	}
	err := p.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

// outcomes reads what became of the slots.
func (p *process) outcomes(t *testing.T) string {
	t.Helper()
	rows, err := etltest.OpenFile(t, filepath.Join(p.folder, "warehouse.duckdb")).Query(t.Context(),
		"report/status.slots", warehouse.Args{"since": time.Now().AddDate(-3, 0, 0), "now": time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return etltest.Table(t, rows)
}

func smallSandbox() sandbox.Options {
	options := sandbox.DemoOptions()
	options.Expenses, options.Transactions = 60, 30
	return options
}

func TestTheDaemonCatchesUpAndDrains(t *testing.T) {
	p := startDaemon(t, smallSandbox())
	_, rest, _ := strings.Cut(p.waitFor(t, `"msg":"http started"`), `"host":"`)
	address, _, _ := strings.Cut(rest, `"`)
	p.waitFor(t, `"msg":"job started","job":"productive"`)
	for _, path := range []string{"/healthz", "/"} { // neither waits for the job
		resp, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	p.waitFor(t, `"msg":"job started","job":"load"`)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.exitCode(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.log.String())
	}
	if n := p.beats.Load(); n != 1 {
		t.Errorf("after one load the heartbeat was sent %d times\n%s", n, p.log.String())
	}
	if strings.Contains(p.log.String(), "hush-hush") {
		t.Errorf("the log tells the address of the heartbeat:\n%s", p.log.String())
	}
	for _, want := range []string{"\tcaught_up\t", "load\t", "productive\t"} {
		if got := p.outcomes(t); !strings.Contains(got, want) {
			t.Errorf("slots do not hold %q:\n%s", want, got)
		}
	}
}

func TestASecondSignalEndsTheDaemonAtOnce(t *testing.T) {
	options := smallSandbox()
	options.Latency = 5 * time.Second // no extract ends before the test
	p := startDaemon(t, options)
	p.waitFor(t, `"msg":"job started","job":"productive"`)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.waitFor(t, `"msg":"daemon drains"`)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.exitCode(t); code == 0 {
		t.Error("exit code 0 after a stop in the middle of a run")
	}
	_, unlock, err := warehouse.Lock(p.folder, warehouse.Holder{PID: os.Getpid()})
	if err != nil {
		t.Fatalf("the next run cannot begin: %v", err)
	}
	if err := unlock(""); err != nil {
		t.Fatal(err)
	}
	// What did not end is to be made up for at the next start.
	if got := p.outcomes(t); strings.Contains(got, "caught_up") {
		t.Errorf("a slot counts as caught up:\n%s", got)
	}
}
