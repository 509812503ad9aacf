package main

import (
	"context"
	"fmt"
	"io"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/transform"
)

func newVendorsApproveCmd(a *app) *cobra.Command {
	var who string
	var yes bool
	cmd := &cobra.Command{
		Use:   "approve VENDOR NAME",
		Short: "Post a vendor under another name",
		Long: `Post a vendor under another name: that of another vendor, which merges the two,
or a new one. VENDOR is a vendor, which moves with all its spellings; or one
spelling, which moves alone; or a pattern such as 'amzn*'. What this renames in
past months is shown first; --yes then writes the line into the alias file, and
the next transform applies it.`,
		Example: `  spendbridge vendors approve 'GOOGLE *ADS' Google
  spendbridge vendors approve 'amzn*' Amazon --yes`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.vendorsApprove(cmd.Context(), args[0], args[1], who, yes)
		},
	}
	whoFlag(cmd, &who)
	cmd.Flags().BoolVar(&yes, "yes", false, "write it; without, only show what it would rename")
	return cmd
}

func newVendorsRejectCmd(a *app) *cobra.Command {
	var who string
	cmd := &cobra.Command{
		Use:     "reject VENDOR OTHER",
		Short:   "Remember that two vendors are not one, so that they are not suggested again",
		Example: "  spendbridge vendors reject 'Delta Dental' 'Delta Air Lines'",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.vendorsReject(cmd.Context(), args[0], args[1], who)
		},
	}
	whoFlag(cmd, &who)
	return cmd
}

func whoFlag(cmd *cobra.Command, who *string) {
	cmd.Flags().StringVar(who, "who", "", "who decides, such as an `address` (default: the user this runs as)")
}

// decision fills in who decides, and when.
func (a *app) decision(vendor, into, who string) transform.Decision {
	if who == "" {
		if u, err := user.Current(); err == nil {
			who = u.Username
		}
	}
	return transform.Decision{Vendor: vendor, Into: into, Who: who, When: a.now().Format(time.DateOnly)}
}

// aliases reads the alias file, which must be named to be written to.
func (s *session) aliases(ctx context.Context) (path string, aliases []transform.Alias, err error) {
	path = s.config.Vendors.AliasesFile
	if path == "" {
		return "", nil, etl.Usagef("vendors.aliases_file is empty; name the file that decisions are written to, such as vendors.csv")
	}
	aliases, err = transform.ReadAliasFile(ctx, s.db, path)
	return path, aliases, err
}

func (a *app) vendorsApprove(ctx context.Context, vendor, into, who string, yes bool) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	path, aliases, err := s.aliases(ctx)
	if err != nil {
		return err
	}
	decided, err := transform.Approve(ctx, s.db, aliases, a.decision(vendor, into, who))
	if err != nil {
		return err
	}
	renames, err := transform.Renames(ctx, s.db, decided)
	if err != nil {
		return err
	}
	if yes {
		if err := transform.WriteAliasFile(path, decided); err != nil {
			return err
		}
	}
	result := map[string]any{
		"aliases_file": path, "written": yes,
		"reporting_currency": s.config.ReportingCurrency, "renames": renames,
	}
	return a.print(result, func(w io.Writer) {
		printRenames(w, renames, s.config)
		if yes {
			fmt.Fprintf(w, "Written to %s; the next transform applies it.\n", path)
		} else {
			fmt.Fprintf(w, "Nothing is written yet. Repeat with --yes to write it to %s.\n", path)
		}
	})
}

// printRenames shows what a person is about to change in the past.
func printRenames(w io.Writer, renames []transform.Rename, config *config.Config) {
	if len(renames) == 0 {
		fmt.Fprintln(w, "No past record gets another vendor by this.")
		return
	}
	posted := 0
	t := table{head: []string{"MONTH", "VENDOR", "BECOMES", "RECORDS", "SPEND " + config.ReportingCurrency, "POSTED"}}
	for _, r := range renames {
		posted += r.Posted
		t.add(r.Month, brief(r.Vendor), brief(r.Into), number(r.Records), money(r.Amount, 2), number(r.Posted))
	}
	t.print(w)
	if posted > 0 {
		fmt.Fprintf(w, "What was posted under the old name follows productiv.on_change, which is %s.\n", config.Productiv.OnChange)
	}
}

func (a *app) vendorsReject(ctx context.Context, vendor, other, who string) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	path, aliases, err := s.aliases(ctx)
	if err != nil {
		return err
	}
	decided, err := transform.Reject(ctx, s.db, aliases, a.decision(vendor, other, who))
	if err != nil {
		return err
	}
	if err := transform.WriteAliasFile(path, decided); err != nil {
		return err
	}
	return a.print(map[string]any{"aliases_file": path, "written": true}, func(w io.Writer) {
		fmt.Fprintf(w, "Written to %s: %s and %s are not one vendor.\n", path, vendor, other)
	})
}
