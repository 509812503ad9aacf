package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
)

// A pruned says what prune removes, or would remove.
type pruned struct {
	Before   time.Time `json:"before"`
	Pages    int       `json:"pages"`
	AllPages int       `json:"all_pages"`
	Files    int       `json:"page_files"`
	Bytes    int64     `json:"bytes"`
	Checks   int       `json:"checks"`
	Reports  int       `json:"reports"`
	Done     bool      `json:"done"`

	files, reports []string
}

func newPruneCmd(a *app) *cobra.Command {
	var age string
	var yes bool
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove old responses that brought nothing new, old reports and proofs",
		Long: `Remove what is older than an age: vendor responses that brought no new version
of any record, run reports, and the log of proofs. Without --yes it only says
what it would remove.

Everything stays reproducible: each version of each record keeps the response it
came with, so past states, --as-of and verify --rebuild give what they gave
before. What goes is the evidence that a later reading found nothing new.`,
		Example: `  spendbridge prune --older-than 400d
  spendbridge prune --older-than 400d --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.prune(cmd.Context(), age, yes) },
	}
	cmd.Flags().StringVar(&age, "older-than", "", "remove what is older than this `age`, such as 400d (required)")
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	cmd.MarkFlagRequired("older-than")
	return cmd
}

func (a *app) prune(ctx context.Context, text string, yes bool) error {
	var age config.Duration
	if err := age.UnmarshalText([]byte(text)); err != nil {
		return etl.Usagef("--older-than %s: write %w", text, err)
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := checkAge(s.config, age); err != nil {
		return err
	}
	result, err := s.prune(ctx, s.now().Add(-time.Duration(age)), yes)
	if err != nil {
		return err
	}
	return a.print(result, func(w io.Writer) { result.print(w, text) })
}

// checkAge refuses to remove what the next run may still compare with.
func checkAge(c *config.Config, age config.Duration) error {
	for _, s := range c.Sources {
		if age <= s.Lookback {
			return etl.Usagef("--older-than %s lies within the look-back of %s (%s), whose responses the next run needs; write a longer age",
				age, s.Name, s.Lookback)
		}
	}
	return nil
}

// prune removes rows first and files after: a file without a row is removed
// next time, a row without its file would be a loss.
func (s *session) prune(ctx context.Context, before time.Time, yes bool) (*pruned, error) {
	p := &pruned{Before: before, Done: yes}
	err := s.db.InTx(ctx, func(tx *warehouse.Tx) error {
		args := warehouse.Args{"before": before}
		if _, err := tx.Exec(ctx, "queries/prune_mark.sql", args); err != nil {
			return err
		}
		if err := tx.Get(ctx, "queries/prune_count.sql", args, &p.Pages, &p.AllPages, &p.Checks); err != nil {
			return err
		}
		if err := p.findFiles(ctx, tx, s.config, before); err != nil || !yes {
			return err
		}
		_, pages := tx.Exec(ctx, "queries/prune_pages.sql", nil)
		_, checks := tx.Exec(ctx, "queries/prune_checks.sql", args)
		return errors.Join(pages, checks)
	})
	if err != nil || !yes {
		return p, err
	}
	for _, name := range append(p.files, p.reports...) {
		err = errors.Join(err, os.Remove(name))
	}
	return p, err
}

// findFiles lists old page files that no page names any more, and old reports.
func (p *pruned) findFiles(ctx context.Context, tx *warehouse.Tx, config *config.Config, before time.Time) error {
	names, err := warehouse.Strings(ctx, tx, "queries/prune_kept_files.sql", nil)
	if err != nil {
		return err
	}
	kept := make(map[string]bool, len(names))
	for _, name := range names {
		kept[filepath.Join(config.DataDir, filepath.FromSlash(name))] = true
	}
	p.files, err = oldFiles(filepath.Join(config.DataDir, "raw"), before, func(path string, size int64) bool {
		if kept[path] {
			return false
		}
		p.Files, p.Bytes = p.Files+1, p.Bytes+size
		return true
	})
	if err != nil {
		return err
	}
	p.reports, err = oldFiles(config.ReportsDir(), before, func(string, int64) bool { p.Reports++; return true })
	return err
}

// oldFiles lists the files below folder that are older than before and that
// are wanted. A folder that is not there holds none.
func oldFiles(folder string, before time.Time, wanted func(path string, size int64) bool) ([]string, error) {
	var found []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == folder {
			return filepath.SkipAll
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.ModTime().Before(before) && wanted(path, info.Size()) {
			found = append(found, path)
		}
		return nil
	})
	return found, err
}

func (p *pruned) print(w io.Writer, age string) {
	fmt.Fprintln(w, `Stays reproducible: every version of every record keeps the response it came
with; past states, --as-of and verify --rebuild give what they gave before.`)
	verb := "Would remove"
	if p.Done {
		verb = "Removed"
	}
	fmt.Fprintf(w, "\n%s what is older than %s (before %s):\n", verb, age, p.Before.Format("2006-01-02 15:04 MST"))
	fmt.Fprintf(w, "  %s of %s responses, which brought nothing new, in %s files of %d MB\n",
		number(p.Pages), number(p.AllPages), number(p.Files), p.Bytes>>20)
	fmt.Fprintf(w, "  %s proofs, %s run reports\n", number(p.Checks), number(p.Reports))
	if !p.Done {
		fmt.Fprintf(w, "\nTo do it: spendbridge prune --older-than %s --yes\n", age)
	}
}
