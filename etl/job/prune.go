package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/warehouse"
)

// A Pruned says what prune removes, or would remove.
type Pruned struct {
	Before   time.Time `json:"before"`
	Pages    int       `json:"pages"`
	AllPages int       `json:"all_pages"`
	Files    int       `json:"page_files"`
	Bytes    int64     `json:"bytes"`
	Checks   int       `json:"checks"`
	Reports  int       `json:"reports"`
	Done     bool      `json:"done"`

	Lake *PrunedLake `json:"lake,omitempty"` // nil if the warehouse is a file

	files, reports []string
}

// Prunable says what is older than an age and brought nothing new. An age
// within a look-back is an [*etl.UsageError].
func (s *Session) Prunable(ctx context.Context, age config.Duration) (*Pruned, error) {
	if err := checkAge(s.Config, age); err != nil {
		return nil, err
	}
	return s.prune(ctx, s.Now().Add(-time.Duration(age)), false)
}

// Prune removes what was found prunable.
func (s *Session) Prune(ctx context.Context, prunable *Pruned) (*Pruned, error) {
	return s.prune(ctx, prunable.Before, true)
}

// checkAge rejects an age within a look-back: the next run still compares with
// those responses.
func checkAge(c *config.Config, age config.Duration) error {
	for _, s := range c.Sources {
		if age <= s.Lookback {
			return etl.Usagef("--older-than %s is within the look-back of %s (%s), whose responses the next run needs; write a longer age",
				age, s.Name, s.Lookback)
		}
	}
	return nil
}

// prune removes lines of journals first, then rows, and files after: a row
// without a line or a file without a row is removed next time, a row or a line
// without its file would be a loss.
func (s *Session) prune(ctx context.Context, before time.Time, yes bool) (*Pruned, error) {
	p := &Pruned{Before: before, Done: yes}
	unlanded, err := extract.UnlandedFiles(ctx, s.DB, s.Config.DataDir)
	if err != nil {
		return p, err
	}
	err = s.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		*p = Pruned{Before: before, Done: yes}
		args := warehouse.Args{"before": before}
		if _, err := tx.Exec(ctx, "job/prune.mark", args); err != nil {
			return err
		}
		if err := tx.Get(ctx, "job/prune.count", args, &p.Pages, &p.AllPages, &p.Checks); err != nil {
			return err
		}
		if err := p.findFiles(ctx, tx, s.Config, unlanded, before); err != nil || !yes {
			return err
		}
		if err := trimJournals(ctx, tx, s.Config.DataDir); err != nil {
			return err
		}
		_, pages := tx.Exec(ctx, "job/prune.pages", nil)
		_, checks := tx.Exec(ctx, "job/prune.checks", args)
		return errors.Join(pages, checks)
	})
	if err == nil {
		p.Lake, err = s.upkeep(ctx, yes)
	}
	if err != nil || !yes {
		return p, err
	}
	for _, name := range append(p.files, p.reports...) {
		err = errors.Join(err, os.Remove(name))
	}
	return p, err
}

func trimJournals(ctx context.Context, tx *warehouse.Tx, folder string) error {
	type key struct{ source, journal string }
	pages := map[key]map[string]bool{}
	err := tx.Each(ctx, "job/prune.lines", nil, func(rows *sql.Rows) error {
		var k key
		var id string
		err := rows.Scan(&k.source, &k.journal, &id)
		if pages[k] == nil {
			pages[k] = map[string]bool{}
		}
		pages[k][id] = true
		return err
	})
	for k, ids := range pages {
		if err == nil {
			err = extract.TrimJournal(folder, k.source, k.journal, ids)
		}
	}
	return err
}

// findFiles lists old page files that neither a page nor a line that has not
// landed names, and old reports.
func (p *Pruned) findFiles(ctx context.Context, tx *warehouse.Tx, c *config.Config, unlanded []string, before time.Time) error {
	names, err := warehouse.Strings(ctx, tx, "job/prune.kept_files", nil)
	if err != nil {
		return err
	}
	kept := make(map[string]bool, len(names))
	for _, name := range append(names, unlanded...) {
		kept[filepath.Join(c.DataDir, filepath.FromSlash(name))] = true
	}
	p.files, err = oldFiles(filepath.Join(c.DataDir, "raw"), before, func(path string, size int64) bool {
		if kept[path] || filepath.Ext(path) == ".jsonl" { // a journal is trimmed instead
			return false
		}
		p.Files, p.Bytes = p.Files+1, p.Bytes+size
		return true
	})
	if err != nil {
		return err
	}
	p.reports, err = oldFiles(c.ReportsDir(), before, func(path string, _ int64) bool {
		run := strings.TrimSuffix(filepath.Base(path), ".html")
		if _, err := etl.RunID(run).Began(); err != nil {
			return false // it leads to reports
		}
		p.Reports++
		return true
	})
	return err
}

// oldFiles lists the wanted files below folder that are older than before. A
// missing folder holds none.
func oldFiles(folder string, before time.Time, wanted func(path string, size int64) bool) (found []string, err error) {
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == folder {
			return filepath.SkipAll
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.ModTime().Before(before) && wanted(path, info.Size()) {
			found = append(found, path)
		}
		return err
	})
	return found, err
}

// leftovers are the temporary files that killed runs leave below the data folder: pages, sent files, the analysts' copy, rates, reports, the state,
// what DuckDB has spilled, a second warehouse, and records on their way to a
// past state.
var leftovers = []string{
	"raw/*/*/.page-*",
	"raw/*/*/.*.json.zst[0-9]*",
	"raw/*/journal/.*.jsonl[0-9]*",
	"sent/.*.json.zst[0-9]*",
	"sent/*.json.zst.tmp", // of versions before
	"..ledger[0-9]*",
	"..store[0-9]*",
	"unstored/sent/.*[0-9]*",
	"unstored/sent/*/.*[0-9]*",
	".spendbridge-*",
	"rates/.reference-rates[0-9]*",
	"reports/.*.html[0-9]*",
	".state.json[0-9]*",
	"tmp/duckdb_temp_*",
	"tmp/rebuild",
	"tmp/upgrade",
	"tmp/asof-*",
}

// clearLeftovers removes the temporary files of killed runs. The caller holds the
// lock and has written nothing yet, so they belong to nobody.
func clearLeftovers(c *config.Config) error {
	faults := []error{removeAll(c.SnapshotsDir(), ".spendbridge-*")}
	for _, file := range []string{c.Vendors.AliasesFile, c.Categories.File} {
		if file != "" {
			faults = append(faults, removeAll(filepath.Dir(file), "."+warehouse.Literal(filepath.Base(file))+"[0-9]*"))
		}
	}
	for _, pattern := range leftovers {
		faults = append(faults, removeAll(c.DataDir, pattern))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("clear what a killed run has left: %w", err)
	}
	return nil
}

func removeAll(folder, pattern string) error {
	names, err := fs.Glob(os.DirFS(folder), pattern)
	for _, name := range names {
		err = errors.Join(err, os.RemoveAll(filepath.Join(folder, filepath.FromSlash(name))))
	}
	return err
}
