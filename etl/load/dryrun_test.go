package load_test

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
	"spendbridge/etl/load"
	"spendbridge/etl/warehouse"
)

func TestADryRunTellsAndTouchesNothing(t *testing.T) {
	s := newScene(t)
	s.Productiv.OnChange, s.Productiv.RecordSchema = load.OnChangeResend, load.SchemaSpend
	s.put(spend{id: "a", amount: "1.00"}, spend{id: "b", amount: "2.00"})
	s.mustPost()
	s.put(spend{id: "a", amount: "1.50"}, spend{id: "c", amount: "3", day: "2026-04-02", source: "procurify"})
	before := s.table("items_history.sql", nil)
	s.remote.posts, s.remote.issued = nil, 0
	s.nextRun()

	payload := filepath.Join(t.TempDir(), "payload.ndjson")
	dry := s.dryRun(payload)
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
func (s *scene) dryRun(payload string) (dry load.DryRun) {
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

// Whatever happened to the records, a dry run and the load after it agree: in
// every record, its amount and its class, and in what is held and what is left.
func TestADryRunIsTheLoadAfterIt(t *testing.T) {
	payload := filepath.Join(t.TempDir(), "payload.ndjson")
	rapid.Check(t, func(draw *rapid.T) {
		s := newScene(t)
		defer s.DB.Close()
		policies := [][2]string{
			{load.OnChangeReport, load.SchemaFinance}, {load.OnChangeCompensate, load.SchemaFinance},
			{load.OnChangeResend, load.SchemaSpend}, {load.OnChangeCompensate, load.SchemaSpend},
		}
		policy := rapid.SampledFrom(policies).Draw(draw, "policy")
		s.Productiv.OnChange, s.Productiv.RecordSchema = policy[0], policy[1]
		s.Productiv.HoldChangesAbove = rapid.IntRange(0, 3).Draw(draw, "hold_changes_above")
		for range rapid.IntRange(1, 3).Draw(draw, "loads") {
			s.edit(draw)
			s.nextRun()
			dry := s.dryRun(payload)
			text, err := os.ReadFile(payload)
			must(t, err)
			s.remote.posts = nil
			result, err := s.post()
			if etl.Status(err) == etl.StatusFailed {
				draw.Fatal(err)
			}
			var posted []string
			for _, body := range s.remote.posts {
				var sent struct{ Records []json.RawMessage }
				must(t, json.Unmarshal([]byte(body), &sent))
				for _, record := range sent.Records {
					posted = append(posted, string(record))
				}
			}
			wanted := strings.Split(strings.TrimSpace(string(text)), "\n")
			if dry.Items == 0 {
				wanted = nil
			}
			slices.Sort(posted)
			slices.Sort(wanted)
			if result.Held == 0 && !slices.Equal(posted, wanted) {
				draw.Fatalf("the dry run said\n%s\nposted were\n%s", strings.Join(wanted, "\n"), strings.Join(posted, "\n"))
			}
			classes := load.DeliveryResult{New: dry.New, Changed: dry.Changed, Touched: dry.Touched, Withdrawn: dry.Withdrawn, Frozen: dry.Frozen, NotDue: dry.NotDue, Held: dry.Held}
			found := load.DeliveryResult{New: result.New, Changed: result.Changed, Touched: result.Touched, Withdrawn: result.Withdrawn, Frozen: result.Frozen, NotDue: result.NotDue, Held: result.Held}
			if diff := cmp.Diff(classes, found); diff != "" {
				draw.Fatalf("classes (-dry run +load):\n%s", diff)
			}
		}
	})
}

// edit does something to some of ten records.
func (s *scene) edit(draw *rapid.T) {
	for range rapid.IntRange(1, 5).Draw(draw, "edits") {
		id := fmt.Sprint("r-", rapid.IntRange(1, 10).Draw(draw, "record"))
		s.exec("unspend.sql", warehouse.Args{"spend_id": id})
		s.exec("unquarantine.sql", warehouse.Args{"spend_id": id})
		s.drop(id)
		switch rapid.IntRange(0, 4).Draw(draw, "what") {
		case 0:
			s.exec("excluded_put.sql", warehouse.Args{"spend_id": id, "source": "productive", "reason": "gone", "at": s.Now()})
		case 1:
			s.exec("quarantine_put.sql", warehouse.Args{"spend_id": id, "source": "productive", "reason": "currency_unknown", "at": s.Now()})
		default:
			s.put(spend{
				id: id, amount: fmt.Sprint(rapid.IntRange(1, 3).Draw(draw, "amount")),
				vendor: rapid.SampledFrom([]string{"GitHub", "GitLab"}).Draw(draw, "vendor"),
				day:    rapid.SampledFrom([]string{"2026-03-01", "2026-04-01", "2026-12-24"}).Draw(draw, "day"),
			})
		}
	}
}
