package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"spendbridge/etl/etltest"
)

// Every command line in a document is one that the program understands.
func TestDocumentedCommandsAreUnderstood(t *testing.T) {
	checked := 0
	for name, text := range documents(t) {
		for _, line := range commandLines(text) {
			if err := understand(line); err != nil {
				t.Errorf("%s: %s: %v", name, line, err)
			}
			checked++
		}
	}
	if checked < 50 {
		t.Errorf("only %d command lines were found", checked)
	}
}

// Every link between documents leads to a file and a heading.
func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^):]*))?\)`)
	all := documents(t)
	for name, text := range all {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target := name
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(name), m[1])
			}
			if _, err := os.Stat(filepath.Join(root(), target)); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
			} else if m[2] != "" && !slices.Contains(anchors(all[target]), m[2]) {
				t.Errorf("%s links to %s, which has no heading #%s", name, target, m[2])
			}
		}
	}
}

// A file that cites a document cites one that is here, by a heading it has.
func TestCitedDocumentsAreHere(t *testing.T) {
	cited := regexp.MustCompile(`([\w./-]*\w\.md)\b(?:, ([A-Z][\w.]*(?:: [a-z ]+)?))?`)
	all := documents(t)
	walk(t, []string{".go", ".sql", ".json", ".yaml", ".tmpl", ".py", ".txtar", ".html", ".md"}, func(name, text string) {
		if !strings.Contains(text, ".md") { // most have none, and the pattern is slow
			return
		}
		text = strings.NewReplacer("\n// ", " ", "\n\t// ", " ", "\n-- ", " ").Replace(text) // comments that are broken into lines
		for _, m := range cited.FindAllStringSubmatch(text, -1) {
			document, ok := all[m[1]]
			if !ok {
				document, ok = all[filepath.Join(filepath.Dir(name), m[1])]
			}
			if !ok {
				t.Errorf("%s cites %s, which is not here", name, m[1])
			}
			if heading := strings.TrimRight(m[2], ". "); heading != "" && !slices.ContainsFunc(headings(document), func(h string) bool { return strings.HasPrefix(heading+" ", h+" ") }) {
				t.Errorf("%s cites %q of %s, which has no such heading", name, heading, m[1])
			}
		}
	})
}

func root() string { return filepath.Dir(etltest.Data()) }

// documents are the texts of all documents by their path in the repository.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	walk(t, []string{".md"}, func(name, text string) { all[name] = text })
	return all
}

// walk visits the repository's files of some kinds.
func walk(t *testing.T, kinds []string, visit func(name, text string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root()), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "bin", "data"}, name):
			return fs.SkipDir
		case entry.IsDir() || !slices.Contains(kinds, filepath.Ext(name)):
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root(), name))
		visit(name, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	consoleLine = regexp.MustCompile(`(?m)^\$ (?:sudo )?(?:bin/)?(spendbridge .*)$`)
	inlineCode  = regexp.MustCompile("`(spendbridge [a-z][^`]*)`")
)

// commandLines finds the program's command lines in consoles and inline code.
func commandLines(text string) []string {
	var lines []string
	for _, pattern := range []*regexp.Regexp{consoleLine, inlineCode} {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			lines = append(lines, m[1])
		}
	}
	return lines
}

// understand parses a command line without running it. A command alone is its
// name, whatever arguments it needs.
func understand(line string) error {
	words := shellWords(line)
	root := newRootCmd(&app{stdout: io.Discard, stderr: io.Discard})
	root.InitDefaultCompletionCmd()
	cmd, rest, err := root.Find(words[1:])
	if err != nil || len(rest) == 0 {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	check := cmd.Args
	if check == nil {
		check = cobra.ArbitraryArgs
	}
	return errors.Join(check(cmd, cmd.Flags().Args()), cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups())
}

// shellWords splits a line as a shell does, up to its comment or a pipe.
func shellWords(line string) []string {
	var words []string
	for _, m := range regexp.MustCompile(`'[^']*'|"[^"]*"|(?:[^\s'"]|"[^"]*")+`).FindAllString(line, -1) {
		if slices.Contains([]string{"|", ">", "&", "&&"}, m) || m[0] == '#' {
			break
		}
		words = append(words, strings.Trim(m, `'"`))
	}
	return words
}

func headings(document string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(document, -1) {
		all = append(all, m[1])
	}
	return all
}

// anchors are the names by which links find the headings of a document.
func anchors(document string) []string {
	var all []string
	for _, heading := range headings(document) {
		anchor := regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ToLower(heading), "")
		all = append(all, strings.ReplaceAll(anchor, " ", "-"))
	}
	return all
}

func TestAWrongCommandLineIsNotUnderstood(t *testing.T) {
	for _, line := range []string{
		"spendbridge nothing", "spendbridge run --never", "spendbridge backfill --from 2024-01-01", "spendbridge settle x --note y", "spendbridge explain a b",
	} {
		if understand(line) == nil {
			t.Errorf("%s is understood", line)
		}
	}
}
