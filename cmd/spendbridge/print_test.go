package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"spendbridge/etl"
	"spendbridge/etl/deliver"
	"spendbridge/etl/extract"
	"spendbridge/etl/job"
	"spendbridge/etl/report"
	"spendbridge/etl/transform"
)

// goodDay is a first run over many currencies with large amounts, after which
// nothing needs attention.
func goodDay() output {
	ledger := map[string]string{"delivered": "987654321.0000", "not_due": "0"}
	result := &job.Result{
		RunID: "20261127T045603Z-107fbb", Status: etl.StatusOK, Standing: etl.StatusOK, Balanced: new(bool),
		Verdict:  "In order, except 25 in quarantine (15,401.85 USD, 6 without a readable amount)",
		Delivery: &deliver.Result{Accepted: 4403, Batches: 5}, Snapshot: &job.SnapshotResult{},
		SetAside: []transform.Reason{{Place: "excluded", Records: 32}, {Place: "quarantined", Records: 25}},
		Notes:    strings.Split(strings.Repeat("what a person should know although nothing failed, as it is long enough for two lines\n", 9), "\n")[:9],
	}
	for _, stage := range []string{"extract/productive", "extract/procurify", "rates", "transform", "snapshot", "deliver", "publish"} {
		done := etl.StageResult{Name: stage, Status: etl.StatusOK, Counts: etl.Counts{Read: 3458212, Written: 3458212}, Duration: 71 * time.Second}
		result.Stages = append(result.Stages, job.StageResult{StageResult: done})
	}
	for _, source := range []string{"procurify", "productive"} {
		result.Extract = append(result.Extract, extract.Report{Source: source})
		for i := range 15 {
			result.Totals.Delivered = append(result.Totals.Delivered, report.DeliveredTotal{
				Source: source, Currency: fmt.Sprintf("A%cC", 'A'+i), Spend: etl.Cell{Records: 12345, Amount: "987654323.4500"},
				Ledger: ledger, Balanced: true,
			})
		}
	}
	next := whereNext{Parquet: "data/snapshots/latest/spend", Published: "data/spend.duckdb", Report: "data/reports/20261127T045603Z-107fbb.html"}
	return output{Result: result, shown: next}
}

func printed(o output, change func(*screen)) string {
	var text strings.Builder
	w := &screen{Writer: &text, width: unknownWidth}
	change(w)
	o.print(w)
	return text.String()
}

func plain(*screen) {}

func TestARunFitsAScreenWhenAllIsWell(t *testing.T) {
	text := printed(goodDay(), plain)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > 40 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if runewidth.StringWidth(line) > 80 {
			t.Errorf("%d columns: %s", runewidth.StringWidth(line), line)
		}
	}
	if last := lines[len(lines)-1]; last != "✓ In order, except 25 in quarantine (15,401.85 USD, 6 without a readable amount)" {
		t.Errorf("the last line is %q", last)
	}
	for _, want := range []string{
		"  ✓  procurify  AAC        12,345  987,654,323.45  987,654,321.00         2.45\n",
		"more; --verbose shows all", "Set aside: 32 excluded; 25 in quarantine, see: spendbridge quarantine list",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
}

func TestVerboseShowsAllOfARun(t *testing.T) {
	text := printed(goodDay(), func(w *screen) { w.verbose = true })
	if strings.Contains(text, "more; --verbose") || strings.Count(text, "  ✓  pro") < 30 || strings.Count(text, "  - what a person") != 9 {
		t.Errorf("something is left out:\n%s", text)
	}
}

func TestQuietPrintsTheVerdictOnly(t *testing.T) {
	text := printed(goodDay(), func(w *screen) { w.quiet = true })
	if want := "✓ In order, except 25 in quarantine (15,401.85 USD, 6 without a readable amount)\n"; text != want {
		t.Errorf("got %q, want %q", text, want)
	}
}

func TestARunIsInColorOnATerminalOnly(t *testing.T) {
	for _, paint := range []bool{false, true} {
		text := printed(goodDay(), func(w *screen) { w.paint = paint })
		if strings.Contains(text, "\x1b[32m✓\x1b[0m") != paint {
			t.Errorf("paint is %v:\n%s", paint, text)
		}
	}
}

// A source that failed has no tick anywhere, even if what an earlier run read of
// it adds up, and is listed even if no money is known of it.
func TestAFailedSourceNeverGetsATick(t *testing.T) {
	for _, known := range []bool{true, false} {
		day := goodDay()
		day.Status, day.Standing = etl.StatusFailed, etl.StatusFailed
		day.Stages[1].Status, day.Stages[1].Err = etl.StatusFailed, errors.New("403 Forbidden")
		day.Needs = []report.Todo{{What: "extract/procurify: 403 Forbidden", Commands: []string{"spendbridge doctor"}}}
		if !known {
			day.Totals.Delivered = day.Totals.Delivered[15:]
		}
		for _, verbose := range []bool{false, true} {
			text := printed(day, func(w *screen) { w.verbose = verbose })
			for line := range strings.Lines(text) {
				if strings.Contains(line, "procurify") && strings.Contains(line, "✓") {
					t.Errorf("it has a tick: %s", line)
				}
			}
			if want := map[bool]string{true: "!  procurify ", false: "✗  procurify: nothing was read yet"}[known]; !strings.Contains(text, want) {
				t.Errorf("it lacks %q:\n%s", want, text)
			}
			if !strings.Contains(text, "WHAT TO DO\n  - extract/procurify: 403 Forbidden\n      spendbridge doctor\n\n✗ Something failed\n") {
				t.Errorf("the end is not what to do and the verdict:\n%s", text)
			}
		}
	}
}

// What is wrong is shown even if not all money fits.
func TestMoneyThatDoesNotBalanceIsShownFirst(t *testing.T) {
	day := goodDay()
	day.Totals.Delivered[29].Balanced = false
	if text := printed(day, plain); !strings.Contains(text, "✗  productive  AOC") {
		t.Errorf("it is left out:\n%s", text)
	}
}

func TestAnExplanationIsWrittenForPeople(t *testing.T) {
	x := &report.Explanation{
		SpendID: "productive-517-expense-27", State: "spend",
		Record: []byte(`{
			"amount": "12345.5000", "currency": "EUR", "amount_reporting": "15432.1000", "reporting_currency": "USD",
			"fx_rate": "1.250000000000", "fx_source": "vendor", "source_amount": "1234550.0000", "source_currency": "EUR",
			"vendor": "株式会社ポスト", "vendor_rule": "best_spelling", "rule": "approved", "department": null, "currency_exponent": 2
		}`),
		Versions: []report.RawVersion{{
			Version: 1, SeenAt: at("2026-11-20T12:00:00Z"), File: "raw/productive/a.json.zst", Ordinal: 68, PageID: "p", RunID: "r",
			URL: "/expenses?filter%5Bdate%5D%5Bgt_eq%5D=2026-10-01&page%5Bafter%5D=&page%5Bsize%5D=200",
		}},
		Snapshots: []report.SnapshotRow{{Snapshot: "s", Amount: "12345.5000", Currency: "EUR"}},
	}
	var out strings.Builder
	printExplanation(&screen{Writer: &out, width: 80}, x)
	want := `
productive-517-expense-27 is spend
  amount                 12,345.50 EUR
  in other currency      15,432.10 USD
  rate                   1.25
  rate from              The vendor's own rate
  amount as received     1,234,550 EUR, in the source's own unit
  vendor                 株式会社ポスト
  vendor named by        best spelling
  counts by rule         approved

What the vendor said
  version 1, seen 2026-11-20 12:00:00
    raw/productive/a.json.zst, object 68
    page p of run r: /expenses filter[date][gt_eq]=2026-10-01 page[size]=200

What was posted to Productiv
  none

Snapshots
  s  12,345.50 EUR
`
	if diff := cmp.Diff(want[1:], out.String()); diff != "" {
		t.Error(diff)
	}
}
