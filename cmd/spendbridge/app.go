package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
	"spendbridge/etl/monitor"
)

// An app is what all commands share: where they write, and what the flags
// that every command has say.
type app struct {
	stdout, stderr io.Writer

	configPath          string
	json, quiet         bool
	logLevel, logFormat string

	log     *slog.Logger
	started bool // the command line was understood, a command runs
}

// now is the clock of everything that is stored.
func (a *app) now() time.Time { return time.Now().UTC() }

// print writes a command's result to stdout: as one JSON document with
// --json, else the way human writes it.
func (a *app) print(result any, human func(io.Writer)) error {
	if !a.json {
		human(a.stdout)
		return nil
	}
	encoder := json.NewEncoder(a.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(result)
}

// config reads the configuration that the flags name.
func (a *app) config() (*config.Config, error) { return config.Read(a.configPath) }

// options is what a session is told by this command line.
func (a *app) options() job.Options {
	return job.Options{
		Log: a.log, Now: a.now, Program: version().String(),
		Command:  strings.Join(append([]string{"spendbridge"}, os.Args[1:]...), " "),
		Progress: a.progress, Interactive: isTerminal(a.stderr),
		Ended: func(ctx context.Context, s *job.Session, ended job.Ended) {
			if err := monitor.Notify(ctx, s, ended); err != nil {
				a.log.WarnContext(ctx, "notification not sent", etl.Err(err))
			}
		},
	}
}

// inSession runs work on the data folder that the configuration names.
func (a *app) inSession(ctx context.Context, work func(*job.Session) error) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	return a.inSessionOf(ctx, c, work)
}

func (a *app) inSessionOf(ctx context.Context, c *config.Config, work func(*job.Session) error) (err error) {
	s, err := job.Open(ctx, c, a.options())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return work(s)
}

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
