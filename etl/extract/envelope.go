package extract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
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
	blank  []string // the links that are null, such as the vendor's
	fault  *fault   // why it is quarantined
}

// seed makes hashes that no vendor can collide on purpose.
var seed = maphash.MakeSeed()

// readEnvelope parses a body and validates every object against its schema.
// An object that breaks it has a fault; the error says in which way the body
// itself breaks the contract.
func readEnvelope(body []byte, stream string, shapes *shapes) (envelope, error) {
	if e, ok := readPlainly(body, stream, shapes); ok {
		return e, nil
	}
	e, err := readStrictly(body, stream, shapes)
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		if e, ok := readByParts(body, stream, shapes); ok {
			return e, nil
		}
	}
	return e, explainSyntax(err)
}

func readStrictly(body []byte, stream string, shapes *shapes) (envelope, error) {
	r := newBodyReader(body, shapes)
	e := envelope{rest: map[string]jsontext.Value{}}
	if r.decoder.PeekKind() != '{' {
		return e, fmt.Errorf("not a JSON object but %s", opening(body))
	}
	if err := r.members(stream, &e); err != nil {
		return e, err
	}
	if _, err := r.decoder.ReadToken(); err != io.EOF {
		return e, errors.New("something follows the JSON object")
	}
	return e, nil
}

// readByParts reads a body that is not JSON as a whole. It succeeds if only
// objects are at fault.
func readByParts(body []byte, stream string, shapes *shapes) (envelope, bool) {
	l, err := layOut(body)
	if err != nil {
		return envelope{}, false
	}
	e := envelope{rest: map[string]jsontext.Value{}, hasData: l.isList || l.single, single: l.single}
	for name, value := range l.rest {
		if e.rest[name] = value; !e.rest[name].IsValid() {
			return e, false
		}
	}
	for _, raw := range l.data {
		e.data = append(e.data, readPart(raw, stream, shapes))
	}
	for _, raw := range l.included {
		e.included = append(e.included, readPart(raw, "", shapes))
	}
	return e, true
}

func readPart(raw []byte, stream string, shapes *shapes) object {
	o, err := newBodyReader(raw, shapes).object(stream)
	if err != nil {
		return unreadableObject(stream, raw, err)
	}
	return o
}

// opening quotes the beginning of a body that is not JSON.
func opening(body []byte) string {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return "an empty body"
	}
	return fmt.Sprintf("%.20q", body)
}

func explainSyntax(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON is cut off")
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d: %w", syntax.ByteOffset, syntax.Err)
	}
	return err
}

type bodyReader struct {
	body    []byte
	decoder *jsontext.Decoder
	shapes  *shapes
}

func newBodyReader(body []byte, shapes *shapes) *bodyReader {
	// Looking for double names in every object would cost a quarter more.
	decoder := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true))
	return &bodyReader{body: body, decoder: decoder, shapes: shapes}
}

// members reads the members of the top level.
func (r *bodyReader) members(stream string, e *envelope) error {
	if _, err := r.decoder.ReadToken(); err != nil {
		return err
	}
	for r.decoder.PeekKind() != '}' {
		name, err := r.decoder.ReadToken()
		if err != nil {
			return err
		}
		member, kind := name.String(), r.decoder.PeekKind()
		if _, twice := e.rest[member]; twice {
			return fmt.Errorf("member %s is there twice", member)
		}
		e.rest[member] = nil
		switch {
		case member == "data" && (kind == '[' || kind == '{'):
			e.hasData, e.single = true, kind == '{'
			e.data, err = r.objects(stream)
		case member == "included" && kind == '[':
			e.included, err = r.objects("")
		default:
			var value jsontext.Value
			value, err = r.decoder.ReadValue()
			e.rest[member] = value.Clone()
		}
		if err != nil {
			return err
		}
	}
	_, err := r.decoder.ReadToken()
	return err
}

// objects reads an array of objects, or a single one. Without a stream each
// object's type names its own.
func (r *bodyReader) objects(stream string) ([]object, error) {
	if r.decoder.PeekKind() == '{' {
		one, err := r.object(stream)
		return []object{one}, err
	}
	if _, err := r.decoder.ReadToken(); err != nil {
		return nil, err
	}
	var all []object
	for r.decoder.PeekKind() != ']' {
		one, err := r.object(stream)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	_, err := r.decoder.ReadToken()
	return all, err
}

// object reads one object token by token and holds it against its schema.
func (r *bodyReader) object(stream string) (object, error) {
	if r.decoder.PeekKind() != '{' {
		raw, err := r.decoder.ReadValue()
		if err != nil {
			return object{}, err
		}
		return opaqueObject(stream, "", raw, reasonUnreadable, "not an object but "+opening(raw)), nil
	}
	from := r.decoder.InputOffset()
	o, err := r.outline()
	if err != nil {
		return object{}, err
	}
	raw := bytes.TrimLeft(r.body[from:r.decoder.InputOffset()], ", \t\r\n:")
	return r.shapes.object(stream, o, raw), nil
}

// An outline is what is known of an object without decoding it.
type outline struct {
	id    string // empty if it is missing, cannot be used, or is there twice
	kind  string // its member type
	shape uint64 // a hash of the names in it and the kinds of their values
	depth int    // levels of brackets
	ids   int    // members named id
}

// outline reads to the end of the object that comes next.
func (r *bodyReader) outline() (outline, error) {
	var (
		o     outline
		name  string // of the latest member at the object's own level
		outer = r.decoder.StackDepth()
	)
	for begun := false; !begun || r.decoder.StackDepth() > outer; begun = true {
		kind := r.decoder.PeekKind()
		o.shape = mix(o.shape, uint64(kind))
		switch kind {
		case '{', '}', '[', ']':
			if _, err := r.decoder.ReadToken(); err != nil {
				return o, err
			}
			o.depth = max(o.depth, r.decoder.StackDepth()-outer)
			continue
		}
		value, err := r.decoder.ReadValue()
		if err != nil {
			return o, err
		}
		depth := r.decoder.StackDepth()
		if container, n := r.decoder.StackIndex(depth); container == '{' && n%2 == 1 {
			o.shape = mix(o.shape, maphash.Bytes(seed, value))
			if depth == outer+1 {
				name = text(value)
			}
		} else if depth == outer+1 {
			o.note(name, value)
		}
	}
	return o, nil
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
