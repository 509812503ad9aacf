package report

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

func writeIndex(t *testing.T, f fixture) string {
	t.Helper()
	db, path := f.open(t), filepath.Join(t.TempDir(), "index.html")
	if err := WriteIndex(readState(t, db, bothSources), Place{Path: path}); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeConsole writes the page that the daemon serves.
func writeConsole(t *testing.T, f fixture) string {
	t.Helper()
	db, path := f.open(t), filepath.Join(t.TempDir(), "console.html")
	published, err := ReadPublished(t.Context(), db, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	next := []etl.Slot{{Job: "load", Due: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)}}
	console := Console{Next: next, Published: published}
	page, err := console.Render(readState(t, db, bothSources), t.TempDir())
	if err == nil {
		err = os.WriteFile(path, page, 0o600)
	}
	if err != nil {
		t.Fatal(err)
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
	for _, bad := range []string{script, "\u202e", ">=HYPERLINK", "<b>longer", "javascript:", "http://example.com\""} {
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
	if found := regexp.MustCompile(`(?i)\s(src|href|style|on[a-z]+)="([^#][^"]*)"`).FindAllString(csvLink.ReplaceAllString(page, ""), -1); found != nil {
		t.Errorf("attributes that load, run or break the policy: %q", found)
	}
	for _, bad := range []string{"<link", "<iframe", "url(", "@import", "fetch(", "innerHTML"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	scripts := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(page, -1)
	if n := strings.Count(page, "<script"); n != 1 || len(scripts) != 1 || !strings.Contains(html.UnescapeString(page), "script-src 'sha256-"+hash(scripts[0][1])+"';") {
		t.Errorf("%d scripts, want one whose hash is in the policy", n)
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

// October was over when the second run began on 20 November.
func TestTheNewestWholeMonthIsComparedWithTheOneBefore(t *testing.T) {
	page, err := readPageOf(t, quiet.open(t), secondRun)
	if err != nil {
		t.Fatal(err)
	}
	amounts := map[string]string{}
	for _, m := range page.Months.All {
		amounts[m.Name()] = m.Amount
	}
	c := page.Compared
	if c == nil || c.Month.Name() != "October 2026" || c.Last.Name() != "September 2026" ||
		c.All.After != amounts["October 2026"] || c.All.Before != amounts["September 2026"] {
		t.Fatalf("got %+v, want October and September of %v", c, amounts)
	}
	for _, part := range c.Parts {
		sum := "0"
		for _, row := range part.Rows {
			sum = etl.AddMoney(sum, row.Change)
		}
		if part.ID == "category" && sum != c.All.Change || len(part.Rows) == 0 || len(part.Rows) > maxCompared {
			t.Errorf("by %s: %d rows that changed by %s, in all it is %s", part.ID, len(part.Rows), sum, c.All.Change)
		}
	}
	movers := c.Parts[0].Rows
	for i := range movers[1:] {
		if a, b := strings.TrimPrefix(movers[i].Change, "-"), strings.TrimPrefix(movers[i+1].Change, "-"); units(a) < units(b) {
			t.Errorf("%s is before %s", a, b)
		}
	}
	if movers[0].Width != 1000 || movers[0].Negative != strings.HasPrefix(movers[0].Change, "-") {
		t.Errorf("the first mover's bar: %+v", movers[0])
	}
}

func TestAVendorHasItsNewestRecords(t *testing.T) {
	db := troubled.open(t)
	page, err := readPageOf(t, db, secondRun)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Vendors) != maxVendors || len(page.OfVendor) != maxVendors {
		t.Errorf("%d vendors, and records of %d", len(page.Vendors), len(page.OfVendor))
	}
	for _, v := range page.Vendors {
		records := page.OfVendor[v.Name]
		if len(records) != int(min(v.Records, maxOfVendor)) {
			t.Errorf("%s has %d records, and %d are shown", v.Name, v.Records, len(records))
		}
		newest := slices.MaxFunc(records, func(a, b vendorRecord) int { return strings.Compare(a.OccurredOn, b.OccurredOn) })
		if records[0].OccurredOn != newest.OccurredOn {
			t.Errorf("the first record of %s is of %s, not %s", v.Name, records[0].OccurredOn, newest.OccurredOn)
		}
	}
	text := read(t, writeReport(t, troubled))
	for _, want := range []string{
		"Slack Technologies</bdi>: the newest 10 of 517 records</caption>", "At most 10 records of a vendor are in this page",
		"<code>spendbridge explain " + page.OfVendor["GitHub"][0].SpendID + "</code>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestAPageNamesWhoDecidedWhat(t *testing.T) {
	db, path := troubled.open(t), filepath.Join(t.TempDir(), "run.html")
	fill(t, db, "fill/19_run_of_a_decision.sql", nil)
	fill(t, db, "fill/20_stages_before.sql", nil)
	for _, decided := range []string{
		"2026-11-19T03:02:00Z", // while the run before went on
		"2026-11-19T16:00:00Z",
		"2026-11-21T09:30:00Z",
	} {
		fill(t, db, "fill/15_decisions.sql", warehouse.Args{"decided_at": decided})
	}
	if err := write(t, db, secondRun, nil, path); err != nil {
		t.Fatal(err)
	}
	page := read(t, path)
	got := filesOf(t, page)["spendbridge-20261120T030000Z-cccccc-decisions.csv"]
	want := [][]string{
		{"When", "Who", "What", "About", "Note"},
		{"2026-11-21T09:30:00Z", "ada", "Productiv has the batch", "20261120T030000Z-cccccc-002", "found"},
		{"2026-11-19T16:00:00Z", "ada", "Productiv has the batch", "20261120T030000Z-cccccc-002", "found"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := write(t, db, firstRun, nil, path); err != nil {
		t.Fatal(err)
	}
	if rows := filesOf(t, read(t, path))["spendbridge-20261119T030000Z-bbbbbb-decisions.csv"]; len(rows) != 3 {
		t.Errorf("up to the run after: %q", rows)
	}
	if page = read(t, writeReport(t, quiet)); !strings.Contains(page, "Nobody has approved or settled anything") {
		t.Error("the page does not say that nobody decided anything")
	}
}

func TestAChangeIsAlsoAShare(t *testing.T) {
	tests := map[string]struct{ before, change, want string }{
		"more":             {"200.0000", "41.9900", "+21.0 %"},
		"less":             {"200.0000", "-200.0000", "-100.0 %"},
		"nothing before":   {"0.0000", "5.0000", ""},
		"a refund before":  {"-5.0000", "10.0000", ""},
		"nothing happened": {"5.0000", "0.0000", "+0.0 %"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := (moved{Before: tt.before, Change: tt.change}).Percent(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFiguresNameTheirMoney(t *testing.T) {
	text := read(t, writeReport(t, quiet))
	for _, want := range []string{
		`<dt>All spend to date USD</dt>`, `<dt>November 2026 so far</dt>`, `<dt>October 2026</dt>`, ` against September 2026`,
		`<dt>Delivered to date</dt>`, `records in this run: `, `records that are not spend: `, `records that cannot become spend yet: `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	var list moneyList
	for _, m := range [][2]string{{"5.0000", "EUR"}, {"700", "USD"}, {"", "CHF"}, {"1", "?"}, {"60.5000", "GBP"}, {"1.0000", "EUR"}, {"3", "JPY"}, {"2", "CAD"}} {
		list.add(m[0], m[1])
	}
	if got, want := list.print(&page{}), "700.00 USD, 60.50 GBP, 6.00 EUR, 2 currencies more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Totals that agree take one line; those that do not are open.
func TestReconciliationIsFoldedWhileTotalsAgree(t *testing.T) {
	folded := read(t, writeReport(t, quiet))
	if !strings.Contains(folded, "<details>\n  <summary>Yes: all ") {
		t.Error("totals that agree are not folded")
	}
	open := read(t, writeReport(t, fixture{status: etl.StatusOK, batch: "accepted", refused: "accepted", lost: 1}))
	if !strings.Contains(open, "<details open>\n  <summary>No: ") {
		t.Error("totals that do not agree are not open")
	}
}

func TestTheIndexLeadsToTheReportsThatAreThere(t *testing.T) {
	db, folder := troubled.open(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, string(firstRun)+".html"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "index.html")
	if err := WriteIndex(readState(t, db, bothSources), Place{Path: path}); err != nil {
		t.Fatal(err)
	}
	if err := write(t, db, secondRun, nil, filepath.Join(folder, "next.html")); err != nil {
		t.Errorf("a report after the index: %v", err)
	}
	page := read(t, path)
	for _, want := range []string{
		"In order, except 2 in doubt (", `<a href="20261119T030000Z-bbbbbb.html">`, `<td>20261120T030000Z-cccccc</td>`, `<a href="latest.html">`,
		"settle 20261120T030000Z-cccccc-002 --accepted", "rejected by Productiv", `class="verdict person"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the index does not say %q", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "\u202e") {
		t.Error("the index holds what others wrote as it is")
	}
}

func TestTheConsoleShowsSpendAndCommands(t *testing.T) {
	page := read(t, writeConsole(t, troubled))
	for _, want := range []string{
		`<th scope="row">November 2026<svg`, `<th scope="col" class="n">June 2026</th></tr>`, `<th scope="row">All others</th>`,
		"settle 20261120T030000Z-cccccc-002 --accepted</code>", "<code class=\"command\">spendbridge quarantine show ", "<code>load</code>",
		"of the records are in currencies without a rate",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the console does not say %q", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "\u202e") {
		t.Error("the console holds what others wrote as it is")
	}
}

// The months of the vendors add up to those of all spend, one wrong date does
// not hide them, and every vendor has all of them.
func TestTheConsolesVendorsAddUp(t *testing.T) {
	p, err := ReadPublished(t.Context(), quiet.open(t), time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Months) != consoleMonths || p.Months[0].Name != "October 2026" || p.Months[0].Records == 0 {
		t.Errorf("%d months, the newest is %+v", len(p.Months), p.Months[0])
	}
	if n, last := len(p.Vendors), p.Vendors[len(p.Vendors)-1]; n != consoleVendors+1 || last.Vendor != "" {
		t.Errorf("%d vendors, the last is %q", n, last.Vendor)
	}
	for i := range p.Matrix {
		sum := "0"
		for _, v := range p.Vendors {
			if v.Amounts[i] != "" {
				sum = etl.AddMoney(sum, v.Amounts[i])
			}
		}
		if sum != p.Months[i].Amount {
			t.Errorf("%s: the vendors have %s of %s", p.Months[i].Name, sum, p.Months[i].Amount)
		}
	}
}

func TestAMonthSaysWhatKeepsItOpen(t *testing.T) {
	tests := map[string]struct {
		month etl.MonthStatus
		want  string
	}{
		"final":    {etl.MonthStatus{Status: etl.MonthFinal}, ""},
		"not over": {etl.MonthStatus{Status: "still moving"}, "not read since it was over"},
		"open":     {etl.MonthStatus{Drafts: 1, Quarantined: 1200}, "1 draft or unapproved expense, 1,200 records in quarantine"},
		"on cards": {etl.MonthStatus{Holds: 2, Vanished: 1}, "2 card holds, 1 vanished record to accept"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := openWords(tt.month); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	page := read(t, writeReport(t, quiet))
	for _, want := range []string{"Which months are final", "</span> final</span>", "records in quarantine", "not read since it was over"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
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
	record := undeliveredRecord{SpendID: "x; rm -rf ~", Command: "spendbridge settle x; rm -rf ~ --retry"}
	if got, want := record.Settle(), "spendbridge settle 'x; rm -rf ~' --retry"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
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
	return Write(t.Context(), db, run, readState(t, db, bothSources), asked, Place{Path: path})
}

func readPageOf(t *testing.T, db *warehouse.DB, run etl.RunID) (*page, error) {
	t.Helper()
	return readPage(t.Context(), db, run, readState(t, db, bothSources))
}
