package extract

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"strconv"
	"unicode"
	"unicode/utf16"
)

// A scanner steps through a JSON text, at several times the speed of a decoder.
// walk validates what it steps over. value and pairs go by quotes and brackets
// alone, so that they find the end of an object that is not valid JSON: a broken
// escape, half a surrogate pair, invalid UTF-8.
type scanner struct {
	text []byte
	at   int
}

// peek returns the first byte that is not white space, or 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) && s.text[s.at] > ' ' { // mostly, and inlined
		return s.text[s.at]
	}
	return s.skip()
}

func (s *scanner) skip() byte {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// take steps over a byte that must come next.
func (s *scanner) take(want byte) bool {
	if s.peek() != want {
		return false
	}
	s.at++
	return true
}

// list steps through comma-separated items between brackets. one is called at
// the first byte of an item and steps over it.
func (s *scanner) list(one func() bool) bool {
	closing := s.text[s.at] + 2 // in ASCII
	s.at++
	if s.peek() == closing {
		s.at++
		return true
	}
	for s.peek() != 0 && one() {
		switch s.peek() {
		case ',':
			s.at++
		case closing:
			s.at++
			return true
		default:
			return false
		}
	}
	return false
}

// members steps through an object. each is called with a name, in its quotes,
// and steps over its value.
func (s *scanner) members(each func(name []byte) bool) bool {
	return s.list(func() bool {
		from := s.at
		if s.text[from] != '"' || !s.string() {
			return false
		}
		name := s.text[from:s.at]
		if !s.take(':') {
			return false
		}
		s.peek()
		return each(name)
	})
}

// maxDepth is how many brackets in each other the decoder would read.
const maxDepth = 10_000

// walk steps over a value and adds it to the outline of the object that it is
// in, or is. Depth counts brackets.
func (s *scanner) walk(o *outline, depth int) bool {
	kind := s.peek()
	if kind == '-' || '0' <= kind && kind <= '9' {
		kind = '0'
	}
	o.shape = mix(o.shape, uint64(kind))
	switch kind {
	case '{', '[':
		if depth > maxDepth {
			return false
		}
		o.depth = max(o.depth, depth)
		ok := false
		if kind == '[' {
			ok = s.list(func() bool { return s.walk(o, depth+1) })
		} else {
			ok = s.members(func(name []byte) bool {
				o.shape = mix(o.shape, maphash.Bytes(seed, name))
				from := s.at
				if !s.walk(o, depth+1) {
					return false
				}
				if depth == 1 && s.text[from] != '{' && s.text[from] != '[' {
					o.note(text(name), s.text[from:s.at])
				}
				return true
			})
		}
		o.shape = mix(o.shape, uint64(kind+2)) // in ASCII the closing bracket
		return ok
	case '"':
		return s.string()
	case 't':
		return s.keyword("true")
	case 'f':
		return s.keyword("false")
	case 'n':
		return s.keyword("null")
	}
	return s.number()
}

func (s *scanner) keyword(word string) bool {
	if !bytes.HasPrefix(s.text[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

func (s *scanner) number() bool {
	if s.byte() == '-' {
		s.at++
	}
	if s.byte() == '0' {
		s.at++
	} else if !s.digits() {
		return false
	}
	if s.byte() == '.' {
		s.at++
		if !s.digits() {
			return false
		}
	}
	if c := s.byte(); c == 'e' || c == 'E' {
		s.at++
		if c := s.byte(); c == '+' || c == '-' {
			s.at++
		}
		return s.digits()
	}
	return true
}

// byte returns the next byte, or 0 at the end.
func (s *scanner) byte() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// digits steps over digits, of which there has to be one.
func (s *scanner) digits() bool {
	from := s.at
	for c := s.byte(); '0' <= c && c <= '9'; c = s.byte() {
		s.at++
	}
	return s.at > from
}

// plain returns how many bytes at the beginning of text are simply part of a
// string: up to a quote, a backslash or a control character. It looks at eight at a
// time.
func plain(text []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	i := 0
	for ; i+8 <= len(text); i += 8 {
		w := binary.LittleEndian.Uint64(text[i:])
		quote, backslash := w^'"'*ones, w^'\\'*ones
		// A byte that is subtracted from borrows only if it is less; the lowest bit
		// that is set is right, those above may not be.
		found := ((quote-ones)&^quote | (backslash-ones)&^backslash | (w-' '*ones)&^w) & highs
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// string steps over a string.
func (s *scanner) string() bool {
	text, i := s.text, s.at+1
	for {
		if i += plain(text[i:]); i == len(text) {
			return false
		}
		c := text[i]
		i++
		if c == '"' {
			s.at = i
			return true
		}
		if c != '\\' || i == len(text) {
			return false
		}
		c = text[i]
		i++
		switch c {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			n := escapeLength(text[i:])
			if n == 0 {
				return false
			}
			i += n
		default:
			return false
		}
	}
}

// escapeLength is how much of a text belongs to the escape that began with \u:
// the digits of one character, or of a surrogate pair. It is 0 for half a pair.
func escapeLength(text []byte) int {
	first := codeUnit(text)
	switch {
	case first < 0:
		return 0
	case !utf16.IsSurrogate(first):
		return 4
	case !bytes.HasPrefix(text[4:], []byte(`\u`)):
		return 0
	case utf16.DecodeRune(first, codeUnit(text[6:])) == unicode.ReplacementChar:
		return 0
	}
	return 10
}

// codeUnit reads four hexadecimal digits, and -1 if there are none.
func codeUnit(text []byte) rune {
	if len(text) < 4 {
		return -1
	}
	n, err := strconv.ParseUint(string(text[:4]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

// value steps over any value and returns it.
func (s *scanner) value() (value []byte, ok bool) {
	first, from, open := s.peek(), s.at, []byte{} // the expected closing brackets
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case '"':
			for s.at++; s.at < len(s.text) && s.text[s.at] != '"'; s.at++ {
				if s.text[s.at] == '\\' {
					s.at++
				}
			}
		case '{', '[':
			open = append(open, c+2) // in ASCII
		case '}', ']':
			if len(open) == 0 || open[len(open)-1] != c {
				return nil, false
			}
			open = open[:len(open)-1]
		default:
			if first != '{' && first != '[' { // a number, true, or any other text without quotes
				n := bytes.IndexAny(s.text[s.at:], ",:]}\"[{ \t\r\n")
				if n < 0 {
					n = len(s.text) - s.at
				}
				s.at += n
				return s.text[from:s.at], n > 0
			}
		}
		if len(open) == 0 && s.at < len(s.text) {
			s.at++
			return s.text[from:s.at], true
		}
	}
	return nil, false
}

// pairs calls each for every member of an object; name includes quotes.
func (s *scanner) pairs(each func(name, value []byte)) bool {
	return s.peek() == '{' && s.list(func() bool {
		name, ok := s.value()
		if !ok || name[0] != '"' || !s.take(':') {
			return false
		}
		value, ok := s.value()
		if ok {
			each(name, value)
		}
		return ok
	})
}
