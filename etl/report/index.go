package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"

	"spendbridge/etl"
)

//go:embed index.html
var indexHTML string

// An index is the page that says how the installation stands and leads to the
// reports: a file beside them, or the console, which shows more.
type index struct {
	Style     template.CSS
	StyleHash string
	Class     string // of the verdict
	State     *State
	Runs      []indexedRun
	Folder    string   // of the reports, as the page names it
	Console   *Console // nil: the page is a file
}

type indexedRun struct {
	RunState
	HasReport bool
}

// A Console is what the daemon's page shows beyond the state.
type Console struct {
	Next      []etl.Slot
	Published *Published // nil: there is no analysts' copy
}

// WriteIndex writes the page that says how the installation stands and leads to
// the reports beside it. They are named by their runs.
func WriteIndex(state *State, place Place) error {
	text, err := newIndex(state, filepath.Dir(place.Path)).render()
	if err != nil {
		return fmt.Errorf("index of the reports: %w", err)
	}
	return place.write(text)
}

// Render returns the same page for a server that has the reports of a folder
// below reports/.
func (c *Console) Render(state *State, reports string) ([]byte, error) {
	page := newIndex(state, reports)
	page.Folder, page.Console = "reports/", c
	text, err := page.render()
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	return text, nil
}

func newIndex(state *State, reports string) *index {
	page := &index{State: state, Class: "person"}
	switch state.Status {
	case etl.StatusOK:
		page.Class = "ok"
	case etl.StatusFailed:
		page.Class = "failed"
	}
	page.Style, page.StyleHash = style()
	for _, run := range state.Runs {
		_, err := os.Stat(filepath.Join(reports, string(run.Run)+".html"))
		page.Runs = append(page.Runs, indexedRun{run, err == nil})
	}
	return page
}

func (x *index) render() ([]byte, error) {
	money := &page{} // prints each currency with its decimals
	if x.Console != nil && x.Console.Published != nil {
		money.Currencies = x.Console.Published.Currencies
	}
	return render("index", x, money.printing())
}
