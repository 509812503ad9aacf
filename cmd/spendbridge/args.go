package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"spendbridge/etl"
)

// subcommandOnly is for a command that is nothing without one of its own
// commands.
func subcommandOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	names := make([]string, 0, len(cmd.Commands()))
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), etl.DidYouMean(args[0], names))
}
