package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/job"
	"spendbridge/etl/monitor"
	"spendbridge/etl/warehouse"
)

// An app is what all commands share: where they write, and the global flags.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	attended       bool // somebody at the terminal can answer questions

	configPath           string
	json, quiet, verbose bool
	logLevel, logFormat  string

	bars    bars // on stderr, with the log above them
	log     *slog.Logger
	redact  etl.Redactor
	started bool // the command line was valid, a command runs
}

// now is the clock of everything that is stored.
func (a *app) now() time.Time { return time.Now().UTC() }

// print writes a command's result to stdout: one JSON document with --json,
// else what human writes.
func (a *app) print(result any, human func(*screen)) error {
	if !a.json {
		human(a.screen())
		return nil
	}
	encoder := json.NewEncoder(cleanWriter{a.stdout, a.jsonText})
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(result)
}

// out is stdout for texts that people read.
func (a *app) out() io.Writer {
	if paints(a.stdout) {
		return cleanWriter{a.stdout, a.paintedText}
	}
	return cleanWriter{a.stdout, a.redact.Clean}
}

// config reads the configuration that the flags name. From then on its secrets
// are redacted from all output.
func (a *app) config() (*config.Config, error) {
	c, err := config.Read(a.configPath, extract.Kinds(extract.Vendors))
	if err != nil {
		return nil, err
	}
	for _, s := range c.Secrets() {
		a.redact.Add(s.Key, s.Reveal())
	}
	return c, nil
}

func (a *app) options() job.Options {
	return job.Options{
		Log: a.log, Redact: &a.redact, Now: a.now, Program: version().Version,
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
func (a *app) inSession(ctx context.Context, work func(*job.Session) error) (err error) {
	c, err := a.config()
	if err != nil {
		return err
	}
	s, err := job.Open(ctx, c, a.options())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return work(s)
}

// A view is what a command that only reads reads: the data folder, or the
// analysts' copy while another process holds the lock.
type view struct {
	db      warehouse.Runner
	config  *config.Config
	session *job.Session // nil for the copy
	asOf
}

// asOf says which moment an answer from a copy shows.
type asOf struct {
	AsOf time.Time `json:"as_of,omitzero"`
	Busy string    `json:"busy,omitempty"` // the command that holds the lock
}

func (a *app) inView(ctx context.Context, work func(*view) error) error {
	err := a.inSession(ctx, func(s *job.Session) error { return work(&view{db: s.DB, config: s.Config, session: s}) })
	var locked *warehouse.LockedError
	if !errors.As(err, &locked) {
		return err
	}
	c, err := a.config()
	if err != nil {
		return err
	}
	db, published, err := job.OpenCopy(ctx, c, locked)
	if err != nil {
		return err
	}
	defer db.Close()
	return work(&view{db: db, config: c, asOf: asOf{published, locked.Holder.Command}})
}

// printFrom is [app.print] with the moment that an answer from a copy shows.
func (a *app) printFrom(v *view, members map[string]any, human func(*screen)) error {
	if v.Busy != "" {
		members["as_of"], members["busy"] = v.AsOf, v.Busy
	}
	return a.print(members, v.dated(human))
}

func (v *view) dated(human func(*screen)) func(*screen) {
	return func(w *screen) {
		if v.Busy != "" {
			fmt.Fprintf(w, "%q is at work; this is from the analysts' copy, as of %s\n\n", v.Busy, v.AsOf.Format("2006-01-02 15:04 MST"))
		}
		human(w)
	}
}

// subcommandOnly rejects arguments of a command that only groups others.
func subcommandOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	names := make([]string, 0, len(cmd.Commands()))
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return fmt.Errorf("unknown command %q for %q%s; see: %s --help", args[0], cmd.CommandPath(), etl.DidYouMean(args[0], names), cmd.CommandPath())
}

// setLog creates the logger that the flags ask for. Logs go to stderr, so that
// stdout holds results only.
func (a *app) setLog() error {
	a.bars.out = a.stderr
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
		a.log = slog.New(tint.NewTextHandler(&a.bars, &tint.Options{
			Level: level, ReplaceAttr: a.redact.Attr, NoColor: !isTerminal(a.stderr), TimeFormat: "15:04:05",
		}))
	case a.logFormat == "json", a.logFormat == "auto":
		a.log = slog.New(slog.NewJSONHandler(&a.bars, &slog.HandlerOptions{Level: level, ReplaceAttr: a.redact.Attr}))
	default:
		return etl.Usagef("--log-format %s: write text, json or auto", a.logFormat)
	}
	return nil
}

// A cleanWriter cleans what leaves the program, for it repeats what sources sent.
// Each write is cleaned by itself.
type cleanWriter struct {
	io.Writer
	clean func(string) string
}

func (w cleanWriter) Write(text []byte) (int, error) {
	if _, err := io.WriteString(w.Writer, w.clean(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// paintedText is text without secrets and without control sequences, except
// those of a screen's colors.
func (a *app) paintedText(text string) string {
	var out strings.Builder
	from := 0
	for _, at := range colorCode.FindAllStringIndex(text, -1) {
		out.WriteString(a.redact.Clean(text[from:at[0]]) + text[at[0]:at[1]])
		from = at[1]
	}
	return out.String() + a.redact.Clean(text[from:])
}

var colorCode = regexp.MustCompile(`\x1b\[(?:0|` + strings.Join([]string{green, yellow, red, faint}, "|") + `)m`)

// jsonText is a JSON document without secrets. Control characters are data there,
// so they are escaped.
func (a *app) jsonText(text string) string {
	clean, _ := a.redact.Blot([]byte(text))
	var out strings.Builder
	for _, r := range string(clean) {
		if !etl.Commands(r) || r == '\n' { // a line end separates members
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}
