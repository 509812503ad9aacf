package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/job"
	"spendbridge/etl/transform"
)

func newVendorsCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vendors",
		Short: "Review how vendors' names are spelt and which of them are one",
		Long: `Spellings that differ only in capitals, accents, punctuation, card processors,
store numbers or legal forms are one vendor by themselves. Everything else is
decided by people: approved merges and rejected suggestions are lines of the alias
file (vendors.aliases_file), which belongs under version control. Nothing merges
by itself.`,
		Example: `  spendbridge vendors suggest
  spendbridge vendors approve 'GOOGLE *ADS' Google`,
	}
	cmd.AddCommand(
		listCmd(&cobra.Command{
			Use:     "list",
			Short:   "List vendors by spend, with their spellings",
			Example: "  spendbridge vendors list --limit 20",
		}, "", a.vendorsList),
		listCmd(&cobra.Command{
			Use:   "suggest",
			Short: "Suggest vendors that may be one and better spellings, those with most spend first",
			Long: `Suggest vendors that may be one. They are ranked by what would move: the spend
of the smaller of the two. The similarity is that of their keys, from 0 to 1
(Jaro-Winkler, of the words that differ).

A vendor keeps the name it was posted under first. A better spelling that was
seen since is suggested here; vendors approve changes the name.`,
			Example: "  spendbridge vendors suggest --least 0.80",
		}, "0.88", a.vendorsSuggest),
		vendorNames.decideCmd(a, &cobra.Command{
			Use:   "approve VENDOR NAME",
			Short: "Post a vendor under another name",
			Long: `Post a vendor under another name: that of another vendor, which merges the two,
or a new one. VENDOR is a vendor or one of its spellings, and moves with all of
them; or a pattern such as 'amzn*'. If NAME is a spelling of another vendor, that
vendor's own name is taken. What this renames in past months is shown first. Once
you agree, or with --yes, the line is written into the alias file, and the next
transform applies it.

A record that is posted keeps the name it was posted with, unless
productiv.on_change is resend.`,
			Example: `  spendbridge vendors approve 'GOOGLE *ADS' Google
  spendbridge vendors approve 'amzn*' Amazon --yes`,
		}, new(string)),
		vendorNames.rejectCmd(a, "  spendbridge vendors reject 'Delta Dental' 'Delta Air Lines'"),
	)
	return cmd
}

func (a *app) vendorsList(ctx context.Context, limit int, _ string) error {
	return a.inSession(ctx, func(s *job.Session) error {
		vendors, err := transform.ListVendors(ctx, s.DB)
		if err != nil {
			return err
		}
		shown, more := firstOf(vendors, limit)
		currency := s.Config.ReportingCurrency
		result := map[string]any{"reporting_currency": currency, "vendors": shown, "more": more}
		return a.print(result, func(w *screen) {
			if len(shown) == 0 {
				fmt.Fprintln(w, "There is no spend yet; run: spendbridge run")
				return
			}
			head := []string{"VENDOR", "SPEND " + currency, "RECORDS", "LAST", "SPELLINGS"}
			printRows(w, "", head, shown, func(v transform.Vendor) []string {
				return []string{brief(v.Name), etl.Money(v.Amount, 2), etl.Number(v.Records), v.LastOn, spellings(v.Spellings)}
			})
			printMore(w, more)
		})
	})
}

func (a *app) vendorsSuggest(ctx context.Context, limit int, least string) error {
	return a.inSession(ctx, func(s *job.Session) error {
		aliases, err := transform.ReadAliasFile(ctx, s.DB, s.Config.Vendors.AliasesFile)
		if err != nil {
			return err
		}
		suggestions, err := transform.Suggest(ctx, s.DB, aliases, least)
		if err != nil {
			return err
		}
		respellings, err := transform.Respellings(ctx, s.DB, aliases)
		if err != nil {
			return err
		}
		shown, more := firstOf(suggestions, limit)
		respelt, moreRespelt := firstOf(respellings, limit)
		currency := s.Config.ReportingCurrency
		result := map[string]any{
			"reporting_currency": currency, "suggestions": shown, "more": more,
			"better_spellings": respelt, "more_better_spellings": moreRespelt,
		}
		return a.print(result, func(w *screen) {
			var pairs [][]string
			for _, s := range shown {
				pairs = append(pairs, slices.Concat([]string{s.Similarity}, named(s.Vendor, s.Spelling, s.Amount, s.Records), named(s.Into, s.IntoSpelt, s.IntoAmount, s.IntoCount)))
			}
			vendorNames.printPairs(w, pairs, more, currency)
			printRespellings(w, respelt, moreRespelt, currency)
		})
	})
}

func printRespellings(w *screen, respellings []transform.Respelling, more int, currency string) {
	if len(respellings) == 0 {
		return
	}
	head := []string{"POSTED AS", "BETTER", "SPEND " + currency, "RECORDS"}
	printRows(w, "Better spellings of what was posted already:", head, respellings, func(r transform.Respelling) []string {
		return []string{brief(r.Vendor), brief(r.Better), etl.Money(r.Amount, 2), etl.Number(r.Records)}
	})
	printMore(w, more)
	w.wrap("", "Decide: spendbridge vendors approve POSTED BETTER, or: spendbridge vendors reject POSTED BETTER")
}

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
	var source string
	approve := categoryNames.decideCmd(a, &cobra.Command{
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
	}, &source)
	approve.Flags().StringVar(&source, "source", "", "only of this `source`")
	cmd.AddCommand(
		listCmd(&cobra.Command{
			Use:     "list",
			Short:   "List categories by spend, with their spellings and sources",
			Example: "  spendbridge categories list --limit 20",
		}, "", a.categoriesList),
		listCmd(&cobra.Command{
			Use:   "suggest",
			Short: "Suggest categories that may be one, those with most spend first",
			Long: `Suggest categories that may be one. They are ranked by what would move: the
spend of the smaller of the two. The similarity is that of their words, from 0 to
1 (Jaro-Winkler, of the words that differ).`,
			Example: "  spendbridge categories suggest --least 0.75",
		}, "0.85", a.categoriesSuggest),
		approve,
		categoryNames.rejectCmd(a, "  spendbridge categories reject Travel 'Travel insurance'"),
	)
	return cmd
}

func (a *app) categoriesList(ctx context.Context, limit int, _ string) error {
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
		return a.print(result, func(w *screen) {
			if len(shown) == 0 && none.Records == 0 {
				fmt.Fprintln(w, "There is no spend yet; run: spendbridge run")
				return
			}
			t := table{head: []string{"CATEGORY", "SPEND " + currency, "RECORDS", "LAST", "SOURCES", "SPELLINGS"}}
			for _, c := range shown {
				t.add(brief(c.Name), etl.Money(c.Amount, 2), etl.Number(c.Records), c.LastOn, strings.Join(c.Sources, ", "), spellings(c.Spellings))
			}
			t.print(w)
			printMore(w, more)
			if none.Records > 0 {
				fmt.Fprintf(w, "No category: %s records, %s %s\n", etl.Number(none.Records), etl.Money(none.Amount, 2), currency)
			}
		})
	})
}

func (a *app) categoriesSuggest(ctx context.Context, limit int, least string) error {
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
		return a.print(result, func(w *screen) {
			var pairs [][]string
			for _, s := range shown {
				pairs = append(pairs, slices.Concat([]string{s.Similarity}, named(s.Category, s.Spelling, s.Amount, s.Records), named(s.Into, s.IntoSpelt, s.IntoAmount, s.IntoCount)))
			}
			categoryNames.printPairs(w, pairs, more, currency)
		})
	})
}
