package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

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
