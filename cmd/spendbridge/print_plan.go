package main

import (
	"fmt"
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
func printDryRun(w *screen, dry deliver.DryRun) {
	printSums(w, dry)
	printPreview(w, dry.Preview)
	if dry.Items == 0 {
		return
	}
	all := "; write all of them with --payload FILE"
	if dry.PayloadFile != nil {
		all = "; all of them are in " + shorter(*dry.PayloadFile, "")
	}
	fmt.Fprintf(w, "\nThe first of %s items%s\n", etl.Number(dry.Items), all)
	for _, f := range dry.First {
		fmt.Fprintf(w, "  %s %s\n", f.Class, f.SpendID)
		if len(f.Before) > 0 && string(f.Before) != "null" {
			w.chop("    before ", string(f.Before))
		}
		w.chop("    after  ", string(f.After))
		if f.Gate != "" {
			fmt.Fprintf(w, "    held by %s\n", f.Gate)
		}
	}
}

// printPreview shows what to check before it is posted.
func printPreview(w *screen, p deliver.Preview) {
	printRows(w, "By month", []string{"MONTH", "CLASS", "SOURCE", "CURRENCY", "RECORDS", "AMOUNT"}, p.Cells, func(c deliver.Sum) []string {
		return []string{c.Month, c.Class, c.Source, c.Currency, etl.Number(c.Records), etl.Money(c.Amount, 2)}
	})
	printVendors(w, p.Vendors)
	if len(p.Samples) > 0 {
		fmt.Fprintln(w, "\nExamples: what was received, and what would be posted")
	}
	for _, s := range p.Samples {
		fmt.Fprintf(w, "  %s (%s)\n", s.SpendID, s.Shows)
		w.chop("    received ", string(s.Received))
		w.chop("    posted   ", string(s.Posted))
	}
}

func printVendors(w *screen, vendors []deliver.PreviewVendor) {
	printRows(w, "Largest vendors", []string{"VENDOR", "CURRENCY", "RECORDS", "AMOUNT"}, vendors, func(v deliver.PreviewVendor) []string {
		return []string{v.Vendor, v.Currency, etl.Number(v.Records), etl.Money(v.Amount, 2)}
	})
}

// printHeld says what the gates hold; why, and how to decide, is among what needs
// attention.
func printHeld(w *screen, held *deliver.Preview) {
	if held == nil {
		return
	}
	if w.verbose {
		printPreview(w, *held)
		return
	}
	printClasses(w, "Held, and not posted", held.Cells)
	printVendors(w, held.Vendors)
}

func printSums(w *screen, dry deliver.DryRun) {
	w.wrap("", fmt.Sprintf("The next load would post %s new, %s changed, %s touched and %s withdrawn records; gates hold %s of them.",
		etl.Number(dry.PostNew), etl.Number(dry.PostChanged), etl.Number(dry.PostTouched), etl.Number(dry.PostWithdrawn), etl.Number(dry.Held)))
	if dry.Again > 0 {
		fmt.Fprintf(w, "It would post %s records in doubt again.\n", etl.Number(dry.Again))
	}
	if dry.Plan != nil {
		w.wrap("", dry.Plan.String()+".")
	}
	printUndelivered(w, dry.Undelivered)
	printClasses(w, "To be posted", dry.Cells)
}

func printClasses(w *screen, heading string, cells []deliver.Sum) {
	printRows(w, heading, []string{"CLASS", "SOURCE", "CURRENCY", "RECORDS", "AMOUNT"}, sums(cells), func(c deliver.Sum) []string {
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

func printPast(w *screen, p *job.PastResult) {
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

func printBackfillPlans(w *screen, plans []job.BackfillPlan) {
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
