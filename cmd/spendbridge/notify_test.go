package main

import (
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
	"spendbridge/etl/warehouse"
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

// newSession opens an empty warehouse for one source, with a webhook.
func newSession(t *testing.T, webhook string) *session {
	t.Helper()
	c := config.Default()
	c.DataDir = t.TempDir()
	c.Sources = []config.Source{{Name: "productive", Kind: config.KindProductive}}
	c.Notify.Webhook = config.NewSecret(webhook)
	return &session{app: &app{log: slog.New(slog.DiscardHandler)}, config: c, db: etltest.OpenDB(t)}
}

// ended records a run of one stage that ended in err.
func ended(t *testing.T, s *session, n int, stage string, err error) *run {
	t.Helper()
	started := time.Date(2026, 11, 20, n, 0, 0, 0, time.UTC)
	r := &run{session: s, id: etl.NewRunID(started), started: started}
	_, failed := s.db.Exec(t.Context(), "queries/run_start.sql", warehouse.Args{
		"run_id": string(r.id), "command": "run", "status": etl.Status(err), "version": "v0", "config_hash": "c", "started_at": started,
	})
	if failed != nil {
		t.Fatal(failed)
	}
	result := etl.StageResult{Name: stage, Status: etl.Status(err), Started: started, Duration: time.Minute, Err: err}
	if err := r.record(t.Context(), result); err != nil {
		t.Fatal(err)
	}
	return r
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
				if err := ended(t, s, i, stage, tt.errs[i]).notify(t.Context(), "report.html"); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tt.want, h.told); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAMessageThatDidNotArriveIsSentByTheNextRun(t *testing.T) {
	h := newHook(t)
	s := newSession(t, h.URL+"/services/hush")
	h.fails = true
	err := ended(t, s, 1, "transform", fmt.Errorf("disk full")).notify(t.Context(), "")
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v, want an error that keeps the address", err)
	}
	h.fails = false
	if err := ended(t, s, 2, "transform", fmt.Errorf("disk full")).notify(t.Context(), ""); err != nil {
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
	err := ended(t, s, 1, "transform", fmt.Errorf("disk full")).notify(t.Context(), "")
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v, want an error that keeps the address", err)
	}
}
