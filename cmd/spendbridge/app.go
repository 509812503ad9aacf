package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"spendbridge/etl/config"
)

// An app is what all commands share: where they write, and what the flags
// that every command has say.
type app struct {
	stdout, stderr io.Writer

	configPath          string
	json, quiet         bool
	logLevel, logFormat string

	log     *slog.Logger
	figures *figures // what /metrics shows; nil without a daemon
	started bool     // the command line was understood, a command runs
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
