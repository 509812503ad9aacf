package report

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// Stopped is what ops.runs says of a run that never ended.
const Stopped = "the process was stopped before the run ended"

// shownRuns is how many runs the state lists.
const shownRuns = 5

// A State is how the installation stands. Its JSON form is what
// spendbridge status --json prints.
type State struct {
	AsOf       time.Time         `json:"as_of"`
	Status     string            `json:"status"` // ok, needs_person, failed; empty = nothing ran yet
	Since      time.Time         `json:"since,omitzero"`
	Failure    string            `json:"failure"` // what failed first
	Todo       []Todo            `json:"needs"`
	Stages     []StageState      `json:"stages"`
	Died       []RunState        `json:"died"` // runs that never ended
	Runs       []RunState        `json:"runs"`
	Slots      []SlotState       `json:"slots"`
	Batches    []BatchState      `json:"unknown_batches"`
	Items      []ItemState       `json:"items"`
	Held       []etl.Held        `json:"held"`
	Plan       string            `json:"held_plan,omitempty"` // the name of what is held
	Moves      []etl.Move        `json:"moves,omitempty"`
	Open       []etl.Undelivered `json:"undelivered"`
	Vanished   []Vanished        `json:"vanished"`
	Quarantine []ReasonState     `json:"quarantine"`

	// Duplicates are the possible ones, if whoever asks has looked for them;
	// nil if not.
	Duplicates []Duplicates `json:"-"`
}

// A Todo is something that waits for a person, with the commands that settle
// it.
type Todo struct {
	What     string   `json:"what"`
	Commands []string `json:"commands,omitempty"`
}

// A StageState is the newest outcome of a stage.
type StageState struct {
	Stage    string    `json:"stage"`
	Status   string    `json:"status"`
	Error    string    `json:"error,omitempty"`
	Run      etl.RunID `json:"run_id"`
	Finished time.Time `json:"finished_at"`
	Since    time.Time `json:"since"` // the outcome has been the same
}

// A RunState is one of the last runs.
type RunState struct {
	Run      etl.RunID `json:"run_id"`
	Command  string    `json:"command"`
	Status   string    `json:"status"`
	Error    string    `json:"error,omitempty"`
	Started  time.Time `json:"started_at"`
	Finished time.Time `json:"finished_at,omitzero"`

	Scheduled bool `json:"scheduled"` // the daemon ran it
}

// A SlotState is the newest slot of a scheduled job.
type SlotState struct {
	Job     string    `json:"job"`
	Due     time.Time `json:"due_at"`
	Outcome string    `json:"outcome"`
	LeftOut int       `json:"left_out_last_week"` // slots missed or skipped
}

// A BatchState is a batch whose outcome is not known.
type BatchState struct {
	Batch   string    `json:"batch_id"`
	State   string    `json:"state"` // unknown: its answer was lost; sending: its run died
	Records int64     `json:"records"`
	Message string    `json:"message,omitempty"`
	Planned time.Time `json:"planned_at"`
}

// An ItemState counts the records in doubt, or rejected.
type ItemState struct {
	State    string `json:"state"` // unknown, rejected
	Currency string `json:"currency"`
	Records  int64  `json:"records"`
	Amount   string `json:"amount"`
}

// A Vanished counts the records of a source that runs have listed as vanished,
// or says that links lack, and that wait until somebody accepts it.
type Vanished struct {
	Source  string    `json:"source"`
	Records int64     `json:"records"`
	Links   bool      `json:"links"` // many records lack a link such as the vendor
	Since   time.Time `json:"listed_at"`
}

// A ReasonState counts the records set aside for one reason.
type ReasonState struct {
	Reason  string `json:"reason"`
	Source  string `json:"source"`
	Records int64  `json:"records"`
}

// ReadState finds out how the installation stands, with what the gates of the
// last load hold. What an extract of a source said counts only while the source
// is among the configured sources.
func ReadState(ctx context.Context, db warehouse.Runner, sources []string, plan etl.HeldPlan, now time.Time) (*State, error) {
	s := &State{AsOf: now, Todo: []Todo{}, Plan: plan.Name, Held: plan.Held, Moves: plan.Moves}
	read := []func(context.Context, warehouse.Runner) error{
		s.runs, s.died, s.stages, s.slots, s.batches, s.undelivered, s.vanished, s.quarantine,
	}
	for _, f := range read {
		if err := f(ctx, db); err != nil {
			return nil, err
		}
	}
	transformed := s.lastTransform()
	s.Stages = slices.DeleteFunc(s.Stages, func(x StageState) bool {
		return isPast(x.Stage, sources) || x.Stage == "rates" && x.Run < transformed
	})
	s.Vanished = slices.DeleteFunc(s.Vanished, func(v Vanished) bool { return !slices.Contains(sources, v.Source) })
	s.judge()
	return s, nil
}

// lastTransform is the run that transformed last. It fetched rates as well, if
// it was to.
func (s *State) lastTransform() etl.RunID {
	for _, x := range s.Stages {
		if x.Stage == "transform" {
			return x.Run
		}
	}
	return ""
}

// isPast reports whether what became of a stage says nothing of how things
// stand: its source has left, or a person started it and saw how it ended.
func isPast(stage string, sources []string) bool {
	first, source, _ := strings.Cut(stage, "/")
	switch first {
	case "extract":
		return !slices.Contains(sources, source)
	case "backfill", "preview", "approve":
		return true
	}
	return false
}

func (s *State) stages(ctx context.Context, db warehouse.Runner) (err error) {
	s.Stages, err = warehouse.List(ctx, db, "report/status_stages.sql", nil, func(rows *sql.Rows, x *StageState) error {
		return rows.Scan(&x.Stage, &x.Status, &x.Error, &x.Run, &x.Finished, &x.Since)
	})
	return err
}

func (s *State) runs(ctx context.Context, db warehouse.Runner) (err error) {
	args := warehouse.Args{"limit": shownRuns}
	s.Runs, err = warehouse.List(ctx, db, "report/status.runs", args, func(rows *sql.Rows, x *RunState) error {
		var finished sql.NullTime
		err := rows.Scan(&x.Run, &x.Command, &x.Status, &x.Error, &x.Started, &finished, &x.Scheduled)
		x.Finished = finished.Time
		return err
	})
	return err
}

func (s *State) died(ctx context.Context, db warehouse.Runner) (err error) {
	args := warehouse.Args{"stopped": Stopped}
	s.Died, err = warehouse.List(ctx, db, "report/status.died", args, func(rows *sql.Rows, x *RunState) error {
		return rows.Scan(&x.Run, &x.Command)
	})
	return err
}

func (s *State) slots(ctx context.Context, db warehouse.Runner) (err error) {
	args := warehouse.Args{"since": s.AsOf.AddDate(0, 0, -7), "now": s.AsOf}
	s.Slots, err = warehouse.List(ctx, db, "report/status.slots", args, func(rows *sql.Rows, x *SlotState) error {
		return rows.Scan(&x.Job, &x.Due, &x.Outcome, &x.LeftOut)
	})
	return err
}

func (s *State) batches(ctx context.Context, db warehouse.Runner) (err error) {
	s.Batches, err = warehouse.List(ctx, db, "report/status.batches", nil, func(rows *sql.Rows, x *BatchState) error {
		return rows.Scan(&x.Batch, &x.State, &x.Records, &x.Message, &x.Planned)
	})
	return err
}

func (s *State) undelivered(ctx context.Context, db warehouse.Runner) (err error) {
	s.Open, err = ReadUndelivered(ctx, db)
	s.Items = []ItemState{}
	for _, u := range s.Open {
		if !u.Settled && (u.State == "unknown" || u.State == "rejected") {
			s.Items = append(s.Items, ItemState{u.State, u.Currency, u.Records, u.Amount})
		}
	}
	return err
}

// ReadUndelivered reads what Productiv does not hold as canonical has it.
func ReadUndelivered(ctx context.Context, db warehouse.Runner) ([]etl.Undelivered, error) {
	return warehouse.List(ctx, db, "report/delivery.undelivered", nil, func(rows *sql.Rows, u *etl.Undelivered) error {
		var since sql.NullTime
		err := rows.Scan(&u.Class, &u.State, &u.Currency, &u.Records, &u.Reversed, &u.Amount, &u.Unreadable, &since, &u.Attention, &u.Settled)
		u.Since = since.Time
		return err
	})
}

func (s *State) vanished(ctx context.Context, db warehouse.Runner) (err error) {
	s.Vanished, err = warehouse.List(ctx, db, "report/status.vanished", nil, func(rows *sql.Rows, x *Vanished) error {
		return rows.Scan(&x.Source, &x.Records, &x.Links, &x.Since)
	})
	return err
}

func (s *State) quarantine(ctx context.Context, db warehouse.Runner) (err error) {
	s.Quarantine, err = warehouse.List(ctx, db, "report/status.quarantine", nil, func(rows *sql.Rows, x *ReasonState) error {
		return rows.Scan(&x.Reason, &x.Source, &x.Records)
	})
	return err
}
