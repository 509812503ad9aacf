// Package report reads what the stages wrote and explains it: the page of a run,
// the state of the installation, the history of one record. It changes nothing in
// the warehouse.
package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// printing is what page.html prints the rows with. What a page knows is bound
// to it when it is rendered.
func (p *page) printing() template.FuncMap {
	return template.FuncMap{
		"visible": visible, "short": short, "count": etl.Number[int64], "when": when, "stamp": stamp,
		"signed": p.signed, "stateOf": p.stateOf, "balanced": func() bool { return len(p.Totals.unbalanced("", "")) == 0 },
		"money": func(amount any, currency string) string { return p.money(fmt.Sprint(amount), currency) },
		"major": func(amount any, source, currency string) (string, error) {
			return p.major(fmt.Sprint(amount), source, currency)
		},
		"rate": rate, "received": p.received, "transacted": p.transacted,
		"stageWords": stageWords, "stateWords": stateWords, "reasonWords": reasonWords, "classWords": etl.ClassWords,
		"decisionWords": decisionWords,
		"ledgerWords":   func(i int) string { return stateWords(ledgerStates[i]) },
		"openWords":     openWords,
		"maxOfVendor":   func() int { return maxOfVendor },
		"maxDecisions":  func() int { return maxDecisions },
		"fxWords":       func(source string) string { return fxSources[source] },
	}
}

var pageTemplate = parse(map[string]string{"page": pageHTML, "index": indexHTML})

func parse(pages map[string]string) *template.Template {
	all := template.New("").Funcs((*page)(nil).printing())
	for name, text := range pages {
		template.Must(all.New(name).Parse(text))
	}
	return all
}

// An Asked is what takes long to find, so a page shows it only if somebody
// asked for that page.
type Asked struct {
	Suggestions []etl.Suggestion // those that would move most spend first
	Duplicates  []Duplicates
}

// A Place is where a page goes, and who may read it there.
type Place struct {
	Path   string
	Access *durable.Access
}

// Write writes the page of a run to a file, and makes the file's folder. What
// needs attention is that of the state, which is as of now; asked may be nil.
// The page is one HTML file that needs nothing else, and has a CSV file of each
// table in it. Its script only sorts and filters tables.
func Write(ctx context.Context, db warehouse.Runner, run etl.RunID, state *State, asked *Asked, place Place) error {
	page, err := readPage(ctx, db, run, state)
	if err != nil {
		return fmt.Errorf("report of run %s: %w", run, err)
	}
	if asked != nil {
		asked.Suggestions = asked.Suggestions[:min(len(asked.Suggestions), maxSuggestions)]
	}
	page.Asked = asked
	text, err := page.render()
	if err != nil {
		return fmt.Errorf("report of run %s: %w", run, err)
	}
	return place.write(text)
}

// write replaces the file, and makes its folder.
func (p Place) write(text []byte) error {
	folder := filepath.Dir(p.Path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("report folder: %w", err)
	}
	if err := p.Access.Give(folder); err != nil {
		return fmt.Errorf("report folder: %w", err)
	}
	return durable.WriteShared(p.Path, text, p.Access)
}

// style is the style sheet, and the hash by which a page's policy allows it.
func style() (template.CSS, string) {
	return template.CSS(pageCSS), hash(pageCSS) // ours, not anyone's input
}

// hash is how a page's policy names a text of the page.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func (p *page) render() ([]byte, error) {
	p.Style, p.StyleHash = style()
	p.Script, p.ScriptHash = template.JS(pageJS), hash(pageJS) // ours as well
	text, err := render("page", p, p.printing())
	if err != nil {
		return nil, err
	}
	return withCSV(text, "spendbridge-"+string(p.Run.Run))
}

// render prints data by a copy of the templates, as one that has been executed
// can take no other functions.
func render(name string, data any, printing template.FuncMap) ([]byte, error) {
	bound, err := pageTemplate.Clone()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = bound.Funcs(printing).ExecuteTemplate(&out, name, data)
	return out.Bytes(), err
}

// FindRun returns the run of that name; for no name, the last one that
// extracted, transformed or loaded. A name
// that no run has is an [*etl.UsageError].
func FindRun(ctx context.Context, db warehouse.Runner, name string) (etl.RunID, error) {
	if name == "" {
		var last sql.NullString
		err := db.Get(ctx, "report/run.last", nil, &last)
		if err == nil && !last.Valid {
			err = etl.Usagef("there is no run yet; start one: spendbridge run")
		}
		return etl.RunID(last.String), err
	}
	runs, err := warehouse.Strings(ctx, db, "report/run.names", nil)
	if err == nil && !slices.Contains(runs, name) {
		err = etl.Usagef("there is no run %s%s", name, etl.DidYouMean(name, runs))
	}
	return etl.RunID(name), err
}

// ExportLedger writes every item of the delivery ledger that was posted from
// the first time until before the second, with its batch and what a person
// decided, to a .csv or .parquet file, and returns how many there are.
func ExportLedger(ctx context.Context, db *warehouse.DB, path string, from, to time.Time) (int64, error) {
	save, ok := map[string]string{
		".csv": "report/ledger.save_csv", ".parquet": "report/ledger.save_parquet",
	}[filepath.Ext(path)]
	if !ok {
		return 0, etl.Usagef("%s: the ledger is written as .csv or .parquet; name such a file", path)
	}
	if !from.Before(to) {
		return 0, etl.Usagef("the period from %s to %s is empty", from.Format(time.DateOnly), to.Format(time.DateOnly))
	}
	var items int64
	err := db.InConn(ctx, func(conn *warehouse.Conn) (err error) {
		if _, err = conn.Exec(ctx, "report/ledger_export.sql", warehouse.Args{"from": from, "to": to}); err == nil {
			items, err = conn.Exec(ctx, save, warehouse.Args{"path": path})
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("export the ledger: %w", err)
	}
	return items, os.Chmod(path, 0o600) // it names people
}
