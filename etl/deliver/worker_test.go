package deliver_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"spendbridge/etl"
	"spendbridge/etl/deliver"
)

// answerLate writes what another machine, whose clock is its own, puts into the store
// when it gets the answer to the first attempt at last.
func (s *scene) answerLate(batchID, state string, at time.Time) {
	s.t.Helper()
	line, err := json.Marshal(map[string]any{"state": state, "at": at, "attempt": 1, "message": "said late"})
	must(s.t, err)
	encoder, err := zstd.NewWriter(nil)
	must(s.t, err)
	key := fmt.Sprintf("sent/%s/001-%016d-answer.json.zst", batchID, at.UnixMicro())
	must(s.t, s.Store.Put(s.t.Context(), key, encoder.EncodeAll(append(line, '\n'), nil)))
}

// An answer that a worker writes after another one has taken over settles its batch. If
// somebody has decided the opposite, the batch is in doubt again.
func TestAnAnswerAfterATakeover(t *testing.T) {
	by := deliver.Decision{By: "Jo", Note: "looked it up"}
	type settle func(*scene, string)
	nothing := func(*scene, string) {}
	accepted := func(s *scene, id string) { must(s.t, s.SettleAccepted(s.t.Context(), id, by)) }
	resend := func(s *scene, id string) { must(s.t, s.SettleResend(s.t.Context(), id, by)) }
	resent := func(s *scene, id string) { resend(s, id); s.nextRun(); s.mustPost() }
	tests := map[string]struct {
		settle settle
		late   string
		state  string // of the batch afterwards
		posts  int    // of this machine
		clocks bool   // may matter
	}{
		"nothing was decided, accepted":     {nothing, "accepted", "accepted", 1, true},
		"nothing was decided, rejected":     {nothing, "rejected", "rejected", 1, false},
		"settled as accepted, accepted":     {accepted, "accepted", "accepted", 1, false},
		"settled as accepted, rejected":     {accepted, "rejected", "unknown", 1, true},
		"settled as accepted, not sent":     {accepted, "pending", "unknown", 1, false},
		"settled as accepted, lost as well": {accepted, "unknown", "accepted", 1, false},
		"to be sent again, accepted":        {resend, "accepted", "unknown", 1, true},
		"sent again, accepted":              {resent, "accepted", "unknown", 2, false},
		"sent again, rejected":              {resent, "rejected", "accepted", 2, false},
	}
	const year = 365 * 24 * time.Hour
	for name, tt := range tests {
		for clock, offset := range map[string]time.Duration{"": time.Hour, ", a year behind": -year, ", a year ahead": year} {
			if clock != "" && !tt.clocks {
				continue
			}
			t.Run(name+clock, func(t *testing.T) {
				s := newScene(t).inStore(filepath.Join(t.TempDir(), "share"))
				s.put(spend{id: "a-1", amount: "1"})
				s.remote.replies = []reply{{status: 503}}
				s.post()
				batch := (&teller{scene: s}).batchOf("a-1")
				tt.settle(s, batch)
				s.answerLate(batch, tt.late, s.Now().Add(offset))

				s.nextRun()
				_, err := s.post()
				for range 2 {
					if diff := cmp.Diff([]string{tt.state}, s.batchStates()); diff != "" {
						t.Fatalf("batches (-want +got):\n%s", diff)
					}
					switch doubt := etl.Status(err) == etl.StatusNeedsPerson; {
					case doubt && tt.state == "accepted", !doubt && tt.state == "unknown":
						t.Errorf("the next load: %v", err)
					}
					if got := len(s.remote.posts); got != tt.posts {
						t.Errorf("%d posts, want %d", got, tt.posts)
					}
					s.lose() // what the store has says the same
					s.nextRun()
					_, err = s.post()
				}
				if tt.state != "unknown" {
					return
				}
				if message := s.message("a-1"); !strings.Contains(message, "Jo") || !strings.Contains(message, "said late") {
					t.Errorf("the batch says %q", message)
				}
				accepted(s, batch)
				s.nextRun()
				s.mustPost()
				if !slices.Equal(s.batchStates(), []string{"accepted"}) || len(s.remote.posts) != tt.posts {
					t.Errorf("settled again: %v, %d posts", s.batchStates(), len(s.remote.posts))
				}
			})
		}
	}
}
