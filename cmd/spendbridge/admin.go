package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/doctor"
	"spendbridge/etl/extract"
	"spendbridge/etl/job"
	"spendbridge/etl/schedule"
)

func newInitCmd(a *app) *cobra.Command {
	var systemd, schema bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a commented spendbridge.yaml",
		Long: `Write a commented configuration to fill in. An existing file is never
overwritten. Secrets stay out of it: they come from the environment, or from a
file .env beside it.

Beside it, spendbridge.schema.json lets editors complete and check the keys: any
that knows the YAML language server, such as VS Code with its YAML extension.
After an upgrade, --schema prints the new one.`,
		Example: `  spendbridge init
  spendbridge init --config /etc/spendbridge/spendbridge.yaml
  spendbridge init --schema > spendbridge.schema.json
  spendbridge init --systemd > spendbridge.service`,
		RunE: func(*cobra.Command, []string) error {
			kinds := extract.Kinds(extract.Vendors)
			switch {
			case systemd:
				return config.WriteUnit(a.stdout, a.configPath, kinds)
			case schema:
				_, err := a.stdout.Write(config.Schema(kinds))
				return err
			}
			return a.init(kinds)
		},
	}
	cmd.Flags().BoolVar(&systemd, "systemd", false, "print a hardened systemd unit for the daemon instead, and write nothing")
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of the configuration instead, and write nothing")
	cmd.MarkFlagsMutuallyExclusive("systemd", "schema")
	return cmd
}

func (a *app) init(kinds []config.Kind) error {
	f, err := os.OpenFile(a.configPath, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return etl.Usagef("%s exists and stays as it is; name another file with --config", a.configPath)
	}
	if err != nil {
		return etl.Usagef("write configuration: %w", err)
	}
	_, err = f.WriteString(config.Modeline + string(config.Template))
	schema := filepath.Join(filepath.Dir(a.configPath), config.SchemaFile)
	if err := errors.Join(err, f.Close(), os.WriteFile(schema, config.Schema(kinds), 0o600)); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return a.print(map[string]string{"written": a.configPath, "schema": schema}, func(w *screen) {
		fmt.Fprintf(w, "Wrote %s, and %s for your editor. Next:\n", a.configPath, schema)
		for i, step := range []string{
			"Fill in organization_id, domain, base_url and app_id, and remove a source you do not have",
			"Set the secrets it names: export PRODUCTIVE_TOKEN=…, or write PRODUCTIVE_TOKEN=… into a file .env beside it",
			a.commandLine("doctor", ""),
			a.commandLine("run", "") + "  # posts nothing yet, and shows what it would post",
			a.commandLine("vendors suggest", "") + "  # approve what is one vendor: a name that was posted stays",
			a.commandLine("run", "") + "  # again, if you did",
			a.commandLine("load --approve=PLAN --note WHY", "") + "  # with the plan that the run printed",
		} {
			fmt.Fprintf(w, "  %d. %s\n", i+1, step)
		}
	})
}

func newDoctorCmd(a *app) *cobra.Command {
	var offline, upgrade bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine configuration, access, disk, clock and schedule, and suggest fixes",
		Long: `Examine the installation: configuration and secrets, the data folder, its lock,
disk space and warehouse, the schedule, exchange rates, what may happen to a
batch whose answer is lost, and whether each API is reachable, lets this client
in and shows it everything.

With --upgrade, say instead what this version of the program would change in the
data folder of an earlier one: its schema, its records, their names, and what the
next load would post or hold. It tries that on a copy of the warehouse, which is
removed again, and changes nothing. Ask before any other command of this version
opens the folder, for that upgrades it.

Exit code 0 if nothing is wrong (there may be warnings), 1 if something is, 2 if
the configuration is.`,
		Example: `  spendbridge doctor
  spendbridge doctor --upgrade
  spendbridge doctor --offline --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			o := doctor.Options{Config: c, ConfigPath: a.configPath, Offline: offline, Job: a.options()}
			var findings etl.Findings
			if upgrade {
				findings = doctor.Upgrade(cmd.Context(), o)
			} else {
				o.Next = schedule.Coming(c, a.now(), 1)
				findings = doctor.Examine(cmd.Context(), o)
			}
			return errors.Join(a.print(findings, func(w *screen) { printFindings(w, findings) }), doctor.Err(findings))
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "examine this machine only, ask no API")
	cmd.Flags().BoolVar(&upgrade, "upgrade", false, "say what this version would change in the data folder of an earlier one")
	cmd.MarkFlagsMutuallyExclusive("offline", "upgrade")
	return cmd
}

func printFindings(w *screen, findings etl.Findings) {
	s := &screen{Writer: w, paint: paints(w)}
	signs := map[string]string{
		etl.LevelOK: s.color(green, "ok     "), etl.LevelWarning: s.color(yellow, "warning"), etl.LevelError: s.color(red, "error  "),
	}
	for _, f := range findings {
		fmt.Fprintf(w, "%s  %-22s %s\n", signs[f.Level], f.Check, f.Message)
		if f.Fix != "" {
			fmt.Fprintf(w, "%34s%s\n", "→ ", f.Fix)
		}
	}
}

func newVerifyCmd(a *app) *cobra.Command {
	var rebuild, fromStore bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Add everything up again, from the stored pages to what was posted",
		Long: `Prove again what the last runs proved, without changing any of it: the stored pages
are there and unchanged, raw = spend + excluded + quarantined, the latest
snapshot is what its manifest says, and the ledger accounts for all spend.

With --rebuild, transform what is not up to date, rebuild a second warehouse from
the stored pages and the recorded tombstones, compare it record by record, and
restore what the ledger lacks from the sent files.

With --from-store as well, fetch pages, journals, sent files and decisions that are
missing here from the store first: this makes a lost data folder again. Make sure
that the machine which posted until now does not post any more.`,
		Example: `  spendbridge verify
  spendbridge verify --rebuild
  spendbridge verify --rebuild --from-store`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if fromStore && !rebuild {
				return etl.Usagef("--from-store goes with --rebuild")
			}
			plan := job.Verify()
			if rebuild {
				plan = job.Rebuild(fromStore)
			}
			return a.do(cmd.Context(), func(*config.Config) (job.Plan, error) { return plan, nil })
		},
	}
	cmd.Flags().BoolVar(&rebuild, "rebuild", false, "compare with a warehouse rebuilt from the stored pages; takes about as long as reading them did")
	cmd.Flags().BoolVar(&fromStore, "from-store", false, "with --rebuild: fetch what this data folder does not have from the store")
	return cmd
}

func newPruneCmd(a *app) *cobra.Command {
	var age string
	var yes bool
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove old responses that brought nothing new, old reports and proofs",
		Long: `Remove what is older than an age: vendor responses that brought no new version
of any record, run reports, and the log of proofs. It says what it would remove
and asks; where nobody can be asked, it removes nothing without --yes.

Everything stays reproducible: each version of each record keeps the response it
came with, so past states, --as-of and verify --rebuild give what they gave
before. What goes is the evidence that a later read found nothing new.

On a lake it also merges small files, and removes versions of the lake older than
a day and the files that no version has named for a day. Run it about once a
month.`,
		Example: `  spendbridge prune --older-than 400d
  spendbridge prune --older-than 400d --yes`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var least config.Duration
			if err := least.UnmarshalText([]byte(age)); err != nil {
				return etl.Usagef("--older-than %s: write %w", age, err)
			}
			return a.inSession(cmd.Context(), func(s *job.Session) error {
				pruned, err := s.Prunable(cmd.Context(), least)
				if err != nil {
					return err
				}
				return a.propose(cmd.Context(), proposal{
					preview:  func(w *screen) { printPrunable(w, pruned, age) },
					question: "Remove it?",
					undone:   "Nothing is removed",
					repeat:   "To do it: spendbridge prune --older-than " + age + " --yes",
					do: func() error {
						pruned, err = s.Prune(cmd.Context(), pruned)
						return err
					},
					done:   "Removed.",
					result: func(bool) any { return pruned },
				}, yes)
			})
		},
	}
	cmd.Flags().StringVar(&age, "older-than", "", "remove what is older than this `age`, such as 400d (required)")
	yesFlag(cmd, &yes)
	cmd.MarkFlagRequired("older-than")
	return cmd
}

func printPrunable(w *screen, p *job.Pruned, age string) {
	fmt.Fprintln(w, `Stays reproducible: every version of every record keeps the response it came
with; past states, --as-of and verify --rebuild give what they gave before.`)
	fmt.Fprintf(w, "\nWould remove what is older than %s (before %s):\n", age, p.Before.Format("2006-01-02 15:04 MST"))
	fmt.Fprintf(w, "  %s of %s responses, which brought nothing new, in %s files of %d MB\n",
		etl.Number(p.Pages), etl.Number(p.AllPages), etl.Number(p.Files), p.Bytes>>20)
	fmt.Fprintf(w, "  %s proofs, %s run reports\n", etl.Number(p.Checks), etl.Number(p.Reports))
	if p.Lake != nil {
		fmt.Fprintf(w, "  %s versions of the lake older than a day, %s of its files, which no version names; the others are merged\n",
			etl.Number(p.Lake.Versions), etl.Number(p.Lake.Files))
	}
	fmt.Fprintln(w)
}
