package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A whereNext says where a person finds what a run made, and which commands
// to try on it.
type whereNext struct {
	Parquet   string `json:"parquet,omitempty"`
	Published string `json:"published,omitempty"`
	Query     string `json:"query,omitempty"`
	Explain   string `json:"explain,omitempty"`
	Report    string `json:"report,omitempty"`
}

// next finds out where a person finds what the run made.
func (r *run) next(ctx context.Context) (whereNext, error) {
	n := whereNext{Published: shorter(r.result.Published)}
	if r.result.Snapshot != nil {
		n.Parquet = shorter(filepath.Join(r.config.SnapshotsDir(), "latest"))
	}
	if n.Published != "" {
		n.Query = r.commandLine("query") + ` "select month, vendor, currency, amount from spend_by_vendor_month order by amount desc limit 10"`
	}
	var example string
	err := r.db.Get(ctx, "queries/run_example.sql", nil, &example)
	if errors.Is(err, sql.ErrNoRows) {
		return n, nil
	}
	n.Explain = r.commandLine("explain") + " " + example
	return n, err
}

// commandLine is how to call another command on the same data.
func (a *app) commandLine(command string) string {
	line := os.Args[0] + " " + command
	if a.configPath != "spendbridge.yaml" && a.configPath != os.Getenv("SPENDBRIDGE_CONFIG") {
		line += " --config " + a.configPath
	}
	return line
}

// shorter is the path as seen from the current folder, if it is below.
func shorter(path string) string {
	here, err := os.Getwd()
	if err != nil || path == "" {
		return path
	}
	below, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(below, "..") {
		return path
	}
	return below
}

func (n whereNext) print(w io.Writer) {
	lines := []struct{ label, text string }{
		{"Parquet files", n.Parquet}, {"DuckDB file", n.Published}, {"Ask it", n.Query}, {"One record", n.Explain}, {"Report", n.Report},
	}
	if n.Published == "" {
		return
	}
	fmt.Fprintln(w, "\nWhere to look next")
	for _, l := range lines {
		if l.text != "" {
			fmt.Fprintf(w, "  %-13s  %s\n", l.label, l.text)
		}
	}
}
