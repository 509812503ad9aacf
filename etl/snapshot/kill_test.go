package snapshot

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
)

// The two states that the child process writes in turn.
const (
	smallState = 200
	largeState = 300
)

// TestWriterProcess is no test of its own: it is the process that the tests
// below start, and kill or starve. It takes snapshots and publishes, again and
// again, of two states in turn.
func TestWriterProcess(t *testing.T) {
	folder := os.Getenv("SPENDBRIDGE_WRITER_FOLDER")
	if folder == "" {
		t.Skip("started by other tests")
	}
	start, rounds := env(t, "SPENDBRIDGE_WRITER_START"), env(t, "SPENDBRIDGE_WRITER_ROUNDS")
	states := []*warehouse.DB{
		snapshotDB(t, smallState, twoMonths, 1, nil),
		snapshotDB(t, largeState, twoMonths, 1, nil),
	}
	if limit := env(t, "SPENDBRIDGE_WRITER_LIMIT"); limit > 0 {
		size := syscall.Rlimit{Cur: uint64(limit), Max: uint64(limit)}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &size); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("ready")
	for round := start; round < start+rounds; round++ {
		writeRound(t, states[round%2], folder, round)
	}
}

func writeRound(t *testing.T, db *warehouse.DB, folder string, round int) {
	t.Helper()
	opts := snapshotOptions(filepath.Join(folder, "snapshots"), runOf(round))
	opts.Keep = 20
	_, err := Take(t.Context(), db, opts)
	if err := errors.Join(err, Publish(t.Context(), db, publishedIn(folder))); err != nil {
		fmt.Println("error:", err)
	}
}

func runOf(round int) string {
	return fmt.Sprintf("20260201T%02d%02d%02dZ-000000", round/3600, round/60%60, round%60)
}

func publishedIn(folder string) PublishOptions {
	return PublishOptions{Path: filepath.Join(folder, "spend.duckdb"), Schemas: schemas.FS}
}

func env(t *testing.T, name string) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// startWriter starts the process and waits until it is about to write. Its
// further output is sent to the channel, which is closed when it ends.
func startWriter(t *testing.T, ctx context.Context, folder string, start, rounds, limit int) (*exec.Cmd, <-chan string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestWriterProcess$", "-test.v")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0",
		"SPENDBRIDGE_WRITER_FOLDER="+folder, fmt.Sprint("SPENDBRIDGE_WRITER_START=", start),
		fmt.Sprint("SPENDBRIDGE_WRITER_ROUNDS=", rounds), fmt.Sprint("SPENDBRIDGE_WRITER_LIMIT=", limit))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, ready := make(chan string, 1000), make(chan bool)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			if scanner.Text() == "ready" {
				close(ready)
			} else {
				lines <- scanner.Text()
			}
		}
	}()
	<-ready
	return cmd, lines
}

func TestAReaderSeesWholeStatesHoweverTheWriterDies(t *testing.T) {
	kills := 3
	if os.Getenv("SPENDBRIDGE_SOAK") != "" {
		kills = 200
	}
	folder := t.TempDir()
	for kill := range kills {
		cmd, lines := startWriter(t, t.Context(), folder, kill*1000, 1000, 0)
		// Anywhere within the first rounds, of some 50 ms each.
		time.AfterFunc(time.Duration(rand.IntN(200))*time.Millisecond, func() { cmd.Process.Kill() })
		for range lines {
		}
		cmd.Wait()
		wantWholeState(t, folder)
	}
	// The next run clears away what the killed ones left behind.
	writeRound(t, snapshotDB(t, smallState, twoMonths, 1, nil), folder, kills*1000)
	for _, pattern := range []string{"snapshots/.*", ".*"} {
		if left, err := filepath.Glob(filepath.Join(folder, pattern)); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// wantWholeState fails the test unless the latest snapshot and the published
// file each hold one of the two states.
func wantWholeState(t *testing.T, folder string) {
	t.Helper()
	latest, err := Latest(filepath.Join(folder, "snapshots"))
	if err == nil {
		err = Check(latest.Path, schemas.FS)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if rows := latest.Manifest.Rows; err == nil && rows != smallState && rows != largeState {
		t.Errorf("latest holds %d rows", rows)
	}
	path := publishedIn(folder).Path
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return
	}
	switch got := readPublished(t, openPublished(t, path), "published_count.sql"); got {
	case fmt.Sprintf("records\n%d\n", smallState), fmt.Sprintf("records\n%d\n", largeState):
	default:
		t.Errorf("the published file reads %q", got)
	}
}

// A limit on the size of files stands in for a full disk: the system refuses
// the write in the middle of it, as there.
func TestAFullDiskIsAClearErrorAndChangesNothing(t *testing.T) {
	folder := t.TempDir()
	writeRound(t, snapshotDB(t, smallState, twoMonths, 1, nil), folder, 0)
	before, err := Latest(filepath.Join(folder, "snapshots"))
	if err != nil {
		t.Fatal(err)
	}
	cmd, lines := startWriter(t, t.Context(), folder, 1, 1, 4096)
	var said []string
	for line := range lines {
		said = append(said, line)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the writer: %v", err)
	}
	for _, want := range []string{
		"error: snapshot " + runOf(1) + ": spend/year=2024/month=11/part-0.parquet: snapshot/snapshot.sql: copy: ",
		"publish: snapshot/publish.sql: attach: ", "File too large",
	} {
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("the writer does not say %q but:\n%s", want, strings.Join(said, "\n"))
		}
	}
	after, err := Latest(filepath.Join(folder, "snapshots"))
	if err != nil || after.ID != before.ID {
		t.Errorf("latest is %s, %v; want %s", after.ID, err, before.ID)
	}
	wantWholeState(t, folder)
	wantEntries(t, folder, "snapshots", "spend.duckdb")
	wantEntries(t, filepath.Join(folder, "snapshots"), before.ID, latestLink)
}

func TestReadersNeverFailWhileRunsPublish(t *testing.T) {
	folder := t.TempDir()
	writeRound(t, snapshotDB(t, smallState, twoMonths, 1, nil), folder, 0)
	_, lines := startWriter(t, t.Context(), folder, 1, 12, 0)
	reads, writing := 0, true
	for writing {
		select {
		case line, open := <-lines:
			writing = open
			if strings.HasPrefix(line, "error:") {
				t.Error(line)
			}
		default:
			wantWholeState(t, folder)
			reads++
		}
	}
	if reads < 12 {
		t.Errorf("only %d reads while 12 runs published", reads)
	}
}
