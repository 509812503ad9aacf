package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// A buildVersion says which program this is.
type buildVersion struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	DuckDB   string `json:"duckdb_go"`
}

func newVersionCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say which version this is",
		Example: "  spendbridge version --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := version()
			return a.print(v, func(w io.Writer) {
				fmt.Fprintf(w, "spendbridge %s (%s, duckdb-go %s)\n", v, v.Go, v.DuckDB)
			})
		},
	}
}

// version reads what the Go toolchain wrote into the binary.
func version() buildVersion {
	v := buildVersion{Version: "unknown", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/duckdb/duckdb-go/v2" {
			v.DuckDB = dep.Version
		}
	}
	return v
}

func (v buildVersion) String() string {
	if v.Version != "(devel)" || v.Revision == "" {
		return v.Version
	}
	s := v.Revision[:min(12, len(v.Revision))]
	if v.Modified {
		s += "+changes"
	}
	return s
}
