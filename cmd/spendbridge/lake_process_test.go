package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"spendbridge/etl/etltest"
	"spendbridge/etl/sandbox"
)

// A shared lake has several machines that work on it: processes with data folders of
// their own.
type sharedLake struct {
	*testing.T
	etltest.Lake
	vendors *sandbox.Sandbox
	post    func(w http.ResponseWriter, r *http.Request) // plays Productiv's posts
	store   string                                       // a folder
	config  string
	program string
}

const lakeRecords = 300

func newSharedLake(t *testing.T) *sharedLake {
	t.Helper()
	l := newLakeOfVendors(t, etltest.NewLake(t))
	l.store = t.TempDir()
	l.config += "store: file://" + l.store + "\n"
	return l
}

// newLakeOfVendors is a shared lake whose configuration has no store yet.
func newLakeOfVendors(t *testing.T, lake etltest.Lake) *sharedLake {
	t.Helper()
	t.Parallel() // each has a lake and vendors of its own
	l := &sharedLake{T: t, Lake: lake, program: programName(t)}
	l.vendors = sandbox.New(sandbox.Options{Seed: 1, Expenses: lakeRecords, Plain: true})
	if err := l.vendors.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.vendors.Close() })
	productiv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.post != nil && strings.HasSuffix(r.URL.Path, "/finance") {
			l.post(w, r)
			return
		}
		l.vendors.ProductivHandler().ServeHTTP(w, r)
	}))
	t.Cleanup(productiv.Close)
	text, err := l.vendors.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	l.config = strings.ReplaceAll(string(text), l.vendors.ProductivURL(), productiv.URL)
	l.config += "  batch_size: 50\n  concurrency: 1\n" + l.Configuration()
	return l
}

// machine returns the configuration of a further machine.
func (l *sharedLake) machine() string {
	l.Helper()
	path := filepath.Join(l.TempDir(), "spendbridge.yaml")
	if err := os.WriteFile(path, []byte(l.config), 0o600); err != nil {
		l.Fatal(err)
	}
	return path
}

// start starts a command on a machine.
func (l *sharedLake) start(config string, args ...string) (cmd *exec.Cmd, out *bytes.Buffer) {
	l.Helper()
	cmd, out = exec.CommandContext(l.Context(), l.program, append(args, "--config", config, "--log-format", "json")...), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		l.Fatal(err)
	}
	return cmd, out
}

// run runs a command on a machine and returns its exit code and what it said.
func (l *sharedLake) run(config string, args ...string) (code int, said string) {
	l.Helper()
	cmd, out := l.start(config, args...)
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		l.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// mustRun demands an exit code.
func (l *sharedLake) mustRun(code int, config string, args ...string) string {
	l.Helper()
	got, said := l.run(config, args...)
	if got != code {
		l.Fatalf("%s: exit code %d, want %d:\n%s", strings.Join(args, " "), got, code, said)
	}
	return said
}

// delivered demands that every record was accepted once, but for as many as are held.
func (l *sharedLake) delivered(held int) {
	l.Helper()
	received := l.vendors.Received()
	for key, times := range received {
		if times != 1 {
			l.Errorf("%s was accepted %d times", key, times)
		}
	}
	if len(received) != lakeRecords-held {
		l.Errorf("%d records were accepted, want %d", len(received), lakeRecords-held)
	}
}

// A doubt is a batch that status lists as unknown.
type doubt struct {
	Batch   string `json:"batch_id"`
	Records int
	Message string
}

func (l *sharedLake) doubts(config string) []doubt {
	l.Helper()
	said, _ := exec.CommandContext(l.Context(), l.program, "status", "--json", "--config", config).Output() // exit code 3
	var status struct {
		Batches []doubt `json:"unknown_batches"`
	}
	if err := json.Unmarshal(said, &status); err != nil {
		l.Fatalf("%v: %s", err, said)
	}
	return status.Batches
}

// unknown returns how many records status lists as in doubt, and why.
func (l *sharedLake) unknown(config string) (records int, why string) {
	l.Helper()
	for _, d := range l.doubts(config) {
		records, why = records+d.Records, d.Message
	}
	return records, why
}

// onPost calls do once, in place of the answer to a post, and lets all others through.
// Unless do answers, the connection hangs until the test ends.
func (l *sharedLake) onPost(number int, do func(answer func())) {
	var mu sync.Mutex
	posts := 0
	l.post = func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		posts++
		mine := posts == number
		mu.Unlock()
		answer := func() { l.vendors.ProductivHandler().ServeHTTP(w, r) }
		if mine {
			body, _ := io.ReadAll(r.Body) // a machine that do stops would send no more of it
			r.Body = io.NopCloser(bytes.NewReader(body))
			do(answer)
			return
		}
		answer()
	}
}

// The whole job by two machines, while others read what is in the lake and in the store.
func TestTheWholeJobOnALake(t *testing.T) {
	l := newSharedLake(t)
	one, other := l.machine(), l.machine()
	l.mustRun(0, one, "run")
	l.delivered(0)
	done := l.readAllTheTime()
	runs := 1
	if os.Getenv("SPENDBRIDGE_SOAK") != "" {
		runs = 20
	}
	for range runs {
		l.mustRun(0, other, "run")
	}
	l.config = strings.Replace(l.config, "  productive:\n", "  productive:\n    minor_units: {USD: 1}\n", 1)
	l.mustRun(3, l.machine(), "run") // other amounts, which are not posted
	l.mustRun(0, one, "run")
	if states := done(); len(states) != 2 {
		t.Errorf("readers saw %v, want two states", states)
	}
	l.delivered(0)
	l.mustRun(0, other, "verify")
	l.mustRun(0, one, "verify", "--rebuild")
}

// Every command does on a lake what it does on a file.
func TestEveryCommandOnALake(t *testing.T) {
	l := newSharedLake(t)
	refused := false
	l.post = func(w http.ResponseWriter, r *http.Request) {
		if !refused { // its answer is lost
			refused = true
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		l.vendors.ProductivHandler().ServeHTTP(w, r)
	}
	one := l.machine()
	l.mustRun(0, one, "run", "--dry-run")
	if refused {
		t.Fatal("a dry run posts")
	}
	l.mustRun(3, one, "run")
	doubts := l.doubts(one)
	if len(doubts) != 1 || doubts[0].Records != 50 {
		t.Fatalf("in doubt: %+v", doubts)
	}
	before := time.Now().UTC().Format(time.RFC3339)
	l.mustRun(0, one, "settle", doubts[0].Batch, "--resend", "--note", "not there", "--who", "Jo")
	l.mustRun(0, one, "load")
	l.delivered(0)
	l.mustRun(0, one, "backfill", "--from", "2024-01-01", "--to", "2024-03-01")
	l.mustRun(0, one, "load", "--dry-run")
	l.mustRun(0, one, "load", "--snapshot-only", "--as-of", before, "--out", filepath.Join(t.TempDir(), "past"))
	for key := range l.vendors.Received() {
		if said := l.mustRun(0, one, "explain", key); !strings.Contains(said, key) {
			t.Errorf("explain %s says: %s", key, said)
		}
		break
	}
	l.mustRun(0, one, "prune", "--older-than", "400d", "--yes")
	l.mustRun(0, one, "verify")
	l.mustRun(0, one, "report", "--out", filepath.Join(filepath.Dir(one), "report.html"))
	l.mustRun(0, one, "status")
	if said := l.mustRun(0, one, "doctor", "--upgrade"); !strings.Contains(said, "nothing changes: 300 records") {
		t.Errorf("doctor --upgrade says: %s", said)
	}
	l.mustRun(0, one, "run")
	l.delivered(0)
}

// A machine dies between a post and its answer, and another one takes over: what it
// posted last stays in doubt, all else is posted once.
func TestAnotherMachineTakesOverALake(t *testing.T) {
	l := newSharedLake(t)
	one, other := l.machine(), l.machine()
	pid := l.killedInThirdPost(one)
	said := l.mustRun(3, other, "run")
	l.leftInDoubt(other, pid, said)
}

// So do those that take over: the last one finds what the first one left.
func TestMachinesThatTakeOverALakeAreKilled(t *testing.T) {
	l := newSharedLake(t)
	pid := l.killedInThirdPost(l.machine())
	for _, statement := range []string{
		"warehouse/worker.take", "warehouse/worker.add", "deliver/batch.abandon", // in the transaction that takes over
		"deliver/batch.orphans", // after it
	} {
		l.killedAfter(statement, l.machine(), "run")
	}
	last := l.machine()
	said := l.mustRun(3, last, "run")
	l.leftInDoubt(last, pid, said)
}

// Prunes that are killed, and two at a time, delete nothing that the lake names.
func TestPrunesOfALakeAreKilled(t *testing.T) {
	if os.Getenv("SPENDBRIDGE_SOAK") == "" {
		t.Skip("takes a minute: SPENDBRIDGE_SOAK=1 make test-lake")
	}
	l := newSharedLake(t)
	one, other := l.machine(), l.machine()
	l.mustRun(0, one, "run")
	l.mustRun(0, other, "run")
	prune := []string{"prune", "--older-than", "400d", "--yes"}
	for _, statement := range []string{"job/lake.flush", "job/lake.rewrite", "job/lake.merge", "job/lake.expired"} {
		l.killedAfter(statement, one, prune...)
		l.makeOlder()
	}
	before := len(l.Files(t))
	first, out := l.start(one, prune...)
	if code, said := l.run(other, prune...); code != 0 && !strings.Contains(said, "spendbridge prune") {
		t.Errorf("the second one: exit code %d: %s", code, said)
	}
	if err := first.Wait(); err != nil && !strings.Contains(out.String(), "spendbridge prune") {
		t.Errorf("the first one: %v: %s", err, out)
	}
	if after := len(l.Files(t)); after >= before {
		t.Errorf("there are %d files, before there were %d", after, before)
	}
	l.mustRun(0, other, "verify")
	if _, err := l.reader()(); err != nil {
		t.Error(err)
	}
	l.mustRun(0, other, "run")
	l.delivered(0)
}

// makeOlder makes all files of the lake two days older, and what the catalog says of
// those that nothing names.
func (l *sharedLake) makeOlder() {
	l.Helper()
	l.MakeOlder(l)
	past := time.Now().AddDate(0, 0, -2)
	for _, path := range l.Files(l) {
		if err := os.Chtimes(path, past, past); err != nil {
			l.Fatal(err)
		}
	}
}

// killedInThirdPost runs a machine whose third post is stored, and kills it before
// the answer. It returns the id of the process.
func (l *sharedLake) killedInThirdPost(config string) (pid int) {
	l.Helper()
	var killed *exec.Cmd
	ready, died := make(chan struct{}), make(chan struct{})
	l.onPost(3, func(answer func()) {
		<-ready
		answer()
		killed.Process.Kill()
		<-died
	})
	killed, _ = l.start(config, "run")
	close(ready)
	killed.Wait()
	close(died)
	return killed.Process.Pid
}

// killedAfter kills a command as soon as it logs a statement.
func (l *sharedLake) killedAfter(statement, config string, args ...string) {
	l.Helper()
	args = append(args, "--config", config, "--log-format", "json", "--log-level", "debug")
	cmd := exec.CommandContext(l.Context(), l.program, args...)
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		l.Fatal(err)
	}
	killed, lines := false, bufio.NewScanner(log)
	for lines.Scan() {
		if strings.Contains(lines.Text(), statement) {
			killed = true
			cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); !killed {
		l.Fatalf("%s logged no %s: %v", args[0], statement, err)
	}
}

// leftInDoubt demands that every record was accepted once, and that those of the
// third post, which was stored, are in doubt because a process has left them.
func (l *sharedLake) leftInDoubt(config string, pid int, said string) {
	l.Helper()
	l.delivered(0)
	left := fmt.Sprintf("process %d on ", pid)
	if got, why := l.unknown(config); got != 50 || !strings.HasPrefix(why, left) {
		l.Errorf("%d records are in doubt, want 50, because %q: %s", got, why, said)
	}
}

// Both machines are alive: the second one says who works, and touches nothing.
func TestTheSecondMachineOfALakeSaysWhoWorks(t *testing.T) {
	l := newSharedLake(t)
	one, other := l.machine(), l.machine()
	said := make(chan string, 1)
	l.onPost(1, func(answer func()) {
		_, text := l.run(other, "run")
		said <- text
		answer()
	})
	l.mustRun(0, one, "run")
	if len(said) == 0 {
		t.Fatal("the first machine has posted nothing")
	}
	if text := <-said; !strings.Contains(text, "the lake is in use by \\\"spendbridge run") && !strings.Contains(text, `the lake is in use by "spendbridge run`) {
		t.Errorf("the second machine says: %s", text)
	}
	l.mustRun(0, other, "run")
	l.delivered(0)
}

// A machine is paused in the middle of a post, loses its lock, and wakes up when
// another one has done its work: it sends nothing more, and writes nothing more.
func TestAPausedMachineOfALakeWakesUp(t *testing.T) {
	l := newSharedLake(t)
	one, other := l.machine(), l.machine()
	var paused *exec.Cmd
	ready, woken := make(chan struct{}), make(chan struct{})
	l.onPost(2, func(answer func()) {
		<-ready
		paused.Process.Signal(syscall.SIGSTOP)
		answer()
		close(woken)
	})
	paused, out := l.start(one, "run")
	ended := make(chan struct{})
	go func() {
		paused.Wait()
		close(ended)
	}()
	close(ready)
	select {
	case <-woken:
	case <-ended:
		t.Fatalf("it ended before it was paused: %s", out)
	}
	if code, said := l.run(other, "run"); code != 1 || !strings.Contains(said, "the lake is in use by") {
		t.Errorf("while the other holds the lock: exit code %d: %s", code, said)
	}
	l.CutLock(t)
	l.mustRun(3, other, "run")
	if held, _ := l.unknown(other); held != 50 {
		t.Errorf("%d records are in doubt, want 50", held)
	}
	paused.Process.Signal(syscall.SIGCONT)
	<-ended
	if code := paused.ProcessState.ExitCode(); code != 1 {
		t.Errorf("the paused machine ended with exit code %d: %s", code, out)
	}
	l.delivered(0)
	l.mustRun(0, other, "run") // its answer is in the store now
	l.delivered(0)
}
