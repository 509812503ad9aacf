package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
)

// An extractOptions says how sources are read.
type extractOptions struct {
	accept *extract.Acceptance // of what earlier runs listed as vanished
	sweep  bool                // read everything again
}

func newExtractCmd(a *app) *cobra.Command {
	var (
		o        extractOptions
		accept   bool
		accepted extract.Acceptance
	)
	cmd := &cobra.Command{
		Use:   "extract [SOURCE…]",
		Short: "Read what is new from the sources",
		Long: `Read the look-back window of all sources, or of those that are named, and keep
every response as it came. Only what changed becomes a new version. It resumes
where an earlier extract was stopped.

Records that the vendor no longer has are marked as gone. If they are more than
usual, or links such as the vendor are missing from many records, nothing is
marked and the exit code is 3, for a token that lost a permission looks the
same. Check it; --accept-vanished then accepts what the last run listed, and
nothing that vanishes later.`,
		Example: `  spendbridge extract
  spendbridge extract procurify
  spendbridge extract productive --accept-vanished --note "the trial projects were deleted"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case accept:
				accepted.Who = cmp.Or(accepted.Who, operator())
				o.accept = &accepted
			case accepted.Who != "" || accepted.Note != "":
				return etl.Usagef("--who and --note belong to --accept-vanished")
			}
			return a.extract(cmd.Context(), args, o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&accept, "accept-vanished", false, "accept that the records which the last run listed are gone")
	flags.StringVar(&accepted.Who, "who", "", "who accepts it, such as an `address` (default: the user this runs as)")
	flags.StringVar(&accepted.Note, "note", "", "`why` it is accepted")
	flags.BoolVar(&o.sweep, "sweep", false, "read everything again, from the oldest stored date")
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
func pickSources(c *config.Config, names []string) ([]config.Source, error) {
	if len(names) == 0 {
		return c.Sources, nil
	}
	known := make([]string, 0, len(c.Sources))
	for _, s := range c.Sources {
		known = append(known, s.Name)
	}
	var picked []config.Source
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, etl.Usagef("there is no source %s in the configuration%s", name, etl.DidYouMean(name, known))
		}
		picked = append(picked, c.Sources[i])
	}
	return picked, nil
}
