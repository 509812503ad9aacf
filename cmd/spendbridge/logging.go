package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"

	"spendbridge/etl"
)

// setLog makes the logger the flags ask for. All logs go to stderr, so that
// stdout holds results only.
func (a *app) setLog() error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(a.logLevel)); err != nil {
		return etl.Usagef("--log-level %s: write debug, info, warn or error", a.logLevel)
	}
	if a.quiet {
		level = max(level, slog.LevelWarn)
	}
	asText := a.logFormat == "text" || a.logFormat == "auto" && isTerminal(a.stderr)
	switch {
	case asText:
		a.log = slog.New(tint.NewTextHandler(a.stderr, &tint.Options{
			Level: level, ReplaceAttr: a.redact.Attr, NoColor: !isTerminal(a.stderr), TimeFormat: "15:04:05",
		}))
	case a.logFormat == "json", a.logFormat == "auto":
		a.log = slog.New(slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: a.redact.Attr}))
	default:
		return etl.Usagef("--log-format %s: write text, json or auto", a.logFormat)
	}
	return nil
}

// isTerminal reports whether a person watches w.
func isTerminal(w io.Writer) bool {
	if clean, ok := w.(cleanWriter); ok {
		w = clean.Writer
	}
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
