package etl_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"spendbridge/etl"
)

var errDown = errors.New("source is down")

func TestStatusOfAnError(t *testing.T) {
	person := &etl.NeedsPersonError{What: "1 batch is held"}

	tests := map[string]struct {
		err  error
		want string
	}{
		"no error":                    {nil, etl.StatusOK},
		"a failure":                   {errDown, etl.StatusFailed},
		"a decision":                  {person, etl.StatusNeedsPerson},
		"a wrapped decision":          {fmt.Errorf("load: %w", person), etl.StatusNeedsPerson},
		"two decisions":               {errors.Join(person, person), etl.StatusNeedsPerson},
		"a decision and a failure":    {errors.Join(person, errDown), etl.StatusFailed},
		"a failure inside a decision": {fmt.Errorf("load: %w", errors.Join(person, errDown)), etl.StatusFailed},
		"a stage's decision":          {&etl.StageError{Stage: "load", Err: person}, etl.StatusNeedsPerson},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := etl.Status(tt.err); got != tt.want {
				t.Errorf("Status(%v) = %s, want %s", tt.err, got, tt.want)
			}
		})
	}
}

func TestPipelineStopsWhereItMust(t *testing.T) {
	person := &etl.NeedsPersonError{What: "1 batch is held"}

	tests := map[string]struct {
		stages []etl.Stage
		want   []string
	}{
		"all is well":                {stages(nil, nil), []string{"ok", "ok", "ok"}},
		"a failure stops":            {stages(errDown, nil), []string{"failed", "skipped", "skipped"}},
		"keep going goes on":         {keepGoing(stages(errDown, nil)), []string{"failed", "ok", "ok"}},
		"a decision goes on":         {stages(person, nil), []string{"needs_person", "ok", "ok"}},
		"a later failure stops":      {keepGoing(stages(errDown, errDown)), []string{"failed", "failed", "skipped"}},
		"a decision, then a failure": {stages(person, errDown), []string{"needs_person", "failed", "skipped"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var recorded []string
			p := etl.Pipeline{Stages: tt.stages, Log: slog.New(slog.DiscardHandler),
				Record: func(_ context.Context, r etl.StageResult) error {
					recorded = append(recorded, r.Status)
					return nil
				}}
			p.Run(t.Context())
			if !slices.Equal(recorded, tt.want) {
				t.Errorf("stages ended %v, want %v", recorded, tt.want)
			}
		})
	}
}

func TestPipelineStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	first := etl.Stage{Name: "first", KeepGoing: true, Run: func(ctx context.Context) (etl.Counts, error) {
		cancel()
		return etl.Counts{}, ctx.Err()
	}}
	var recorded []string
	p := etl.Pipeline{Stages: append([]etl.Stage{first}, stages(nil, nil)...), Log: slog.New(slog.DiscardHandler),
		Record: func(ctx context.Context, r etl.StageResult) error {
			recorded = append(recorded, r.Status)
			return ctx.Err() // what happened is recorded even after a cancel
		}}
	_, err := p.Run(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the cancellation", err)
	}
	if want := []string{"failed", "skipped", "skipped", "skipped"}; !slices.Equal(recorded, want) {
		t.Errorf("stages ended %v, want %v", recorded, want)
	}
}

func stages(errs ...error) []etl.Stage {
	var all []etl.Stage
	for i, err := range append(errs, nil) {
		all = append(all, etl.Stage{Name: fmt.Sprint("stage ", i),
			Run: func(context.Context) (etl.Counts, error) { return etl.Counts{}, err }})
	}
	return all
}

// keepGoing marks the first stage as one whose failure stops nothing.
func keepGoing(all []etl.Stage) []etl.Stage {
	all[0].KeepGoing = true
	return all
}

// Somebody who sees the result needs no line for each stage that went well.
func TestAWatchedPipelineLogsOnlyWhatIsWrong(t *testing.T) {
	stage := func(err error) etl.Stage {
		return etl.Stage{Name: "x", KeepGoing: true, Run: func(context.Context) (etl.Counts, error) { return etl.Counts{}, err }}
	}
	for watched, want := range map[bool]int{false: 2, true: 1} {
		var log strings.Builder
		p := etl.Pipeline{
			Stages: []etl.Stage{stage(nil), stage(errors.New("bad"))}, Log: slog.New(slog.NewTextHandler(&log, nil)), Watched: watched,
			Record: func(context.Context, etl.StageResult) error { return nil },
		}
		if _, err := p.Run(t.Context()); err == nil || strings.Count(log.String(), "\n") != want {
			t.Errorf("watched: %v: %v, and %s", watched, err, log.String())
		}
	}
}
