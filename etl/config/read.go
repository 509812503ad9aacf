package config

import (
	"encoding"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"spendbridge/etl"
	"spendbridge/etl/plaintext"
)

// Read reads and checks a configuration file. Its error is a
// [*etl.UsageError] that lists every fault there is, each with its line, its
// key and what to write instead.
func Read(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, etl.Usagef("there is no configuration %s; write one with: spendbridge init, or name yours with --config", path)
	}
	if err != nil {
		return nil, etl.Usagef("configuration: %w", err)
	}
	return parseConfig(path, text, os.LookupEnv)
}

// parseConfig parses text, which came from path. Variables are looked up by
// lookup.
func parseConfig(path string, text []byte, lookup func(string) (string, bool)) (*Config, error) {
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	r := &reader{folder: folder, lookup: lookup, at: map[string]*token.Position{}, bad: map[string]bool{}, expanded: map[string]bool{}}
	config := Default()
	r.document(config, text)
	if !r.broken {
		check(config, r)
	}
	return config, r.err(filepath.Base(path))
}

// A reader copies YAML into the configuration and gathers all faults.
type reader struct {
	folder   string // of the configuration file
	lookup   func(string) (string, bool)
	at       map[string]*token.Position // of each key that was given
	faults   []fault
	bad      map[string]bool // keys with a fault
	expanded map[string]bool // keys whose value is not what the file says
	broken   bool            // no YAML at all: there is nothing to check
}

func (r *reader) document(config *Config, content []byte) {
	text, err := plaintext.Decode(content)
	var encoding *plaintext.EncodingError
	if errors.As(err, &encoding) {
		r.fault(&token.Position{Line: encoding.Line, Column: 1}, "", "%s; save the file as UTF-8", encoding.Problem)
		r.broken = true
		return
	}
	file, err := parser.ParseBytes([]byte(text), 0)
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		// Its own text would quote the file, and with it a secret.
		r.fault(syntax.GetToken().Position, "", "is no YAML: %s", syntax.GetMessage())
		r.broken = true
		return
	}
	if err != nil || len(file.Docs) > 1 {
		r.fault(nil, "", "must be one YAML document")
		r.broken = true
		return
	}
	if len(file.Docs) == 1 && file.Docs[0].Body != nil {
		r.value(reflect.ValueOf(config).Elem(), file.Docs[0].Body, "")
	}
}

// value copies one YAML node into v, which key names.
func (r *reader) value(v reflect.Value, node ast.Node, key string) {
	_, isText := v.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case node.Type() == ast.NullType:
		return // a key without a value keeps its default
	case v.Type() == reflect.TypeFor[[]Source]():
		r.sources(v, node)
	case v.Kind() == reflect.Map:
		r.mapping(v, node, key)
	case v.Kind() == reflect.Struct && !isText && v.Type() != reflect.TypeFor[Secret]():
		r.structure(v, node, key, "")
	default:
		r.scalar(v, node, key)
	}
}

// entries returns the key-value pairs of a mapping and notes where they are.
func (r *reader) entries(node ast.Node, key string) []entry {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		r.fault(node.GetToken().Position, key, "holds %s; write keys with values below it", describe(node))
		return nil
	}
	var all []entry
	for it := mapping.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		e := entry{name: name, key: join(key, name), pos: it.Key().GetToken().Position, node: it.Value()}
		r.at[e.key] = e.pos
		all = append(all, e)
	}
	return all
}

type entry struct {
	name, key string
	pos       *token.Position
	node      ast.Node
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// structure copies a mapping into a struct. A key that no field has is a
// fault, unless a field takes the rest.
func (r *reader) structure(v reflect.Value, node ast.Node, key, kind string) {
	fields, rest := fieldsOf(v, kind)
	for _, e := range r.entries(node, key) {
		field, ok := fields[e.name]
		switch {
		case ok:
			r.value(field, e.node, e.key)
		case rest.IsValid():
			r.put(rest, e)
		default:
			names := make([]string, 0, len(fields))
			for name := range fields {
				names = append(names, name)
			}
			slices.Sort(names)
			r.fault(e.pos, e.key, "is not a key there is%s", etl.DidYouMean(e.name, names))
		}
	}
}

// fieldsOf lists the fields of a struct by their YAML names, without those
// that only another kind of source knows.
func fieldsOf(v reflect.Value, kind string) (fields map[string]reflect.Value, rest reflect.Value) {
	fields = map[string]reflect.Value{}
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		only := tag.Get("only")
		switch name := tag.Get("yaml"); {
		case name == ",rest":
			rest = v.Field(i)
		case name != "-" && (only == "" || only == kind):
			fields[name] = v.Field(i)
		}
	}
	return fields, rest
}

// sources copies the mapping under sources, in its order.
func (r *reader) sources(v reflect.Value, node ast.Node) {
	var all []Source
	for _, e := range r.entries(node, "sources") {
		kind := r.kind(e)
		source := defaultSource(e.name, kind)
		if kind == "" {
			continue
		}
		if e.node.Type() != ast.NullType {
			r.structure(reflect.ValueOf(&source).Elem(), e.node, e.key, kind)
		}
		source.Kind = kind
		all = append(all, source)
	}
	v.Set(reflect.ValueOf(all))
}

// kind finds out which vendor a source is of: its name, unless it says.
func (r *reader) kind(e entry) string {
	kind, pos := e.name, e.pos
	if mapping, ok := e.node.(ast.MapNode); ok {
		for it := mapping.MapRange(); it.Next(); {
			if it.Key().GetToken().Value == "kind" {
				kind, pos = it.Value().GetToken().Value, it.Value().GetToken().Position
			}
		}
	}
	if kind != KindProductive && kind != KindProcurify {
		r.fault(pos, join(e.key, "kind"), "must be %s or %s; write kind: below %s", KindProductive, KindProcurify, e.name)
		return ""
	}
	return kind
}

// mapping copies a mapping into a map from text to a scalar.
func (r *reader) mapping(v reflect.Value, node ast.Node, key string) {
	for _, e := range r.entries(node, key) {
		r.put(v, e)
	}
}

func (r *reader) put(v reflect.Value, e entry) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	item := reflect.New(v.Type().Elem()).Elem()
	r.scalar(item, e.node, e.key)
	v.SetMapIndex(reflect.ValueOf(e.name), item)
}
