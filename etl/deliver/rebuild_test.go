package deliver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/warehouse"
)

// A history with everything that can happen to a batch, lost with its
// warehouse and read back from the sent files.
func TestTheLedgerIsRebuiltFromTheSentFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.happen()
		want := s.histories()
		batches, err := s.RebuildLedger(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.histories()); diff != "" {
			t.Errorf("after the rebuild of %d batches (-before +after):\n%s", batches, diff)
		}
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// happen lets everything happen that can happen to a batch.
func (s *scene) happen() {
	s.t.Helper()
	s.Productiv.OnChange, s.Productiv.BatchSize = config.OnChangeCompensate, 4
	s.fill(10)
	s.remote.refuse = func(r map[string]any) bool { return keyOf(r) == "productive-7" }
	s.post()
	s.put(spend{id: "productive-1", amount: "7.77"}, spend{id: "b-1", amount: "1", text: "quote \" and \u2028"})
	s.remote.replies = []reply{{status: 429}, {}, {status: 503}}
	s.post()
	s.settleAll(deliver.Decision{By: "Jo", Note: "looked it up"})
	s.put(spend{id: "b-2", amount: "2"})
	s.remote.replies = []reply{{status: 503}}
	s.post()
}

// histories is what the ledger knows of items, batches and decisions.
func (s *scene) histories() []string {
	s.t.Helper()
	return []string{s.table("items_history.sql", nil), s.table("batches_history.sql", nil), s.table("decisions_history.sql", nil)}
}

// settleAll settles everything that waits, each in another way.
func (s *scene) settleAll(by deliver.Decision) {
	s.t.Helper()
	teller := &teller{scene: s}
	if err := s.SettleAccepted(s.t.Context(), teller.batchOf("productive-1"), by); err != nil {
		s.t.Fatal(err)
	}
	if err := s.SettleRetry(s.t.Context(), "productive-7", by); err != nil {
		s.t.Fatal(err)
	}
	s.nextRun()
	s.put(spend{id: "productive-2", amount: "5.55"})
	if err := s.SettleCorrected(s.t.Context(), "productive-2", by); err != nil {
		s.t.Fatal(err)
	}
}

func TestVerifyFindsASentFileThatWasChanged(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a-1", amount: "1"})
	s.mustPost()
	if err := s.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.replaceSent(`"amount":1.00`, `"amount":9.00`)
	checkError(t, s.Verify(t.Context()), "the body does not have the checksum", false)
}

func TestVerifyFindsAnItemWhosePayloadWasChanged(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a-1", amount: "1"}, spend{id: "a-2", amount: "2"})
	s.mustPost()
	s.exec("item_forge_payload.sql", warehouse.Args{"key": "a-2", "old": `"amount":2.00`, "new": `"amount":9.00`})
	checkError(t, s.Verify(t.Context()), "every item of the ledger says what its JSON says", false)
}

// What a person decided survives the loss of the warehouse: approvals, moves,
// what is kept and what was dismissed.
func TestDecisionsSurviveARebuild(t *testing.T) {
	s := newScene(t)
	s.Productiv.FirstLoad = config.FirstLoadHold
	s.put(spend{id: "a", amount: "1"}, spend{id: "b", amount: "2"})
	s.post()
	s.remote.replies = []reply{said(403)}
	s.nextRun()
	s.Approve(t.Context(), "", jo) // approved, and not posted yet
	s.mustPost()
	s.put(spend{id: "a", amount: "9"})
	s.post()
	must(t, s.SettleDismiss(t.Context(), "a", jo))
	s.Productiv.AppID = "app-2"
	s.post()
	if _, err := s.SettleTargetKept(t.Context(), jo); err != nil {
		t.Fatal(err)
	}
	s.Productiv.AppID, s.Productiv.BaseURL = "app-1", "https://api.productiv.example"
	s.post()
	must(t, s.SettleTargetMoved(t.Context(), "productiv.example/app-1", "api.productiv.example/app-1", jo))
	state := func() []string {
		var all []string
		for _, file := range []string{"decisions_history.sql", "approvals_dump.sql", "kept_dump.sql", "dismissals_dump.sql", "applications_dump.sql"} {
			all = append(all, s.table(file, nil))
		}
		return all
	}
	want := state()
	s.exec("marker_clear.sql", nil) // as in a warehouse that was lost
	if _, err := s.RebuildLedger(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, state()); diff != "" {
		t.Errorf("after the rebuild (-before +after):\n%s", diff)
	}
	if result := s.mustPost(); result.Accepted != 0 {
		t.Errorf("%+v, want nothing posted again", result)
	}
	s.wantOnce("a", "b")
}

// A rebuild from files that lack the newest load leaves the folder closed.
func TestARebuildFromOldFilesOpensNothing(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a", amount: "1"})
	s.mustPost()
	s.put(spend{id: "b", amount: "2"})
	s.mustPost()
	must(t, os.Remove(s.newestSent()))
	_, err := s.RebuildLedger(t.Context())
	checkError(t, err, "names load 2, and the newest sent file is of load 1", true)
	_, err = s.post()
	checkError(t, err, "held by the gate folder", true)
	s.wantOnce("a", "b")
}

func (s *scene) newestSent() string {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.Folder, "sent", "*.json.zst"))
	must(s.t, err)
	return files[len(files)-1]
}

// A decision that a killed program had written into its file only takes effect
// at the next load.
func TestADecisionOutlivesAKill(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a", amount: "10"})
	s.mustPost()
	s.put(spend{id: "a", amount: "12"})
	s.post()
	must(t, s.SettleDismiss(t.Context(), "a", jo))
	s.exec("decisions_clear.sql", nil)
	s.exec("dismissals_clear.sql", nil)
	s.mustPost()
	if got := s.table("dismissals_dump.sql", nil); !strings.Contains(got, "a") {
		t.Errorf("dismissals %q, want that of a", got)
	}
}
