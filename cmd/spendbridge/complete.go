package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/job"
	"spendbridge/etl/report"
)

// completionTime is how long somebody who presses the tabulator may wait.
const completionTime = 2 * time.Second

// completeSources completes sources. A configuration with faults names them too.
func (a *app) completeSources(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	c, _ := config.Read(a.configPath, extract.Kinds(extract.Vendors))
	if c == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := slices.DeleteFunc(config.SourceNames(c.Sources), func(name string) bool { return slices.Contains(args, name) })
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeWords completes what the last run published. It asks the analysts' copy only,
// and says nothing if that is not possible.
func (a *app) completeWords(kinds ...string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, text string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		c, _ := config.Read(a.configPath, extract.Kinds(extract.Vendors))
		if c == nil {
			return nil, directive
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		words, err := job.Complete(ctx, c, strings.Join(kinds, ","), text)
		if err != nil {
			return nil, directive
		}
		var found []cobra.Completion
		goesOn := false
		for _, w := range words {
			found = append(found, w.Word)
			goesOn = goesOn || w.IsPart
		}
		if goesOn {
			return found, directive | cobra.ShellCompDirectiveNoSpace
		}
		return found, directive
	}
}

// only completes the first argument of a command.
func only(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, text string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, text)
	}
}

// completions adds what shells ask the program for to its commands.
func (a *app) completions(root *cobra.Command) {
	flags := map[string]cobra.CompletionFunc{
		"log-level":  cobra.FixedCompletions([]cobra.Completion{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp),
		"log-format": cobra.FixedCompletions([]cobra.Completion{"text", "json", "auto"}, cobra.ShellCompDirectiveNoFileComp),
		"source":     a.completeSources,
		"as-of":      a.completeWords(report.WordRun),
		"config":     cobra.FixedCompletions([]cobra.Completion{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt),
	}
	arguments := map[string]cobra.CompletionFunc{
		"extract": a.completeSources,
		"explain": only(a.completeWords(report.WordRecord)),
		"show":    only(a.completeWords(report.WordQuarantined)),
		"settle":  only(a.completeWords(report.WordInDoubt, report.WordUndelivered)),
		"report":  only(a.completeWords(report.WordRun)),
	}
	var add func(*cobra.Command)
	add = func(cmd *cobra.Command) {
		for name, complete := range flags {
			if cmd.Flags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil {
				cobra.CheckErr(cmd.RegisterFlagCompletionFunc(name, complete)) // fails for a flag that is not there
			}
		}
		cmd.ValidArgsFunction = arguments[cmd.Name()]
		for _, sub := range cmd.Commands() {
			add(sub)
		}
	}
	add(root)
}
