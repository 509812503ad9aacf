package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// release is the version that make dist was asked for, if any.
var release string

type buildVersion struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Date     string `json:"date,omitempty"` // of the revision
	Modified bool   `json:"modified"`       // built from more than the revision
	Go       string `json:"go"`
	DuckDB   string `json:"duckdb_go"`
}

func newVersionCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Long: `Say which version this is, the revision it was built from and whether there was
more than that revision in the source tree: such a build ends in +dirty.`,
		Example: `  spendbridge version
  spendbridge version --json`,
		RunE: func(*cobra.Command, []string) error {
			v := version()
			return a.print(v, func(w *screen) { fmt.Fprintln(w, v) })
		},
	}
}

func (v buildVersion) String() string {
	from := ""
	if v.Revision != "" {
		from = fmt.Sprintf("revision %.12s of %.10s, ", v.Revision, v.Date)
	}
	if v.Modified {
		from += "with changes that are not committed, "
	}
	return fmt.Sprintf("spendbridge %s (%s%s, duckdb-go %s)", v.Version, from, v.Go, v.DuckDB)
}

// version reads what the Go toolchain wrote into the binary.
func version() buildVersion {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return buildVersion{Version: "unknown", Go: runtime.Version()}
	}
	return versionOf(info, release)
}

func versionOf(info *debug.BuildInfo, release string) buildVersion {
	v := buildVersion{Version: info.Main.Version, Go: runtime.Version()}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Date = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	if release != "" {
		v.Version = release
	}
	if v.Modified && !strings.HasSuffix(v.Version, "+dirty") {
		v.Version += "+dirty"
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/duckdb/duckdb-go/v2" {
			v.DuckDB = dep.Version
		}
	}
	return v
}
