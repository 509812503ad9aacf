package load_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/load"
)

func TestAVolumeOutOfLineIsHeldUntilApproved(t *testing.T) {
	s := newScene(t)
	s.Productiv.HoldVolumeAbove = 2.5
	add := func(load, records int) {
		for i := range records {
			s.put(spend{id: fmt.Sprintf("a-%d-%d", load, i), amount: "1"})
		}
	}
	add(1, 4) // the first load has nothing to be compared with
	s.mustPost()
	add(2, 10) // 10 = 2.5 × 4
	s.mustPost()
	add(3, 11) // the median of 4 and 10, the lower one, is 4
	result, err := s.post()
	checkError(t, err, "11 records are held by productiv.hold_volume_above", true)
	if result.New != 11 || result.Held != 11 || result.Accepted != 0 {
		t.Errorf("%+v, want the whole load held", result)
	}
	s.nextRun()
	approved, err := s.Approve(t.Context(), load.Decision{By: "Jo", Note: "year-end"})
	if err != nil || approved.Accepted != 11 || approved.Held != 0 {
		t.Errorf("%+v, %v; want the held records accepted", approved, err)
	}
}

// An approval is for the items, not for one run: if they could not be posted,
// the next load does.
func TestAnApprovalOutlivesAFailedLoad(t *testing.T) {
	s := newScene(t)
	s.Productiv.OnChange, s.Productiv.HoldChangesAbove = load.OnChangeCompensate, 1
	s.put(spend{id: "a", amount: "1"}, spend{id: "b", amount: "2"})
	s.mustPost()
	s.put(spend{id: "a", amount: "1.5"}, spend{id: "b", amount: "2.5"})
	_, err := s.post()
	checkError(t, err, "2 records are held", true)
	s.remote.replies = []reply{{status: 403}}
	s.nextRun()
	_, err = s.Approve(t.Context(), load.Decision{By: "Jo", Note: "fine"})
	checkError(t, err, "lack the scope", false)
	if result := s.mustPost(); result.Accepted != 4 || result.Held != 0 {
		t.Errorf("%+v, want two reversals and two new versions accepted", result)
	}
}

func TestADecisionNeedsAReason(t *testing.T) {
	s := newScene(t)
	_, err := s.Approve(t.Context(), load.Decision{By: "Jo"})
	checkError(t, err, "needs a name and a reason", false)
}

func TestADryRunTellsAndTouchesNothing(t *testing.T) {
	s := newScene(t)
	s.Productiv.OnChange, s.Productiv.RecordSchema = load.OnChangeResend, load.SchemaSpend
	s.put(spend{id: "a", amount: "1.00"}, spend{id: "b", amount: "2.00"})
	s.mustPost()
	s.put(spend{id: "a", amount: "1.50"}, spend{id: "c", amount: "3", day: "2026-04-02", source: "procurify"})
	before := s.table("items_history.sql", nil)
	s.remote.posts, s.remote.issued = nil, 0
	s.nextRun()

	dry, err := s.DryRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cells := []load.DryRunCell{
		{Class: "changed", Source: "productive", Currency: "USD", Month: "2026-03", Records: 1, Amount: "0.5000"},
		{Class: "new", Source: "procurify", Currency: "USD", Month: "2026-04", Records: 1, Amount: "3.0000"},
	}
	if diff := cmp.Diff(cells, dry.Cells); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	if dry.New != 1 || dry.Changed != 1 || dry.Items != 2 {
		t.Errorf("%+v, want one new and one changed", dry)
	}
	first := dry.First[0]
	if !strings.Contains(string(first.Before), `"amount":1.00`) || !strings.Contains(string(first.After), `"amount":1.50`) {
		t.Errorf("first item %+v, want the change with both amounts", first)
	}
	payloads, err := os.ReadFile(dry.PayloadFile)
	if err != nil || strings.Count(string(payloads), "\n") != 2 {
		t.Errorf("payload file %q, %v; want two lines", payloads, err)
	}
	if len(s.remote.posts)+s.remote.issued != 0 {
		t.Error("the network was touched")
	}
	if diff := cmp.Diff(before, s.table("items_history.sql", nil)); diff != "" {
		t.Errorf("the ledger was touched:\n%s", diff)
	}
	s.mustPost()
	for line := range strings.Lines(string(payloads)) {
		if !strings.Contains(strings.Join(s.remote.posts, ""), strings.TrimSpace(line)) {
			t.Errorf("the dry run's %s was not posted so", line)
		}
	}
}
