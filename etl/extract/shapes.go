package extract

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"spendbridge/schemas"
)

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
	properties := propertiesOf(schema)
	if properties == nil {
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

func propertiesOf(schema any) map[string]any {
	document, ok := schema.(map[string]any)
	if !ok {
		return nil
	}
	properties, _ := document["properties"].(map[string]any)
	return properties
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
