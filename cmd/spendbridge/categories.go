package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spendbridge/etl"
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
	}
	cmd.AddCommand(
		newListCmd("List categories by spend, with their spellings and sources", "  spendbridge categories list --limit 20", a.categoriesList),
		newSuggestCmd(&cobra.Command{
			Short: "Suggest categories that may be one, those with most spend first",
			Long: `Suggest categories that may be one. They are ranked by what would move: the
spend of the smaller of the two. The similarity is that of their words, from 0 to
1 (Jaro-Winkler, of the words that differ).`,
			Example: "  spendbridge categories suggest --least 0.75",
		}, "0.85", a.categoriesSuggest),
		newCategoriesApproveCmd(a),
		newRejectCmd("reject CATEGORY OTHER", "categories", "categories file",
			"  spendbridge categories reject Travel 'Travel insurance'", a.categoriesReject),
	)
	return cmd
}

func newCategoriesApproveCmd(a *app) *cobra.Command {
	var source string
	cmd := newDecisionCmd(&cobra.Command{
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
	}, func(ctx context.Context, category, into, who string, yes bool) error {
		return a.categoriesApprove(ctx, transform.CategoryDecision{Source: source, Category: category, Into: into, Who: who, When: a.today()}, yes)
	})
	cmd.Flags().StringVar(&source, "source", "", "only of this `source`")
	return cmd
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
		return a.print(result, func(w io.Writer) {
			if len(shown) == 0 && none.Records == 0 {
				fmt.Fprintln(w, "There is no spend yet; run: spendbridge run")
				return
			}
			t := table{head: []string{"CATEGORY", "SPEND " + currency, "RECORDS", "LAST", "SOURCES", "SPELLINGS"}}
			for _, c := range shown {
				t.add(brief(c.Name), etl.Money(c.Amount, 2), etl.Number(c.Records), c.LastOn, strings.Join(c.Sources, ", "), spellings(c.Spellings))
			}
			t.printFirst(w, more)
			if none.Records > 0 {
				fmt.Fprintf(w, "No category: %s records, %s %s\n", etl.Number(none.Records), etl.Money(none.Amount, 2), currency)
			}
		})
	})
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
		return a.print(result, func(w io.Writer) {
			t := pairs("CATEGORY", currency)
			for _, s := range shown {
				t.add(slices.Concat([]string{s.Similarity}, named(s.Category, s.Spelling, s.Amount, s.Records), named(s.Into, s.IntoSpelt, s.IntoAmount, s.IntoCount))...)
			}
			printPairs(w, t, more, "categories", "CATEGORY")
		})
	})
}

func (a *app) categoriesApprove(ctx context.Context, d transform.CategoryDecision, yes bool) error {
	return categoriesFile.decide(ctx, a, yes, func(s *job.Session, lines []transform.CategoryLine) (decided []transform.CategoryLine, e effect, err error) {
		if d.Source != "" { // a misspelt one would match nothing
			if _, err := job.PickSources(s.Config, []string{d.Source}); err != nil {
				return nil, e, err
			}
		}
		if decided, err = transform.ApproveCategory(ctx, s.DB, lines, d); err != nil {
			return nil, e, err
		}
		renames, err := transform.CategoryRenames(ctx, s.DB, decided)
		return decided, renaming(s.Config, "category", "category", renames, func(r transform.CategoryRename) (month, from, into string, records int, amount string, posted int) {
			return r.Month, r.Category, r.Into, r.Records, r.Amount, r.Posted
		}), err
	})
}

func (a *app) categoriesReject(ctx context.Context, category, other, who string, yes bool) error {
	d := transform.CategoryDecision{Category: category, Into: other, Who: who, When: a.today()}
	return categoriesFile.decide(ctx, a, yes, func(s *job.Session, lines []transform.CategoryLine) ([]transform.CategoryLine, effect, error) {
		decided, err := transform.RejectCategory(ctx, s.DB, lines, d)
		return decided, keepsApart(category, other, "categories"), err
	})
}
