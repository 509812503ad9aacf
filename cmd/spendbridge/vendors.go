package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"spendbridge/etl/transform"
)

func newVendorsCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vendors",
		Short: "Review how vendors' names are spelt and which of them are one",
		Long: `Spellings that differ only in capitals, accents, punctuation, card processors,
store numbers or legal forms are one vendor by themselves. What goes further a
person decides: approved merges and rejected suggestions stand in the alias file
(vendors.aliases_file), which belongs under version control. Nothing merges
itself.`,
		Example: `  spendbridge vendors suggest
  spendbridge vendors approve 'GOOGLE *ADS' Google`,
		Args: subcommandOnly,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newVendorsListCmd(a), newVendorsSuggestCmd(a), newVendorsApproveCmd(a), newVendorsRejectCmd(a))
	return cmd
}

func newVendorsListCmd(a *app) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List vendors by spend, with their spellings",
		Example: "  spendbridge vendors list --limit 20",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.vendorsList(cmd.Context(), limit) },
	}
	limitFlag(cmd, &limit)
	return cmd
}

func limitFlag(cmd *cobra.Command, limit *int) {
	cmd.Flags().IntVar(limit, "limit", 50, "show the first `N` only; 0 shows all")
}

func newVendorsSuggestCmd(a *app) *cobra.Command {
	var limit int
	var least string
	cmd := &cobra.Command{
		Use:   "suggest",
		Short: "Suggest vendors that may be one, those with most spend first",
		Long: `Suggest vendors that may be one. They are ranked by what would move: the spend
of the smaller of the two. The similarity is that of their keys, from 0 to 1
(Jaro-Winkler, of the words that differ).`,
		Example: "  spendbridge vendors suggest --least 0.80",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.vendorsSuggest(cmd.Context(), least, limit) },
	}
	limitFlag(cmd, &limit)
	cmd.Flags().StringVar(&least, "least", "0.88", "leave out pairs less `similar` than this, from 0 to 1")
	return cmd
}

// A listedVendor is one canonical name. The amount is decimal text in the
// reporting currency.
type listedVendor struct {
	Vendor    string   `json:"vendor"`
	Records   int      `json:"records"`
	Amount    string   `json:"amount"`
	Unpriced  int      `json:"records_without_rate"`
	Aliased   bool     `json:"aliased"`
	LastOn    string   `json:"last_on"`
	Spellings []string `json:"spellings"` // most frequent first
}

func (a *app) vendorsList(ctx context.Context, limit int) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	vendors := []listedVendor{}
	err = s.db.Each(ctx, "queries/vendor_list.sql", nil, func(rows *sql.Rows) error {
		var v listedVendor
		var spellings string
		if err := rows.Scan(&v.Vendor, &v.Records, &v.Amount, &v.Unpriced, &v.Aliased, &v.LastOn, &spellings); err != nil {
			return err
		}
		vendors = append(vendors, v)
		return json.Unmarshal([]byte(spellings), &vendors[len(vendors)-1].Spellings)
	})
	if err != nil {
		return err
	}
	shown, more := firstOf(vendors, limit)
	currency := s.config.ReportingCurrency
	result := map[string]any{"reporting_currency": currency, "vendors": shown, "more": more}
	return a.print(result, func(w io.Writer) { printVendors(w, shown, more, currency) })
}

// firstOf returns the first rows and how many there are beyond.
func firstOf[T any](rows []T, limit int) ([]T, int) {
	if limit <= 0 || len(rows) <= limit {
		return rows, 0
	}
	return rows[:limit], len(rows) - limit
}

func printVendors(w io.Writer, vendors []listedVendor, more int, currency string) {
	if len(vendors) == 0 {
		fmt.Fprintln(w, "There is no spend yet; run: spendbridge run")
		return
	}
	t := table{head: []string{"VENDOR", "SPEND " + currency, "RECORDS", "LAST", "SPELLINGS"}}
	for _, v := range vendors {
		t.add(brief(v.Vendor), money(v.Amount, 2), number(v.Records), v.LastOn, spellings(v))
	}
	t.print(w)
	printMore(w, more)
}

func printMore(w io.Writer, more int) {
	if more > 0 {
		fmt.Fprintf(w, "  … and %s more; --limit 0 shows all\n", number(more))
	}
}

// spellings names the most frequent spellings beside the vendor's own name.
func spellings(v listedVendor) string {
	others, more := firstOf(v.Spellings, 3)
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

func (a *app) vendorsSuggest(ctx context.Context, least string, limit int) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	aliases, err := transform.ReadAliasFile(ctx, s.db, s.config.Vendors.AliasesFile)
	if err != nil {
		return err
	}
	suggestions, err := transform.Suggest(ctx, s.db, aliases, least)
	if err != nil {
		return err
	}
	shown, more := firstOf(suggestions, limit)
	currency := s.config.ReportingCurrency
	result := map[string]any{"reporting_currency": currency, "suggestions": shown, "more": more}
	return a.print(result, func(w io.Writer) { printSuggestions(w, shown, more, currency) })
}

func printSuggestions(w io.Writer, suggestions []transform.Suggestion, more int, currency string) {
	if len(suggestions) == 0 {
		fmt.Fprintln(w, "No two vendors look alike, or all that do are decided.")
		return
	}
	t := table{head: []string{"SIMILAR", "VENDOR", "SPEND " + currency, "RECORDS", "MAY BE", "SPEND " + currency, "RECORDS"}}
	for _, s := range suggestions {
		t.add(s.Similarity, spelt(s.Vendor, s.Spelling), money(s.Amount, 2), number(s.Records),
			spelt(s.Into, s.IntoSpelt), money(s.IntoAmount, 2), number(s.IntoCount))
	}
	t.print(w)
	printMore(w, more)
	fmt.Fprintln(w, "Decide: spendbridge vendors approve VENDOR NAME, or: spendbridge vendors reject VENDOR OTHER")
}

// spelt adds the spelling that was compared, if it is not the vendor's name.
func spelt(vendor, spelling string) string {
	if vendor == spelling {
		return brief(vendor)
	}
	return brief(vendor) + " (" + brief(spelling) + ")"
}
