package etl

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"
)

// Counts is how many rows a stage read, wrote and skipped.
type Counts struct {
	Read    int `json:"read"`
	Written int `json:"written"`
	Skipped int `json:"skipped"`
}

// Plus adds two counts.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.Read + d.Read, c.Written + d.Written, c.Skipped + d.Skipped}
}

// LogValue implements [slog.LogValuer]: counts are logged as one group.
func (c Counts) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int("read", c.Read),
		slog.Int("written", c.Written),
		slog.Int("skipped", c.Skipped),
	)
}

// A Stage is one step of a run.
type Stage struct {
	Name string
	Run  func(context.Context) (Counts, error)

	// KeepGoing lets the run continue when this stage fails: a source that is
	// down must not block the others. The run still reports failure.
	KeepGoing bool
}

// The outcomes of a stage and of a run.
const (
	StatusOK          = "ok"
	StatusNeedsPerson = "needs_person" // done, but something needs attention
	StatusFailed      = "failed"
	StatusSkipped     = "skipped" // an earlier stage failed
	StatusRunning     = "running" // a run that has not ended
)

// A StageResult is the outcome of one stage.
type StageResult struct {
	Name     string        `json:"name"`
	Status   string        `json:"status"`
	Counts   Counts        `json:"counts"`
	Started  time.Time     `json:"started_at"`
	Duration time.Duration `json:"-"`
	Err      error         `json:"-"`
}

// A Pipeline runs stages in order.
type Pipeline struct {
	Stages []Stage
	Log    *slog.Logger

	// Watched says that somebody sees the result at the end: a stage that
	// finished is not worth a line of the log.
	Watched bool

	// Record is called as each stage ends. An error stops the run.
	Record func(context.Context, StageResult) error
}

// Run runs the stages in order. It stops at the first failure, unless that
// stage says to keep going, and returns every failure as a [*StageError].
// A stage that ends in a [*NeedsPersonError] is not a failure: the run goes on and
// the error is returned at the end. What a stage committed before a failure
// stays committed.
func (p *Pipeline) Run(ctx context.Context) ([]StageResult, error) {
	var (
		results []StageResult
		found   []error
		stopped bool
	)
	for _, s := range p.Stages {
		result := StageResult{Name: s.Name, Status: StatusSkipped}
		if !stopped {
			result = p.run(ctx, s)
		}
		results = append(results, result)
		if err := p.Record(context.WithoutCancel(ctx), result); err != nil {
			return results, errors.Join(append(found, err)...)
		}
		if result.Err == nil {
			continue
		}
		found = append(found, &StageError{Stage: s.Name, Err: result.Err})
		stopped = stopped || ctx.Err() != nil || result.Status == StatusFailed && !s.KeepGoing
	}
	return results, errors.Join(found...)
}

// run runs one stage. Only this function logs the outcome of a stage.
func (p *Pipeline) run(ctx context.Context, s Stage) StageResult {
	log := p.Log.With(KeyStage, s.Name)
	log.DebugContext(ctx, "stage started")

	start := time.Now()
	counts, err := s.Run(ctx)
	result := StageResult{
		Name: s.Name, Status: Status(err), Counts: counts,
		Started: start, Duration: time.Since(start), Err: err,
	}
	log = log.With(KeyRows, counts, KeyDuration, result.Duration)

	switch result.Status {
	case StatusFailed:
		log.ErrorContext(ctx, "stage failed", Err(err))
	case StatusNeedsPerson:
		log.WarnContext(ctx, "stage needs attention", Err(err))
	default:
		level := slog.LevelInfo
		if p.Watched {
			level = slog.LevelDebug
		}
		log.Log(ctx, level, "stage finished")
	}
	return result
}

// Status returns the outcome that err means. A failure joined with something
// that needs attention is a failure.
func Status(err error) string {
	switch {
	case err == nil:
		return StatusOK
	case onlyNeedsPerson(err):
		return StatusNeedsPerson
	default:
		return StatusFailed
	}
}

// onlyNeedsPerson reports whether every leaf of err's tree is a
// [*NeedsPersonError].
func onlyNeedsPerson(err error) bool {
	switch e := err.(type) {
	case *NeedsPersonError:
		return true
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(e.Unwrap(), func(err error) bool { return !onlyNeedsPerson(err) })
	case interface{ Unwrap() error }:
		return onlyNeedsPerson(e.Unwrap())
	default:
		return false
	}
}
