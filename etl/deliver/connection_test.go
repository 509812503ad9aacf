package deliver_test

import (
	"fmt"
	"math/bits"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/config"
)

// keyed makes a rule that refuses the records with these numbers.
func keyed(numbers ...int) func(map[string]any) bool {
	bad := map[string]bool{}
	for _, n := range numbers {
		bad[fmt.Sprintf("productive-%d", n)], bad[fmt.Sprintf("procurify-%d", n)] = true, true
	}
	return func(r map[string]any) bool { return bad[keyOf(r)] }
}

func always(map[string]any) bool { return true }

// numbers are those from first to last.
func numbers(first, last int) []int {
	var all []int
	for n := first; n <= last; n++ {
		all = append(all, n)
	}
	return all
}

// A web application firewall dislikes the text of some records. They cost
// themselves, about twenty posts each, and nothing else.
func TestAFirewallThatDislikesARecordCostsThatRecord(t *testing.T) {
	tests := map[string]struct {
		records, batch int
		bad            []int
		status         int
		words          string
	}{
		"the first of two":          {2, 1000, []int{1}, 403, page},
		"the last of two":           {2, 1000, []int{2}, 403, page},
		"the first of ten":          {10, 1000, []int{1}, 403, page},
		"the last of ten":           {10, 1000, []int{10}, 406, page},
		"one of ten, other JSON":    {10, 1000, []int{4}, 400, `{"error":"blocked"}`},
		"all of a batch":            {40, 5, numbers(11, 15), 404, page},
		"neighbors in a batch":      {100, 1000, numbers(1, 12), 403, page},
		"one here, ten there":       {100, 1000, append(numbers(51, 60), 1), 403, page},
		"one in ten":                {40, 1000, []int{3, 13, 23, 33}, 403, page},
		"the first of a thousand":   {1000, 1000, []int{1}, 403, page},
		"the middle of a thousand":  {1000, 1000, []int{500}, 403, page},
		"two ends of a thousand":    {1000, 1000, []int{1, 1000}, 403, page},
		"in one of three full ones": {300, 100, []int{150}, 403, page},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.Productiv.BatchSize = tt.batch
			s.fill(tt.records)
			s.remote.refuse, s.remote.refusal, s.remote.words = keyed(tt.bad...), tt.status, tt.words
			result := s.postTelling()
			if result.Accepted != tt.records-len(tt.bad) || result.Rejected != len(tt.bad) || result.Pending+result.Unknown != 0 {
				t.Errorf("%+v, want %d rejected, the others accepted", result, len(tt.bad))
			}
			if most := tt.records/tt.batch + 1 + len(tt.bad)*(2*bits.Len(uint(tt.batch))+2); len(s.remote.posts) > most || result.Batches != len(s.remote.posts) {
				t.Errorf("%d posts, %d counted, want at most %d", len(s.remote.posts), result.Batches, most)
			}
			refused, copies := keyed(tt.bad...), s.remote.copies()
			for key, state := range s.states() {
				if !refused(map[string]any{"signatureId": key}) {
					if state != "accepted" || copies[key] != 1 {
						t.Errorf("%s: %s, %d times at Productiv", key, state, copies[key])
					}
					continue
				}
				want := fmt.Sprintf("and others are not: %d %s from a firewall or proxy before productiv.example: %s", tt.status, http.StatusText(tt.status), tt.words)
				if message := s.message(key); state != "rejected" || copies[key] != 0 || !strings.HasSuffix(message, want) {
					t.Errorf("%s: %s, %d times at Productiv, %q", key, state, copies[key], message)
				}
			}
			if again := s.mustPost(); again.Batches != 0 {
				t.Errorf("the next load: %+v, want nothing posted", again)
			}
		})
	}
}

// Records that were taken out of their batches are found again.
func TestTheLedgerIsRebuiltAfterAFirewall(t *testing.T) {
	s := newScene(t)
	s.Productiv.BatchSize = 10
	s.fill(25)
	s.remote.refuse, s.remote.refusal, s.remote.words = keyed(1, 2, 14), 403, page
	s.postTelling()
	history := func() []string {
		return []string{s.table("items_history.sql", nil), s.table("batches_history.sql", nil)}
	}
	want := history()
	if _, err := s.RebuildLedger(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, history()); diff != "" {
		t.Errorf("after the rebuild (-before +after):\n%s", diff)
	}
}

// Whatever refuses everything has refused nothing in particular.
func TestAProxyThatRefusesEverythingStopsTheLoad(t *testing.T) {
	tests := map[string]struct {
		records, batch int
		fine           int // batches that are accepted before
		status         int
		words          string
		most           int // posts that are refused
	}{
		"one record":              {1, 1000, 0, 403, page, 1},
		"three records":           {3, 1000, 0, 403, page, 5},
		"ten records":             {10, 1000, 0, 404, page, 13},
		"a full batch":            {1000, 1000, 0, 403, page, 19},
		"records alone":           {20, 1, 0, 406, page, 9},
		"from the second on":      {40, 10, 1, 403, page, 13},
		"the last one alone":      {11, 10, 1, 400, `{"error":"no"}`, 1},
		"from the second, alone":  {12, 1, 1, 403, page, 9},
		"two that are left alone": {12, 10, 1, 403, page, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.Productiv.BatchSize = tt.batch
			s.fill(tt.records)
			s.remote.replies = repeated(reply{status: 201}, tt.fine)
			s.remote.refuse, s.remote.refusal, s.remote.words = always, tt.status, tt.words
			result, err := s.post()
			checkError(t, err, fmt.Sprintf("%d ", tt.status), false)
			checkError(t, err, " from a firewall or proxy before productiv.example: "+tt.words, false)
			if strings.Contains(err.Error(), "scope") {
				t.Errorf("%v blames the scope", err)
			}
			if result.Accepted != tt.fine*tt.batch || result.Rejected+result.Unknown != 0 || result.Pending != tt.records-tt.fine*tt.batch {
				t.Errorf("%+v, want everything pending that was not accepted before", result)
			}
			if got := len(s.remote.posts) - tt.fine; got > tt.most {
				t.Errorf("%d posts were refused, want at most %d", got, tt.most)
			}
			s.remote.refuse = nil
			if next := s.mustPost(); next.Accepted != tt.records-result.Accepted {
				t.Errorf("the next load: %+v, want the rest accepted", next)
			}
			for key, n := range s.remote.copies() {
				if n != 1 {
					t.Errorf("%s is %d times at Productiv", key, n)
				}
			}
		})
	}
}

// A wrong app id behind a web server that answers in its own words: what the
// other application accepts says nothing about it.
func TestWhatOneApplicationAcceptsProvesNothingOfAnother(t *testing.T) {
	s := newScene(t)
	s.Productiv.AppIDs = map[string]string{"procurify": "app-0"}
	s.fill(10)
	s.remote.refuse = func(r map[string]any) bool { return strings.HasPrefix(keyOf(r), "procurify") }
	s.remote.refusal, s.remote.words = 404, page
	result, err := s.post()
	checkError(t, err, "404 Not Found from a firewall or proxy", false)
	if result.Rejected != 0 || result.Pending == 0 || result.Accepted+result.Pending != 10 {
		t.Errorf("%+v, want those of one application accepted, the others pending", result)
	}
}

// A proxy that refuses everything from a moment on: what got through before
// the record that stands alone proves nothing.
func TestAProxyThatStartsToRefuseStopsTheLoad(t *testing.T) {
	s := newScene(t)
	s.fill(40)
	s.remote.replies = []reply{{status: 403, body: page}, {status: 201}} // the whole, a half
	s.remote.refuse, s.remote.refusal, s.remote.words = always, 403, page
	result, err := s.post()
	checkError(t, err, "everything is refused", false)
	if result.Accepted != 20 || result.Pending != 20 {
		t.Errorf("%+v, want the other half pending", result)
	}
}

// What may have arrived is neither rejected nor pending, whoever refuses it.
func TestARefusalInBetweenSettlesNoDoubt(t *testing.T) {
	tests := map[string]struct {
		refuse  func(map[string]any) bool
		unknown int // records
	}{
		"of one record": {keyed(3), 1},
		"of everything": {always, 10},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.Productiv.RecordSchema, s.Productiv.InDoubt = config.SchemaSpend, config.InDoubtResend
				s.fill(10)
				s.remote.replies = []reply{{status: 503, store: true}}
				s.remote.refuse, s.remote.refusal, s.remote.words = tt.refuse, 403, page
				for range 3 {
					result, err := s.post()
					checkError(t, err, fmt.Sprintf("%d records in ", tt.unknown), false)
					if result.Unknown != tt.unknown || result.Rejected+result.Pending != 0 {
						t.Errorf("%+v, want %d unknown", result, tt.unknown)
					}
				}
				s.remote.refuse = nil
				if result := s.mustPost(); result.Accepted != tt.unknown {
					t.Errorf("%+v, want %d accepted", result, tt.unknown)
				}
			})
		})
	}
}

// A firewall lets the large part of a batch through, and then an answer of
// Productiv itself, or none, is what it always is.
func TestOtherAnswersAmongThoseInBetween(t *testing.T) {
	barring := reply{status: 403, body: page}
	tests := map[string]struct {
		replies           []reply // to the batch of four, the first half, the first record, the witness, …
		accepted, unknown int
		rejected, pending int
		err               string
		person            bool
	}{
		"the scope":        {[]reply{barring, barring, barring, said(403)}, 0, 0, 0, 4, "lack the scope", false},
		"no answer":        {[]reply{barring, barring, barring, {status: 500}}, 0, 1, 0, 3, "1 records in 1 batches may or may not", true},
		"a bad witness":    {[]reply{barring, barring, barring, said(422)}, 2, 0, 2, 0, "2 rejected by Productiv", true},
		"the last is good": {[]reply{barring, barring, barring, barring, barring, {}}, 1, 0, 3, 0, "3 rejected by Productiv", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.fill(4)
			s.remote.replies = tt.replies
			result, err := s.post()
			checkError(t, err, tt.err, tt.person)
			if result.Accepted != tt.accepted || result.Unknown != tt.unknown || result.Rejected != tt.rejected || result.Pending != tt.pending {
				t.Errorf("%+v, want %d accepted, %d unknown, %d rejected, %d pending", result, tt.accepted, tt.unknown, tt.rejected, tt.pending)
			}
		})
	}
}
