package deliver_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/etltest"
	"spendbridge/etl/sandbox"
	"spendbridge/etl/warehouse"
)

// TestPosterProcess is no test of its own: it is the process that the test
// below starts and kills. It is one load.
func TestPosterProcess(t *testing.T) {
	folder := os.Getenv("SPENDBRIDGE_POSTER_FOLDER")
	if folder == "" {
		t.Skip("started by another test")
	}
	s := newScene(t)
	s.Folder = folder
	if lake := os.Getenv("SPENDBRIDGE_POSTER_LAKE"); lake == "" {
		s.onDisk()
	} else {
		var opened etltest.Lake
		must(t, json.Unmarshal([]byte(lake), &opened))
		s.onLake(opened)
	}
	s.speakTo(os.Getenv("SPENDBRIDGE_POSTER_URL"), os.Getenv("SPENDBRIDGE_POSTER_TOKEN_URL"))
	s.behave(os.Getenv("SPENDBRIDGE_POSTER_POLICY"), os.Getenv("SPENDBRIDGE_POSTER_SCHEMA"))
	if share := os.Getenv("SPENDBRIDGE_POSTER_STORE"); share != "" {
		s.inStore(share)
	}
	s.runs = int(time.Now().UnixMilli() % 1e9) // a run id of its own
	limitFileSize(t, os.Getenv("SPENDBRIDGE_POSTER_LIMIT"))
	fmt.Println("ready")
	_, err := s.post()
	fmt.Println("done", err)
}

// limitFileSize lets no file of this process grow beyond so many bytes, which
// to a program looks like a full disk.
func limitFileSize(t *testing.T, bytes string) {
	t.Helper()
	if bytes == "" {
		return
	}
	limit, err := strconv.ParseUint(bytes, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Fatal(err)
	}
}

// speakTo makes the sandbox the scene's Productiv.
func (s *scene) speakTo(url, tokenURL string) {
	s.Transport = nil
	s.Productiv.BaseURL, s.Productiv.TokenURL = url, tokenURL
	s.Productiv.ClientID = config.NewSecret(sandbox.ProductivClientID)
	s.Productiv.ClientSecret = config.NewSecret(sandbox.ProductivClientSecret)
	s.Productiv.BatchSize, s.Productiv.Concurrency = 10, 2
	s.Pause, s.Productiv.MaxWait = time.Millisecond, config.Duration(2*time.Millisecond)
	s.Timeout = 5 * time.Second
}

// behave sets a policy. What is in doubt is sent again where it can be.
func (s *scene) behave(policy, schema string) {
	s.Productiv.OnChange, s.Productiv.RecordSchema, s.Productiv.InDoubt = policy, schema, config.InDoubtHold
	if schema == config.SchemaSpend {
		s.Productiv.InDoubt = config.InDoubtResend
	}
}

// However often a load is killed, spend with resend ends with each record
// exactly once; finance with hold ends without a duplicate and without a loss,
// and each kill leaves at most one batch per connection in doubt.
func TestKilledLoadsLoseNothingAndDoubleNothing(t *testing.T) {
	kills := 1
	if os.Getenv("SPENDBRIDGE_SOAK") != "" {
		kills = 64
	}
	for _, tt := range []struct{ policy, schema string }{
		{config.OnChangeReport, config.SchemaFinance},
		{config.OnChangeReport, config.SchemaSpend},
		{config.OnChangeResend, config.SchemaSpend},
		{config.OnChangeCompensate, config.SchemaFinance},
		{config.OnChangeCompensate, config.SchemaSpend},
	} {
		t.Run(tt.policy+" "+tt.schema, func(t *testing.T) {
			killLoads(newScene(t).onDisk(), kills, tt.policy, tt.schema, nil)
		})
	}
}

// killLoads kills loads, and calls after each time, if it is not nil.
func killLoads(s *scene, kills int, policy, schema string, after func(*scene)) {
	t := s.t
	t.Helper()
	box := sandbox.New(sandbox.Options{
		SeedOnly: true, Latency: 2 * time.Millisecond, Productiv: sandbox.Productiv{Strict: schema},
	})
	if err := box.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	if after != nil {
		s.inStore(filepath.Join(t.TempDir(), "share"))
	}
	s.speakTo(box.ProductivURL(), box.ProductivTokenURL())
	s.behave(policy, schema)
	s.put(spend{id: "template", amount: "1.00"})

	first, longest := map[string]string{}, 600*time.Millisecond
	killed, doubted := 0, 0
	for round := 0; killed < kills; round++ {
		s.changeCanonical(round, policy, first)
		before := s.inDoubt()
		s.DB.Close()
		died, took := runPoster(t, s, box, time.Duration(rand.Int64N(int64(longest))))
		s.open()
		if !died {
			longest = max(took, 50*time.Millisecond) // it was done before it could be killed
		} else {
			killed++
		}
		if after != nil {
			after(s)
		}
		if err := s.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		more := len(s.inDoubt()) - len(before)
		doubted += max(more, 0)
		if more > s.Productiv.Concurrency {
			t.Errorf("one kill left %d batches in doubt over %d connections", more, s.Productiv.Concurrency)
		}
	}
	t.Logf("%d kills left %d batches in doubt", killed, doubted)
	s.settleBySight(box)
	want := first
	if policy != config.OnChangeReport {
		want = s.nets()
	}
	if diff := cmp.Diff(want, netsOf(held(box))); diff != "" {
		t.Errorf("after %d kills Productiv does not hold what it should (-want +got):\n%s", killed, diff)
	}
	for key, times := range box.Received() {
		if schema == config.SchemaFinance && times > 1 {
			t.Errorf("%s was accepted %d times", key, times)
		}
	}
}

// changeCanonical adds records and, where changes are posted, edits some.
func (s *scene) changeCanonical(round int, policy string, first map[string]string) {
	s.t.Helper()
	if policy != config.OnChangeReport {
		s.exec("spend_edit.sql", warehouse.Args{"nth": 9})
	}
	s.exec("spend_fill_round.sql", warehouse.Args{"round": fmt.Sprint(round), "records": 90})
	if policy == config.OnChangeReport {
		for id, net := range s.nets() {
			first[id] = net
		}
	}
}

// nets are the amounts of canonical.
func (s *scene) nets() map[string]string {
	s.t.Helper()
	return pairs(s.table("spend_nets.sql", nil))
}

// inDoubt are the batches in doubt, each with one of its keys.
func (s *scene) inDoubt() map[string]string {
	s.t.Helper()
	return pairs(s.table("batch_keys.sql", nil))
}

// pairs reads a table of two columns.
func pairs(table string) map[string]string {
	all := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(table), "\n")[1:] {
		key, value, _ := strings.Cut(line, "\t")
		all[key] = value
	}
	return all
}

// runPoster runs one load in a process of its own and kills it after a while.
// It returns whether that was in time, and how long the load took if not.
func runPoster(t testing.TB, s *scene, box *sandbox.Sandbox, after time.Duration) (died bool, took time.Duration) {
	t.Helper()
	cmd := posterCommand(s, box)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var start time.Time
	done := false
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		switch line := scanner.Text(); {
		case line == "ready":
			start = time.Now()
			time.AfterFunc(after, func() { cmd.Process.Kill() })
		case strings.HasPrefix(line, "done"):
			done, took = true, time.Since(start)
		}
	}
	cmd.Wait()
	return !done, took
}

func posterCommand(s *scene, box *sandbox.Sandbox) *exec.Cmd {
	lake := ""
	if s.lake.Location != "" {
		text, err := json.Marshal(s.lake)
		must(s.t, err)
		lake = string(text)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestPosterProcess$", "-test.v")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0",
		"SPENDBRIDGE_POSTER_FOLDER="+s.Folder, "SPENDBRIDGE_POSTER_STORE="+s.share, "SPENDBRIDGE_POSTER_LAKE="+lake,
		"SPENDBRIDGE_POSTER_URL="+box.ProductivURL(), "SPENDBRIDGE_POSTER_TOKEN_URL="+box.ProductivTokenURL(),
		"SPENDBRIDGE_POSTER_POLICY="+s.Productiv.OnChange, "SPENDBRIDGE_POSTER_SCHEMA="+s.Productiv.RecordSchema)
	return cmd
}

// A disk that fills up while the ledger is written stops the load. What was
// posted is known or in doubt, never forgotten.
func TestAFullDiskStopsTheLoadWithTheLedgerRight(t *testing.T) {
	limits := []int{100_000, 650_000, 700_000} // before, among and after the posts
	if os.Getenv("SPENDBRIDGE_SOAK") != "" {
		limits = append(limits, 600_000, 625_000, 675_000)
	}
	for _, limit := range limits {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			box := sandbox.New(sandbox.Options{SeedOnly: true, Productiv: sandbox.Productiv{Strict: "finance"}})
			if err := box.Start(t.Context(), "127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
			defer box.Close()
			s := newScene(t)
			s.onDisk()
			s.speakTo(box.ProductivURL(), box.ProductivTokenURL())
			s.behave(config.OnChangeReport, config.SchemaFinance)
			s.fill(1000)
			s.DB.Close()

			cmd := posterCommand(s, box)
			cmd.Env = append(cmd.Env, fmt.Sprint("SPENDBRIDGE_POSTER_LIMIT=", limit))
			if out, _ := cmd.CombinedOutput(); strings.Contains(string(out), "done <nil>") {
				t.Fatalf("the load met no full disk: %s", out)
			}
			records, _ := box.Accepted()
			t.Logf("%d records arrived before the disk was full", records)
			s.open()
			s.settleBySight(box)
			if diff := cmp.Diff(s.nets(), netsOf(held(box))); diff != "" {
				t.Errorf("Productiv does not hold what it should (-want +got):\n%s", diff)
			}
		})
	}
}

// settleBySight brings everything to its end, as a person would who can look
// into Productiv.
func (s *scene) settleBySight(box *sandbox.Sandbox) {
	s.t.Helper()
	by := deliver.Decision{By: "Jo", Note: "looked it up"}
	for range 4 {
		s.post()
		for batch, key := range s.inDoubt() {
			settle := s.SettleResend
			if box.Received()[key] > 0 {
				settle = s.SettleAccepted
			}
			if err := settle(s.t.Context(), batch, by); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	if result := s.mustPost(); result.Pending+result.Unknown > 0 {
		s.t.Errorf("%+v, want everything done", result)
	}
}

// held is what the sandbox's Productiv holds.
func held(box *sandbox.Sandbox) []map[string]any {
	var all []map[string]any
	for _, record := range box.Records() {
		all = append(all, decode(`{"records":[`+string(record.Record)+`]}`)...)
	}
	return all
}
