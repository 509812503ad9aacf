package report

import (
	"fmt"
	"strings"
	"unicode"
)

// visible prepares a text that someone else wrote for people to read. What
// cannot be seen and may mislead (marks that turn the direction of writing,
// control characters, zero-width ones) is named instead, and a text that
// begins like a formula gets an apostrophe, so that it stays text when it is
// pasted into a spreadsheet.
func visible(s string) string {
	var out strings.Builder
	for i, r := range s {
		switch {
		case i == 0 && strings.ContainsRune("=+-@\t\r", r):
			out.WriteByte('\'')
		case r == '\n':
			out.WriteByte(' ')
			continue
		}
		if hidden(r) {
			fmt.Fprintf(&out, "[U+%04X]", r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func hidden(r rune) bool {
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) ||
		r == unicode.ReplacementChar || r == '\u115f' || r == '\u3164'
}

// short cuts a name that would crowd out its neighbours.
func short(s string) string {
	const most = 72
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}

// shellWord quotes a word for a shell, unless it is plain: ids hold what a
// vendor wrote.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
