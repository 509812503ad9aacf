package job

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/sandbox"
	"spendbridge/etl/warehouse"
)

// newInstallation is a configuration for a sandbox with few records.
func newInstallation(t *testing.T) *config.Config {
	t.Helper()
	options := sandbox.DemoOptions()
	options.Plain, options.Expenses, options.Transactions = true, 60, 20
	vendors := sandbox.New(options)
	if err := vendors.Start(context.Background(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vendors.Close() })
	text, err := vendors.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "spendbridge.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(path, extract.Kinds(extract.Vendors))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func options() Options {
	return Options{
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Progress: func(string) (etl.Progress, func()) { return func(string, int64, int64) {}, func() {} },
	}
}

// runOnce does the whole job.
func runOnce(t *testing.T, c *config.Config) *Result {
	t.Helper()
	result, err := Do(t.Context(), c, options(), Whole(c))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// pruneBefore removes what is older than a moment.
func pruneBefore(t *testing.T, c *config.Config, before time.Time, yes bool) *Pruned {
	t.Helper()
	return pruneIn(t, c, 0, before, yes)
}

// pruneIn is pruneBefore so many days from now.
func pruneIn(t *testing.T, c *config.Config, days int, before time.Time, yes bool) *Pruned {
	t.Helper()
	o := options()
	o.Now = func() time.Time { return time.Now().AddDate(0, 0, days) }
	s, err := Open(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := s.prune(t.Context(), before, yes)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPruneRemovesOnlyWhatBroughtNothing(t *testing.T) {
	c := newInstallation(t)
	first := runOnce(t, c)
	runOnce(t, c)
	later := time.Now().Add(time.Hour)

	if p := pruneBefore(t, c, time.Now().Add(-time.Hour), true); p.Pages+p.Files+p.Reports+p.Checks != 0 {
		t.Errorf("nothing is that old, and it removed %+v", p)
	}
	before := countFiles(t, c.DataDir)
	planned := pruneBefore(t, c, later, false)
	if diff := cmp.Diff(before, countFiles(t, c.DataDir)); diff != "" {
		t.Errorf("a dry run removed files: %s", diff)
	}
	done := pruneBefore(t, c, later, true)
	if done.Pages == 0 || done.Reports != 2 || done.Pages != planned.Pages || done.Files != planned.Files {
		t.Errorf("removed %+v, planned %+v", done, planned)
	}
	if p := pruneBefore(t, c, later, true); p.Pages+p.Files+p.Reports != 0 {
		t.Errorf("a second time there is more to remove: %+v", p)
	}
	everyPageHasItsFile(t, c)

	again := runOnce(t, c)
	if again.Delivery.New != 0 || again.Balanced == nil || !*again.Balanced {
		t.Errorf("the next run posts %d records", again.Delivery.New)
	}
	if diff := cmp.Diff(first.Totals.Received, again.Totals.Received); diff != "" {
		t.Errorf("the totals changed: %s", diff)
	}
	if _, err := Do(t.Context(), c, options(), Rebuild(false)); err != nil {
		t.Errorf("what is left is not enough for a rebuild: %v", err)
	}
}

// everyPageHasItsFile follows each row of raw.pages to its file.
func everyPageHasItsFile(t *testing.T, c *config.Config) {
	t.Helper()
	s, err := Open(t.Context(), c, options())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.DB.InTx(t.Context(), func(tx *warehouse.Tx) error {
		_, err := tx.Exec(t.Context(), "job/prune.mark", warehouse.Args{"before": time.Unix(0, 0)})
		if err != nil {
			return err
		}
		names, err := warehouse.Strings(t.Context(), tx, "job/prune.kept_files", nil)
		for _, name := range names {
			_, gone := os.Stat(filepath.Join(c.DataDir, filepath.FromSlash(name)))
			err = errors.Join(err, gone)
		}
		if len(names) == 0 {
			t.Error("no page is left")
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

func countFiles(t *testing.T, folder string) map[string]int {
	t.Helper()
	count := map[string]int{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			count[filepath.Ext(path)]++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return count
}

func TestPruneKeepsTheLookBack(t *testing.T) {
	const day = 24 * time.Hour
	c := &config.Config{Sources: []config.Source{{Name: "productive", Lookback: config.Duration(90 * day)}}}
	tests := map[string]struct {
		age    config.Duration
		refuse bool
	}{
		"younger than the look-back": {config.Duration(30 * day), true},
		"just as old":                {config.Duration(90 * day), true},
		"older":                      {config.Duration(91 * day), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := checkAge(c, tt.age); (err != nil) != tt.refuse {
				t.Errorf("checkAge(%s) = %v, want refused: %v", tt.age, err, tt.refuse)
			}
		})
	}
}
