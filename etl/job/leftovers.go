package job

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
)

// leftovers are what runs that were killed leave half written, below the data
// folder: pages, sent files, the analysts' copy, rates, reports, the state,
// what DuckDB has spilled, a second warehouse, and records on their way to a
// past state.
var leftovers = []string{
	"raw/*/*/.page-*",
	"raw/*/*/.*.json.zst[0-9]*",
	"sent/.*.json.zst[0-9]*",
	"sent/*.json.zst.tmp", // of versions before
	"..ledger[0-9]*",
	".spendbridge-*",
	"rates/.reference-rates[0-9]*",
	"reports/.*.html[0-9]*",
	".state.json[0-9]*",
	"tmp/duckdb_temp_*",
	"tmp/rebuild",
	"tmp/asof-*",
}

// clearLeftovers removes what runs that were killed have left behind. It is
// called by whoever holds the data folder and has not begun to work: nobody is
// writing them.
func clearLeftovers(c *config.Config) error {
	faults := []error{removeAll(c.SnapshotsDir(), ".spendbridge-*")}
	if aliases := c.Vendors.AliasesFile; aliases != "" {
		faults = append(faults, removeAll(filepath.Dir(aliases), "."+warehouse.Literal(filepath.Base(aliases))+"[0-9]*"))
	}
	for _, pattern := range leftovers {
		faults = append(faults, removeAll(c.DataDir, pattern))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("clear what a killed run has left: %w", err)
	}
	return nil
}

// removeAll removes what matches below folder.
func removeAll(folder, pattern string) error {
	names, err := fs.Glob(os.DirFS(folder), pattern)
	for _, name := range names {
		err = errors.Join(err, os.RemoveAll(filepath.Join(folder, filepath.FromSlash(name))))
	}
	return err
}
