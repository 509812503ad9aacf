package report

import (
	"context"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// Stopped is the error in ops.runs of a run that never ended.
const Stopped = "the process was stopped before the run ended"

// listedRuns is how many of the last runs a state holds.
const listedRuns = 30

// A State is the state of the installation. Its JSON form is what spendbridge
// status --json prints.
type State struct {
	AsOf       time.Time         `json:"as_of"`
	Status     string            `json:"status"` // ok, needs_person, failed; empty = nothing ran yet
	Since      time.Time         `json:"since,omitzero"`
	Failure    string            `json:"failure"` // what failed first
	Todo       []Todo            `json:"needs"`
	Stages     []StageState      `json:"stages"`
	Ran        []StageState      `json:"-"`    // also those that no longer count
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

	Missed string `json:"-"` // the job that is due and that nobody runs
}

// A Todo is something that needs attention, with the commands that settle it.
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

	RowsRead    int64     `json:"-"`
	RowsWritten int64     `json:"-"`
	RowsSkipped int64     `json:"-"`
	StartedAt   time.Time `json:"-"`
	SucceededAt time.Time `json:"-"` // last; zero = it never went well
}

// Took is how long the stage took.
func (s StageState) Took() time.Duration {
	return s.Finished.Sub(s.StartedAt).Round(10 * time.Millisecond)
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
	Status  string    `json:"run_status,omitempty"` // how its run ended
	LeftOut int       `json:"left_out_last_week"`   // slots missed or skipped
}

// Words says what became of the slot, and of its run.
func (s SlotState) Words() string {
	words := strings.ReplaceAll(s.Outcome, "_", " ")
	switch s.Status {
	case etl.StatusFailed:
		return words + ", and failed"
	case etl.StatusNeedsPerson:
		return words + ", and needs attention"
	}
	return words
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
	State    string     `json:"state"` // unknown, rejected
	Currency string     `json:"currency"`
	Records  int64      `json:"records"`
	Amount   etl.Amount `json:"amount"`
}

// A Vanished counts the records of a source that runs have listed as vanished,
// or says that links lack, and that wait until somebody accepts it.
type Vanished struct {
	Source  string    `json:"source"`
	Records int64     `json:"records"`
	Links   bool      `json:"links"` // many records lack a link such as the vendor
	Since   time.Time `json:"listed_at"`
}

// A ReasonState counts the records in quarantine for one reason.
type ReasonState struct {
	Reason  string `json:"reason"`
	Source  string `json:"source"`
	Records int64  `json:"records"`
}

// ReadState reads the state of the installation, with what the gates of the last
// load hold. The outcome of an extract counts only while its source is configured.
func ReadState(ctx context.Context, db warehouse.Runner, sources []string, plan etl.HeldPlan, now time.Time) (*State, error) {
	s := &State{AsOf: now, Todo: []Todo{}, Plan: plan.Name, Held: plan.Held, Moves: plan.Moves}
	err := fillAll(ctx, db,
		part{&s.Runs, "report/status.runs", warehouse.Args{"limit": listedRuns}},
		part{&s.Died, "report/status.died", warehouse.Args{"stopped": Stopped}},
		part{&s.Stages, "report/status.stages", nil},
		part{&s.Slots, "report/status.slots", warehouse.Args{"since": now.AddDate(0, 0, -7), "now": now}},
		part{&s.Batches, "report/status.batches", nil},
		part{&s.Open, undelivered, nil},
		part{&s.Vanished, "report/status.vanished", nil},
		part{&s.Quarantine, "report/status.quarantine", nil},
	)
	if err != nil {
		return nil, err
	}
	s.Items = []ItemState{}
	for _, u := range s.Open {
		if !u.Settled && (u.State == "unknown" || u.State == "rejected") {
			s.Items = append(s.Items, ItemState{u.State, u.Currency, u.Records, u.Amount})
		}
	}
	s.Ran = slices.Clone(s.Stages)
	transformed := slices.IndexFunc(s.Stages, func(x StageState) bool { return x.Stage == "transform" })
	s.Stages = slices.DeleteFunc(s.Stages, func(x StageState) bool {
		// The last transform fetched rates as well, if it was to.
		hasNoRates := x.Stage == "rates" && transformed >= 0 && x.Run < s.Ran[transformed].Run
		return hasNoRates || isPast(x.Stage, sources)
	})
	s.Vanished = slices.DeleteFunc(s.Vanished, func(v Vanished) bool { return !slices.Contains(sources, v.Source) })
	s.judge()
	return s, nil
}

// isPast reports whether the outcome of a stage no longer matters: its source is
// not configured, or somebody started it by hand and saw how it ended.
func isPast(stage string, sources []string) bool {
	first, source, _ := strings.Cut(stage, "/")
	if first == "extract" {
		return !slices.Contains(sources, source)
	}
	return first == "backfill" || first == "preview" || first == "approve"
}

// ReadUndelivered reads what Productiv does not hold as canonical has it.
func ReadUndelivered(ctx context.Context, db warehouse.Runner) (open []etl.Undelivered, err error) {
	err = warehouse.Fill(ctx, db, &open, undelivered, nil)
	return open, err
}

const undelivered = "report/delivery.undelivered"

type part struct {
	dest      any
	statement string
	args      warehouse.Args
}

func fillAll(ctx context.Context, db warehouse.Runner, parts ...part) error {
	for _, p := range parts {
		if err := warehouse.Fill(ctx, db, p.dest, p.statement, p.args); err != nil {
			return err
		}
	}
	return nil
}
