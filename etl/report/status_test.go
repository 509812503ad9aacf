package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

var bothSources = []string{"productive", "procurify"}

func readState(t *testing.T, db *warehouse.DB, sources []string) *State {
	t.Helper()
	state, err := ReadState(t.Context(), db, sources, etl.HeldPlan{}, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// said joins what a state says is to be done.
func said(s *State) string {
	var lines []string
	for _, t := range s.Todo {
		lines = append(lines, t.What)
		lines = append(lines, t.Commands...)
	}
	return strings.Join(lines, "\n")
}

func TestStateOfAnInstallation(t *testing.T) {
	needsPerson := fixture{status: etl.StatusNeedsPerson, batch: "accepted", refused: "accepted", err: "2 batches are unknown"}
	after := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		fixture
		decided time.Time // by a person, zero = never
		want    string
		says    []string
	}{
		"all is well":          {quiet, time.Time{}, etl.StatusOK, nil},
		"a stage failed":       {fixture{status: etl.StatusFailed, batch: "accepted", refused: "accepted", err: "dial tcp: refused"}, time.Time{}, etl.StatusFailed, []string{"deliver: dial tcp: refused"}},
		"a batch is unknown":   {troubled, time.Time{}, etl.StatusNeedsPerson, []string{"batch 20261120T030000Z-cccccc-002 with 2 records", "--accepted --note", "--resend --note"}},
		"all has been decided": {needsPerson, after, etl.StatusOK, nil},
		"decided, yet unknown": {troubled, after, etl.StatusNeedsPerson, []string{"batch 20261120T030000Z-cccccc-002"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			db := tt.open(t)
			if !tt.decided.IsZero() {
				fill(t, db, "fill/15_decisions.sql", warehouse.Args{"decided_at": tt.decided})
			}
			state := readState(t, db, bothSources)
			if state.Status != tt.want {
				t.Errorf("status %q, want %q; %s", state.Status, tt.want, said(state))
			}
			if tt.says == nil && len(state.Todo) > 0 {
				t.Errorf("nothing is to be done, and it says %s", said(state))
			}
			for _, want := range tt.says {
				if !strings.Contains(said(state), want) {
					t.Errorf("it does not say %q but\n%s", want, said(state))
				}
			}
		})
	}
}

func fill(t *testing.T, db *warehouse.DB, file string, args warehouse.Args) {
	t.Helper()
	if _, err := db.Exec(t.Context(), file, args); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAGateHoldsNeedsAPerson(t *testing.T) {
	db := quiet.open(t)
	plan := etl.HeldPlan{Name: "7f3a", Held: []etl.Held{{Gate: "hold_changes_above", Items: 7, Records: 7}}}
	state, err := ReadState(t.Context(), db, bothSources, plan, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan.Held, state.Held); diff != "" {
		t.Error(diff)
	}
	if state.Status != etl.StatusNeedsPerson || !strings.Contains(said(state), "load --approve") {
		t.Errorf("status %s: %s", state.Status, said(state))
	}
	state.Open = []etl.Undelivered{
		{Class: etl.ClassHeld, Currency: "EUR", Records: 5, Amount: "1234.5000"},
		{Class: etl.ClassPending, Currency: "EUR", Records: 1, Amount: "9.0000"},
		{Class: etl.ClassHeld, Currency: "USD", Records: 2, Amount: "7.0000"},
	}
	if got := state.waits()[0].What; !strings.HasSuffix(got, "productiv.hold_changes_above allows (1,234.50 EUR, 7.00 USD)") {
		t.Errorf("what to do: %s", got)
	}
}

// What a run lists as vanished waits even if the stage that found it, such as
// a backfill, is past.
func TestWhatVanishedNeedsAPerson(t *testing.T) {
	db := quiet.open(t)
	at := time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)
	list := warehouse.Args{"source": "productive", "stream": "expenses", "run_id": string(secondRun), "now": at, "links": nil}
	list["record_ids"] = []string{"1", "2", "3"}
	fill(t, db, "extract/vanished.add", list)
	state := readState(t, db, bothSources)
	if diff := cmp.Diff([]Vanished{{"productive", 3, false, at}}, state.Vanished); diff != "" {
		t.Error(diff)
	}
	if state.Status != etl.StatusNeedsPerson || !state.Since.Equal(at) || !strings.Contains(state.Subject(), "productive vanished") ||
		!strings.Contains(said(state), "spendbridge extract productive --accept-vanished") {
		t.Errorf("status %s since %s: %s", state.Status, state.Since, said(state))
	}
	if state := readState(t, db, []string{"procurify"}); state.Status != etl.StatusOK {
		t.Errorf("status %s for a source that is not configured", state.Status)
	}
	fill(t, db, "extract/vanished.accept", warehouse.Args{
		"source": "productive", "stream": "expenses", "who": "ada", "note": "we moved", "now": at,
	})
	if state := readState(t, db, bothSources); state.Status != etl.StatusOK {
		t.Errorf("status %s once it was accepted: %s", state.Status, said(state))
	}
}

func TestASourceThatHasLeftIsNoTrouble(t *testing.T) {
	db := quiet.open(t)
	fill(t, db, "job/run.add_stage", warehouse.Args{
		"run_id": string(secondRun), "stage": "extract/old", "status": etl.StatusFailed, "error": "gone",
		"rows_read": 0, "rows_written": 0, "rows_skipped": 0,
		"started_at": time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC), "finished_at": time.Date(2026, 11, 20, 4, 0, 1, 0, time.UTC),
	})
	if state := readState(t, db, bothSources); state.Status != etl.StatusOK {
		t.Errorf("status %s for a source that is not configured", state.Status)
	}
	if state := readState(t, db, append(bothSources, "old")); state.Status != etl.StatusFailed {
		t.Errorf("status %s for a source that is configured", state.Status)
	}
}

// A stage fails, fails again, goes well and goes well again: the state has
// been what it is since the first of equals.
func TestSinceWhenTheStateIsAsItIs(t *testing.T) {
	db := quiet.open(t)
	at := func(hour int) time.Time { return time.Date(2026, 11, 20, hour, 0, 0, 0, time.UTC) }
	steps := []struct {
		err  error
		want time.Time
	}{
		{errors.New("down"), at(4)},
		{errors.New("down"), at(4)},
		{nil, at(6)},
		{nil, at(6)},
		{errors.New("down"), at(8)},
	}
	for i, step := range steps {
		args := warehouse.Args{
			"run_id": string(secondRun), "stage": "transform", "status": etl.Status(step.err), "error": nil,
			"rows_read": 0, "rows_written": 0, "rows_skipped": 0, "started_at": at(4 + i), "finished_at": at(4 + i).Add(time.Minute),
		}
		if step.err != nil {
			args["error"] = step.err.Error()
		}
		fill(t, db, "job/run.add_stage", args)
		if got := readState(t, db, bothSources).Since; !got.Equal(step.want) {
			t.Errorf("after step %d: since %s, want %s", i, got, step.want)
		}
	}
}

func TestAnEmptyWarehouseHasAState(t *testing.T) {
	db, err := warehouse.Open(t.Context(), warehouse.Options{Files: withFill(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if state := readState(t, db, nil); state.Status != "" || len(state.Todo) > 0 {
		t.Errorf("got %+v", state)
	}
}

func TestASlotSaysHowItsRunEnded(t *testing.T) {
	for status, want := range map[string]string{
		etl.StatusOK: "caught up", etl.StatusNeedsPerson: "caught up, and needs attention", etl.StatusFailed: "caught up, and failed",
	} {
		db := fixture{status: status, batch: "accepted", refused: "accepted"}.open(t)
		due := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
		slots := []warehouse.Args{
			{"job": "load", "due_at": due, "outcome": "caught_up", "run_id": string(secondRun)},
			{"job": "sweep", "due_at": due, "outcome": "missed", "run_id": nil},
			{"job": "sweep", "due_at": due.AddDate(0, 0, -1), "outcome": "ran", "run_id": string(secondRun)},
		}
		for _, slot := range slots {
			slot["recorded_at"] = slot["due_at"]
			if _, err := db.Exec(t.Context(), "schedule/slot.save", slot); err != nil {
				t.Fatal(err)
			}
		}
		state := readState(t, db, bothSources)
		if len(state.Slots) != 2 || state.Slots[0].Words() != want || state.Slots[1].Words() != "missed" {
			t.Errorf("after a run that ended with %s: %+v", status, state.Slots)
		}
	}
}

func TestAStateHoldsTheLastRuns(t *testing.T) {
	db := quiet.open(t)
	if _, err := db.Exec(t.Context(), "fill/19_more_runs.sql", warehouse.Args{"runs": 40}); err != nil {
		t.Fatal(err)
	}
	runs := readState(t, db, bothSources).Runs
	if len(runs) != listedRuns || runs[0].Run != "20261120T100039Z-dddddd" || runs[29].Run != "20261120T100010Z-dddddd" {
		t.Errorf("%d runs: %v", len(runs), runs)
	}
}
