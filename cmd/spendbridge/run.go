package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"spendbridge/etl"
)

func newRunCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Do the whole job: extract, transform, snapshot, post, publish",
		Long: `Read what is new from all sources, make spend of it, prove the totals, write a
Parquet snapshot, post what is new to Productiv and publish the copy for
analysts. One source that is down does not hold back the other; a transform or
snapshot that fails posts nothing; a failed delivery still publishes.`,
		Example: `  spendbridge run
  spendbridge run --config /etc/spendbridge/spendbridge.yaml --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context()) },
	}
}

func (a *app) run(ctx context.Context) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	return a.perform(ctx, config, "run", func(r *run) []etl.Stage {
		return append(r.extractStages(config.Sources, extractOptions{}), r.loadStages()...)
	})
}

// loadStages are what follows extract, in the order that keeps every promise:
// nothing is posted that is not proven and kept.
func (r *run) loadStages() []etl.Stage {
	return append(r.transformStages(), r.snapshotStage(), r.deliverStage(), r.publishStage())
}

// perform runs the stages of a command on the configured data folder and
// prints the result, whether they worked or not.
func (a *app) perform(ctx context.Context, config *Config, command string, stages func(*run) []etl.Stage) error {
	result, err := a.performQuietly(ctx, config, command, stages)
	if result == nil {
		return err
	}
	return errors.Join(err, a.print(result, result.print))
}

// performQuietly is perform without output. There is no result if the run
// could not begin.
func (a *app) performQuietly(ctx context.Context, config *Config, command string, stages func(*run) []etl.Stage) (result *runResult, err error) {
	s, err := a.openWith(ctx, config)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	r, err := s.begin(ctx, command)
	if err != nil {
		return nil, err
	}
	return &r.result, r.do(ctx, stages(r)...)
}
