package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/doctor"
	"spendbridge/etl/extract"
	"spendbridge/etl/job"
	"spendbridge/etl/schedule"
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
		RunE: func(*cobra.Command, []string) error {
			if systemd {
				return config.WriteUnit(a.stdout, a.configPath, extract.Kinds(extract.Vendors))
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
	_, err = f.Write(config.Template)
	if err := errors.Join(err, f.Close()); err != nil {
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

func newDoctorCmd(a *app) *cobra.Command {
	var offline bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine configuration, access, disk, clock and schedule, and suggest fixes",
		Long: `Examine the installation: configuration and secrets, the data folder, its lock,
disk space and warehouse, the schedule, exchange rates, what may happen to a
batch whose answer is lost, and whether each API is reachable, lets this client
in and shows it everything.

Exit code 0 if nothing is wrong (there may be warnings), 1 if something is, 2 if
the configuration is.`,
		Example: `  spendbridge doctor
  spendbridge doctor --offline --json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), offline) },
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "examine this machine only, ask no API")
	return cmd
}

func (a *app) doctor(ctx context.Context, offline bool) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	findings := doctor.Examine(ctx, doctor.Options{
		Config: c, ConfigPath: a.configPath, Offline: offline, Job: a.options(), Next: schedule.Coming(c, a.now(), 1),
	})
	return errors.Join(a.print(findings, func(w io.Writer) { printFindings(w, findings) }), doctor.Err(findings))
}

func printFindings(w io.Writer, findings etl.Findings) {
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
	var rebuild bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Add everything up again, from the stored pages to what was posted",
		Long: `Prove again what the last runs proved, without changing any of it: the stored pages
are there and unchanged, raw = spend + excluded + quarantined, the latest
snapshot is what its manifest says, and the ledger accounts for all spend.

With --rebuild, transform what is not up to date, rebuild a second warehouse from
the stored pages and the recorded tombstones, compare it record by record, and
restore what the ledger lacks from the sent files.`,
		Example: `  spendbridge verify
  spendbridge verify --rebuild`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.do(cmd.Context(), func(*config.Config) (job.Plan, error) {
				if rebuild {
					return job.Rebuild(), nil
				}
				return job.Verify(), nil
			})
		},
	}
	cmd.Flags().BoolVar(&rebuild, "rebuild", false, "compare with a warehouse rebuilt from the stored pages; takes about as long as reading them did")
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
before. What goes is the evidence that a later read found nothing new.`,
		Example: `  spendbridge prune --older-than 400d
  spendbridge prune --older-than 400d --yes`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.prune(cmd.Context(), age, yes) },
	}
	cmd.Flags().StringVar(&age, "older-than", "", "remove what is older than this `age`, such as 400d (required)")
	yesFlag(cmd, &yes)
	cmd.MarkFlagRequired("older-than")
	return cmd
}

func (a *app) prune(ctx context.Context, text string, yes bool) error {
	var age config.Duration
	if err := age.UnmarshalText([]byte(text)); err != nil {
		return etl.Usagef("--older-than %s: write %w", text, err)
	}
	return a.inSession(ctx, func(s *job.Session) error {
		pruned, err := s.Prunable(ctx, age)
		if err != nil {
			return err
		}
		return a.propose(ctx, proposal{
			preview:  func(w io.Writer) { printPrunable(w, pruned, text) },
			question: "Remove it?",
			undone:   "Nothing is removed",
			repeat:   "To do it: spendbridge prune --older-than " + text + " --yes",
			do: func() error {
				pruned, err = s.Prune(ctx, pruned)
				return err
			},
			done:   "Removed.",
			result: func(bool) any { return pruned },
		}, yes)
	})
}

func printPrunable(w io.Writer, p *job.Pruned, age string) {
	fmt.Fprintln(w, `Stays reproducible: every version of every record keeps the response it came
with; past states, --as-of and verify --rebuild give what they gave before.`)
	fmt.Fprintf(w, "\nWould remove what is older than %s (before %s):\n", age, p.Before.Format("2006-01-02 15:04 MST"))
	fmt.Fprintf(w, "  %s of %s responses, which brought nothing new, in %s files of %d MB\n",
		etl.Number(p.Pages), etl.Number(p.AllPages), etl.Number(p.Files), p.Bytes>>20)
	fmt.Fprintf(w, "  %s proofs, %s run reports\n\n", etl.Number(p.Checks), etl.Number(p.Reports))
}

// A buildVersion identifies the program.
type buildVersion struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	DuckDB   string `json:"duckdb_go"`
}

func newVersionCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say which version this is",
		Example: "  spendbridge version --json",
		RunE: func(*cobra.Command, []string) error {
			v := version()
			return a.print(v, func(w io.Writer) {
				fmt.Fprintf(w, "spendbridge %s (%s, duckdb-go %s)\n", v, v.Go, v.DuckDB)
			})
		},
	}
}

// version reads what the Go toolchain wrote into the binary.
func version() buildVersion {
	v := buildVersion{Version: "unknown", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/duckdb/duckdb-go/v2" {
			v.DuckDB = dep.Version
		}
	}
	return v
}

func (v buildVersion) String() string {
	if v.Version != "(devel)" || v.Revision == "" {
		return v.Version
	}
	s := v.Revision[:min(12, len(v.Revision))]
	if v.Modified {
		s += "+changes"
	}
	return s
}
