package main

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/report"
	"spendbridge/etl/warehouse"
)

// A run is one execution of a command that changes state. It has a row in
// ops.runs from its first moment, and one in ops.stages for each stage.
type run struct {
	*session
	id      etl.RunID
	command string
	started time.Time
	result  runResult
	seen    []error // how the stages ended so far
}

// begin starts a run. A run that is still marked as running was killed, since
// this process holds the data folder; it is marked as failed.
func (s *session) begin(ctx context.Context, command string) (*run, error) {
	r := &run{session: s, command: command, started: s.now()}
	var newest etl.RunID
	if err := s.db.Get(ctx, "queries/run_newest.sql", nil, (*string)(&newest)); err != nil {
		return nil, err
	}
	r.id = idAfter(newest, s.now)
	r.result = newRunResult(r)
	err := s.db.InTx(ctx, func(tx *warehouse.Tx) error {
		if _, err := tx.Exec(ctx, "queries/undelivered_untell.sql", nil); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "queries/run_abandon.sql", warehouse.Args{
			"status": etl.StatusFailed, "error": "the process was stopped before the run ended", "finished_at": r.started,
		}); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "queries/run_start.sql", warehouse.Args{
			"run_id": string(r.id), "command": command, "status": "running",
			"version": version().String(), "config_hash": s.config.Hash(), "started_at": r.started,
		}); err != nil {
			return err
		}
		return saveSources(ctx, tx, r)
	})
	return r, err
}

// idAfter returns an id that sorts behind the newest one, also if both runs
// begin in the same second, and if the clock was ahead when that one began: its
// id then says one second more than the newest.
func idAfter(newest etl.RunID, now func() time.Time) etl.RunID {
	id := etl.NewRunID(now())
	for id <= newest && second(id) == second(newest) {
		id = etl.NewRunID(now())
	}
	if began, err := newest.Began(); id < newest && err == nil {
		id = etl.NewRunID(began.Add(time.Second))
	}
	return id
}

// second is when a run began, to the second, as its id has it.
func second(id etl.RunID) string {
	time, _, _ := strings.Cut(string(id), "-")
	return time
}

// unrecorded is for work that only looks: nothing of it is written down.
func (s *session) unrecorded() *run {
	now := s.now()
	return &run{session: s, id: etl.NewRunID(now), started: now}
}

// do runs the stages and writes down how the run ended.
func (r *run) do(ctx context.Context, stages ...etl.Stage) error {
	pipeline := etl.Pipeline{Stages: stages, Log: r.log.With(etl.KeyRun, string(r.id)), Record: r.record}
	results, err := pipeline.Run(ctx)
	r.result.Stages = append(r.result.Stages, stageResults(results)...)
	return r.end(context.WithoutCancel(ctx), err)
}

// end writes down how the run ended and returns err.
func (r *run) end(ctx context.Context, err error) error {
	failed := r.summarise(ctx)
	if err == nil && failed == nil {
		err = r.result.Totals.err()
	}
	r.result.finish(err, r.now().Sub(r.started))
	saved := r.save(ctx, err)
	r.result.Report = r.afterRun(ctx)
	r.result.Next.Report = shorter(r.result.Report)
	return errors.Join(err, failed, saved)
}

// save writes into ops.runs that the run ended in err.
func (r *run) save(ctx context.Context, err error) error {
	_, failed := r.db.Exec(ctx, "queries/run_finish.sql", warehouse.Args{
		"run_id": string(r.id), "status": etl.Status(err), "error": errText(err), "finished_at": r.now(),
	})
	return failed
}

// summarise reads from the warehouse what the result tells beyond the stages.
func (r *run) summarise(ctx context.Context) (err error) {
	if r.result.Balanced == nil {
		return nil
	}
	if r.result.Totals, err = readTotals(ctx, r.db, r.id); err != nil {
		return err
	}
	duplicates, err := report.PossibleDuplicates(ctx, r.db)
	if err != nil {
		return err
	}
	r.result.Duplicates = append(r.result.Duplicates, duplicates...)
	r.result.Next, err = r.next(ctx)
	return err
}

func (r *run) record(ctx context.Context, stage etl.StageResult) error {
	started := stage.Started
	if started.IsZero() {
		started = r.now() // skipped
	}
	r.seen = append(r.seen, stage.Err)
	_, err := r.db.Exec(ctx, "queries/run_stage_add.sql", warehouse.Args{
		"run_id": string(r.id), "stage": stage.Name, "status": stage.Status, "error": errText(stage.Err),
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
	return null(err.Error())
}
