package report

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

func writeReport(t *testing.T, f fixture) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reports", "run.html")
	suggestions := []etl.Suggestion{
		{Vendor: "AMZN Mktp US", Into: "Amazon", Similarity: "0.912", Amount: "1234.5000"},
		{Vendor: script, Into: formula, Similarity: "1.000", Amount: "2"},
	}
	duplicates := []Duplicates{{"EUR", 3, "1234.5000"}}
	if err := write(t, f.open(t), secondRun, &Asked{suggestions, duplicates}, path); err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("SPENDBRIDGE_KEEP_REPORT"); keep != "" {
		data, _ := os.ReadFile(path)
		os.WriteFile(filepath.Join(keep, f.status+".html"), data, 0o600)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTheHeadlineSaysHowTheRunWent(t *testing.T) {
	failed := fixture{status: etl.StatusFailed, batch: "accepted", refused: "accepted", err: "deliver: token endpoint: 401; check productiv.client_secret"}
	tests := map[string]struct {
		fixture
		want []string
	}{
		"all is well":        {quiet, []string{"In order, except 4 in quarantine (4 without a readable amount)", "every total agrees"}},
		"a batch is unknown": {troubled, []string{"In order, except 2 in doubt (", "1 rejected by Productiv (", "settle 20261120T030000Z-cccccc-002 --accepted", "settle 20261120T030000Z-cccccc-002 --resend"}},
		"it failed":          {failed, []string{"This run failed", "check productiv.client_secret"}},
		"a record was lost":  {fixture{status: etl.StatusOK, batch: "accepted", refused: "accepted", lost: 1}, []string{"Totals do not agree for procurify CHF", "spendbridge verify", "does not"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			page := read(t, writeReport(t, tt.fixture))
			for _, want := range tt.want {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
		})
	}
}

func TestNamesFromVendorsDoNoHarm(t *testing.T) {
	page := read(t, writeReport(t, troubled))
	for _, bad := range []string{script, "<script", "\u202e", ">=HYPERLINK", "<b>longer", "javascript:", "http://example.com\""} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q as it is", bad)
		}
	}
	for _, want := range []string{"&lt;script&gt;", "&#39;=HYPERLINK(", "Invoice [U&#43;202E]gpj.exe", "&lt;b&gt;longer"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
}

func TestThePageNeedsNothingElse(t *testing.T) {
	page := read(t, writeReport(t, troubled))
	if found := regexp.MustCompile(`(?i)\s(src|href|style|on[a-z]+)="([^#][^"]*)"`).FindAllString(page, -1); found != nil {
		t.Errorf("attributes that load, run or break the policy: %q", found)
	}
	for _, bad := range []string{"<link", "<script", "<iframe", "url(", "@import"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func TestTheReportIsForItsOwnerOnly(t *testing.T) {
	path := writeReport(t, quiet)
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %s, want %s", name, info.Mode(), want)
		}
	}
}

func TestAmountsOfEverySourceAreInMajorUnits(t *testing.T) {
	page, err := readPageOf(t, quiet.open(t), secondRun)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range page.Totals.Received {
		received, err := page.received(row.Spend, row.Source, row.Currency)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page.Totals.Delivered {
			// Card amounts are added up without their sign.
			transacted := page.transacted(l.Spend, l.Currency)
			if row.Source == "productive" && l.Source == row.Source && l.Currency == row.Currency && transacted.Amount != received.Amount {
				t.Errorf("%s %s: spend is %s in one table and %s in the other", row.Source, row.Currency, received.Amount, transacted.Amount)
			}
		}
		if !row.Balanced {
			t.Errorf("%s %s does not balance: %s", row.Source, row.Currency, row.Missing.Amount)
		}
	}
}

func TestSpendIsComparedWithTheRunBefore(t *testing.T) {
	page, err := readPageOf(t, quiet.open(t), secondRun)
	if err != nil {
		t.Fatal(err)
	}
	moved := int64(0)
	for _, row := range page.Since {
		moved += row.Moved.Records
	}
	if page.SinceRun != string(firstRun) || moved != 50 {
		t.Errorf("compared with run %q: %d records more, want 50 more than %s", page.SinceRun, moved, firstRun)
	}
}

func TestAnEmptyWarehouseHasAReportToo(t *testing.T) {
	db := quiet.open(t)
	path := filepath.Join(t.TempDir(), "run.html")
	if err := write(t, db, "20200101T000000Z-000000", nil, path); err == nil || !strings.Contains(err.Error(), "no such run") {
		t.Errorf("got error %v for a run that never was", err)
	}
	if err := write(t, db, firstRun, nil, path); err != nil {
		t.Error(err)
	}
}

func TestMoneyIsPrintedExactly(t *testing.T) {
	p := &page{
		Currencies: []bar{{Name: "EUR", Exponent: 2}, {Name: "JPY", Exponent: 0}},
		exponents:  map[cellKey]int{{"productive", "EUR"}: 2},
	}
	tests := map[string]struct{ amount, source, currency, want string }{
		"zero":              {"0", "procurify", "eur", "0.00"},
		"grouped":           {"1234567.5000", "procurify", "EUR", "1,234,567.50"},
		"negative":          {"-123456.7", "procurify", "EUR", "-123,456.70"},
		"nothing is hidden": {"0.1234", "procurify", "EUR", "0.1234"},
		"no decimals":       {"999", "procurify", "JPY", "999"},
		"large":             {"12345678901234567890.01", "procurify", "EUR", "12,345,678,901,234,567,890.01"},
		"minor units":       {"1234567.8900", "productive", "EUR", "12,345.6789"},
		"unreadable":        {"", "productive", "EUR", "?"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := p.major(tt.amount, tt.source, tt.currency); err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestACommandToCopyCannotDoMoreThanItSays(t *testing.T) {
	tests := map[string]string{
		"productive-517-expense-27": "productive-517-expense-27",
		"a; rm -rf ~":               "'a; rm -rf ~'",
		"it's":                      `'it'\''s'`,
		"":                          "''",
	}
	for word, want := range tests {
		t.Run(word, func(t *testing.T) {
			if got := shellWord(word); got != want {
				t.Errorf("shellWord(%q) = %s, want %s", word, got, want)
			}
		})
	}
}

func write(t *testing.T, db *warehouse.DB, run etl.RunID, asked *Asked, path string) error {
	t.Helper()
	return Write(t.Context(), db, run, readState(t, db, bothSources), asked, path)
}

func readPageOf(t *testing.T, db *warehouse.DB, run etl.RunID) (*page, error) {
	t.Helper()
	return readPage(t.Context(), db, run, readState(t, db, bothSources))
}
