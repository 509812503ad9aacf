package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
)

func newInitCmd(a *app) *cobra.Command {
	var systemd bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a commented spendbridge.yaml",
		Long: `Write a commented configuration to fill in. An existing file is never
overwritten. Secrets stay out of it: they come from the environment.`,
		Example: `  spendbridge init
  spendbridge init --config /etc/spendbridge/spendbridge.yaml
  spendbridge init --systemd > spendbridge.service`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if systemd {
				return a.printUnit(a.stdout)
			}
			return a.init()
		},
	}
	cmd.Flags().BoolVar(&systemd, "systemd", false, "print a hardened systemd unit for the daemon instead, and write nothing")
	return cmd
}

func (a *app) init() error {
	f, err := os.OpenFile(a.configPath, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return etl.Usagef("%s exists and stays as it is; name another file with --config", a.configPath)
	}
	if err != nil {
		return etl.Usagef("write configuration: %w", err)
	}
	if _, err := f.Write(config.Template); err != nil {
		f.Close()
		return fmt.Errorf("write configuration: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return a.print(map[string]string{"written": a.configPath}, func(w io.Writer) {
		fmt.Fprintf(w, `Wrote %[1]s. Next:
  1. Fill in organization_id, domain, base_url and app_id, and remove a source you do not have.
  2. Set the secrets it names, such as: export PRODUCTIVE_TOKEN=…
  3. spendbridge doctor --config %[1]s
  4. spendbridge run --config %[1]s; the first run shows what it would post, and posts nothing
  5. spendbridge load --config %[1]s --approve=PLAN --note WHY, with the plan that the run printed
`, a.configPath)
	})
}
