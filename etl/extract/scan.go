package extract

import (
	"bytes"
	"errors"
	"slices"
)

// A scanner finds where JSON values start and end by quotes and brackets alone. So
// it can separate the objects of a page even if one is not valid JSON: a broken
// escape, half a surrogate pair, invalid UTF-8.
type scanner struct {
	text []byte
	at   int
}

var errScan = errors.New("the brackets and quotes do not match")

// peek returns the first byte that is not white space, or 0 at the end.
func (s *scanner) peek() byte {
	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
		default:
			return s.text[s.at]
		}
	}
	return 0
}

// take consumes a byte that must come next.
func (s *scanner) take(want byte) error {
	if s.peek() != want || want == 0 {
		return errScan
	}
	s.at++
	return nil
}

// value returns the next value.
func (s *scanner) value() ([]byte, error) {
	var open []byte // the expected closing brackets
	first := s.peek()
	from := s.at
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case '"':
			if err := s.skipString(); err != nil {
				return nil, err
			}
			if len(open) == 0 {
				return s.text[from:s.at], nil
			}
			continue
		case '{', '[':
			open = append(open, c+2) // the closing bracket in ASCII
		case '}', ']':
			if len(open) == 0 || open[len(open)-1] != c {
				return nil, errScan
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				s.at++
				return s.text[from:s.at], nil
			}
		default:
			if first != '{' && first != '[' {
				return s.literal()
			}
		}
		s.at++
	}
	return nil, errScan
}

// literal returns a number, true, false, null, or any other unquoted text.
func (s *scanner) literal() ([]byte, error) {
	rest := s.text[s.at:]
	n := bytes.IndexAny(rest, ",:]}\"[{ \t\r\n")
	if n < 0 {
		n = len(rest)
	}
	if n == 0 {
		return nil, errScan
	}
	s.at += n
	return rest[:n], nil
}

// skipString skips a string with any escapes.
func (s *scanner) skipString() error {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return nil
		}
	}
	return errScan
}

// elements calls each for every element of the next array.
func (s *scanner) elements(each func(value []byte)) error {
	return s.list('[', func() error {
		value, err := s.value()
		if err == nil {
			each(value)
		}
		return err
	})
}

// members calls each for every member of the next object; name includes quotes.
func (s *scanner) members(each func(name, value []byte) error) error {
	return s.list('{', func() error {
		if s.peek() != '"' {
			return errScan
		}
		name, err := s.value()
		if err != nil {
			return err
		}
		if err := s.take(':'); err != nil {
			return err
		}
		value, err := s.value()
		if err != nil {
			return err
		}
		return each(name, value)
	})
}

// list reads comma-separated items between brackets.
func (s *scanner) list(open byte, one func() error) error {
	if err := s.take(open); err != nil {
		return err
	}
	if s.peek() == open+2 {
		s.at++
		return nil
	}
	for {
		if err := one(); err != nil {
			return err
		}
		if s.peek() != ',' {
			return s.take(open + 2)
		}
		s.at++
	}
}

// A layout holds the objects of a page verbatim.
type layout struct {
	data, included [][]byte
	isList         bool              // data is an array
	single         bool              // data is one object
	rest           map[string][]byte // the other members
}

// layOut splits a page into its objects.
func layOut(body []byte) (layout, error) {
	l := layout{rest: map[string][]byte{}}
	var seen []string
	s := &scanner{text: body}
	err := s.members(func(quoted, value []byte) error {
		name := text(quoted)
		if slices.Contains(seen, name) {
			return errors.New("member " + name + " is there twice")
		}
		seen = append(seen, name)
		inside := &scanner{text: value}
		switch {
		case name == "data" && value[0] == '[':
			l.isList = true
			return inside.elements(func(one []byte) { l.data = append(l.data, one) })
		case name == "data" && value[0] == '{':
			l.data, l.single = [][]byte{value}, true
		case name == "included" && value[0] == '[':
			return inside.elements(func(one []byte) { l.included = append(l.included, one) })
		default:
			l.rest[name] = value
		}
		return nil
	})
	if err == nil && s.peek() != 0 {
		err = errors.New("something follows the JSON object")
	}
	return l, err
}
