package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"spendbridge/etl"
)

// A screen is where people read a result: with color on a terminal and without
// elsewhere.
type screen struct {
	io.Writer
	paint   bool
	width   int // in columns
	verbose bool
	quiet   bool
	zone    *time.Location
}

// unknownWidth is how many columns a screen has that does not say it.
const unknownWidth = 80

// screen is stdout for texts that people read.
func (a *app) screen() *screen {
	return &screen{
		Writer: a.out(), paint: paints(a.stdout), width: columns(a.stdout),
		verbose: a.verbose, quiet: a.quiet, zone: time.UTC,
	}
}

// columns is how many characters fit in a line.
func columns(w io.Writer) int {
	if f, ok := file(w); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return unknownWidth
}

func isTerminal(w io.Writer) bool {
	f, ok := file(w)
	return ok && term.IsTerminal(int(f.Fd()))
}

// file is the file behind a writer.
func file(w io.Writer) (*os.File, bool) {
	if clean, ok := w.(cleanWriter); ok {
		w = clean.Writer
	}
	f, ok := w.(*os.File)
	return f, ok
}

const (
	green  = "32"
	yellow = "33"
	red    = "31"
	faint  = "2"
)

func (s *screen) color(code, text string) string {
	if !s.paint || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// colors of what begins a line.
var colors = map[string]string{"✓": green, "!": yellow, "✗": red}

// mark colors a text that is a mark.
func (s *screen) mark(text string) string {
	if code, ok := colors[text]; ok {
		return s.color(code, text)
	}
	return text
}

// statusColors are those of how a run ended.
var statusColors = map[string]string{etl.StatusOK: green, etl.StatusNeedsPerson: yellow, etl.StatusFailed: red}

func paints(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

func (s *screen) heading(text string) { fmt.Fprintln(s, "\n"+s.color(faint, text)) }

func (s *screen) time(t time.Time) string { return t.In(s.zone).Format("2006-01-02 15:04 MST") }

// wrap writes a text, its first line after an indent and the others below it.
func (s *screen) wrap(indent, text string) {
	for _, line := range s.lines(indent, text) {
		fmt.Fprintln(s, line)
	}
}

// lines breaks a text between words. A word that is longer than a line stays
// whole.
func (s *screen) lines(indent, text string) (all []string) {
	line, empty := indent, true
	for word := range strings.FieldsSeq(text) {
		if !empty && runewidth.StringWidth(line)+1+runewidth.StringWidth(word) > s.width {
			all = append(all, line)
			line, empty = strings.Repeat(" ", runewidth.StringWidth(indent)), true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return append(all, line)
}

// chop writes a text as it is, such as JSON, on as many lines as it takes.
func (s *screen) chop(indent, text string) {
	room := max(least, s.width-runewidth.StringWidth(indent))
	for first := true; first || text != ""; first = false {
		line := runewidth.Truncate(text, room, "")
		fmt.Fprintln(s, indent+line)
		indent, text = strings.Repeat(" ", runewidth.StringWidth(indent)), text[len(line):]
	}
}

// tooWide reports whether a text does not fit in a line.
func (s *screen) tooWide(text string) bool { return runewidth.StringWidth(text) > s.width }

// verdict writes how it all stands, in the color of its mark.
func (s *screen) verdict(status, text string) {
	mark := marks[status]
	for _, line := range s.lines(mark+" ", text) {
		fmt.Fprintln(s, s.color(colors[mark], line))
	}
}

// marks say at a glance how a stage, a run or the installation is.
var marks = map[string]string{
	etl.StatusOK: "✓", etl.StatusFailed: "✗", etl.StatusNeedsPerson: "!", etl.StatusSkipped: "-",
}
