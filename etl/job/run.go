package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/extract"
	"spendbridge/etl/report"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// A Run is one execution of a plan. It has a row in ops.runs from its first
// moment, and one in ops.stages for each stage.
type Run struct {
	*Session
	ID      etl.RunID
	Command string
	Started time.Time
	Result  *Result
	seen    []error // how the stages ended so far
	spend   string  // logical hash of canonical.spend, once a snapshot has shown it
}

// Do opens the data folder, runs a plan there and closes it again. Without a
// result the run could not begin.
func Do(ctx context.Context, c *config.Config, o Options, p Plan) (result *Result, err error) {
	s, err := Open(ctx, c, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Do(ctx, p)
}

// Do runs a plan and records how it ended.
func (s *Session) Do(ctx context.Context, p Plan) (*Result, error) {
	r, err := s.newRun(ctx, p.Command)
	if err == nil {
		err = r.start(ctx)
	}
	if err != nil {
		s.note = fmt.Sprintf("spendbridge %s of %s could not be recorded: %v", p.Command, s.Now().Format(time.RFC3339), err)
		return nil, err
	}
	s.note = ""
	return r.Result, r.do(ctx, p)
}

// Decide records a decision. One that is not possible leaves no trace.
func (s *Session) Decide(ctx context.Context, command string, decide func(*Run) error) (*Result, error) {
	r, err := s.newRun(ctx, command)
	if err != nil {
		return nil, err
	}
	if err := s.DB.InTx(ctx, func(tx *warehouse.Tx) error { return abandon(ctx, tx, r.Started) }); err != nil {
		return nil, err
	}
	decided := decide(r)
	if etl.Status(decided) == etl.StatusFailed {
		return nil, decided
	}
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(decided, err)
	}
	return r.Result, r.end(context.WithoutCancel(ctx), decided)
}

func (s *Session) newRun(ctx context.Context, command string) (*Run, error) {
	var newest etl.RunID
	err := s.DB.Get(ctx, "job/run.newest", nil, (*string)(&newest))
	r := &Run{Session: s, Command: command, Started: s.Now(), ID: idAfter(newest, s.Now)}
	r.Result = newResult(r)
	return r, err
}

func (r *Run) start(ctx context.Context) error {
	return r.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := abandon(ctx, tx, r.Started); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "job/run.start", warehouse.Args{
			"run_id": string(r.ID), "command": r.Command, "status": etl.StatusRunning,
			"version": r.Program, "config_hash": r.Config.Hash(), "started_at": r.Started,
		}); err != nil {
			return err
		}
		return transform.SaveSources(ctx, tx, r.transformOptions())
	})
}

// abandon marks runs that are still running as failed: this process has the
// data folder, so theirs were killed. Nobody was notified of what they found.
func abandon(ctx context.Context, tx *warehouse.Tx, now time.Time) error {
	var killed bool
	if err := tx.Get(ctx, "job/run.killed", nil, &killed); err != nil || !killed {
		return err
	}
	if err := deliver.Untell(ctx, tx); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "job/run.finish", warehouse.Args{
		"run_id": nil, "status": etl.StatusFailed, "error": report.Stopped, "finished_at": now,
	})
	return err
}

// idAfter returns an id that sorts after the newest one. If both runs begin in
// the same second, or the clock was ahead when that one began, the id may say
// one second more than the newest.
func idAfter(newest etl.RunID, now func() time.Time) etl.RunID {
	id := etl.NewRunID(now())
	if began, err := newest.Began(); err == nil && id <= newest {
		id = etl.NewRunID(began.Add(time.Second))
	}
	return id
}

// unrecorded returns a run for work that only reads: it is not recorded.
func (s *Session) unrecorded() *Run {
	now := s.Now()
	return &Run{Session: s, ID: etl.NewRunID(now), Started: now}
}

func (r *Run) do(ctx context.Context, p Plan) error {
	stages := make([]etl.Stage, len(p.Stages))
	for i, stage := range p.Stages {
		stages[i] = etl.Stage{Name: stage.Name, KeepGoing: stage.KeepGoing, Run: func(ctx context.Context) (etl.Counts, error) {
			counts, err := stage.Run(ctx, r)
			return counts, r.Redact.Error(err)
		}}
		if stage.Proves {
			r.Result.Balanced = new(bool) // until it is proven
		}
	}
	pipeline := etl.Pipeline{Stages: stages, Log: r.Log.With(etl.KeyRun, string(r.ID)), Watched: r.Interactive, Record: r.record}
	results, err := pipeline.Run(ctx)
	for _, s := range results {
		r.Result.Stages = append(r.Result.Stages, StageResult{s, s.Duration.Milliseconds(), seconds(s.Duration), errText(s.Err).String})
	}
	return r.end(context.WithoutCancel(ctx), err)
}

// end writes down how the run ended and returns err.
func (r *Run) end(ctx context.Context, err error) error {
	r.noteFirst()
	failed := r.summarise(ctx)
	if err == nil && failed == nil {
		err = r.Result.Totals.Err()
	}
	err = r.Redact.Error(err)
	r.Result.finish(err, r.Now().Sub(r.Started))
	saved := r.save(ctx, err)
	if saved != nil {
		r.note = fmt.Sprintf("the end of run %s (%s) could not be recorded: %v", r.ID, r.Command, saved)
	}
	if etl.Status(err) != etl.StatusFailed && r.Result.Balanced != nil && *r.Result.Balanced {
		saved = errors.Join(saved, warehouse.ForgetBefore(r.Config.WarehouseLocation()))
	}
	r.afterRun(ctx)
	return errors.Join(err, failed, saved)
}

func (r *Run) save(ctx context.Context, err error) error {
	_, failed := r.DB.Exec(ctx, "job/run.finish", warehouse.Args{
		"run_id": string(r.ID), "status": etl.Status(err), "error": errText(err), "finished_at": r.Now(),
	})
	return failed
}

// summarise reads what the result says beyond the stages.
func (r *Run) summarise(ctx context.Context) (err error) {
	if r.Result.Balanced == nil {
		return nil
	}
	err = r.DB.Undone(ctx, func(tx *warehouse.Tx) error {
		r.Result.Totals, err = report.ReadTotals(ctx, tx, r.ID)
		return err
	})
	if err != nil {
		return err
	}
	if r.FindDuplicates {
		if r.Result.Duplicates, err = report.PossibleDuplicates(ctx, r.DB); err != nil {
			return err
		}
	}
	if err = r.DB.Get(ctx, "job/run.example", nil, &r.Result.Example); errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return err
}

func (r *Run) record(ctx context.Context, stage etl.StageResult) error {
	started := stage.Started
	if started.IsZero() {
		started = r.Now() // skipped
	}
	r.seen = append(r.seen, stage.Err)
	_, err := r.DB.Exec(ctx, "job/run.add_stage", warehouse.Args{
		"run_id": string(r.ID), "stage": stage.Name, "status": stage.Status, "error": errText(stage.Err),
		"rows_read": stage.Counts.Read, "rows_written": stage.Counts.Written, "rows_skipped": stage.Counts.Skipped,
		"started_at": started, "finished_at": started.Add(stage.Duration),
	})
	return err
}

// errText is an error as it is stored: null for none.
func errText(err error) sql.NullString {
	if err == nil {
		return sql.NullString{}
	}
	return warehouse.Null(err.Error())
}

// A Result is what a run tells its user, as tables or as JSON. Members are
// added, never renamed.
type Result struct {
	RunID       etl.RunID           `json:"run_id"`
	Command     string              `json:"command"`
	Status      string              `json:"status"`
	Error       string              `json:"error,omitempty"`
	DurationMS  int64               `json:"duration_ms"`
	Seconds     float64             `json:"duration_seconds"`
	Stages      []StageResult       `json:"stages"`
	Extract     []extract.Report    `json:"extract"`
	Balanced    *bool               `json:"control_totals_balanced"` // null: the command computes none
	Totals      report.Totals       `json:"control_totals"`
	Snapshot    *SnapshotResult     `json:"snapshot"`
	Delivery    *deliver.Result     `json:"delivery"`
	NextLoad    *deliver.DryRun     `json:"next_load,omitempty"`
	Undelivered []etl.Undelivered   `json:"undelivered"`
	Verdict     string              `json:"verdict"` // of the installation, as status says it
	Standing    string              `json:"-"`       // its status
	Needs       []report.Todo       `json:"needs"`   // what needs attention, as status says it
	SetAside    []transform.Reason  `json:"set_aside"`
	Proofs      []Proof             `json:"proofs"`              // of verify
	Duplicates  []report.Duplicates `json:"possible_duplicates"` // if asked for
	Published   string              `json:"published,omitempty"`
	Report      string              `json:"report,omitempty"`
	Notes       []string            `json:"notes"`
	Example     string              `json:"-"` // a record to show a newcomer
}

// A StageResult is one line of the table of stages.
type StageResult struct {
	etl.StageResult
	DurationMS int64   `json:"duration_ms"`
	Seconds    float64 `json:"duration_seconds"`
	Error      string  `json:"error,omitempty"`
}

// A SnapshotResult says where the Parquet files of a run are.
type SnapshotResult struct {
	ID   string `json:"id"`
	Path string `json:"path"`
	Rows int64  `json:"rows"`
}

func newResult(r *Run) *Result {
	return &Result{
		RunID: r.ID, Command: r.Command, Stages: []StageResult{}, Extract: []extract.Report{}, SetAside: []transform.Reason{}, Notes: []string{},
		Duplicates: []report.Duplicates{}, Undelivered: []etl.Undelivered{}, Proofs: []Proof{}, Needs: []report.Todo{},
		Totals: report.Totals{Received: []report.ReceivedTotal{}, Delivered: []report.DeliveredTotal{}},
	}
}

// note adds something a person should know although nothing failed.
func (r *Result) note(text string) {
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// finish fills in what is known only at the end.
func (r *Result) finish(err error, took time.Duration) {
	r.Status = etl.Status(err)
	r.DurationMS, r.Seconds = took.Milliseconds(), seconds(took)
	if err != nil {
		r.Error = err.Error()
	}
	var failed *etl.CheckError
	if r.Balanced != nil && (errors.As(err, &failed) || r.Totals.Err() != nil) {
		*r.Balanced = false
	}
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
