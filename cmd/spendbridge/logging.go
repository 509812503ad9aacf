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
	switch a.logFormat {
	case "json":
		a.log = slog.New(jsonHandler(a.stderr, level, a.redact.Attr))
	case "text":
		a.log = slog.New(textHandler(a.stderr, level, a.redact.Attr))
	case "auto":
		if isTerminal(a.stderr) {
			a.log = slog.New(textHandler(a.stderr, level, a.redact.Attr))
		} else {
			a.log = slog.New(jsonHandler(a.stderr, level, a.redact.Attr))
		}
	default:
		return etl.Usagef("--log-format %s: write text, json or auto", a.logFormat)
	}
	return nil
}

// A replace is a ReplaceAttr of [slog.HandlerOptions].
type replace = func([]string, slog.Attr) slog.Attr

func jsonHandler(w io.Writer, level slog.Level, clean replace) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: clean})
}

func textHandler(w io.Writer, level slog.Level, clean replace) slog.Handler {
	return tint.NewTextHandler(w, &tint.Options{
		Level: level, ReplaceAttr: clean, NoColor: !isTerminal(w), TimeFormat: "15:04:05",
	})
}

// isTerminal reports whether a person watches w.
func isTerminal(w io.Writer) bool {
	if clean, ok := w.(cleanWriter); ok {
		w = clean.Writer
	}
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
