package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestAPackageExplainsEveryCommand(t *testing.T) {
	folder := t.TempDir()
	if code, _, errs := command(t, "package", folder); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	page := func(name string) string {
		text, err := os.ReadFile(filepath.Join(folder, "man", name))
		if err != nil {
			t.Error(err)
		}
		return strings.ReplaceAll(string(text), `\-`, "-")
	}
	each(newRootCmd(&app{}), func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		text := page(strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1")
		for _, line := range strings.Split(cmd.Long+"\n"+cmd.Example, "\n") {
			if !strings.Contains(text, roff(line)) {
				t.Errorf("the page of %s lacks the line %q", cmd.CommandPath(), line)
			}
		}
		if strings.Contains(text, `--who\fP="`) && !strings.Contains(text, `--who\fP=""`) {
			t.Errorf("the page of %s names who built it", cmd.CommandPath())
		}
	})
	for _, want := range []string{"FIRST STEPS", "EXIT STATUS", "FILES", "/var/lib/spendbridge"} {
		if !strings.Contains(page("spendbridge.1"), want) {
			t.Errorf("spendbridge(1) lacks %s", want)
		}
	}
	if !strings.Contains(page("spendbridge.yaml.5"), "organization_id") {
		t.Error("spendbridge.yaml(5) lacks a key")
	}
	for _, name := range []string{"spendbridge.bash", "spendbridge.zsh", "spendbridge.fish"} {
		text, err := os.ReadFile(filepath.Join(folder, "completions", name))
		if err != nil || !strings.Contains(string(text), "spendbridge") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func each(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, sub := range cmd.Commands() {
		each(sub, do)
	}
}

// roff is a line as a man page writes it.
func roff(line string) string {
	return strings.ReplaceAll(line, `\`, `\\`)
}
