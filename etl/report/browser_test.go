package report

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The page in a browser: charts drawn, nothing loaded, no script but its own, no
// sideways scrolling on a phone or a desk, readable and navigable in light and
// dark. testdata/look.js is the list.
func TestThePageInABrowser(t *testing.T) {
	browser := openBrowser(t)
	look, err := os.ReadFile("testdata/look.js")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{
		"needs a person": writeReport(t, troubled), "all is well": writeReport(t, quiet), "the index": writeIndex(t, troubled),
		"the console": writeConsole(t, troubled),
	}
	for name, path := range pages {
		for _, width := range []int64{390, 1440} {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(name+" "+scheme+" "+map[int64]string{390: "phone", 1440: "desk"}[width], func(t *testing.T) {
					visit := openPage(t, browser, path, width, scheme)
					faults, err := chromedp.Run(visit.ctx, chromedp.Evaluate[[]string](string(look)))
					if err != nil {
						t.Fatal(err)
					}
					for _, fault := range append(faults, visit.seen()...) {
						t.Error(fault)
					}
				})
			}
		}
	}
}

// By the keyboard: a heading sorts, and the box above a table filters.
func TestTablesSortAndFilter(t *testing.T) {
	visit := openPage(t, openBrowser(t), writeReport(t, troubled), 1440, "light")
	down := func(a, b int64) int { return cmp.Compare(b, a) }

	changes := pageTable{t, visit, "cap-compared-vendor"}
	if sorted := changes.sort(3); sorted != "descending" || !slices.IsSortedFunc(changes.amounts(3), down) {
		t.Errorf("changes are %s: %q", sorted, changes.column(3))
	}
	if sorted := changes.sort(3); sorted != "ascending" || !slices.IsSorted(changes.amounts(3)) {
		t.Errorf("changes are %s: %q", sorted, changes.column(3))
	}

	currencies := pageTable{t, visit, "cap-by-currency"}
	currencies.sort(0)
	for _, want := range []string{"descending", "ascending"} {
		sorted, got := currencies.sort(2), currencies.column(2)
		if sorted != want || got[len(got)-1] != "no rate" {
			t.Errorf("amounts are %s, want them %s and what has no rate last: %q", sorted, want, got)
		}
	}

	vendors := pageTable{t, visit, "cap-by-vendor"}
	if sorted := vendors.sort(0); sorted != "ascending" || vendors.column(0)[3] != "Atlassian" {
		t.Errorf("vendors are %s: %q", sorted, vendors.column(0))
	}
	// A full-width letter is the same letter.
	if err := chromedp.Do(visit.ctx, chromedp.SendKeys(".scroll:has(#cap-by-vendor) input", "ＧＩＴＨ")); err != nil {
		t.Fatal(err)
	}
	if got := vendors.column(0); len(got) != 1 || got[0] != "GitHub" {
		t.Errorf("filtered: %q", got)
	}
	if found := evaluate[string](t, visit, "document.querySelector('.scroll:has(#cap-by-vendor) output').value"); found != "1 of 12 rows" {
		t.Errorf("the table says %q", found)
	}
	for _, fault := range visit.seen() {
		t.Error(fault)
	}
}

// Also where no script runs.
func TestAVendorLeadsToItsRecords(t *testing.T) {
	visit := openPage(t, openBrowser(t), writeReport(t, troubled), 1440, "light")
	noScript := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
	err := chromedp.Do(visit.ctx, noScript, chromedp.Reload(), chromedp.Click(`a[href="#vendor-2"]`))
	if err != nil {
		t.Fatal(err)
	}
	if n := evaluate[int](t, visit, "document.querySelectorAll('thead button').length"); n != 0 {
		t.Errorf("%d headings promise to sort without a script", n)
	}
	if !evaluate[bool](t, visit, "document.querySelector('#vendor-2 table').checkVisibility()") {
		t.Error("the records are still folded")
	}
	rows := pageTable{t, visit, "cap-vendor-2"}.column(1)
	if len(rows) != maxOfVendor || !slices.IsSortedFunc(rows, func(a, b string) int { return cmp.Compare(b, a) }) {
		t.Errorf("the newest records: %q", rows)
	}
}

// The page's policy lets its CSV files be saved.
func TestATableIsSavedAsCSV(t *testing.T) {
	visit, folder := openPage(t, openBrowser(t), writeReport(t, troubled), 1440, "light"), t.TempDir()
	saved := make(chan cdpbrowser.DownloadProgressState, 10)
	err := chromedp.Listen(visit.ctx, func(event any) {
		if e, ok := event.(*cdpbrowser.EventDownloadProgress); ok && e.State != cdpbrowser.DownloadProgressStateInProgress {
			saved <- e.State
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	allow := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
			Behavior: "allow", DownloadPath: folder, EventsEnabled: new(true),
		})
		return err
	})
	if err := chromedp.Do(visit.ctx, allow, chromedp.Click(".scroll:has(#cap-by-vendor) .csv a")); err != nil {
		t.Fatal(err)
	}
	select {
	case state := <-saved:
		text := read(t, filepath.Join(folder, "spendbridge-20261120T030000Z-cccccc-by-vendor.csv"))
		if !strings.HasPrefix(text, "\ufeffVendor,Spend,Records\r\nSlack Technologies,196610.27,517\r\n") {
			t.Errorf("%s: %q", state, text)
		}
	case <-visit.ctx.Done():
		t.Error("nothing is saved")
	}
}

// A pageTable is a table of a page in the browser, by the id of its caption.
type pageTable struct {
	t     *testing.T
	visit *visit
	id    string
}

// sort presses the heading of a column, and returns how that column is sorted.
func (p pageTable) sort(column int) string {
	p.t.Helper()
	head := fmt.Sprintf("table:has(#%s) thead th:nth-child(%d)", p.id, column+1)
	err := chromedp.Do(p.visit.ctx, chromedp.Focus(head+" button"), chromedp.KeyEvent("\r"))
	if err != nil {
		p.t.Fatal(err)
	}
	return evaluate[string](p.t, p.visit, fmt.Sprintf("document.querySelector(%q).ariaSort", head))
}

// column returns the texts of a column in the rows that can be seen.
func (p pageTable) column(column int) []string {
	p.t.Helper()
	return evaluate[[]string](p.t, p.visit, fmt.Sprintf(`
		[...document.querySelectorAll('table:has(#%s) > tbody > tr:not([hidden])')]
			.map((row) => row.cells[%d].firstChild?.textContent ?? '')`, p.id, column))
}

func (p pageTable) amounts(column int) (all []int64) {
	p.t.Helper()
	for _, text := range p.column(column) {
		all = append(all, units(strings.ReplaceAll(text, ",", "")))
	}
	return all
}

func evaluate[T any](t *testing.T, visit *visit, expression string) T {
	t.Helper()
	value, err := chromedp.Run(visit.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// On paper everything is open, whatever was folded on the screen.
func TestEverythingIsOpenWhenPrinted(t *testing.T) {
	browser := openBrowser(t)
	visit := openPage(t, browser, writeReport(t, quiet), 1440, "light")
	print := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	})
	if err := chromedp.Do(visit.ctx, print); err != nil {
		t.Fatal(err)
	}
	folded, err := chromedp.Run(visit.ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll('details')]
		.filter((d) => !d.querySelector('table').checkVisibility()).map((d) => d.innerText)`))
	if err != nil || len(folded) > 0 {
		t.Errorf("folded: %q, %v", folded, err)
	}
}

// openBrowser starts a Chromium, or skips the test where there is none.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("SPENDBRIDGE_NEED_BROWSER") == "1" {
			t.Fatal("no Chromium found, and SPENDBRIDGE_NEED_BROWSER asks for one; install chromium")
		}
		t.Skip("no Chromium found: the report is not looked at in a browser; install chromium to do so")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.WSURLReadTimeout(time.Minute))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...) // outlives the test's context, to end well
	t.Cleanup(stop)
	browser, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		// Waits until the browser is gone, so that its folder can be removed.
		if err := chromedp.Cancel(browser); err != nil {
			t.Log(err)
		}
		closeBrowser()
	})
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	return browser
}

// A visit is one page in the browser, with what it did that it must not.
type visit struct {
	ctx    context.Context
	mu     sync.Mutex
	faults []string
}

func openPage(t *testing.T, browser context.Context, path string, width int64, scheme string) *visit {
	t.Helper()
	tab, closeTab := chromedp.NewContext(browser)
	t.Cleanup(closeTab)
	limited, cancel := context.WithTimeout(tab, time.Minute)
	t.Cleanup(cancel)
	v := &visit{ctx: limited}
	address := "file://" + path
	if err := chromedp.Listen(tab, func(event any) { v.watch(event, address) }); err != nil {
		t.Fatal(err)
	}
	prefer := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
	if err := chromedp.Do(limited, prefer, chromedp.EmulateViewport(width, 900), chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *visit) watch(event any, address string) {
	fault := ""
	switch e := event.(type) {
	case *log.EventEntryAdded:
		fault = "console: " + e.Entry.Text
	case *runtime.EventConsoleAPICalled:
		fault = "a script wrote to the console"
	case *runtime.EventExceptionThrown:
		fault = "a script failed: " + e.ExceptionDetails.Text
	case *cdpage.EventJavascriptDialogOpening:
		fault = "a dialog: " + e.Message
	case *network.EventRequestWillBeSent:
		if e.Request.URL != address {
			fault = "loads " + e.Request.URL
		}
	}
	if fault == "" {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = append(v.faults, fault)
}

func (v *visit) seen() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.faults
}
