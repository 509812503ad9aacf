package extract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"spendbridge/schemas"
)

// An envelope is one response body, parsed no further than paging and proof
// need: SQL reads the objects.
type envelope struct {
	data     []object
	included []object
	single   bool                      // data is one object, not an array
	hasData  bool                      // there is a member data that is an array or object
	rest     map[string]jsontext.Value // the members of the top level; data and included are nil
}

// An object is one record of the vendor's.
type object struct {
	stream string
	id     string
	look   look     // how it looks on this page
	before look     // and the last time before in the same pass; zero: it was not there
	blank  []string // the links that are null, such as the vendor's
	raw    []byte   // its part of the body
	fault  *fault   // why it is quarantined
}

// seed makes hashes that no vendor can collide on purpose.
var seed = maphash.MakeSeed()

// readEnvelope parses a body and validates every object against its schema.
// An object that breaks it, or is not valid JSON, has a fault; the error says in
// which way the body itself breaks the contract.
func readEnvelope(body []byte, stream string, shapes *shapes) (envelope, error) {
	r := &bodyReader{scanner: scanner{text: body}, shapes: shapes, isUTF8: utf8.Valid(body)}
	e := envelope{rest: map[string]jsontext.Value{}}
	if r.peek() != '{' {
		return e, fmt.Errorf("not a JSON object but %s", opening(body))
	}
	var twice error
	ok := r.members(func(quoted []byte) bool {
		name, kind := text(quoted), r.peek()
		if _, known := e.rest[name]; known {
			twice = fmt.Errorf("member %s is there twice", name)
			return false
		}
		e.rest[name] = nil
		switch {
		case name == "data" && kind == '{':
			e.hasData, e.single = true, true
			return r.object(&e.data, stream)
		case name == "data" && kind == '[':
			e.hasData = true
			return r.list(func() bool { return r.object(&e.data, stream) })
		case name == "included" && kind == '[':
			return r.list(func() bool { return r.object(&e.included, "") })
		}
		from := r.at
		ok := r.walk(&outline{}, 1) && r.isText(quoted) && r.isText(body[from:r.at])
		e.rest[name] = bytes.Clone(body[from:r.at])
		return ok
	})
	switch {
	case twice != nil:
		return e, twice
	case !ok:
		return e, syntaxError(body)
	case r.peek() != 0 || r.at < len(body):
		return e, errors.New("something follows the JSON object")
	}
	return e, nil
}

type bodyReader struct {
	scanner
	shapes *shapes
	isUTF8 bool // all of the body
}

// isText reports whether a part of the body is UTF-8.
func (r *bodyReader) isText(part []byte) bool { return r.isUTF8 || utf8.Valid(part) }

// object reads one object and validates it against its schema. Without a stream
// its type names it.
func (r *bodyReader) object(all *[]object, stream string) bool {
	var o outline
	kind, from := r.peek(), r.at
	if kind == '{' && r.walk(&o, 1) && r.isText(r.text[from:r.at]) {
		*all = append(*all, r.shapes.object(stream, o, r.text[from:r.at]))
		return true
	}
	r.at = from
	raw, ok := r.value()
	switch {
	case !ok:
	case kind == '{' || decode(raw) != nil:
		*all = append(*all, unreadableObject(stream, raw))
	default:
		*all = append(*all, opaqueObject(stream, "", raw, reasonUnreadable, "not an object but "+opening(raw)))
	}
	return ok
}

// opening quotes the beginning of a body that is not JSON.
func opening(body []byte) string {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return "an empty body"
	}
	return fmt.Sprintf("%.20q", body)
}

// syntaxError says where a body is not JSON.
func syntaxError(body []byte) error {
	err := decode(body)
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON is cut off")
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d: %w", syntax.ByteOffset, syntax.Err)
	}
	return errors.New("the brackets and quotes do not match")
}

// decode returns why a text is not JSON.
func decode(text []byte) error {
	_, err := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true)).ReadValue()
	return err
}

// An outline is what is known of an object without decoding it.
type outline struct {
	id    string // empty if it is missing, cannot be used, or is there twice
	kind  string // its member type
	shape uint64 // a hash of the names in it and the kinds of their values
	depth int    // levels of brackets
	ids   int    // members named id
}

func (o *outline) note(name string, value jsontext.Value) {
	switch name {
	case "id":
		if o.ids++; o.ids > 1 {
			o.id = ""
		} else {
			o.id = usableID(value)
		}
	case "type":
		if value.Kind() == '"' {
			o.kind = text(value)
		}
	}
}

// mix folds x into h.
func mix(h, x uint64) uint64 { return (h ^ x) * 0x9e3779b97f4a7c15 }

// text returns what a JSON string says, or a number as it is written.
func text(value jsontext.Value) string {
	if value.Kind() != '"' {
		return string(value)
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1])
	}
	var s string
	_ = json.Unmarshal(value, &s) // the decoder has found it to be a JSON string
	return s
}

// complaint returns in one line what an error document says: Productive.io
// sends errors, Procurify detail or message.
func (e envelope) complaint() string {
	var list []struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}
	_ = e.member("errors", &list) // errors of another kind go unquoted
	var said []string
	for _, one := range list {
		said = append(said, strings.TrimSpace(one.Title+" "+one.Detail))
	}
	for _, name := range []string{"detail", "message"} {
		if value, ok := e.rest[name]; ok && value.Kind() == '"' {
			said = append(said, text(value))
		}
	}
	return strings.Join(said, ", ")
}

// shapes holds a source's JSON Schemas, one per stream. They constrain only
// which members an object has and of what kind, so that all objects of one
// shape pass or fail together, and each shape is validated once: a full
// validation of every object would cost ten times what all else here costs.
type shapes struct {
	schemas map[string]*schema
	blanks  []string // pointers to the links whose absence is counted

	mu    sync.RWMutex
	known map[shapeKey]verdict
	news  map[string]bool // members that no schema knows
}

type schema struct {
	compiled *jsonschema.Schema
	document any
}

type shapeKey struct {
	stream string
	hash   uint64
}

// A verdict is what is known of every object of one shape.
type verdict struct {
	twice string   // a member that is there twice
	err   error    // how they break their schema
	blank []string // which of the counted links are null
}

// maxShapes bounds the memory for shapes. A vendor whose every object has
// another shape is slow to read, no more.
const maxShapes = 100_000

// compileShapes reads the schemas folder/<stream>.json.
func compileShapes(fsys fs.FS, folder string, blanks ...string) (*shapes, error) {
	s := &shapes{
		schemas: map[string]*schema{}, blanks: blanks,
		known: map[shapeKey]verdict{}, news: map[string]bool{},
	}
	files, err := fs.Glob(fsys, path.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		compiled, document, err := schemas.Compile(fsys, file)
		if err != nil {
			return nil, err
		}
		s.schemas[strings.TrimSuffix(path.Base(file), ".json")] = &schema{compiled, document}
	}
	return s, nil
}

// judge returns what is known of objects of this shape, and validates raw if
// it is the first of them. A nil receiver accepts everything.
func (s *shapes) judge(stream string, hash uint64, raw []byte) verdict {
	if s == nil || s.schemas[stream] == nil {
		return verdict{}
	}
	key := shapeKey{stream, hash}
	s.mu.RLock()
	v, ok := s.known[key]
	s.mu.RUnlock()
	if ok {
		return v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok = s.known[key]; !ok {
		v = s.examine(stream, raw)
		if len(s.known) >= maxShapes {
			clear(s.known)
		}
		s.known[key] = v
	}
	return v
}

func (s *shapes) examine(stream string, raw []byte) verdict {
	if name := memberTwice(raw); name != "" {
		return verdict{twice: name}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return verdict{err: err}
	}
	schema := s.schemas[stream]
	if err := schema.compiled.Validate(value); err != nil {
		return verdict{err: brief(err)}
	}
	for _, name := range unknownMembers(schema.document, value, stream) {
		s.news[name] = true
	}
	var v verdict
	for _, pointer := range s.blanks {
		if isNull(value, pointer) {
			v.blank = append(v.blank, pointer)
		}
	}
	return v
}

// brief keeps what a validation error says about the object and leaves out
// the address of the schema.
func brief(err error) error {
	_, details, found := strings.Cut(err.Error(), "\n")
	if !found {
		return err
	}
	details = strings.TrimPrefix(strings.Join(strings.Fields(details), " "), "- ")
	details = strings.TrimPrefix(details, "at '': ")
	return errors.New(strings.ReplaceAll(details, " - at '", "; at '"))
}

// memberTwice returns where an object has two members of one name, if
// anywhere.
func memberTwice(raw []byte) string {
	_, err := jsontext.NewDecoder(bytes.NewBuffer(raw)).ReadValue()
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName) {
		return string(syntax.JSONPointer)
	}
	return ""
}

// News lists the members that were seen and that no schema knows, such as
// "expenses.attributes.markup".
func (s *shapes) News() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.news))
}

// unknownMembers lists the members of value that the schema does not name,
// wherever it names any at all.
func unknownMembers(schema, value any, at string) []string {
	object, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	document, _ := schema.(map[string]any)
	properties, ok := document["properties"].(map[string]any)
	if !ok {
		return nil
	}
	var unknown []string
	for name, member := range object {
		below := at + "." + name
		if known, ok := properties[name]; ok {
			unknown = append(unknown, unknownMembers(known, member, below)...)
		} else {
			unknown = append(unknown, below)
		}
	}
	return unknown
}

// isNull reports whether the member that a JSON pointer leads to is null. A
// member that is missing is not.
func isNull(value any, pointer string) bool {
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		object, ok := value.(map[string]any)
		if !ok {
			return false
		}
		if value, ok = object[name]; !ok {
			return false
		}
	}
	return value == nil
}
