package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/deliver"
	"spendbridge/etl/extract"
	"spendbridge/etl/job"
)

// printDryRun shows what a load would post: sums, by month, and the first records
// in full.
func printDryRun(w io.Writer, dry deliver.DryRun) {
	printSums(w, dry)
	printPreview(w, dry.Preview)
	if dry.Items == 0 {
		return
	}
	all := "; write all of them with --payload FILE"
	if dry.PayloadFile != nil {
		all = "; all of them are in " + shorter(*dry.PayloadFile)
	}
	fmt.Fprintf(w, "\nThe first of %s items%s\n", etl.Number(dry.Items), all)
	for _, f := range dry.First {
		fmt.Fprintf(w, "  %s %s\n", f.Class, f.SpendID)
		if len(f.Before) > 0 && string(f.Before) != "null" {
			fmt.Fprintf(w, "    before %s\n", f.Before)
		}
		fmt.Fprintf(w, "    after  %s\n", f.After)
		if f.Gate != "" {
			fmt.Fprintf(w, "    held by %s\n", f.Gate)
		}
	}
}

// printPreview shows what to check before it is posted.
func printPreview(w io.Writer, p deliver.Preview) {
	printRows(w, "By month", []string{"MONTH", "CLASS", "SOURCE", "CURRENCY", "RECORDS", "AMOUNT"}, p.Cells, func(c deliver.Sum) []string {
		return []string{c.Month, c.Class, c.Source, c.Currency, etl.Number(c.Records), etl.Money(c.Amount, 2)}
	})
	printRows(w, "Largest vendors", []string{"VENDOR", "CURRENCY", "RECORDS", "AMOUNT"}, p.Vendors, func(v deliver.PreviewVendor) []string {
		return []string{v.Vendor, v.Currency, etl.Number(v.Records), etl.Money(v.Amount, 2)}
	})
	if len(p.Samples) > 0 {
		fmt.Fprintln(w, "\nExamples: what was received, and what would be posted")
	}
	for _, s := range p.Samples {
		fmt.Fprintf(w, "  %s (%s)\n    received %s\n    posted   %s\n", s.SpendID, s.Shows, s.Received, s.Posted)
	}
}

// printHeld shows what gates hold and how to decide it.
func printHeld(w io.Writer, plan *etl.HeldPlan, held *deliver.Preview) {
	if plan == nil {
		return
	}
	fmt.Fprintf(w, "\nHeld: nothing of this was posted. %s.\n", plan)
	if held != nil {
		printPreview(w, *held)
	}
	fmt.Fprintln(w, "\nTo decide")
	for _, way := range plan.Ways() {
		fmt.Fprintf(w, "  %s\n", way)
	}
}

// printSums shows what a load would post by class, source and currency.
func printSums(w io.Writer, dry deliver.DryRun) {
	fmt.Fprintf(w, "The next load would post %s new, %s changed, %s touched and %s withdrawn records; gates hold %s of them.\n",
		etl.Number(dry.PostNew), etl.Number(dry.PostChanged), etl.Number(dry.PostTouched), etl.Number(dry.PostWithdrawn), etl.Number(dry.Held))
	if dry.Again > 0 {
		fmt.Fprintf(w, "It would post %s records in doubt again.\n", etl.Number(dry.Again))
	}
	if dry.Plan != nil {
		fmt.Fprintf(w, "%s.\n", dry.Plan)
	}
	printUndelivered(w, dry.Undelivered)
	printRows(w, "To be posted", []string{"CLASS", "SOURCE", "CURRENCY", "RECORDS", "AMOUNT"}, sums(dry.Cells), func(c deliver.Sum) []string {
		return []string{c.Class, c.Source, c.Currency, etl.Number(c.Records), etl.Money(c.Amount, 2)}
	})
}

// sums adds up the months.
func sums(cells []deliver.Sum) []deliver.Sum {
	var all []deliver.Sum
	for _, c := range cells {
		i := slices.IndexFunc(all, func(s deliver.Sum) bool {
			return s.Class == c.Class && s.Source == c.Source && s.Currency == c.Currency
		})
		if i < 0 {
			all = append(all, c)
			continue
		}
		all[i].Records += c.Records
		all[i].Amount = etl.AddMoney(all[i].Amount, c.Amount)
	}
	return all
}

func printPast(w io.Writer, p *job.PastResult) {
	fmt.Fprintf(w, "%s records as of %s in %s\n  logical hash %s\n", etl.Number(p.Rows), p.AsOf.Format(time.RFC3339), p.Path, p.LogicalHash)
	switch {
	case p.Same == nil:
	case *p.Same:
		fmt.Fprintf(w, "  the same as the snapshot of run %s\n", p.Run)
	default:
		fmt.Fprintf(w, "  not the same as the snapshot of run %s\n", p.Run)
	}
	if len(p.Differs) > 0 {
		fmt.Fprintf(w, "  not what it was then: %s\n", strings.Join(p.Differs, ", "))
	}
}

func printBackfillPlans(w io.Writer, plans []job.BackfillPlan) {
	for _, p := range plans {
		fmt.Fprintf(w, "%s: %s windows, %s records, about %s requests\n", p.Source, etl.Number(len(p.Windows)), etl.Number(p.Records), etl.Number(p.Requests))
		printRows(w, "", []string{"WINDOW", "RECORDS", "REQUESTS", "STATE"}, p.Windows, func(x extract.PlannedWindow) []string {
			state := "to read"
			if x.Done {
				state = "done"
			}
			return []string{x.Name, etl.Number(x.Records), etl.Number(x.Requests), state}
		})
	}
}
