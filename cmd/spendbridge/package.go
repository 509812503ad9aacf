package main

import (
	_ "embed"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"spendbridge/etl/config"
)

// newPackageCmd writes what a package holds besides the program and is made from
// it. Only .ci/dist calls it.
func newPackageCmd() *cobra.Command {
	return &cobra.Command{
		Use:    "package DIR",
		Short:  "Write man pages, completions, units and configuration for a package",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return errors.Join(
				writeCompletions(cmd.Root(), filepath.Join(args[0], "completions")),
				inFolder(filepath.Join(args[0], "etc"), config.WritePackaged),
				inFolder(filepath.Join(args[0], "man"), func(folder string) error { return writeManPages(cmd.Root(), folder) }),
			)
		},
	}
}

func inFolder(folder string, write func(string) error) error {
	return errors.Join(os.MkdirAll(folder, 0o755), write(folder))
}

func writeCompletions(root *cobra.Command, folder string) error {
	return inFolder(folder, func(folder string) error {
		return errors.Join(
			root.GenBashCompletionFileV2(filepath.Join(folder, "spendbridge.bash"), true),
			root.GenZshCompletionFile(filepath.Join(folder, "spendbridge.zsh")),
			root.GenFishCompletionFile(filepath.Join(folder, "spendbridge.fish"), true),
		)
	})
}

//go:embed package/man.md
var manual string

// writeManPages writes a page for each command, and one for the configuration.
func writeManPages(root *cobra.Command, folder string) error {
	literal(root)
	root.Long += "\n" + manual
	root.DisableAutoGenTag = true
	header := doc.GenManHeader{Title: "SPENDBRIDGE", Section: "1", Source: "spendbridge", Manual: "spendbridge"}
	if at, err := time.Parse(time.RFC3339, version().Date); err == nil {
		header.Date = &at
	}
	err := doc.GenManTree(root, &header, folder)

	page := &cobra.Command{
		Use: "spendbridge.yaml", Short: "the configuration of spendbridge", Long: string(config.Template), DisableAutoGenTag: true,
	}
	literal(page)
	page.Flags().Bool("help", false, "")
	header.Title, header.Section = "SPENDBRIDGE.YAML", "5"
	f, fault := os.Create(filepath.Join(folder, "spendbridge.yaml.5"))
	if fault != nil {
		return errors.Join(err, fault)
	}
	return errors.Join(err, page.Flags().MarkHidden("help"), doc.GenMan(page, &header, f), f.Close())
}

// literal keeps the lines of the help of a command and those below it as they are:
// man pages are made of Markdown. Who runs this is nobody's default.
func literal(cmd *cobra.Command) {
	if cmd.Long != "" {
		cmd.Long = "```\n" + cmd.Long + "\n```\n"
	}
	if who := cmd.Flags().Lookup("who"); who != nil {
		who.DefValue = ""
	}
	for _, sub := range cmd.Commands() {
		literal(sub)
	}
}
