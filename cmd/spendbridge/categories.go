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
)

func newCategoriesCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "categories",
		Short: "Review categories and decide which of them are one",
		Long: `Sources name one category differently. Approved merges and rejected suggestions
are lines of the categories file (categories.file), which belongs under version
control. Nothing merges by itself, and what the source said is kept beside the
category that is posted.`,
		Example: `  spendbridge categories suggest
  spendbridge categories approve airlines_air_carriers Airlines`,
		Args: subcommandOnly,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCategoriesListCmd(a), newCategoriesSuggestCmd(a), newCategoriesApproveCmd(a), newCategoriesRejectCmd(a))
	return cmd
}

func newCategoriesListCmd(a *app) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List categories by spend, with their spellings and sources",
		Example: "  spendbridge categories list --limit 20",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.categoriesList(cmd.Context(), limit) },
	}
	limitFlag(cmd, &limit)
	return cmd
}

func newCategoriesSuggestCmd(a *app) *cobra.Command {
	var limit int
	var least string
	cmd := &cobra.Command{
		Use:   "suggest",
		Short: "Suggest categories that may be one, those with most spend first",
		Long: `Suggest categories that may be one. They are ranked by what would move: the
spend of the smaller of the two. The similarity is that of their words, from 0 to
1 (Jaro-Winkler, of the words that differ).`,
		Example: "  spendbridge categories suggest --least 0.75",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.categoriesSuggest(cmd.Context(), least, limit) },
	}
	limitFlag(cmd, &limit)
	cmd.Flags().StringVar(&least, "least", "0.85", "leave out pairs less `similar` than this, from 0 to 1")
	return cmd
}

func newCategoriesApproveCmd(a *app) *cobra.Command {
	var source, who string
	var yes bool
	cmd := &cobra.Command{
		Use:   "approve CATEGORY NAME",
		Short: "Post a category under another name",
		Long: `Post a category under another name: that of another category, which merges the
two, or a new one. CATEGORY and NAME are categories, or spellings, which stand for
the category that has them. CATEGORY moves with all its spellings; it may also be
a pattern such as 'travel*'. What this renames in past months is shown first.
Once you agree, or with --yes, the lines are written into the categories file, and
the next transform applies them.

Records that were posted keep the category they were posted with, unless
productiv.on_change is resend.`,
		Example: `  spendbridge categories approve airlines_air_carriers Airlines
  spendbridge categories approve 'travel*' Travel --source procurify --yes`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			d := a.categoryDecision(args, who)
			d.Source = source
			return a.categoriesApprove(cmd.Context(), d, yes)
		},
	}
	cmd.Flags().StringVar(&source, "source", "", "only of this `source`")
	whoFlag(cmd, &who)
	yesFlag(cmd, &yes)
	return cmd
}

func newCategoriesRejectCmd(a *app) *cobra.Command {
	var who string
	var yes bool
	cmd := &cobra.Command{
		Use:   "reject CATEGORY OTHER",
		Short: "Remember that two categories are not one, so that they are not suggested again",
		Long: `Remember that two categories are not one, so that they are not suggested again.
Once you agree, or with --yes, the line is written into the categories file.`,
		Example: "  spendbridge categories reject Travel 'Travel insurance'",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.categoriesReject(cmd.Context(), a.categoryDecision(args, who), yes)
		},
	}
	whoFlag(cmd, &who)
	yesFlag(cmd, &yes)
	return cmd
}

// categoryDecision says who decides about the two names, and when.
func (a *app) categoryDecision(names []string, who string) transform.CategoryDecision {
	return transform.CategoryDecision{
		Category: names[0], Into: names[1], Who: cmp.Or(who, operator()), When: a.now().Format(time.DateOnly),
	}
}

func (a *app) categoriesList(ctx context.Context, limit int) error {
	return a.inSession(ctx, func(s *job.Session) error {
		categories, err := transform.ListCategories(ctx, s.DB)
		if err != nil {
			return err
		}
		none := transform.Category{Amount: "0.0000"}
		if last := len(categories) - 1; last >= 0 && categories[last].Name == "" {
			categories, none = categories[:last], categories[last]
		}
		shown, more := firstOf(categories, limit)
		currency := s.Config.ReportingCurrency
		result := map[string]any{
			"reporting_currency": currency, "categories": shown, "more": more,
			"without_category": map[string]any{"records": none.Records, "amount": none.Amount},
		}
		return a.print(result, func(w io.Writer) { printCategories(w, shown, none, more, currency) })
	})
}

func printCategories(w io.Writer, categories []transform.Category, none transform.Category, more int, currency string) {
	if len(categories) == 0 && none.Records == 0 {
		fmt.Fprintln(w, "There is no spend yet; run: spendbridge run")
		return
	}
	t := table{head: []string{"CATEGORY", "SPEND " + currency, "RECORDS", "LAST", "SOURCES", "SPELLINGS"}}
	for _, c := range categories {
		t.add(brief(c.Name), etl.Money(c.Amount, 2), etl.Number(c.Records), c.LastOn, strings.Join(c.Sources, ", "), spellings(c.Spellings))
	}
	t.print(w)
	printMore(w, more)
	if none.Records > 0 {
		fmt.Fprintf(w, "No category: %s records, %s %s\n", etl.Number(none.Records), etl.Money(none.Amount, 2), currency)
	}
}

func (a *app) categoriesSuggest(ctx context.Context, least string, limit int) error {
	return a.inSession(ctx, func(s *job.Session) error {
		lines, err := transform.ReadCategoriesFile(ctx, s.DB, s.Config.Categories.File)
		if err != nil {
			return err
		}
		suggestions, err := transform.SuggestCategories(ctx, s.DB, lines, least)
		if err != nil {
			return err
		}
		shown, more := firstOf(suggestions, limit)
		currency := s.Config.ReportingCurrency
		result := map[string]any{"reporting_currency": currency, "suggestions": shown, "more": more}
		return a.print(result, func(w io.Writer) { printCategorySuggestions(w, shown, more, currency) })
	})
}

func printCategorySuggestions(w io.Writer, suggestions []transform.CategorySuggestion, more int, currency string) {
	if len(suggestions) == 0 {
		fmt.Fprintln(w, "No two categories look alike, or all that do are decided.")
		return
	}
	t := table{head: []string{"SIMILAR", "CATEGORY", "SPEND " + currency, "RECORDS", "MAY BE", "SPEND " + currency, "RECORDS"}}
	for _, s := range suggestions {
		t.add(s.Similarity, spelt(s.Category, s.Spelling), etl.Money(s.Amount, 2), etl.Number(s.Records),
			spelt(s.Into, s.IntoSpelt), etl.Money(s.IntoAmount, 2), etl.Number(s.IntoCount))
	}
	t.print(w)
	printMore(w, more)
	fmt.Fprintln(w, "Decide: spendbridge categories approve CATEGORY NAME, or: spendbridge categories reject CATEGORY OTHER")
}

// readCategories reads the categories file, which must be named to be written
// to.
func readCategories(ctx context.Context, s *job.Session) (path string, lines []transform.CategoryLine, err error) {
	path = s.Config.Categories.File
	if path == "" {
		return "", nil, etl.Usagef("categories.file is empty; name the file that decisions are written to, such as categories.csv")
	}
	lines, err = transform.ReadCategoriesFile(ctx, s.DB, path)
	return path, lines, err
}

func (a *app) categoriesApprove(ctx context.Context, d transform.CategoryDecision, yes bool) error {
	return a.inSession(ctx, func(s *job.Session) error {
		path, lines, err := readCategories(ctx, s)
		if err != nil {
			return err
		}
		if d.Source != "" { // a misspelt one would match nothing
			if _, err := job.PickSources(s.Config, []string{d.Source}); err != nil {
				return err
			}
		}
		decided, err := transform.ApproveCategory(ctx, s.DB, lines, d)
		if err != nil {
			return err
		}
		renames, err := transform.CategoryRenames(ctx, s.DB, decided)
		if err != nil {
			return err
		}
		p := proposeFile(path, func() error { return transform.WriteCategoriesFile(path, decided) })
		p.preview = func(w io.Writer) { printCategoryRenames(w, renames, s.Config) }
		p.result = func(written bool) any {
			return map[string]any{
				"categories_file": path, "written": written,
				"reporting_currency": s.Config.ReportingCurrency, "renames": renames,
			}
		}
		return a.propose(ctx, p, yes)
	})
}

// printCategoryRenames shows what a person is about to change in the past.
func printCategoryRenames(w io.Writer, renames []transform.CategoryRename, c *config.Config) {
	if len(renames) == 0 {
		fmt.Fprintln(w, "No past record gets another category by this.")
		return
	}
	posted := 0
	t := table{head: []string{"MONTH", "CATEGORY", "BECOMES", "RECORDS", "SPEND " + c.ReportingCurrency, "POSTED"}}
	for _, r := range renames {
		posted += r.Posted
		t.add(r.Month, brief(r.Category), brief(r.Into), etl.Number(r.Records), etl.Money(r.Amount, 2), etl.Number(r.Posted))
	}
	t.print(w)
	printPosted(w, posted, "category", c)
}

func (a *app) categoriesReject(ctx context.Context, d transform.CategoryDecision, yes bool) error {
	return a.inSession(ctx, func(s *job.Session) error {
		path, lines, err := readCategories(ctx, s)
		if err != nil {
			return err
		}
		decided, err := transform.RejectCategory(ctx, s.DB, lines, d)
		if err != nil {
			return err
		}
		p := proposeFile(path, func() error { return transform.WriteCategoriesFile(path, decided) })
		p.preview = func(w io.Writer) {
			fmt.Fprintf(w, "%s and %s stay two categories and are not suggested again. No record changes.\n", d.Category, d.Into)
		}
		p.done = "Written to " + path + "."
		p.result = func(written bool) any { return map[string]any{"categories_file": path, "written": written} }
		return a.propose(ctx, p, yes)
	})
}
