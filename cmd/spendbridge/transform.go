package main

import "github.com/spf13/cobra"

func newTransformCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "transform",
		Short: "Make spend of what was extracted, and prove the totals",
		Long: `Make canonical.spend, excluded and quarantine of the raw records, in one
transaction: a check that fails leaves everything as it was. Posts nothing.`,
		Example: "  spendbridge transform",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := a.config()
			if err != nil {
				return err
			}
			return a.perform(cmd.Context(), config, "transform", (*run).transformStages)
		},
	}
}
