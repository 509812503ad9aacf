package extract

import (
	"bytes"
	"hash/maphash"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A walker steps through a body that is JSON without any doubt, at several
// times the speed of a decoder. Whatever it would have to think about makes it
// give up, and the decoder reads the body instead.
type walker struct {
	text []byte
	at   int
}

// readPlainly takes a body apart as [readStrictly] does, or gives up.
func readPlainly(body []byte, stream string, shapes *shapes) (envelope, bool) {
	w := &walker{text: body}
	e := envelope{rest: map[string]jsontext.Value{}}
	if !utf8.Valid(body) || w.peek() != '{' {
		return e, false
	}
	ok := w.members(func(quoted []byte) bool {
		name := string(quoted[1 : len(quoted)-1])
		if _, twice := e.rest[name]; twice {
			return false
		}
		e.rest[name] = nil
		kind := w.peek()
		switch {
		case name == "data" && kind == '{':
			e.hasData, e.single = true, true
			one, ok := w.object(stream, shapes)
			e.data = []object{one}
			return ok
		case name == "data" && kind == '[':
			e.hasData = true
			return w.objects(&e.data, stream, shapes)
		case name == "included" && kind == '[':
			return w.objects(&e.included, "", shapes)
		}
		from := w.at
		if !w.value(&outline{}, 1) {
			return false
		}
		e.rest[name] = jsontext.Value(bytes.Clone(body[from:w.at]))
		return true
	})
	return e, ok && w.peek() == 0 && w.at == len(body)
}

// objects reads an array that holds nothing but objects.
func (w *walker) objects(all *[]object, stream string, shapes *shapes) bool {
	return w.elements(func() bool {
		if w.text[w.at] != '{' {
			return false
		}
		one, ok := w.object(stream, shapes)
		*all = append(*all, one)
		return ok
	})
}

// object reads one object and holds it against its schema.
func (w *walker) object(stream string, shapes *shapes) (object, bool) {
	var o outline
	from := w.at
	if !w.value(&o, 1) {
		return object{}, false
	}
	return shapes.object(stream, o, w.text[from:w.at]), true
}

// peek returns the first byte that is not white space, or 0 at the end.
func (w *walker) peek() byte {
	for ; w.at < len(w.text); w.at++ {
		switch c := w.text[w.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// members steps through an object. each is called with a name, in its quotes,
// and steps over its value. A name with an escape is one to think about.
func (w *walker) members(each func(name []byte) bool) bool {
	w.at++
	if w.peek() == '}' {
		w.at++
		return true
	}
	for {
		if w.peek() != '"' {
			return false
		}
		from := w.at
		if plain, ok := w.string(); !ok || !plain {
			return false
		}
		name := w.text[from:w.at]
		if w.peek() != ':' {
			return false
		}
		w.at++
		w.peek()
		if !each(name) {
			return false
		}
		switch w.peek() {
		case ',':
			w.at++
		case '}':
			w.at++
			return true
		default:
			return false
		}
	}
}

// elements steps through an array. each steps over an element.
func (w *walker) elements(each func() bool) bool {
	w.at++
	if w.peek() == ']' {
		w.at++
		return true
	}
	for {
		if w.peek() == 0 || !each() {
			return false
		}
		switch w.peek() {
		case ',':
			w.at++
		case ']':
			w.at++
			return true
		default:
			return false
		}
	}
}

// value steps over a value and adds it to the outline of the object that it is
// in, or is. Depth counts brackets.
func (w *walker) value(o *outline, depth int) bool {
	kind := w.peek()
	o.shape = mix(o.shape, uint64(kind))
	switch kind {
	case '{', '[':
		if depth > maxObjectDepth {
			return false
		}
		o.depth = max(o.depth, depth)
		ok := false
		if kind == '[' {
			ok = w.elements(func() bool { return w.value(o, depth+1) })
		} else {
			ok = w.members(func(name []byte) bool {
				o.shape = mix(o.shape, maphash.Bytes(seed, name))
				from := w.at
				if !w.value(o, depth+1) {
					return false
				}
				if depth == 1 && w.text[from] != '{' && w.text[from] != '[' {
					o.note(string(name[1:len(name)-1]), w.text[from:w.at])
				}
				return true
			})
		}
		o.shape = mix(o.shape, uint64(kind+2)) // in ASCII the closing bracket
		return ok
	case '"':
		_, ok := w.string()
		return ok
	case 't':
		return w.literal("true")
	case 'f':
		return w.literal("false")
	case 'n':
		return w.literal("null")
	}
	o.shape = mix(o.shape, '0')
	return w.number()
}

func (w *walker) literal(text string) bool {
	end := w.at + len(text)
	if end > len(w.text) || string(w.text[w.at:end]) != text {
		return false
	}
	w.at = end
	return true
}

func (w *walker) number() bool {
	if w.byte() == '-' {
		w.at++
	}
	switch c := w.byte(); {
	case c == '0':
		w.at++
	case !w.digits():
		return false
	}
	if w.byte() == '.' {
		w.at++
		if !w.digits() {
			return false
		}
	}
	if c := w.byte(); c == 'e' || c == 'E' {
		w.at++
		if c := w.byte(); c == '+' || c == '-' {
			w.at++
		}
		return w.digits()
	}
	return true
}

// byte returns the next byte, or 0 at the end.
func (w *walker) byte() byte {
	if w.at < len(w.text) {
		return w.text[w.at]
	}
	return 0
}

// digits steps over digits, of which there has to be one.
func (w *walker) digits() bool {
	from := w.at
	for c := w.byte(); '0' <= c && c <= '9'; c = w.byte() {
		w.at++
	}
	return w.at > from
}

// ends is true for the bytes of a string that are not simply part of it.
var ends = func() (ends [256]bool) {
	for c := range ends {
		ends[c] = c < ' ' || c == '"' || c == '\\'
	}
	return ends
}()

// string steps over a string; plain says that it has no escapes. Escapes of
// UTF-16 are to be thought about unless they are one character each.
func (w *walker) string() (plain, ok bool) {
	text, i := w.text, w.at+1
	plain = true
	for i < len(text) {
		c := text[i]
		i++
		if !ends[c] {
			continue
		}
		if c == '"' {
			w.at = i
			return plain, true
		}
		plain = false
		if c != '\\' || i == len(text) {
			return false, false
		}
		c = text[i]
		i++
		switch c {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if !isCharacter(text[i:]) {
				return false, false
			}
			i += 4
		default:
			return false, false
		}
	}
	return false, false
}

// isCharacter reports whether a text begins with the four hexadecimal digits
// of a character that is not one half of a pair.
func isCharacter(text []byte) bool {
	if len(text) < 4 || (text[0] == 'd' || text[0] == 'D') && text[1] > '7' {
		return false
	}
	for _, c := range text[:4] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}
