package job

import (
	"context"
	"errors"
	"strings"
	"testing"

	"spendbridge/etl"
)

// What a run could not record is kept beside the warehouse, which may have no
// room, until a later run is recorded.
func TestARunThatCouldNotBeRecordedIsToldUntilOneIs(t *testing.T) {
	c := newInstallation(t)
	open := func() *Session {
		t.Helper()
		s, err := Open(t.Context(), c, options())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	plan := Plan{"load", []Stage{{Name: "deliver", Run: func(context.Context, *Run) (etl.Counts, error) {
		return etl.Counts{}, nil
	}}}}

	s := open()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no statement works any more, as on a full disk
	if _, err := s.Do(ctx, plan); !errors.Is(err, context.Canceled) {
		t.Fatalf("the run began: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // who only looks leaves it
		s = open()
		state, err := s.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if state.Status != etl.StatusFailed || !strings.Contains(state.Verdict(), "spendbridge load of 20") || !strings.Contains(state.Verdict(), "could not be recorded") {
			t.Errorf("status %q: %s", state.Status, state.Verdict())
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s = open()
	defer s.Close()
	if _, err := s.Do(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if state, err := s.State(t.Context()); err != nil || state.Status != etl.StatusOK {
		t.Errorf("after a run that was recorded: status %q, %v: %s", state.Status, err, state.Verdict())
	}
}
