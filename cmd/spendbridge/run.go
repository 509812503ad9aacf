package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
)

func newRunCmd(a *app) *cobra.Command {
	var dryRun bool
	var payload string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Do the whole job: extract, transform, snapshot, post, publish",
		Long: `Read what is new from all sources, transform it into spend, prove the totals,
write a Parquet snapshot, post what is new to Productiv and publish the copy for
analysts. One source that is down does not hold back the other; a transform or
snapshot that fails posts nothing; a failed delivery still publishes.

With --dry-run, what was extracted is kept and all that follows is rolled back:
it says what a load would post now.`,
		Example: `  spendbridge run
  spendbridge run --dry-run
  spendbridge run --config /etc/spendbridge/spendbridge.yaml --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if payload != "" && !dryRun {
				return etl.Usagef("--payload needs --dry-run")
			}
			return a.run(cmd.Context(), dryRun, payload)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "extract, then only say what a load would post")
	cmd.Flags().StringVar(&payload, "payload", "", "with --dry-run: write the exact JSON of all that would be posted to this `file`")
	return cmd
}

func (a *app) run(ctx context.Context, dryRun bool, payload string) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	return a.perform(ctx, config, "run", func(r *run) []etl.Stage {
		stages := r.extractStages(config.Sources, extractOptions{})
		if dryRun {
			return append(stages, r.previewStage(payload))
		}
		return append(stages, r.loadStages(loadFlags{})...)
	})
}

// loadStages are what follows extract, in the order that keeps every promise:
// nothing is posted that is not proven and kept, or older than what it is made
// of.
func (r *run) loadStages(f loadFlags) []etl.Stage {
	stages := r.transformStages()
	if !f.postOnly {
		stages = append(stages, r.snapshotStage())
	}
	switch {
	case f.approve != "":
		stages = append(stages, r.approveStage(f.approve, f.decision))
	case !f.snapshotOnly:
		stages = append(stages, r.deliverStage())
	}
	return append(stages, r.publishStage())
}

// perform runs the stages of a command on the configured data folder and
// prints the result, whether they worked or not.
func (a *app) perform(ctx context.Context, config *config.Config, command string, stages func(*run) []etl.Stage) error {
	result, err := a.performQuietly(ctx, config, command, stages)
	if result == nil {
		return err
	}
	return errors.Join(err, a.print(result, result.print))
}

// performQuietly is perform without output. There is no result if the run
// could not begin.
func (a *app) performQuietly(ctx context.Context, config *config.Config, command string, stages func(*run) []etl.Stage) (result *runResult, err error) {
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
