package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"spendbridge/etl/config"
	"spendbridge/etl/job"
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

// whereNext is as seen from a folder that holds the configuration under its
// usual name, or from the current one.
func (a *app) whereNext(c *config.Config, result *job.Result, folder string) whereNext {
	n := whereNext{Published: shorter(result.Published, folder), Report: shorter(result.Report, folder)}
	if result.Snapshot != nil {
		n.Parquet = shorter(filepath.Join(c.SnapshotsDir(), "latest", "spend"), folder)
	}
	if n.Published != "" {
		n.Query = a.commandLine("query", folder) + ` "from spend_by_vendor_month limit 10"`
	}
	if result.Example != "" {
		n.Explain = a.commandLine("explain", folder) + " " + result.Example
	}
	return n
}

// commandLine is how to call another command on the same data.
func (a *app) commandLine(command, folder string) string {
	program := os.Args[0]
	if folder == "" && a.configPath != defaultConfig && a.configPath != os.Getenv("SPENDBRIDGE_CONFIG") {
		command += " --config " + a.configPath
	}
	if path, err := filepath.Abs(program); folder != "" && strings.Contains(program, "/") && err == nil {
		program = path
	}
	return program + " " + command
}

// shorter is the path as seen from a folder, the current one for "", if it is
// below.
func shorter(path, folder string) string {
	folder, _ = filepath.Abs(folder)
	if below, err := filepath.Rel(folder, path); err == nil && path != "" && filepath.IsLocal(below) {
		return below
	}
	return path
}

func (n whereNext) print(w *screen, folder string) {
	lines := []struct{ label, text string }{
		{"Parquet", n.Parquet}, {"DuckDB", n.Published}, {"Query", n.Query}, {"Record", n.Explain}, {"Report", n.Report},
	}
	if n.Published == "" {
		return
	}
	if folder != "" {
		folder = ", in " + folder
	}
	fmt.Fprintln(w, "\nWhere to look next"+folder)
	for _, l := range lines {
		if l.text == "" {
			continue
		}
		if line := fmt.Sprintf("  %-7s  %s", l.label, l.text); !w.tooWide(line) {
			fmt.Fprintln(w, line)
			continue
		}
		command, last := l.text, ""
		if at := strings.LastIndex(command, ` "`); at > 0 {
			command, last = command[:at], command[at:]
		} else if at := strings.LastIndex(command, " "); at > 0 {
			command, last = command[:at], command[at:]
		}
		fmt.Fprintf(w, "  %-7s  %s \\\n     %s\n", l.label, command, last)
	}
}
