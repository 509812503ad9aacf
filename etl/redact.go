package etl

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A Redactor makes text from outside safe to store and print: it removes the
// secrets and live access tokens that it knows, in every common encoding in
// which a server may echo them, and terminal control sequences. The whole
// program shares one; it is safe for concurrent use. A nil Redactor knows no
// secrets.
type Redactor struct {
	adding   sync.Mutex
	secrets  []secret
	patterns atomic.Pointer[patterns]
}

type secret struct{ name, value string }

const (
	// ShortestSecret is how many characters a secret must have to be searched
	// for. Anything shorter also matches unrelated text.
	ShortestSecret = 8

	// redactedMark replaces a secret.
	redactedMark = "…"

	// keptPerName is how many secrets are remembered per name: a token that was
	// just replaced may still be in flight.
	keptPerName = 4
)

// Add registers a secret under the name that messages use for it. For a name
// that is added repeatedly, such as a renewed token, only the newest secrets
// are kept.
func (r *Redactor) Add(name, value string) {
	value = strings.TrimSpace(value) // as a header carries it
	r.adding.Lock()
	defer r.adding.Unlock()
	if utf8.RuneCountInString(value) < ShortestSecret || r.knows(value) {
		return
	}
	r.secrets = append(r.secrets, secret{name, value})
	same := 0
	for i := len(r.secrets) - 1; i >= 0; i-- {
		if r.secrets[i].name != name {
			continue
		}
		if same++; same > keptPerName {
			r.secrets = slices.Delete(r.secrets, i, i+1)
		}
	}
	r.patterns.Store(newPatterns(r.secrets))
}

func (r *Redactor) knows(value string) bool {
	return slices.ContainsFunc(r.secrets, func(s secret) bool { return s.value == value })
}

// Blot removes secrets from text and returns the names of those it found.
// Everything else stays byte for byte.
func (r *Redactor) Blot(text []byte) (clean []byte, held []string) {
	if r == nil || r.patterns.Load() == nil {
		return text, nil
	}
	spans, held := r.patterns.Load().find(text)
	if len(spans) == 0 {
		return text, nil
	}
	from := 0
	for _, s := range spans {
		clean = append(append(clean, text[from:s.from]...), redactedMark...)
		from = s.to
	}
	return append(clean, text[from:]...), held
}

// Clean returns text without secrets and terminal control sequences. Line
// breaks stay.
func (r *Redactor) Clean(text string) string {
	clean, _ := r.Blot([]byte(Printable(text)))
	return string(clean)
}

// Line is [Redactor.Clean] on one line.
func (r *Redactor) Line(text string) string {
	return r.Clean(strings.Join(strings.Fields(r.Clean(text)), " "))
}

// Error returns err with its text cleaned.
func (r *Redactor) Error(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	clean := r.Clean(text)
	if clean == text {
		return err
	}
	return &redactedError{clean, err}
}

// A redactedError wraps an error and replaces its text.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }

// Attr cleans an attribute of a log line. It is a ReplaceAttr of
// [slog.HandlerOptions].
func (r *Redactor) Attr(_ []string, a slog.Attr) slog.Attr {
	switch value := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(r.Clean(value))
	case error:
		a.Value = slog.AnyValue(r.Error(value))
	}
	return a
}

// Printable removes everything that could control a terminal: control
// characters other than newline and tab, bidirectional marks and other format
// characters. The joiners that some scripts need stay.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if Commands(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
}

// Cut cuts a text to at most so many characters, the last an ellipsis.
func Cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// Commands reports whether a terminal or a browser acts on a character instead
// of showing it.
func Commands(r rune) bool {
	const joiners = "\u200c\u200d"
	if ' ' <= r && r <= '~' {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && !strings.ContainsRune(joiners, r)
}

// patterns finds secrets in one pass: it looks for the first bytes of a secret
// everywhere, and for the rest only where those match.
type patterns struct {
	all     []pattern
	starts  map[uint32][]int // by the first headBytes bytes, the patterns that may follow
	windows [1 << 12]uint64  // a bit for a hash of each of them
}

// A pattern is a secret, or its base64, as what each character may look like.
type pattern struct {
	name  string
	chars [][]string
}

// headBytes is what fits a uint32. Every pattern is longer.
const headBytes = 4

type span struct{ from, to int }

func newPatterns(secrets []secret) *patterns {
	p := &patterns{starts: map[uint32][]int{}}
	known := map[rune][]string{}
	for _, s := range secrets {
		for _, text := range spellings(s.value) {
			one := pattern{name: s.name}
			for _, c := range text {
				if known[c] == nil {
					known[c] = forms(c)
				}
				one.chars = append(one.chars, known[c])
			}
			p.add(one)
		}
	}
	return p
}

func (p *patterns) add(one pattern) {
	p.all = append(p.all, one)
	heads(one.chars, "", func(head string) {
		w := binary.LittleEndian.Uint32([]byte(head))
		if n := len(p.all) - 1; !slices.Contains(p.starts[w], n) {
			p.starts[w] = append(p.starts[w], n)
		}
		p.windows[hash(w)/64] |= 1 << (hash(w) % 64)
	})
}

// heads calls add for every possible beginning of a text.
func heads(chars [][]string, head string, add func(string)) {
	if len(head) >= headBytes {
		add(head[:headBytes])
		return
	}
	for _, form := range chars[0] {
		heads(chars[1:], head+form, add)
	}
}

// hash maps to the bits of patterns.windows.
func hash(w uint32) uint32 { return w * 0x9e3779b1 >> 14 }

// find returns where secrets are, in order and without overlaps, and which. It
// looks at five places at a time: at what a uint64 holds.
func (p *patterns) find(text []byte) (spans []span, held []string) {
	const places = 8 - headBytes + 1
	i := 0
	for ; i+8 <= len(text); i += places {
		w := binary.LittleEndian.Uint64(text[i:])
		if p.may(uint32(w))|p.may(uint32(w>>8))|p.may(uint32(w>>16))|p.may(uint32(w>>24))|p.may(uint32(w>>32)) == 0 {
			continue
		}
		for at := range places {
			spans, held = p.findAt(text, i+at, spans, held)
		}
	}
	for ; i+headBytes <= len(text); i++ {
		spans, held = p.findAt(text, i, spans, held)
	}
	return spans, held
}

// may returns 1 if a pattern may begin so.
func (p *patterns) may(head uint32) uint64 {
	h := hash(head)
	return p.windows[h/64] >> (h % 64) & 1
}

// findAt adds the secrets that begin at a place.
func (p *patterns) findAt(text []byte, i int, spans []span, held []string) ([]span, []string) {
	w := binary.LittleEndian.Uint32(text[i:])
	if p.may(w) == 0 {
		return spans, held
	}
	for _, n := range p.starts[w] {
		end := p.all[n].match(text, i)
		if end < 0 {
			continue
		}
		if last := len(spans) - 1; last >= 0 && i < spans[last].to {
			spans[last].to = max(spans[last].to, end)
		} else {
			spans = append(spans, span{i, end})
		}
		if !slices.Contains(held, p.all[n].name) {
			held = append(held, p.all[n].name)
		}
	}
	return spans, held
}

// match returns where the pattern ends if it is at a place of text, else -1.
// Where two readings are possible it tries both.
func (p pattern) match(text []byte, at int) int {
	var few [2][8]int // enough, and not on the heap
	ends, next := append(few[0][:0], at), few[1][:0]
	for _, forms := range p.chars {
		next = next[:0]
		for _, e := range ends {
			for _, form := range readings(text[e:], forms) {
				if end := e + len(form); end <= len(text) && string(text[e:end]) == form && !slices.Contains(next, end) {
					next = append(next, end)
				}
			}
		}
		if len(next) == 0 {
			return -1
		}
		ends, next = next, ends
	}
	return slices.Max(ends)
}

// readings drops the forms that cannot occur.
func readings(text []byte, forms []string) []string {
	if len(text) > 0 && strings.IndexByte(`\%&+`, text[0]) < 0 {
		return forms[:1]
	}
	return forms
}

// forms lists how a character is written: as it is, then escaped in JSON, also
// twice, for a URL, also twice, and for HTML, also inside of JSON.
func forms(c rune) []string {
	all := []string{string(c)}
	for _, digits := range []string{"%02x", "%02X"} {
		var once, twice strings.Builder
		for _, b := range []byte(string(c)) {
			fmt.Fprintf(&once, "%%"+digits, b)
			fmt.Fprintf(&twice, "%%25"+digits, b)
		}
		var units, escaped strings.Builder
		for _, unit := range utf16.Encode([]rune{c}) {
			high, low := fmt.Sprintf(digits, unit>>8), fmt.Sprintf(digits, unit&0xff)
			units.WriteString(`\u` + high + low)
			escaped.WriteString(`\\u` + high + low)
		}
		all = append(all, once.String(), twice.String(), units.String(), escaped.String())
		if c < utf8.RuneSelf {
			all = append(all, fmt.Sprintf(`\x`+digits, c))
		}
	}
	for _, and := range []string{"&", `\u0026`, "&amp;"} {
		all = append(all, fmt.Sprintf("%s#%d;", and, c), fmt.Sprintf("%s#0%d;", and, c),
			fmt.Sprintf("%s#x%x;", and, c), fmt.Sprintf("%s#x%X;", and, c))
		if name := entities[c]; name != "" {
			all = append(all, and+name+";")
		}
	}
	switch c {
	case '"':
		all = append(all, `\"`, `\\\"`)
	case '\\':
		all = append(all, `\\`, `\\\\`)
	case '/':
		all = append(all, `\/`, `\\/`)
	case '\'':
		all = append(all, `\'`)
	case ' ':
		all = append(all, "+", "%2B", "%2b")
	}
	slices.Sort(all[1:])
	return slices.Compact(all)
}

var entities = map[rune]string{'&': "amp", '<': "lt", '>': "gt", '"': "quot", '\'': "apos"}

// spellings lists the texts to search for: a secret as it is, and what base64
// makes of it.
func spellings(value string) []string {
	all := []string{value}
	for _, plain := range []string{value, url.QueryEscape(value)} { // Basic credentials are escaped first
		for before := range 3 {
			core := base64Core(plain, before)
			all = append(all, core, strings.NewReplacer("+", "-", "/", "_").Replace(core))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// base64Core is what base64 makes of a value whatever stands before and after
// it, such as an id and a colon: only the characters that depend on nothing
// else. How many bytes are before it counts modulo three.
func base64Core(value string, before int) string {
	const perChar = 6 // bits
	encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + value))
	from := (before*8 + perChar - 1) / perChar
	to := (before + len(value)) * 8 / perChar
	return encoded[from:to]
}
