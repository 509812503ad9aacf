package main

import (
	"context"
	"fmt"
	"io"
	"slices"

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
		newListCmd("List vendors by spend, with their spellings", "  spendbridge vendors list --limit 20", a.vendorsList),
		newSuggestCmd(&cobra.Command{
			Short: "Suggest vendors that may be one and better spellings, those with most spend first",
			Long: `Suggest vendors that may be one. They are ranked by what would move: the spend
of the smaller of the two. The similarity is that of their keys, from 0 to 1
(Jaro-Winkler, of the words that differ).

A vendor keeps the name it was posted under first. A better spelling that was
seen since is suggested here; vendors approve changes the name.`,
			Example: "  spendbridge vendors suggest --least 0.80",
		}, "0.88", a.vendorsSuggest),
		newDecisionCmd(&cobra.Command{
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
		}, a.vendorsApprove),
		newRejectCmd("reject VENDOR OTHER", "vendors", "alias file",
			"  spendbridge vendors reject 'Delta Dental' 'Delta Air Lines'", a.vendorsReject),
	)
	return cmd
}

func (a *app) vendorsList(ctx context.Context, limit int) error {
	return a.inSession(ctx, func(s *job.Session) error {
		vendors, err := transform.ListVendors(ctx, s.DB)
		if err != nil {
			return err
		}
		shown, more := firstOf(vendors, limit)
		currency := s.Config.ReportingCurrency
		result := map[string]any{"reporting_currency": currency, "vendors": shown, "more": more}
		return a.print(result, func(w io.Writer) {
			if len(shown) == 0 {
				fmt.Fprintln(w, "There is no spend yet; run: spendbridge run")
				return
			}
			t := table{head: []string{"VENDOR", "SPEND " + currency, "RECORDS", "LAST", "SPELLINGS"}}
			for _, v := range shown {
				t.add(brief(v.Name), etl.Money(v.Amount, 2), etl.Number(v.Records), v.LastOn, spellings(v.Spellings))
			}
			t.printFirst(w, more)
		})
	})
}

func (a *app) vendorsSuggest(ctx context.Context, least string, limit int) error {
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
		return a.print(result, func(w io.Writer) {
			t := pairs("VENDOR", currency)
			for _, s := range shown {
				t.add(slices.Concat([]string{s.Similarity}, named(s.Vendor, s.Spelling, s.Amount, s.Records), named(s.Into, s.IntoSpelt, s.IntoAmount, s.IntoCount))...)
			}
			printPairs(w, t, more, "vendors", "VENDOR")
			printRespellings(w, respelt, moreRespelt, currency)
		})
	})
}

func printRespellings(w io.Writer, respellings []transform.Respelling, more int, currency string) {
	if len(respellings) == 0 {
		return
	}
	fmt.Fprintln(w, "\nBetter spellings of what was posted already:")
	t := table{head: []string{"POSTED AS", "BETTER", "SPEND " + currency, "RECORDS"}}
	for _, r := range respellings {
		t.add(brief(r.Vendor), brief(r.Better), etl.Money(r.Amount, 2), etl.Number(r.Records))
	}
	t.printFirst(w, more)
	fmt.Fprintln(w, "Decide: spendbridge vendors approve POSTED BETTER, or: spendbridge vendors reject POSTED BETTER")
}

func (a *app) vendorsApprove(ctx context.Context, vendor, into, who string, yes bool) error {
	d := transform.Decision{Vendor: vendor, Into: into, Who: who, When: a.today()}
	return aliasFile.decide(ctx, a, yes, func(s *job.Session, aliases []transform.Alias) (decided []transform.Alias, e effect, err error) {
		if decided, err = transform.Approve(ctx, s.DB, aliases, d); err != nil {
			return nil, e, err
		}
		renames, err := transform.Renames(ctx, s.DB, decided)
		return decided, renaming(s.Config, "vendor", "name", renames, func(r transform.Rename) (month, from, into string, records int, amount string, posted int) {
			return r.Month, r.Vendor, r.Into, r.Records, r.Amount, r.Posted
		}), err
	})
}

func (a *app) vendorsReject(ctx context.Context, vendor, other, who string, yes bool) error {
	d := transform.Decision{Vendor: vendor, Into: other, Who: who, When: a.today()}
	return aliasFile.decide(ctx, a, yes, func(s *job.Session, aliases []transform.Alias) ([]transform.Alias, effect, error) {
		decided, err := transform.Reject(ctx, s.DB, aliases, d)
		return decided, keepsApart(vendor, other, "vendors"), err
	})
}
