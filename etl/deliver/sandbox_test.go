package deliver_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/sandbox"
)

// newSandboxScene is a scene whose Productiv is the sandbox on loopback.
func newSandboxScene(t testing.TB, faults string, p sandbox.Productiv) (*scene, *sandbox.Sandbox) {
	t.Helper()
	parsed, err := sandbox.ParseFaults(faults)
	if err != nil {
		t.Fatal(err)
	}
	box := sandbox.New(sandbox.Options{SeedOnly: true, Seed: 7, Faults: parsed, Productiv: p})
	if err := box.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	s := newScene(t)
	s.speakTo(box.ProductivURL(), box.ProductivTokenURL())
	return s, box
}

// everyFault hits a third of all posts with anything that can go wrong.
const everyFault = "productiv:any~30%,productiv-token:5xx~10%"

// Spend, resend, upsert: whatever goes wrong on the way, every publishable
// record ends up at Productiv, and the ledger knows it.
func TestSpendWithResendAcceptsEveryRecordExactlyOnce(t *testing.T) {
	s, box := newSandboxScene(t, everyFault, sandbox.Productiv{Strict: "spend", Poison: []string{"productive-13"}})
	s.Productiv.RecordSchema, s.Productiv.InDoubt = config.SchemaSpend, config.InDoubtResend
	s.fill(300)
	for load := 1; ; load++ {
		result, err := s.post()
		if result.Pending == 0 && result.Unknown <= 1 {
			break // the poisonous record may wait for a person
		}
		if load == 50 {
			t.Fatalf("not done after 50 loads: %+v, %v", result, err)
		}
	}
	states := s.states()
	if got := states["productive-13"]; got != "rejected" && got != "unknown" {
		t.Errorf("the poisonous record is %s, want rejected, or unknown after a lost answer", got)
	}
	for _, record := range box.Records() {
		if got := states[record.Key]; got != "accepted" {
			t.Errorf("%s is at Productiv and %s in the ledger", record.Key, got)
		}
		delete(states, record.Key)
	}
	if len(states) != 1 {
		t.Errorf("not at Productiv: %v, want the poisonous record only", states)
	}
	if len(box.Faults()) < 5 {
		t.Errorf("only these faults were met: %v", box.Faults())
	}
}

// Finance, hold: whatever goes wrong on the way, nothing is posted twice, and
// what may not have arrived is held and reported.
func TestFinanceWithHoldNeverPostsTwice(t *testing.T) {
	s, box := newSandboxScene(t, everyFault, sandbox.Productiv{Strict: "finance"})
	s.fill(300)
	var (
		result deliver.Result
		err    error
	)
	for n := 1; n == 1 || result.Pending > 0; n++ {
		if result, err = s.post(); n == 50 {
			t.Fatalf("not done after 50 loads: %+v, %v", result, err)
		}
	}
	states, received := s.states(), box.Received()
	for key, times := range received {
		if times > 1 {
			t.Errorf("%s was accepted %d times", key, times)
		}
	}
	for key, state := range states {
		if state == "accepted" && received[key] != 1 {
			t.Errorf("%s is accepted in the ledger and %d times at Productiv", key, received[key])
		}
		if state != "accepted" && state != "unknown" {
			t.Errorf("%s is %s, want accepted or unknown", key, state)
		}
	}
	if len(states) != 300 || result.Unknown == 0 {
		t.Errorf("%d items, %d of them unknown: want 300, some unknown", len(states), result.Unknown)
	}
	checkError(t, err, strconv.Itoa(result.Unknown)+" records in ", true)
}

// A batch whose answer was lost is posted again and refused: nobody can tell
// whether it holds a bad record or is there already. So it is not rejected.
func TestARefusalOfWhatMayBeThereIsNoRejection(t *testing.T) {
	s := newScene(t)
	s.Productiv.RecordSchema, s.Productiv.InDoubt = config.SchemaSpend, config.InDoubtResend
	s.Pause = time.Millisecond
	s.fill(4)
	s.remote.replies = []reply{{status: 503, store: true}}
	s.remote.refuse = func(map[string]any) bool { return true }
	for range 2 { // the second load leaves it alone
		result, err := s.post()
		checkError(t, err, "4 records in 4 batches may or may not have arrived", true)
		if result.Unknown != 4 || result.RejectedInTotal != 0 {
			t.Errorf("%+v, want all four unknown", result)
		}
	}
	if posts := len(s.remote.posts); posts != 8 {
		t.Errorf("%d posts, want 8: the lost one, the whole, two halves, four records", posts)
	}
}

func TestA429ThatAsksForTooLongEndsTheLoad(t *testing.T) {
	s := newScene(t)
	s.fill(4)
	s.remote.replies = []reply{{status: 429, header: http.Header{"Retry-After": {"3600"}}}}
	result, err := s.post()
	checkError(t, err, "asks to wait 1h0m0s", false)
	if result.Pending != 4 {
		t.Errorf("%+v, want all four pending", result)
	}
}

// Whoever refuses everything costs a bounded number of posts.
func TestHalvingHasABudget(t *testing.T) {
	s := newScene(t)
	s.Productiv.BatchSize = 8
	s.fill(120)
	s.remote.refuse = func(map[string]any) bool { return true }
	for loads := 1; ; loads++ {
		result, err := s.post()
		if result.Batches > 2*80+15 {
			t.Fatalf("%d posts in one load", result.Batches)
		}
		if result.Pending == 0 {
			if etl.Status(err) != etl.StatusNeedsPerson || result.RejectedInTotal != 120 || loads < 2 {
				t.Errorf("after %d loads %+v, %v; want all rejected after two or more", loads, result, err)
			}
			return
		}
		checkError(t, err, "Productiv refuses so many records", true)
	}
}

// A host that does not exist: nothing was sent, and the error says so.
func TestAnUnknownHostLeavesEverythingPending(t *testing.T) {
	for name, breakIt := range map[string]func(*config.Productiv){
		"of the API":  func(p *config.Productiv) { p.BaseURL = "http://productiv.invalid" },
		"closed port": func(p *config.Productiv) { p.BaseURL = "http://127.0.0.1:1" },
	} {
		t.Run(name, func(t *testing.T) {
			s, box := newSandboxScene(t, "", sandbox.Productiv{})
			breakIt(&s.Productiv)
			s.fill(4)
			result, err := s.post()
			checkError(t, err, "nothing was sent", false)
			if records, _ := box.Accepted(); records != 0 || result.Pending != 4 {
				t.Errorf("%+v, want all four pending", result)
			}
		})
	}
}

// An access token that ends in the middle of a load is replaced, and the
// batch that met it is posted once.
func TestATokenThatEndsInMidRunIsReplaced(t *testing.T) {
	s, box := newSandboxScene(t, "productiv:401@3", sandbox.Productiv{})
	s.fill(60)
	s.mustPost()
	if received := box.Received(); len(received) != 60 {
		t.Errorf("%d records arrived, want 60", len(received))
	}
}
