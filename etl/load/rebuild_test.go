package load_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/load"
)

// A history with everything that can happen to a batch, lost with its
// warehouse and read back from the sent files.
func TestTheLedgerIsRebuiltFromTheSentFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.Productiv.OnChange, s.Productiv.BatchSize = load.OnChangeCompensate, 4
		by := load.Decision{By: "Jo", Note: "looked it up"}
		s.fill(10)
		s.remote.refuse = func(r map[string]any) bool { return keyOf(r) == "productive-7" }
		s.post()
		s.put(spend{id: "productive-1", amount: "7.77"}, spend{id: "b-1", amount: "1", text: "quote \" and \u2028"})
		s.remote.replies = []reply{{status: 429}, {}, {status: 503}}
		s.post()
		s.settleAll(by)
		s.put(spend{id: "b-2", amount: "2"})
		s.remote.replies = []reply{{status: 503}}
		s.post()
		want := []string{
			s.table("items_history.sql", nil), s.table("batches_history.sql", nil), s.table("settlements_history.sql", nil),
		}
		batches, err := load.RebuildLedger(t.Context(), s.DB, s.Folder)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{
			s.table("items_history.sql", nil), s.table("batches_history.sql", nil), s.table("settlements_history.sql", nil),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after the rebuild of %d batches (-before +after):\n%s", batches, diff)
		}
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// settleAll settles everything that waits, each in another way.
func (s *scene) settleAll(by load.Decision) {
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
