package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// A decisionsFile is where decisions about vendors or categories are written.
type decisionsFile[L any] struct {
	key, example string // in the configuration, and a name for it
	member       string // its path in JSON documents
	path         func(*config.Config) string
	read         func(context.Context, warehouse.Runner, string) ([]L, error)
	write        func(string, []L) error
}

var aliasFile = decisionsFile[transform.Alias]{
	"vendors.aliases_file", "vendors.csv", "aliases_file",
	func(c *config.Config) string { return c.Vendors.AliasesFile },
	transform.ReadAliasFile, transform.WriteAliasFile,
}

var categoriesFile = decisionsFile[transform.CategoryLine]{
	"categories.file", "categories.csv", "categories_file",
	func(c *config.Config) string { return c.Categories.File },
	transform.ReadCategoriesFile, transform.WriteCategoriesFile,
}

// An effect is what a decision changes, for people and for programs.
type effect struct {
	preview func(io.Writer)
	then    string // what follows once it is written
	members map[string]any
}

// decide shows what a decision changes, and writes it into the file once a
// person agrees.
func (f decisionsFile[L]) decide(ctx context.Context, a *app, yes bool, decide func(*job.Session, []L) ([]L, effect, error)) error {
	return a.inSession(ctx, func(s *job.Session) error {
		path := f.path(s.Config)
		if path == "" {
			return etl.Usagef("%s is empty; name the file that decisions are written to, such as %s", f.key, f.example)
		}
		lines, err := f.read(ctx, s.DB, path)
		if err != nil {
			return err
		}
		decided, effect, err := decide(s, lines)
		if err != nil {
			return err
		}
		p := proposal{
			preview:  effect.preview,
			question: "Write it to " + path + "?",
			undone:   "Nothing is written",
			repeat:   "Repeat with --yes to write it to " + path + ".",
			do:       func() error { return f.write(path, decided) },
			done:     "Written to " + path + effect.then + ".",
			result: func(written bool) any {
				effect.members[f.member], effect.members["written"] = path, written
				return effect.members
			},
		}
		return a.propose(ctx, p, yes)
	})
}

// keepsApart is the effect of a rejected suggestion.
func keepsApart(name, other, what string) effect {
	return effect{members: map[string]any{}, preview: func(w io.Writer) {
		fmt.Fprintf(w, "%s and %s stay two %s and are not suggested again. No record changes.\n", name, other, what)
	}}
}

// renaming is the effect of an approved one. Each row begins with a month, the
// old name and the new one.
func renaming[R any](c *config.Config, what, posted string, renames []R, row func(R) (month, from, into string, records int, amount string, posted int)) effect {
	members := map[string]any{"reporting_currency": c.ReportingCurrency, "renames": renames}
	return effect{members: members, then: "; the next transform applies it", preview: func(w io.Writer) {
		if len(renames) == 0 {
			fmt.Fprintf(w, "No past record gets another %s by this.\n", what)
			return
		}
		all := 0
		t := table{head: []string{"MONTH", strings.ToUpper(what), "BECOMES", "RECORDS", "SPEND " + c.ReportingCurrency, "POSTED"}}
		for _, r := range renames {
			month, from, into, records, amount, n := row(r)
			t.add(month, brief(from), brief(into), etl.Number(records), etl.Money(amount, 2), etl.Number(n))
			all += n
		}
		t.print(w)
		printPosted(w, all, posted, c)
	}}
}

// printPosted says what becomes of records that were posted with another name
// or category.
func printPosted(w io.Writer, records int, what string, c *config.Config) {
	switch {
	case records == 0:
	case c.Productiv.OnChange == config.OnChangeResend:
		fmt.Fprintf(w, "%s of the records are posted already. productiv.on_change is resend: the next load posts them again with the new %s, except those that were posted with record_schema finance.\n", etl.Number(records), what)
	default:
		fmt.Fprintf(w, "%s of the records are posted already and keep the %s they were posted with: productiv.on_change is %s.\n", etl.Number(records), what, c.Productiv.OnChange)
	}
}

// pairs is a table of names that may be one.
func pairs(what, currency string) table {
	return table{head: []string{"SIMILAR", what, "SPEND " + currency, "RECORDS", "MAY BE", "SPEND " + currency, "RECORDS"}}
}

// named are the cells of one of them.
func named(name, spelling, amount string, records int) []string {
	text := brief(name)
	if name != spelling { // the spelling that was compared
		text += " (" + brief(spelling) + ")"
	}
	return []string{text, etl.Money(amount, 2), etl.Number(records)}
}

// printPairs ends with how to decide.
func printPairs(w io.Writer, t table, more int, many, one string) {
	if len(t.rows) == 0 {
		fmt.Fprintf(w, "No two %s look alike, or all that do are decided.\n", many)
		return
	}
	t.printFirst(w, more)
	fmt.Fprintf(w, "Decide: spendbridge %[1]s approve %[2]s NAME, or: spendbridge %[1]s reject %[2]s OTHER\n", many, one)
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

// brief cuts a name to what fits a column.
func brief(name string) string {
	const fits = 40
	if runes := []rune(name); len(runes) > fits {
		return string(runes[:fits-1]) + "…"
	}
	return name
}

// firstOf returns the first rows and how many there are beyond.
func firstOf[T any](rows []T, limit int) ([]T, int) {
	if limit <= 0 || len(rows) <= limit {
		return rows, 0
	}
	return rows[:limit], len(rows) - limit
}

// newListCmd is the command list of vendors and of categories.
func newListCmd(short, example string, list func(ctx context.Context, limit int) error) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   short,
		Example: example,
		RunE:    func(cmd *cobra.Command, _ []string) error { return list(cmd.Context(), limit) },
	}
	limitFlag(cmd, &limit)
	return cmd
}

func limitFlag(cmd *cobra.Command, limit *int) {
	cmd.Flags().IntVar(limit, "limit", 50, "show the first `N` only; 0 shows all")
}

// newSuggestCmd is the command suggest of both.
func newSuggestCmd(cmd *cobra.Command, usual string, suggest func(ctx context.Context, least string, limit int) error) *cobra.Command {
	var limit int
	var least string
	cmd.Use = "suggest"
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return suggest(cmd.Context(), least, limit) }
	limitFlag(cmd, &limit)
	cmd.Flags().StringVar(&least, "least", usual, "leave out pairs less `similar` than this, from 0 to 1")
	return cmd
}

// A decisionCmd is what approve and reject do with their arguments.
type decisionCmd func(ctx context.Context, name, into, who string, yes bool) error

// newDecisionCmd is a command approve or reject.
func newDecisionCmd(cmd *cobra.Command, decide decisionCmd) *cobra.Command {
	var who string
	var yes bool
	cmd.Args = cobra.ExactArgs(2)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return decide(cmd.Context(), args[0], args[1], cmp.Or(who, operator()), yes)
	}
	cmd.Flags().StringVar(&who, "who", "", "who decides, such as an `address` (default: the user this runs as)")
	yesFlag(cmd, &yes)
	return cmd
}

func newRejectCmd(use, many, file, example string, reject decisionCmd) *cobra.Command {
	short := "Remember that two " + many + " are not one, so that they are not suggested again"
	return newDecisionCmd(&cobra.Command{
		Use:   use,
		Short: short,
		Long: `Remember that two ` + many + ` are not one, so that they are not suggested again.
Once you agree, or with --yes, the line is written into the ` + file + `.`,
		Example: example,
	}, reject)
}

// today is the day of a decision.
func (a *app) today() string { return a.now().Format(time.DateOnly) }
