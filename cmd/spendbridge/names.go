package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// A nameList is a list of names that people merge: vendors, or categories. A
// decision D adds lines L to its file, and renames R.
type nameList[L, D, R any] struct {
	one, many, renamed string // vendor, vendors, and what a renamed record gets
	file, key, example string // the file: what it is called, in the configuration, a name for it
	member             string // its path in JSON documents
	path               func(*config.Config) string
	read               func(context.Context, warehouse.Runner, string) ([]L, error)
	write              func(string, []L) error

	decision        func(source, name, into, who, when string) D
	approve, reject func(context.Context, *warehouse.DB, []L, D) ([]L, error)
	renames         func(context.Context, *warehouse.DB, []L) ([]R, error)
	row             func(R) (month, from, into string, records int, amount string, posted int)
}

var vendorNames = nameList[transform.Alias, transform.Decision, transform.Rename]{
	one: "vendor", many: "vendors", renamed: "name",
	file: "alias file", key: "vendors.aliases_file", example: "vendors.csv", member: "aliases_file",
	path: func(c *config.Config) string { return c.Vendors.AliasesFile },
	read: transform.ReadAliasFile, write: transform.WriteAliasFile,
	decision: func(_, name, into, who, when string) transform.Decision {
		return transform.Decision{Vendor: name, Into: into, Who: who, When: when}
	},
	approve: transform.Approve, reject: transform.Reject, renames: transform.Renames,
	row: func(r transform.Rename) (month, from, into string, records int, amount string, posted int) {
		return r.Month, r.Vendor, r.Into, r.Records, r.Amount, r.Posted
	},
}

var categoryNames = nameList[transform.CategoryLine, transform.CategoryDecision, transform.CategoryRename]{
	one: "category", many: "categories", renamed: "category",
	file: "categories file", key: "categories.file", example: "categories.csv", member: "categories_file",
	path: func(c *config.Config) string { return c.Categories.File },
	read: transform.ReadCategoriesFile, write: transform.WriteCategoriesFile,
	decision: func(source, name, into, who, when string) transform.CategoryDecision {
		return transform.CategoryDecision{Source: source, Category: name, Into: into, Who: who, When: when}
	},
	approve: transform.ApproveCategory, reject: transform.RejectCategory, renames: transform.CategoryRenames,
	row: func(r transform.CategoryRename) (month, from, into string, records int, amount string, posted int) {
		return r.Month, r.Category, r.Into, r.Records, r.Amount, r.Posted
	},
}

func (l nameList[L, D, R]) rejectCmd(a *app, example string) *cobra.Command {
	short := "Remember that two " + l.many + " are not one, so that they are not suggested again"
	return l.decideCmd(a, &cobra.Command{
		Use:   "reject " + strings.ToUpper(l.one) + " OTHER",
		Short: short,
		Long: short + `.
Once you agree, or with --yes, the line is written into the ` + l.file + `.`,
		Example: example,
	}, new(string))
}

// decideCmd completes the command approve or reject. A source, if it is set by
// then, is the only one that the decision is about.
func (l nameList[L, D, R]) decideCmd(a *app, cmd *cobra.Command, source *string) *cobra.Command {
	var who string
	var yes bool
	cmd.Args = cobra.ExactArgs(2)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		d := l.decision(*source, args[0], args[1], cmp.Or(who, operator()), a.now().Format(time.DateOnly))
		return a.inSession(cmd.Context(), func(s *job.Session) error {
			if *source != "" { // a misspelt one would match nothing
				if _, err := job.PickSources(s.Config, []string{*source}); err != nil {
					return err
				}
			}
			p, err := l.proposal(cmd.Context(), s, d, cmd.Name() == "approve")
			if err != nil {
				return err
			}
			if p.preview == nil {
				p.preview = func(w *screen) {
					fmt.Fprintf(w, "%s and %s stay two %s and are not suggested again. No record changes.\n", args[0], args[1], l.many)
				}
			}
			return a.propose(cmd.Context(), p, yes)
		})
	}
	cmd.Flags().StringVar(&who, "who", "", "who decides, such as an `address` (default: the user this runs as)")
	yesFlag(cmd, &yes)
	return cmd
}

// proposal is to write a decision into the file. Only one that approves has
// something to preview: the records that it renames.
func (l nameList[L, D, R]) proposal(ctx context.Context, s *job.Session, d D, approves bool) (p proposal, err error) {
	path := l.path(s.Config)
	if path == "" {
		return p, etl.Usagef("%s is empty; name the file that decisions are written to, such as %s", l.key, l.example)
	}
	lines, err := l.read(ctx, s.DB, path)
	if err != nil {
		return p, err
	}
	decide := l.reject
	if approves {
		decide = l.approve
	}
	decided, err := decide(ctx, s.DB, lines, d)
	if err != nil {
		return p, err
	}
	members := map[string]any{l.member: path}
	p = proposal{
		question: "Write it to " + path + "?",
		undone:   "Nothing is written",
		repeat:   "Repeat with --yes to write it to " + path + ".",
		do:       func() error { return l.write(path, decided) },
		done:     "Written to " + path + ".",
		result: func(written bool) any {
			members["written"] = written
			return members
		},
	}
	if !approves {
		return p, nil
	}
	renames, err := l.renames(ctx, s.DB, decided)
	members["reporting_currency"], members["renames"] = s.Config.ReportingCurrency, renames
	p.done = "Written to " + path + "; the next transform applies it."
	p.preview = func(w *screen) { l.printRenames(w, renames, s.Config) }
	return p, err
}

func (l nameList[L, D, R]) printRenames(w *screen, renames []R, c *config.Config) {
	if len(renames) == 0 {
		fmt.Fprintf(w, "No past record gets another %s by this.\n", l.one)
		return
	}
	all := 0
	head := []string{"MONTH", strings.ToUpper(l.one), "BECOMES", "RECORDS", "SPEND " + c.ReportingCurrency, "POSTED"}
	printRows(w, "", head, renames, func(r R) []string {
		month, from, into, records, amount, posted := l.row(r)
		all += posted
		return []string{month, brief(from), brief(into), etl.Number(records), etl.Money(amount, 2), etl.Number(posted)}
	})
	switch {
	case all == 0:
	case c.Productiv.OnChange == config.OnChangeResend:
		fmt.Fprintf(w, "%s of the records are posted already. productiv.on_change is resend: the next load posts them again with the new %s, except those that were posted with record_schema finance.\n", etl.Number(all), l.renamed)
	default:
		fmt.Fprintf(w, "%s of the records are posted already and keep the %s they were posted with: productiv.on_change is %s.\n", etl.Number(all), l.renamed, c.Productiv.OnChange)
	}
}

// printPairs lists names that may be one, the second below the first, and how to
// decide.
func (l nameList[L, D, R]) printPairs(w *screen, pairs [][]string, more int, currency string) {
	if len(pairs) == 0 {
		fmt.Fprintf(w, "No two %s look alike, or all that do are decided.\n", l.many)
		return
	}
	name := strings.ToUpper(l.one)
	t := table{head: []string{"SIMILAR", name + ", AND WHAT IT MAY BE", "SPEND " + currency, "RECORDS"}}
	for _, pair := range pairs {
		t.add(pair[:4]...)
		t.add(append([]string{""}, pair[4:]...)...)
	}
	t.print(w)
	printMore(w, more)
	w.wrap("", fmt.Sprintf("Decide: spendbridge %[1]s approve %[2]s NAME, or: spendbridge %[1]s reject %[2]s OTHER", l.many, name))
}

// named are the cells of one name of a pair.
func named(name, spelling, amount string, records int) []string {
	text := brief(name)
	if name != spelling { // the spelling that was compared
		text += " (" + brief(spelling) + ")"
	}
	return []string{text, etl.Money(amount, 2), etl.Number(records)}
}

// spellings names the most frequent spellings of a vendor or a category.
func spellings(all []string) string {
	others, more := firstOf(all, 3)
	text := make([]string, len(others))
	for i, spelling := range others {
		text[i] = brief(spelling)
	}
	if more > 0 {
		text = append(text, fmt.Sprintf("%d more", more))
	}
	return strings.Join(text, " | ")
}

func brief(name string) string { return etl.Cut(name, 40) }

func firstOf[T any](rows []T, limit int) ([]T, int) {
	if limit <= 0 || len(rows) <= limit {
		return rows, 0
	}
	return rows[:limit], len(rows) - limit
}

// listCmd completes the command list, or suggest with the usual least similarity.
func listCmd(cmd *cobra.Command, least string, list func(ctx context.Context, limit int, least string) error) *cobra.Command {
	var limit int
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return list(cmd.Context(), limit, least) }
	cmd.Flags().IntVar(&limit, "limit", 50, "show the first `N` only; 0 shows all")
	if least != "" {
		cmd.Flags().StringVar(&least, "least", least, "leave out pairs less `similar` than this, from 0 to 1")
	}
	return cmd
}
