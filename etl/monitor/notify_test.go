package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/etltest"
	"spendbridge/etl/job"
)

// A hook is a webhook that keeps the statuses it was told.
type hook struct {
	*httptest.Server
	told  []string
	fails bool
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if h.fails {
			http.Error(w, "not now", http.StatusBadGateway)
			return
		}
		var n notification
		if err := json.NewDecoder(req.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		h.told = append(h.told, n.Status)
	}))
	t.Cleanup(h.Close)
	return h
}

// newSession opens an empty warehouse for one source, with a webhook. Each look
// at its clock is a minute later.
func newSession(t *testing.T, webhook string) *job.Session {
	t.Helper()
	c := config.Default()
	c.DataDir = t.TempDir()
	c.Sources = []config.Source{{Name: "productive", Kind: "productive"}}
	c.Notify.Webhook = config.NewSecret(webhook)
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time {
		now = now.Add(time.Minute)
		return now
	}
	return &job.Session{Options: job.Options{Log: slog.New(slog.DiscardHandler), Now: clock}, Config: c, DB: etltest.OpenDB(t)}
}

// run runs one stage, which ends in err.
func run(t *testing.T, s *job.Session, stage string, err error) (ended job.Ended) {
	t.Helper()
	s.Ended = func(_ context.Context, _ *job.Session, e job.Ended) { ended = e }
	_, got := s.Do(t.Context(), job.Plan{Command: "run", Stages: []job.Stage{{
		Name: stage, Run: func(context.Context, *job.Run) (etl.Counts, error) { return etl.Counts{}, err },
	}}})
	if etl.Status(got) != etl.Status(err) {
		t.Fatal(got)
	}
	return ended
}

func TestTheWebhookIsToldWhenSomethingChanges(t *testing.T) {
	down := fmt.Errorf("connection refused")
	person := &etl.NeedsPersonError{What: "6 % of the records are set aside"}
	tests := map[string]struct {
		stages []string
		errs   []error
		want   []string
	}{
		"nothing while all is well":      {[]string{"transform", "transform"}, []error{nil, nil}, nil},
		"once while it stays the same":   {[]string{"transform", "transform", "transform"}, []error{down, down, down}, []string{"failed"}},
		"again when it is well":          {[]string{"transform", "transform", "transform"}, []error{down, nil, nil}, []string{"failed", "ok"}},
		"again when it fails again":      {[]string{"transform", "transform", "transform"}, []error{down, nil, down}, []string{"failed", "ok", "failed"}},
		"when something else fails too":  {[]string{"transform", "snapshot", "snapshot"}, []error{down, down, down}, []string{"failed", "failed"}},
		"when it needs a person instead": {[]string{"transform", "transform"}, []error{down, person}, []string{"failed", "needs_person"}},
		"not by a stage of another kind": {[]string{"transform", "publish"}, []error{down, nil}, []string{"failed"}},
		"not of a source that has left":  {[]string{"extract/old"}, []error{down}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHook(t)
			s := newSession(t, h.URL)
			for i, stage := range tt.stages {
				if err := Notify(t.Context(), s, run(t, s, stage, tt.errs[i])); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tt.want, h.told); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheWebhookIsToldOfASchedulerThatIsGone(t *testing.T) {
	h := newHook(t)
	s := newSession(t, h.URL)
	ended := run(t, s, "transform", &etl.NeedsPersonError{What: "6 % of the records are set aside"})
	tell := func() {
		t.Helper()
		if err := Notify(t.Context(), s, ended); err != nil {
			t.Fatal(err)
		}
	}
	tell()
	ended.State.Missed = "load"
	tell()
	tell()
	if diff := cmp.Diff([]string{"needs_person", "needs_person"}, h.told); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageThatDidNotArriveIsSentByTheNextRun(t *testing.T) {
	h := newHook(t)
	s := newSession(t, h.URL+"/services/hush")
	h.fails = true
	err := Notify(t.Context(), s, run(t, s, "transform", fmt.Errorf("disk full")))
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v, want an error that keeps the address", err)
	}
	h.fails = false
	if err := Notify(t.Context(), s, run(t, s, "transform", fmt.Errorf("disk full"))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"failed"}, h.told); diff != "" {
		t.Error(diff)
	}
}

func TestAWebhookThatIsNotThereKeepsItsAddress(t *testing.T) {
	h := newHook(t)
	s := newSession(t, h.URL+"/services/hush")
	h.Close()
	err := Notify(t.Context(), s, run(t, s, "transform", fmt.Errorf("disk full")))
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v, want an error that keeps the address", err)
	}
}
