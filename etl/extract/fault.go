package extract

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Why an object is quarantined: values of canonical.quarantine.reason.
const (
	reasonUnreadable = "unreadable"    // not valid JSON, or not an object
	reasonTwice      = "member_twice"  // it is unknown which of the two counts
	reasonSchema     = "breaks_schema" // see the schemas folder
	reasonID         = "id_unusable"   // missing, or not of [isPlainID]
)

// A fault makes an object on a page unusable. Faults are stored with their page,
// so that landing it again finds the same.
type fault struct {
	Ordinal  int    `json:"ordinal"`   // position on the page, from 1: data, then included
	RecordID string `json:"record_id"` // its own id or a generated one, see [noID]
	Reason   string `json:"reason"`
	Detail   string `json:"detail"`

	// Opaque means that DuckDB must not parse the object: it is stored as text.
	Opaque bool `json:"opaque,omitempty"`
}

// noID is the prefix of generated ids. Usable ids contain no colon, so that the
// two cannot be confused.
const noID = "no-id:"

func (o *object) nameless() bool { return strings.HasPrefix(o.id, noID) }

// Limits of an object. A typical one has 2 kB and 4 levels.
const (
	maxObjectBytes = 1 << 20
	maxObjectDepth = 64
)

// object validates an object that is valid JSON.
func (s *shapes) object(stream string, o outline, raw []byte) object {
	if stream == "" {
		stream = o.kind
	}
	switch {
	case len(raw) > maxObjectBytes:
		return opaqueObject(stream, o.id, raw, reasonUnreadable, fmt.Sprintf("%d bytes long", len(raw)))
	case o.depth > maxObjectDepth:
		return opaqueObject(stream, o.id, raw, reasonUnreadable, fmt.Sprintf("nested %d levels deep", o.depth))
	case hasNUL(raw):
		return opaqueObject(stream, o.id, raw, reasonUnreadable, "it has a NUL character")
	}
	v := s.judge(stream, o.shape, raw)
	one := object{stream: stream, id: o.id, blank: v.blank, raw: raw}
	switch {
	case v.twice != "":
		return opaqueObject(stream, o.id, raw, reasonTwice, v.twice)
	case o.id == "":
		one.fault = &fault{Reason: reasonID, Detail: clip(idText(raw))}
	case stream == "":
		one.fault = &fault{Reason: reasonSchema, Detail: "it has no type"}
	case v.err != nil:
		one.fault = &fault{Reason: reasonSchema, Detail: clip(v.err.Error())}
	}
	one.name(raw)
	one.look = lookOf(raw, one.fault)
	return one
}

// opaqueObject is an object that is stored as text only.
func opaqueObject(stream, id string, raw []byte, reason, detail string) object {
	o := object{stream: stream, id: id, raw: raw, fault: &fault{Reason: reason, Detail: clip(detail), Opaque: true}}
	o.name(raw)
	o.look = lookOf(raw, o.fault)
	return o
}

// unreadableObject is an object that is not valid JSON. Its id and type may still
// be readable.
func unreadableObject(stream string, raw []byte) object {
	var o outline
	s := &scanner{text: raw}
	if !s.pairs(func(name, value []byte) { o.note(text(name), value) }) {
		o.id = ""
	}
	if stream == "" {
		stream = o.kind
	}
	err := decode(raw)
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		err = syntax.Err
	}
	return opaqueObject(stream, o.id, raw, reasonUnreadable, fmt.Sprint(err))
}

// name generates an id from the bytes of an object that has no usable one, so that
// the same object is the same record each time it is read.
func (o *object) name(raw []byte) {
	if o.id == "" {
		sum := sha256.Sum256(raw)
		o.id = noID + hex.EncodeToString(sum[:8])
	}
}

// plainName removes the number that tellApart added to a generated id.
func plainName(id string) string {
	if name, ok := strings.CutPrefix(id, noID); ok {
		name, _, _ = strings.Cut(name, "-")
		return noID + name
	}
	return id
}

// usableID returns a JSON value as an id, or nothing if it is none. 1e3 and
// 1000.0 are one number and two texts.
func usableID(value jsontext.Value) string {
	id, kind := text(value), value.Kind()
	isInteger := kind == '0' && strings.Trim(id, "0123456789") == ""
	if isPlainID(id) && (kind == '"' || isInteger) {
		return id
	}
	return ""
}

// isPlainID reports whether an id needs no escaping in a URL, a key or a file
// name.
func isPlainID(id string) bool {
	for _, c := range []byte(id) {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c == '-':
		default:
			return false
		}
	}
	return 0 < len(id) && len(id) <= 64
}

// idText describes an unusable id.
func idText(raw []byte) string {
	found := "it is missing"
	s := &scanner{text: raw}
	s.pairs(func(name, value []byte) {
		if text(name) == "id" {
			found = string(value)
		}
	})
	return found
}

// hasNUL reports whether JSON contains an escaped NUL character.
func hasNUL(raw []byte) bool {
	for {
		i := bytes.Index(raw, []byte(`\u0000`))
		if i < 0 {
			return false
		}
		backslashes := len(raw[:i]) - len(bytes.TrimRight(raw[:i], `\`))
		if backslashes%2 == 0 {
			return true
		}
		raw = raw[i+1:]
	}
}

// clip shortens a description.
func clip(detail string) string {
	const most = 200
	detail = strings.ToValidUTF8(detail, string(utf8.RuneError))
	if runes := []rune(detail); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return detail
}

// faults lists the faults of a page's objects.
func (p Page) faults() []fault {
	var all []fault
	for i, o := range slices.Concat(p.objects, p.included) {
		if o.fault != nil {
			f := *o.fault
			f.Ordinal, f.RecordID = i+1, o.id
			all = append(all, f)
		}
	}
	return all
}

// mend rewrites a page for DuckDB, which reads all of it or nothing: opaque records
// become strings, and opaque included objects null.
func mend(body []byte, faults []fault) ([]byte, error) {
	e, err := readEnvelope(body, "", nil)
	if err != nil {
		return nil, err
	}
	var data, included [][]byte
	for _, o := range e.data {
		data = append(data, o.raw)
	}
	for _, o := range e.included {
		included = append(included, o.raw)
	}
	for _, f := range faults {
		switch n := f.Ordinal - 1; {
		case !f.Opaque:
		case n < len(data):
			data[n] = opaqueText(data[n])
		case n < len(data)+len(included):
			included[n-len(data)] = []byte("null")
		}
	}
	list := bytes.Join(data, []byte(",\n"))
	if !e.single {
		list = fmt.Appendf(nil, "[%s]", list)
	}
	return fmt.Appendf(nil, `{"data":%s,"included":[%s]}`, list, bytes.Join(included, []byte(",\n"))), nil
}

// opaqueText encodes the start of an object as a JSON string. The page file holds
// all of it.
func opaqueText(raw []byte) []byte {
	const most = 64 << 10
	if len(raw) > most {
		raw = raw[:most]
	}
	readable := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(string(raw), string(utf8.RuneError)))
	quoted, _ := json.Marshal(readable) // a string always encodes
	return quoted
}
