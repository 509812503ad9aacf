package report

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The page in a browser: charts drawn, nothing loaded, nothing run, no
// sideways scrolling on a phone or a desk, readable and navigable in light and
// dark. testdata/look.js is the list.
func TestThePageInABrowser(t *testing.T) {
	browser := openBrowser(t)
	look, err := os.ReadFile("testdata/look.js")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{"needs a person": writeReport(t, troubled), "all is well": writeReport(t, quiet)}
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
