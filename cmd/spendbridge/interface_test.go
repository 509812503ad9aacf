package main

import (
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spendbridge/etl/etltest"
)

var update = flag.Bool("update", false, "write the public interface into testdata/interface/interface.txtar")

// TestPublicInterface compares all that others rely on with one file, which is
// the place to review a change of it: names may be added, never renamed. It
// looks at the program from outside only.
func TestPublicInterface(t *testing.T) {
	t.Parallel()
	l := live(t)
	golden := &txtar.Archive{Comment: []byte(`What others rely on. Names are added here, never renamed or removed.
Rewrite it with: go test ./cmd/spendbridge -run TestPublicInterface -update

`)}
	add := func(name string, lines ...string) {
		golden.Files = append(golden.Files, txtar.File{Name: name, Data: []byte(strings.Join(lines, "\n") + "\n")})
	}
	add("exit codes", l.codes...)
	add("flags", flagsOf(newRootCmd(&app{stdout: io.Discard, stderr: io.Discard}))...)
	add("configuration keys", configurationKeys(t)...)
	for _, name := range slices.Sorted(maps.Keys(l.documents)) {
		add("members of "+name+" --json", l.documents[name].lines()...)
	}
	add("metrics", l.metrics...)
	add("columns of warehouse.duckdb", l.names(l.path("data/warehouse.duckdb"), "columns.sql")...)
	add("columns of spend.duckdb", l.names(l.path("data/spend.duckdb"), "columns.sql")...)
	add("files of the data folder", l.files()...)
	add("members of the lines of sent files", l.sentFiles()...)
	add("members of sent/decisions.jsonl", l.members("data/sent/decisions.jsonl")...)
	add("members of manifest.json", l.members("data/snapshots/latest/manifest.json")...)
	add("members of state.json", l.members("data/state.json")...)
	add("columns of spend in Parquet", l.parquet("data/snapshots/*/spend/*/*/*.parquet", "past/spend/*/*/*.parquet")...)
	add("columns of report --ledger in Parquet", l.parquet("ledger.parquet")...)

	file := etltest.Data("interface", "interface.txtar")
	if *update {
		if err := os.WriteFile(file, txtar.Format(golden), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := txtar.Parse(etltest.Read(t, "interface", "interface.txtar"))
	if diff := cmp.Diff(sections(want), sections(golden)); diff != "" {
		t.Errorf("the public interface has changed (-want +got):\n%s", diff)
	}
}

// sections returns the lines of each file of an archive.
func sections(archive *txtar.Archive) map[string][]string {
	lines := map[string][]string{}
	for _, file := range archive.Files {
		lines[file.Name] = strings.Split(string(file.Data), "\n")
	}
	return lines
}

// command runs one command line.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = execute(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// flagsOf lists the flags of a command and of those below it: shorthand, type,
// default. What depends on who runs it where is left out.
func flagsOf(cmd *cobra.Command) []string {
	lines := []string{cmd.UseLine()}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		line := "  --" + f.Name + " " + f.Value.Type()
		if f.Shorthand != "" {
			line = "  -" + f.Shorthand + " " + strings.TrimSpace(line)
		}
		if f.DefValue != "" && f.Name != "who" && f.Name != "config" {
			line += " = " + f.DefValue
		}
		if f.NoOptDefVal != "" && f.Value.Type() != "bool" {
			line += ", alone = " + f.NoOptDefVal
		}
		if f.Annotations[cobra.BashCompOneRequiredFlag] != nil {
			line += ", required"
		}
		lines = append(lines, line)
	})
	for _, sub := range cmd.Commands() {
		if !sub.Hidden {
			lines = append(lines, flagsOf(sub)...)
		}
	}
	return lines
}

var keyLine = regexp.MustCompile(`^( *)([A-Za-z0-9_]+):(.*)`)

// commentedOut is a key that init shows with its default, and no prose.
var commentedOut = regexp.MustCompile(`(?m)^( *)# ( *[a-z0-9_]+:(?: +(?:"[^"]*"|\{[^}]*\}|[^\s"#{]+))?(?: *#.*)?)$`)

// configurationKeys lists every key, in the order of the files that name them,
// with what init's file says of it. Each is known: another letter makes it wrong.
func configurationKeys(t *testing.T) []string {
	written := filepath.Join(t.TempDir(), "spendbridge.yaml")
	if code, _, errs := command(t, "init", "--config", written); code != 0 {
		t.Fatalf("init ended with %d: %s", code, errs)
	}
	text, err := os.ReadFile(written)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, k := range keysOf(commentedOut.ReplaceAllString(string(text), "$1$2")) {
		shown[k.path] = k.value
	}
	var known, lines []string
	for _, name := range []string{"every_key.yaml", "alternatives.yaml"} {
		for _, k := range knownKeys(t, name) {
			if !slices.Contains(known, k.path) {
				known = append(known, k.path)
				lines = append(lines, strings.TrimSpace(k.path+"  "+shown[k.path]))
			}
		}
	}
	for path := range shown {
		if !slices.Contains(known, path) {
			t.Errorf("init writes the key %s, which testdata/interface/every_key.yaml lacks", path)
		}
	}
	return lines
}

// A configurationKey is a line of a configuration.
type configurationKey struct {
	path, value string // sources.productive.token
	line        int
}

// keysOf lists the keys of a YAML text in block style, one a line.
func keysOf(text string) []configurationKey {
	var keys []configurationKey
	var above []string
	var indents []int
	for i, line := range strings.Split(text, "\n") {
		m := keyLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		for len(indents) > 0 && indents[len(indents)-1] >= len(m[1]) {
			above, indents = above[:len(above)-1], indents[:len(indents)-1]
		}
		above, indents = append(above, m[2]), append(indents, len(m[1]))
		value, _, _ := strings.Cut(m[3], " #")
		keys = append(keys, configurationKey{strings.Join(above, "."), strings.TrimSpace(value), i})
	}
	return keys
}

// knownKeys returns the keys of a file of which the program knows each.
func knownKeys(t *testing.T, name string) []configurationKey {
	text := string(etltest.Read(t, "interface", name))
	file := filepath.Join(t.TempDir(), name)
	read := func(text string) (code int, errs string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, errs = command(t, "schedule", "--next", "1", "--config", file)
		return code, errs
	}
	if code, errs := read(text); code != 0 {
		t.Fatalf("%s is refused with %d: %s", name, code, errs)
	}
	keys := keysOf(text)
	for _, k := range keys {
		lines := strings.Split(text, "\n")
		lines[k.line] = strings.Replace(lines[k.line], ":", "z:", 1)
		if code, errs := read(strings.Join(lines, "\n")); code != 2 || !strings.Contains(errs, filepath.Ext("." + k.path)[1:]+"z") {
			t.Errorf("%sz is no key, but the exit code is %d: %s", k.path, code, errs)
		}
	}
	return keys
}
