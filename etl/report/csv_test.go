package report

import (
	"encoding/base64"
	"encoding/csv"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var csvLink = regexp.MustCompile(`<a download="([^"]*)" aria-label="[^"]*" href="data:text/csv;charset=utf-8;base64,([^"]*)">`)

// filesOf returns the rows of the CSV files in a page, by name.
func filesOf(t *testing.T, page string) map[string][][]string {
	t.Helper()
	files := map[string][][]string{}
	for _, link := range csvLink.FindAllStringSubmatch(page, -1) {
		file, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(link[2], "&#43;", "+"))
		if err != nil {
			t.Fatal(err)
		}
		text, marked := strings.CutPrefix(string(file), "\ufeff")
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || !marked || files[link[1]] != nil {
			t.Fatalf("%s: %v, byte order mark %t, a second one %t", link[1], err, marked, files[link[1]] != nil)
		}
		files[link[1]] = rows
	}
	return files
}

func TestATableIsACSVFileToo(t *testing.T) {
	page := `<p>before</p><table><caption id="cap-spend">Spend by
		<code>vendor</code></caption>
		<thead><tr><th scope="col" data-small="Day">Vendor</th><th class="n">Spend</th><th class="n" data-small="Share">Change</th><th>Read</th></tr></thead>
		<tbody><tr><th scope="row"><bdi>楽天, &#34;市場&#34;</bdi><br><small>2026-11-20</small><svg><title></title></svg></th>
			<td class="n">1,234,567.50</td><td class="n">-12.30<small>-1.0 %</small></td><td data-value="2026-11-20T03:00:00Z">20 November</td></tr>
		<tr><th scope="row">=cmd|calc<br>second</th><td class="n">?</td><td class="n">+1,300</td><td data-value="">–</td></tr>
		<tr><th scope="row"><span aria-hidden="true">✓</span> ＝1+1</th><td class="n">no rate</td><td class="n">5<small data-value="1200">1,200 records</small></td><td>@home</td></tr>
		</tbody></table><p>after</p>`
	got, err := withCSV([]byte(page), "run")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][][]string{"run-spend.csv": {
		{"Vendor", "Day", "Spend", "Change", "Share", "Read"},
		{`楽天, "市場"`, "2026-11-20", "1234567.50", "-12.30", "-1.0 %", "2026-11-20T03:00:00Z"},
		{"'=cmd|calc; second", "", "?", "+1300", "", ""},
		{"'＝1+1", "", "no rate", "5", "1200", "'@home"},
	}}
	if diff := cmp.Diff(want, filesOf(t, string(got))); diff != "" {
		t.Error(diff)
	}
	before, after, _ := strings.Cut(string(got), "\n<p class=\"csv\">")
	if !strings.HasSuffix(before, "</table>") || !strings.HasSuffix(after, "</a></p><p>after</p>") || !strings.HasPrefix(page, before) {
		t.Errorf("the page has changed elsewhere: %s", got)
	}
	if !strings.Contains(after, `aria-label="CSV: Spend by vendor"`) {
		t.Errorf("the link does not name its table: %s", after)
	}
}

// A spreadsheet must run nothing that a vendor wrote.
func TestEveryTableOfThePageIsACSVFile(t *testing.T) {
	page := read(t, writeReport(t, troubled))
	files := filesOf(t, page)
	if tables := strings.Count(page, "<table"); tables != len(files) || tables < 15 {
		t.Errorf("%d tables and %d files", tables, len(files))
	}
	for name, rows := range files {
		if len(rows) < 2 {
			t.Errorf("%s has no row", name)
		}
		for _, row := range rows {
			for _, text := range row {
				if strings.ContainsAny(text[:min(1, len(text))], "=+-@") && !number.MatchString(text) {
					t.Errorf("%s holds %q", name, text)
				}
			}
		}
	}
	vendors := files["spendbridge-20261120T030000Z-cccccc-by-vendor.csv"]
	if len(vendors) != maxVendors+1 || cmp.Diff(vendors[0], []string{"Vendor", "Spend", "Records"}) != "" || strings.Contains(vendors[1][1], ",") {
		t.Errorf("the vendors: %q", vendors)
	}
	// Small print that no column takes would be lost.
	for _, table := range tableOnPage.FindAllString(page, -1) {
		if strings.Contains(table, "<small") && !strings.Contains(table, "data-small") {
			t.Errorf("no column is for the small print of %.200s", table)
		}
	}
}
