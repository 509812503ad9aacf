package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf16"

	"spendbridge/etl"
)

// A cleanWriter is where results leave the program: what sources wrote is in
// all of them. Each write is a text of its own.
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

// terminalText is text without secrets and without what would command a
// terminal.
func (a *app) terminalText(text string) string { return a.redact.Clean(text) }

// paintedText is [app.terminalText] with the colors of a screen.
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

// jsonText is a JSON document without secrets. What would command a terminal is
// escaped there: it is data.
func (a *app) jsonText(text string) string {
	clean, _ := a.redact.Blot([]byte(text))
	if !bytes.ContainsFunc(clean, escapes) {
		return string(clean)
	}
	var out strings.Builder
	for _, r := range string(clean) {
		if !escapes(r) {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}

// escapes reports whether jsonText escapes a character. Line ends are between
// the members.
func escapes(r rune) bool { return etl.Commands(r) && r != '\n' }
