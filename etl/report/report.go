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

// printing is what page.html prints the rows with. What a page knows is bound
// to it when it is rendered.
func (p *page) printing() template.FuncMap {
	return template.FuncMap{
		"visible": visible, "short": short, "count": etl.Number[int64], "when": when,
		"money": p.money, "major": p.major, "rate": rate, "received": p.received, "transacted": p.transacted,
		"stageWords": stageWords, "stateWords": stateWords, "reasonWords": reasonWords, "classWords": etl.ClassWords,
		"ledgerWords": func(i int) string { return stateWords(ledgerStates[i]) },
		"fxWords":     func(source string) string { return fxSources[source] },
	}
}

var pageTemplate = template.Must(template.New("page").Funcs((*page)(nil).printing()).Parse(pageHTML))

// An Asked is what takes long to find, so a page shows it only if somebody
// asked for that page.
type Asked struct {
	Suggestions []etl.Suggestion // those that would move most spend first
	Duplicates  []Duplicates
}

// Write writes the page of a run to a file, and makes the file's folder. What
// needs attention is that of the state, which is as of now; asked may be nil.
// The page is one HTML file that needs nothing else: no network, no script.
func Write(ctx context.Context, db warehouse.Runner, run etl.RunID, state *State, asked *Asked, path string) error {
	page, err := readPage(ctx, db, run, state)
	if err != nil {
		return fmt.Errorf("report of run %s: %w", run, err)
	}
	if asked != nil {
		asked.Suggestions = asked.Suggestions[:min(len(asked.Suggestions), maxSuggestions)]
	}
	page.Asked = asked
	text, err := render(page)
	if err != nil {
		return fmt.Errorf("report of run %s: %w", run, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("report folder: %w", err)
	}
	return durable.WriteFile(path, text, 0o600)
}

func render(p *page) ([]byte, error) {
	sum := sha256.Sum256([]byte(pageCSS))
	p.Style = template.CSS(pageCSS) // ours, not anyone's input
	p.StyleHash = base64.StdEncoding.EncodeToString(sum[:])
	bound, err := pageTemplate.Clone()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = bound.Funcs(p.printing()).Execute(&out, p)
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
	switch {
	case err != nil:
		return "", err
	case !slices.Contains(runs, name):
		return "", etl.Usagef("there is no run %s%s", name, etl.DidYouMean(name, runs))
	}
	return etl.RunID(name), nil
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
		if _, err = conn.Exec(ctx, "report/ledger_export.sql", warehouse.Args{"from": from, "to": to}); err != nil {
			return err
		}
		items, err = conn.Exec(ctx, save, warehouse.Args{"path": path})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("export the ledger: %w", err)
	}
	return items, os.Chmod(path, 0o600) // it names people
}
