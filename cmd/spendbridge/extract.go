package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"spendbridge/etl"
)

// An extractOptions says how sources are read.
type extractOptions struct {
	acceptVanished bool // records that a proven read did not find are gone, however many
	sweep          bool // read everything again
}

func newExtractCmd(a *app) *cobra.Command {
	var o extractOptions
	cmd := &cobra.Command{
		Use:   "extract [SOURCE…]",
		Short: "Read what is new from the sources",
		Long: `Read the look-back window of all sources, or of those that are named, and keep
every response as it came. Only what changed becomes a new version. It resumes
where an earlier extract was stopped.`,
		Example: `  spendbridge extract
  spendbridge extract procurify`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.extract(cmd.Context(), args, o) },
	}
	cmd.Flags().BoolVar(&o.acceptVanished, "accept-vanished", false, "believe that many records are gone (a token that lost a permission looks the same)")
	cmd.Flags().BoolVar(&o.sweep, "sweep", false, "read everything again, from the oldest stored date")
	return cmd
}

func (a *app) extract(ctx context.Context, names []string, o extractOptions) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	sources, err := pickSources(config, names)
	if err != nil {
		return err
	}
	return a.perform(ctx, config, "extract", func(r *run) []etl.Stage { return r.extractStages(sources, o) })
}

// pickSources returns the sources that are named, all of them for no name.
func pickSources(c *Config, names []string) ([]Source, error) {
	if len(names) == 0 {
		return c.Sources, nil
	}
	known := make([]string, 0, len(c.Sources))
	for _, s := range c.Sources {
		known = append(known, s.Name)
	}
	var picked []Source
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, etl.Usagef("there is no source %s in the configuration%s", name, didYouMean(name, known))
		}
		picked = append(picked, c.Sources[i])
	}
	return picked, nil
}
