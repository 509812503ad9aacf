package deliver_test

import (
	"flag"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"spendbridge/etl/deliver"
	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
)

var update = flag.Bool("update-delivery", false, "rewrite the wanted part of the delivery stories")

// Each file in testdata/delivery is one story: what happens to records between
// loads, and what every load says and posts. At its end Productiv must hold
// what the policy promises for every record.
func TestDeliveryStories(t *testing.T) {
	for _, path := range etltest.Glob(t, "delivery/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { tellStory(t, path) })
		})
	}
}

func tellStory(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t)
	teller := &teller{scene: s, promised: map[string]string{}}
	for line := range strings.Lines(string(archive.Files[0].Data)) {
		if words := strings.Fields(line); len(words) > 0 {
			fmt.Fprintf(&teller.said, "> %s\n", strings.Join(words, " "))
			teller.step(words)
		}
	}
	got := teller.said.String()
	if *update {
		archive.Files[1].Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
		t.Errorf("the story goes otherwise (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(teller.promised, s.remote.nets()); diff != "" {
		t.Errorf("Productiv does not hold what is promised (-want +got):\n%s", diff)
	}
}

// A teller plays a story on a scene.
type teller struct {
	*scene
	said     strings.Builder
	promised map[string]string // spend id → net amounts, as in "100 USD"
}

func (s *teller) step(words []string) {
	switch words[0] {
	case "policy": // policy ON_CHANGE SCHEMA
		s.Productiv.OnChange, s.Productiv.RecordSchema = words[1], words[2]
	case "gate":
		fmt.Sscan(words[1], &s.Productiv.HoldChangesAbove)
	case "put": // put ID AMOUNT CURRENCY [VENDOR]
		s.exec("unspend.sql", warehouse.Args{"spend_id": words[1]})
		s.exec("unquarantine.sql", warehouse.Args{"spend_id": words[1]})
		s.put(spend{id: words[1], amount: words[2], currency: words[3], exponent: 2, vendor: strings.Join(words[4:], " ")})
	case "exclude", "quarantine": // exclude ID REASON
		s.drop(words[1])
		s.exec(map[string]string{"exclude": "excluded_put.sql", "quarantine": "quarantine_put.sql"}[words[0]],
			warehouse.Args{"spend_id": words[1], "source": "productive", "reason": words[2], "at": s.Now()})
	case "refuse": // refuse KEY…
		s.remote.refuse = func(r map[string]any) bool { return slices.Contains(words[1:], keyOf(r)) }
	case "answer": // answer STATUS…, each with what a lost answer leaves behind
		s.answer(words[1:])
	case "load":
		s.tell(s.post())
	case "approve":
		s.nextRun()
		s.tell(s.Approve(s.t.Context(), "", deliver.Decision{By: "Jo", Note: "as agreed"}))
	case "settle": // settle RECORD|BATCH HOW
		s.settle(words[1], words[2])
	case "promise": // promise ID NET…
		s.promised[words[1]] = strings.Join(words[2:], " ")
	default:
		s.t.Fatalf("no such step: %v", words)
	}
}

func (s *teller) answer(statuses []string) {
	for _, status := range statuses {
		r := reply{store: strings.HasSuffix(status, "-stored")}
		fmt.Sscan(strings.TrimSuffix(status, "-stored"), &r.status)
		s.remote.replies = append(s.remote.replies, r)
	}
}

func (s *teller) settle(what, how string) {
	s.nextRun()
	ctx, by := s.t.Context(), deliver.Decision{By: "Jo", Note: "looked it up"}
	var err error
	switch how {
	case "accepted":
		err = s.SettleAccepted(ctx, s.batchOf(what), by)
	case "resend":
		err = s.SettleResend(ctx, s.batchOf(what), by)
	case "retry":
		err = s.SettleRetry(ctx, what, by)
	case "corrected":
		err = s.SettleCorrected(ctx, what, by)
	case "dismiss":
		err = s.SettleDismiss(ctx, what, by)
	}
	if err != nil {
		fmt.Fprintf(&s.said, "  error: %s\n", nameless(err))
	}
}

// batchOf is the newest batch that holds an item of a record.
func (s *teller) batchOf(spendID string) string {
	s.t.Helper()
	lines := strings.Split(strings.TrimSpace(s.table("item_batch.sql", warehouse.Args{"spend_id": spendID})), "\n")
	return lines[1]
}

// tell writes what a load found, posted and left.
func (s *teller) tell(r deliver.Result, err error) {
	for _, count := range []struct {
		name string
		n    int
	}{
		{"new", r.New}, {"changed", r.Changed}, {"touched", r.Touched}, {"withdrawn", r.Withdrawn}, {"frozen", r.Frozen},
		{"accepted", r.Accepted}, {"rejected", r.Rejected}, {"unknown", r.Unknown}, {"held", r.Held}, {"pending", r.Pending},
	} {
		if count.n > 0 {
			fmt.Fprintf(&s.said, "  %s: %d\n", count.name, count.n)
		}
	}
	for _, body := range s.remote.posts {
		for _, record := range decode(body) {
			fmt.Fprintf(&s.said, "  sent: %s %s %s %s\n", keyOf(record), record["amount"], record["currency"], record["vendor"])
		}
	}
	s.remote.posts = nil
	if err != nil {
		fmt.Fprintf(&s.said, "  error: %s\n", nameless(err))
	}
	for line := range strings.Lines(s.totals()) {
		if fields := strings.Fields(line); fields[0] != "source" {
			fmt.Fprintf(&s.said, "  ledger: %s\n", strings.Join(fields[1:], " "))
		}
	}
}

var runID = regexp.MustCompile(`\d{8}T\d{6}Z-[0-9a-f]{6}`)

// nameless is an error without what differs in every run.
func nameless(err error) string {
	return runID.ReplaceAllString(strings.ReplaceAll(err.Error(), "\n", "\n  error: "), "RUN")
}

func keyOf(record map[string]any) string {
	if key, ok := record["transactionNumber"].(string); ok {
		return key
	}
	key, _ := record["signatureId"].(string)
	return key
}

var suffix = regexp.MustCompile(`-(v|rev)\d+$`)

// nets sums what was stored, per record. A repeated signatureId replaces.
func (r *remote) nets() map[string]string {
	newest := map[string]map[string]any{}
	for i, record := range r.stored {
		key := keyOf(record)
		if _, finance := record["transactionNumber"]; finance {
			key = fmt.Sprint(key, "#", i)
		}
		newest[key] = record
	}
	return netsOf(slices.Collect(maps.Values(newest)))
}

// netsOf sums the amounts of records with their reversals and versions: by
// spend id, as in "0.00 EUR 12.00 USD".
func netsOf(records []map[string]any) map[string]string {
	sums := map[string]map[string]*big.Rat{}
	for _, record := range records {
		id, currency := suffix.ReplaceAllString(keyOf(record), ""), fmt.Sprint(record["currency"])
		if sums[id] == nil {
			sums[id] = map[string]*big.Rat{}
		}
		if sums[id][currency] == nil {
			sums[id][currency] = new(big.Rat)
		}
		amount, _ := new(big.Rat).SetString(fmt.Sprint(record["amount"]))
		sums[id][currency].Add(sums[id][currency], amount)
	}
	nets := map[string]string{}
	for id, byCurrency := range sums {
		var parts []string
		for _, currency := range slices.Sorted(maps.Keys(byCurrency)) {
			parts = append(parts, byCurrency[currency].FloatString(2)+" "+currency)
		}
		nets[id] = strings.Join(parts, " ")
	}
	return nets
}
