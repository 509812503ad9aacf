package deliver_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/warehouse"
)

func TestASecondLoadPostsNothing(t *testing.T) {
	s := newScene(t)
	s.fill(50)
	first := s.mustPost()
	if first.New != 50 || first.Accepted != 50 || first.Batches != 1 {
		t.Errorf("first load: %+v, want 50 new and accepted in one batch", first)
	}
	second := s.mustPost()
	if second.New != 0 || second.Accepted != 0 || second.Batches != 0 || len(second.Money) != 0 {
		t.Errorf("second load: %+v, want nothing", second)
	}
}

func TestWhatWasNeverSentIsPlannedAgain(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a-1", amount: "1"})
	s.remote.tokens = []reply{{status: 400, body: `{"error":"invalid_client"}`}}
	if _, err := s.post(); err == nil || s.state("a-1") != "planned" {
		t.Fatalf("state %s, %v, want it planned", s.state("a-1"), err)
	}
	s.remote.tokens = nil
	s.put(spend{id: "a-1", amount: "2"})
	s.mustPost()
	want := "key\tattempt\tkind\tstate\tversion\tamount\tcurrency\tmessage\na-1\t1\tspend\taccepted\t1\t2.0000\tUSD\t\n"
	if diff := cmp.Diff(want, s.table("items_dump.sql", nil)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

func TestAnEmptyCanonicalPostsNothing(t *testing.T) {
	s := newScene(t)
	s.mustPost()
	if len(s.remote.posts)+s.remote.issued != 0 {
		t.Errorf("%d posts and %d tokens, want none", len(s.remote.posts), s.remote.issued)
	}
}

func TestBatchesAreTheSameInEveryRun(t *testing.T) {
	posts := func(connections int) []string {
		s := newScene(t)
		s.Productiv.BatchSize, s.Productiv.Concurrency = 7, connections
		s.fill(50)
		s.mustPost()
		return s.remote.posts
	}
	first := posts(1)
	if len(first) != 8 {
		t.Errorf("%d batches, want 8", len(first))
	}
	if diff := cmp.Diff(first, posts(1)); diff != "" {
		t.Errorf("a second run posts otherwise:\n%s", diff)
	}
	if diff := cmp.Diff(asSet(first), asSet(posts(3))); diff != "" {
		t.Errorf("three connections post other batches:\n%s", diff)
	}
}

func asSet(texts []string) map[string]bool {
	set := map[string]bool{}
	for _, text := range texts {
		set[text] = true
	}
	return set
}

func TestEverySourceHasItsApplication(t *testing.T) {
	s := newScene(t)
	s.Productiv.AppIDs = map[string]string{"procurify": "app-2"}
	s.fill(30)
	s.mustPost()
	if len(s.remote.posts) != 2 {
		t.Fatalf("%d posts, want one per application", len(s.remote.posts))
	}
	if again := s.mustPost(); again.New != 0 {
		t.Errorf("%d new in the second load, want 0", again.New)
	}
}

func TestRefusedBatchesAreHalvedUntilTheBadRecordsStandAlone(t *testing.T) {
	for name, status := range map[string]int{"422": 422, "413": 413} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.fill(100)
			bad := map[string]bool{"productive-7": true, "productive-8": true, "procurify-99": true}
			s.remote.refuse = func(r map[string]any) bool { return bad[r["transactionNumber"].(string)] }
			s.remote.refusal = status
			result := s.postTelling()
			if result.Accepted != 97 || result.Rejected != 3 || result.RejectedInTotal != 3 {
				t.Errorf("%+v, want 97 accepted and 3 rejected", result)
			}
			if result.Batches > 3*2*8 {
				t.Errorf("%d posts for three bad records among a hundred", result.Batches)
			}
			for key := range bad {
				if got := s.message(key); got != "vendor is cursed" {
					t.Errorf("%s: message %q, want the server's", key, got)
				}
			}
			for key, n := range s.remote.copies() {
				if n != 1 || bad[key] {
					t.Errorf("%s was stored %d times", key, n)
				}
			}
			if again := s.mustPost(); again.Batches != 0 || again.New != 0 {
				t.Errorf("%+v, want rejected records left alone", again)
			}
		})
	}
}

func TestARejectedRecordIsSentAgainOnceItReadsDifferently(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a-1", amount: "1", vendor: "Cursed"})
	s.remote.refuse = func(r map[string]any) bool { return r["vendor"] == "Cursed" }
	s.postTelling()
	s.put(spend{id: "a-1", amount: "1", vendor: "Blessed"})
	if result := s.mustPost(); result.New != 1 || result.Accepted != 1 {
		t.Errorf("%+v, want one new record accepted", result)
	}
}

func TestARefusedBatchIsInDoubtWhereItMayHaveStoredAPart(t *testing.T) {
	s := newScene(t)
	s.Productiv.AssumeAtomic422 = false
	s.Productiv.BatchSize = 10
	s.fill(20)
	s.remote.refuse = func(r map[string]any) bool { return r["transactionNumber"] == "productive-7" }
	result, err := s.post()
	checkError(t, err, "may or may not have arrived", true)
	if result.Unknown != 10 || result.Accepted != 10 {
		t.Errorf("%+v, want the refused ten unknown, the other ten accepted", result)
	}
}

func TestAnInvalidRecordIsRejectedBeforeItIsSent(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a-1", amount: "1", vendor: " "}, spend{id: "a-2", amount: "2"})
	result := s.postTelling()
	if result.Accepted != 1 || result.Rejected != 1 {
		t.Errorf("%+v, want one accepted and one rejected", result)
	}
	if got := s.message("a-1"); !strings.Contains(got, "vendor") {
		t.Errorf("message %q does not name the field", got)
	}
	if again := s.mustPost(); again.Rejected != 0 || again.RejectedInTotal != 1 {
		t.Errorf("%+v, want it to stay rejected", again)
	}
}

func TestARefusedRecordIsToldOnce(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a-1", amount: "1", vendor: " "}, spend{id: "a-2", amount: "2"})
	_, err := s.post()
	checkError(t, err, "1 rejected here", true)
	s.mustPost()
}

func TestAnUnknownRecordGetsNoFurtherItem(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a-1", amount: "1"})
	s.remote.replies = []reply{{status: 503, store: true}}
	s.post()
	s.put(spend{id: "a-1", amount: "2"}, spend{id: "a-2", amount: "3"})
	result, err := s.post()
	checkError(t, err, "1 records in 1 batches may or may not have arrived", true)
	if result.New != 1 || result.Unknown != 1 || len(s.remote.posts) != 2 {
		t.Errorf("%+v after %d posts, want only the new record sent", result, len(s.remote.posts))
	}
	want := "source\tcurrency\tstate\trecords\tamount\n" +
		"productive\tUSD\tdelivered\t1\t3.0000\n" +
		"productive\tUSD\tunknown\t1\t1.0000\n" +
		"productive\tUSD\tunsent_changes\t1\t1.0000\n"
	if diff := cmp.Diff(want, s.totals()); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

// In doubt, resend: the same body goes out again, in this load and the next.
func TestInDoubtResendPostsTheSameBodyAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.Productiv.RecordSchema, s.Productiv.InDoubt = config.SchemaSpend, config.InDoubtResend
		s.fill(3)
		s.remote.replies = repeated(reply{status: 503, store: true}, 7)
		_, err := s.post()
		checkError(t, err, "the next load posts them again", false)
		result := s.mustPost()
		if result.Accepted != 3 || result.Unknown != 0 {
			t.Errorf("%+v, want 3 accepted", result)
		}
		if sent := asSet(s.remote.posts); len(sent) != 1 || len(s.remote.posts) != 8 {
			t.Errorf("%d different bodies in %d posts, want one in 8", len(sent), len(s.remote.posts))
		}
	})
}

// A server in trouble costs one batch per connection, not all of them.
func TestAnUnknownOutcomeStopsItsConnection(t *testing.T) {
	s := newScene(t)
	s.Productiv.BatchSize, s.Productiv.Concurrency = 5, 2
	s.fill(50)
	s.remote.replies = repeated(reply{status: 500}, 100)
	result, err := s.post()
	checkError(t, err, "10 records in 2 batches may or may not have arrived", true)
	if result.Pending != 40 {
		t.Errorf("%+v, want 40 records pending", result)
	}
}

// on_change: report. Nothing that was delivered is posted again.
func TestReportListsWhatChanged(t *testing.T) {
	s := newScene(t)
	s.put(
		spend{id: "amount", amount: "1"}, spend{id: "currency", amount: "2"}, spend{id: "day", amount: "3"},
		spend{id: "vendor", amount: "4"}, spend{id: "gone", amount: "5"}, spend{id: "ruled", amount: "6"},
		spend{id: "quarantined", amount: "7"}, spend{id: "lost", amount: "8"}, spend{id: "same", amount: "9"},
	)
	s.mustPost()
	s.put(
		spend{id: "amount", amount: "1.5"}, spend{id: "currency", amount: "2", currency: "EUR", exponent: 2},
		spend{id: "day", amount: "3", day: "2026-03-02"}, spend{id: "vendor", amount: "4", vendor: "GitLab"},
		spend{id: "future", amount: "10", day: "2026-11-22"}, spend{id: "today", amount: "11", day: "2026-11-21"},
	)
	for id, reason := range map[string]string{"gone": "gone", "ruled": "rule:payroll"} {
		s.drop(id)
		s.exec("excluded_put.sql", warehouse.Args{"spend_id": id, "source": "productive", "reason": reason, "at": s.Now()})
	}
	s.drop("quarantined")
	s.exec("quarantine_put.sql", warehouse.Args{"spend_id": "quarantined", "source": "productive", "reason": "currency_unknown", "at": s.Now()})
	s.drop("lost")

	result := s.postTelling()
	result.Money = nil
	want := deliver.Result{
		Found:    deliver.Found{New: 1, Changed: 3, Touched: 1, Withdrawn: 2, Frozen: 2, NotDue: 1},
		Accepted: 1, Batches: 1,
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	totals := "source\tcurrency\tstate\trecords\tamount\n" +
		"productive\tEUR\tunsent_changes\t1\t2.0000\n" +
		"productive\tUSD\tdelivered\t10\t56.0000\n" +
		"productive\tUSD\tnot_due\t1\t10.0000\n" +
		"productive\tUSD\tunsent_changes\t6\t-27.5000\n"
	if diff := cmp.Diff(totals, s.totals()); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

func TestNothingBeforePostFromIsPosted(t *testing.T) {
	s := newScene(t)
	s.Productiv.PostFrom = config.Date{Time: date("2026-03-01")}
	s.put(spend{id: "a-1", amount: "1", day: "2026-02-28"}, spend{id: "a-2", amount: "2", day: "2026-03-01"})
	if result := s.mustPost(); result.NotDue != 1 || result.Accepted != 1 {
		t.Errorf("%+v, want one not due and one accepted", result)
	}
}

func TestNothingIsPostedWhenTheBooksDoNotBalance(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a-1", amount: "1"})
	s.mustPost()
	s.exec("item_forge.sql", warehouse.Args{"key": "a-1", "amount": "0.99"})
	s.put(spend{id: "a-2", amount: "2"})
	_, err := s.post()
	var check *etl.CheckError
	if !errors.As(err, &check) || !strings.Contains(err.Error(), "productive USD a-1: canonical 1.0000, ledger 1.0100") {
		t.Errorf("error %v, want a check that names the record", err)
	}
	if len(s.remote.posts) != 1 {
		t.Errorf("%d posts, want none after the first", len(s.remote.posts))
	}
}

// A record that is in the ledger twice cannot hide among those that Productiv
// holds as canonical has them.
func TestAnItemThatIsThereTwiceBalancesNothing(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a-1", amount: "1"})
	s.mustPost()
	s.exec("item_twice.sql", warehouse.Args{"key": "a-1"})
	_, err := s.post()
	checkError(t, err, "productive USD all records: canonical 1.0000, ledger 2.0000", false)
}

// A crash is a point at which the program ended while a batch was sent.
func TestRecoverSettlesWhatAKilledProgramLeft(t *testing.T) {
	tests := map[string]struct {
		file  string // what is left of the sent file: gone, unanswered, answered, torn
		state string // of the batch
		posts int    // after the next load
	}{
		"before the file was written":   {"gone", "pending", 1},
		"before the answer was written": {"unanswered", "unknown", 0},
		"while the answer was written":  {"torn", "unknown", 0},
		"before the ledger was written": {"answered", "accepted", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.put(spend{id: "a-1", amount: "1"})
			s.mustPost()
			s.exec("batches_reopen.sql", nil)
			s.spoil(tt.file)
			s.remote.posts = nil
			if err := s.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Fields(s.table("batches_dump.sql", nil))[6]; got != tt.state {
				t.Errorf("batch is %s, want %s", got, tt.state)
			}
			_, err := s.post()
			checkError(t, err, map[string]string{"unknown": "may or may not have arrived"}[tt.state], tt.state == "unknown")
			if got := len(s.remote.posts); got != tt.posts {
				t.Errorf("%d posts in the next load, want %d", got, tt.posts)
			}
		})
	}
}

// spoil brings the only sent file into the state a crash leaves.
func (s *scene) spoil(how string) {
	s.t.Helper()
	path := s.sentFiles()[0]
	lines := strings.SplitAfter(string(unzip(s.t, path)), "\n")
	var err error
	switch how {
	case "gone":
		err = os.Remove(path)
	case "unanswered":
		err = os.WriteFile(path, zip(s.t, strings.Join(lines[:2], "")), 0o600)
	case "torn":
		whole := zip(s.t, lines[2])
		err = os.WriteFile(path, append(zip(s.t, strings.Join(lines[:2], "")), whole[:len(whole)-3]...), 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) sentFiles() []string {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.Folder, "sent", "*.json.zst"))
	if err != nil || len(files) == 0 {
		s.t.Fatalf("no sent files: %v", err)
	}
	return files
}

func zip(t testing.TB, text string) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	return encoder.EncodeAll([]byte(text), nil)
}

func unzip(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	text, err := decoder.DecodeAll(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestASentFileHoldsHeaderBodyAndAnswer(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a-1", amount: "1"})
	s.mustPost()
	path := s.sentFiles()[0]
	lines := strings.Split(strings.TrimSpace(string(unzip(t, path))), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want header, body and answer", len(lines))
	}
	if lines[1] != s.remote.posts[0] {
		t.Errorf("the file's body differs from the one that was sent:\n%s\n%s", lines[1], s.remote.posts[0])
	}
	var header, event map[string]any
	if err := errors.Join(json.Unmarshal([]byte(lines[0]), &header), json.Unmarshal([]byte(lines[2]), &event)); err != nil {
		t.Fatal(err)
	}
	if header["target"] != "productiv.example/app-1" || event["state"] != "accepted" {
		t.Errorf("header %v, answer %v", header, event)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != fs.FileMode(0o600) {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
}

func TestALedgerOlderThanTheSentFilesPostsNothing(t *testing.T) {
	s := newScene(t).onDisk()
	s.put(spend{id: "a-1", amount: "1"})
	yesterday := s.backUp()
	s.mustPost()
	s.restore(yesterday)
	s.put(spend{id: "a-1", amount: "1"})
	_, err := s.post()
	checkError(t, err, "the ledger is older than what was sent", true)
	if len(s.remote.posts) != 1 {
		t.Errorf("%d posts, want none after the restore", len(s.remote.posts))
	}
}

// backUp returns the warehouse as it is now.
func (s *scene) backUp() []byte {
	s.t.Helper()
	s.DB.Close()
	data, err := os.ReadFile(s.warehouse)
	if err != nil {
		s.t.Fatal(err)
	}
	s.open()
	return data
}

func (s *scene) restore(data []byte) {
	s.t.Helper()
	s.DB.Close()
	if err := os.WriteFile(s.warehouse, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.open()
}

// A run that is being stopped brings the batch at hand to its end and begins
// no other.
func TestCancelFinishesTheBatchAtHand(t *testing.T) {
	s := newScene(t)
	s.Productiv.BatchSize = 10
	s.fill(50)
	ctx, cancel := context.WithCancel(t.Context())
	s.remote.refuse = func(map[string]any) bool { cancel(); return false }
	result, err := s.Post(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want it to say that the run was stopped", err)
	}
	if result.Accepted != 10 || result.Pending != 40 || result.Unknown != 0 {
		t.Errorf("%+v, want 10 accepted and 40 pending", result)
	}
	s.remote.refuse = nil
	if next := s.mustPost(); next.Accepted != 40 {
		t.Errorf("the next load: %+v, want 40 accepted", next)
	}
}

// message is the message of the newest item of a key.
func (s *scene) message(key string) string {
	s.t.Helper()
	message := ""
	for line := range strings.Lines(s.table("items_dump.sql", nil)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if fields[0] == key {
			message = fields[len(fields)-1]
		}
	}
	return message
}

// replaceSent changes a text in the only sent file.
func (s *scene) replaceSent(old, replacement string) {
	s.t.Helper()
	path := s.sentFiles()[0]
	text := strings.ReplaceAll(string(unzip(s.t, path)), old, replacement)
	if err := os.WriteFile(path, zip(s.t, text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}
