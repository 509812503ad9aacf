package deliver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/warehouse"
)

func TestADryRunTellsAndTouchesNothing(t *testing.T) {
	s := newScene(t)
	s.Productiv.OnChange, s.Productiv.RecordSchema = config.OnChangeResend, config.SchemaSpend
	s.put(spend{id: "a", amount: "1.00"}, spend{id: "b", amount: "2.00"})
	s.mustPost()
	s.put(spend{id: "a", amount: "1.50"}, spend{id: "c", amount: "3", day: "2026-04-02", source: "procurify"})
	before := s.table("items_history.sql", nil)
	s.remote.posts, s.remote.issued = nil, 0
	s.nextRun()

	payload := filepath.Join(t.TempDir(), "payload.ndjson")
	dry := s.dryRun(payload)
	cells := []deliver.Sum{
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
	payloads, err := os.ReadFile(payload)
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

// dryRun finds out what a load would post, in a transaction that is rolled
// back.
func (s *scene) dryRun(payload string) (dry deliver.DryRun) {
	s.t.Helper()
	rollback := errors.New("rolled back")
	err := s.DB.InTx(context.Background(), func(tx *warehouse.Tx) (err error) {
		if dry, err = s.DryRun(context.Background(), tx, payload); err != nil {
			return err
		}
		return rollback
	})
	if !errors.Is(err, rollback) {
		s.t.Fatal(err)
	}
	return dry
}

// A history is a policy and what happens to records before each load.
type history struct {
	policy [2]string // on_change, record_schema
	hold   int       // hold_changes_above
	loads  [][]edit
}

// An edit puts a record into one place of canonical.
type edit struct{ id, place, amount, vendor, day string }

var histories = rapid.Custom(func(draw *rapid.T) history {
	h := history{
		policy: rapid.SampledFrom([][2]string{
			{config.OnChangeReport, config.SchemaFinance}, {config.OnChangeCompensate, config.SchemaFinance},
			{config.OnChangeResend, config.SchemaSpend}, {config.OnChangeCompensate, config.SchemaSpend},
		}).Draw(draw, "policy"),
		hold: rapid.IntRange(0, 3).Draw(draw, "hold_changes_above"),
	}
	edits := rapid.Custom(func(draw *rapid.T) edit {
		return edit{
			id:     fmt.Sprint("r-", rapid.IntRange(1, 6).Draw(draw, "record")),
			place:  rapid.SampledFrom([]string{"spend", "spend", "spend", "excluded", "quarantine"}).Draw(draw, "place"),
			amount: fmt.Sprint(rapid.IntRange(1, 3).Draw(draw, "amount")),
			vendor: rapid.SampledFrom([]string{"GitHub", "GitLab"}).Draw(draw, "vendor"),
			day:    rapid.SampledFrom([]string{"2026-03-01", "2026-04-01", "2026-12-24"}).Draw(draw, "day"),
		}
	})
	h.loads = rapid.SliceOfN(rapid.SliceOfN(edits, 2, 6), 3, 4).Draw(draw, "loads")
	return h
})

// Whatever happened to the records, a dry run and the load after it agree: in
// every record, its amount and its class, and in what is held and what is left.
func TestADryRunIsTheLoadAfterIt(t *testing.T) {
	checks := 3
	if os.Getenv("SPENDBRIDGE_SOAK") != "" {
		checks = 200
	}
	for seed := range checks {
		h := histories.Example(seed)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.Productiv.OnChange, s.Productiv.RecordSchema = h.policy[0], h.policy[1]
			s.Productiv.HoldChangesAbove = h.hold
			for _, edits := range h.loads {
				for _, e := range edits {
					s.edit(e)
				}
				s.loadAsItsDryRun()
			}
		})
	}
}

// loadAsItsDryRun loads and wants what a dry run before it said.
func (s *scene) loadAsItsDryRun() {
	s.t.Helper()
	s.nextRun()
	payload := filepath.Join(s.t.TempDir(), "payload.ndjson")
	dry := s.dryRun(payload)
	text, err := os.ReadFile(payload)
	must(s.t, err)
	s.remote.posts = nil
	result, err := s.post()
	if etl.Status(err) == etl.StatusFailed {
		s.t.Fatal(err)
	}
	wanted, posted := slices.Collect(strings.Lines(string(text))), s.remote.payloads(s.t)
	slices.Sort(posted)
	slices.Sort(wanted)
	if diff := cmp.Diff(wanted, posted); result.Held == 0 && diff != "" {
		s.t.Errorf("payloads (-dry run +load):\n%s", diff)
	}
	if diff := cmp.Diff(dry.Found, result.Found); diff != "" || dry.Held != result.Held {
		s.t.Errorf("the dry run holds %d, the load %d; classes (-dry run +load):\n%s", dry.Held, result.Held, diff)
	}
}

// payloads are the records of all posts, each as a line.
func (r *remote) payloads(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, body := range r.posts {
		var sent struct{ Records []json.RawMessage }
		must(t, json.Unmarshal([]byte(body), &sent))
		for _, record := range sent.Records {
			all = append(all, string(record)+"\n")
		}
	}
	return all
}

func (s *scene) edit(e edit) {
	s.t.Helper()
	s.exec("unspend.sql", warehouse.Args{"spend_id": e.id})
	s.exec("unquarantine.sql", warehouse.Args{"spend_id": e.id})
	s.drop(e.id)
	switch e.place {
	case "spend":
		s.put(spend{id: e.id, amount: e.amount, vendor: e.vendor, day: e.day})
	case "excluded":
		s.exec("excluded_put.sql", warehouse.Args{"spend_id": e.id, "source": "productive", "reason": "gone", "at": s.Now()})
	default:
		s.exec("quarantine_put.sql", warehouse.Args{"spend_id": e.id, "source": "productive", "reason": "currency_unknown", "at": s.Now()})
	}
}
