package main

import (
	"context"

	"spendbridge/etl"
	"spendbridge/etl/config"
)

// What the schedule runs. Each job takes the data folder for itself, records
// its run and tells nobody but the log. The run id is empty if it could not
// begin.

// extractJob reads what is new from one source.
func (a *app) extractJob(ctx context.Context, c *config.Config, source string) (etl.RunID, error) {
	sources, err := pickSources(c, []string{source})
	if err != nil {
		return "", err
	}
	return a.job(ctx, c, "extract", func(r *run) []etl.Stage { return r.extractStages(sources, extractOptions{}) })
}

// sweepJob reads everything again from all sources.
func (a *app) sweepJob(ctx context.Context, c *config.Config) (etl.RunID, error) {
	return a.job(ctx, c, "sweep", func(r *run) []etl.Stage {
		return r.extractStages(c.Sources, extractOptions{sweep: true})
	})
}

// loadJob transforms what was extracted, exports and posts it.
func (a *app) loadJob(ctx context.Context, c *config.Config) (etl.RunID, error) {
	return a.job(ctx, c, "load", loadFlags{}.stages)
}

func (a *app) job(ctx context.Context, c *config.Config, command string, stages func(*run) []etl.Stage) (etl.RunID, error) {
	result, err := a.performQuietly(ctx, c, command, stages)
	if result == nil {
		return "", err
	}
	return result.RunID, err
}
