package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"spendbridge/etl"
)

// A shape describes a valid value: its kind and, for a mapping, the shapes of
// its keys. A null stands for text or a number, no kind for a source.
//
// Decoding alone would accept too much, because goccy converts: 0517 becomes
// the text "335", and both "10" and 10.5 become the number 10.
type shape struct {
	kind ast.NodeType
	keys map[string]shape
}

// anyKey stands for keys that the user chooses.
const anyKey = "any"

// shapeOf returns the shape in which goccy writes v. Duration and Date check
// their text themselves.
func shapeOf(v any) shape {
	node, err := yaml.ValueToNode(v,
		yaml.CustomMarshaler(func(Duration) ([]byte, error) { return []byte("null"), nil }),
		yaml.CustomMarshaler(func(Date) ([]byte, error) { return []byte("null"), nil }))
	if err != nil {
		panic(err) // plain data always encodes
	}
	return shapeOfNode(node)
}

func shapeOfNode(node ast.Node) shape {
	s := shape{node.Type(), map[string]shape{}}
	if mapping, ok := node.(*ast.MappingNode); ok {
		for _, pair := range mapping.Values {
			s.keys[pair.Key.GetToken().Value] = shapeOfNode(pair.Value)
		}
	}
	return s
}

// takes reports whether the shape accepts a scalar of a kind.
func (s shape) takes(kind ast.NodeType) bool {
	switch kind {
	case ast.IntegerType:
		return s.kind == kind || s.kind == ast.FloatType || s.kind == ast.NullType
	case ast.StringType, ast.FloatType:
		return s.kind == kind || s.kind == ast.NullType
	}
	return s.kind == kind
}

// A value is a value of the file with its key.
type value struct {
	*ast.MappingValueNode
	key string // the path to it, such as productiv.app_id
}

// fits reports whether v has the shape. From a mapping it removes the values
// that have not.
func (r *reader) fits(v value, want shape) bool {
	if mapping, ok := v.Value.(*ast.MappingNode); ok && want.kind == ast.MappingType {
		mapping.Values = slices.DeleteFunc(mapping.Values, func(pair *ast.MappingValueNode) bool {
			key := strings.TrimPrefix(v.key+"."+pair.Key.GetToken().Value, ".")
			return !r.keyFits(value{pair, key}, want.keys)
		})
		return true
	}
	if v.Value.Type() == ast.NullType || !r.expand(v, want.kind) {
		return false // a key without a value keeps its default
	}
	r.values[v.Value.GetToken()] = v
	kind := v.Value.Type()
	if want.takes(kind) {
		return true
	}
	wanted := words[want.kind]
	if want.kind == ast.StringType {
		wanted += " in quotes"
	}
	pos := v.Value.GetToken().Position
	if r.expanded[v.key] {
		r.fault(pos, v.key, "%s; write %s", r.is(v.key, ""), wanted)
	} else {
		r.fault(pos, v.key, "must be %s, not %s", wanted, cmp.Or(words[kind], "unsupported YAML (such as an anchor, an alias or a tag)"))
	}
	return false
}

func (r *reader) keyFits(v value, keys map[string]shape) bool {
	name, pos := v.Key.GetToken().Value, v.Key.GetToken().Position
	r.at[v.key] = pos
	want, ok := keys[name]
	if !ok {
		want, ok = keys[anyKey]
	}
	if !ok || v.Key.Type() != ast.StringType {
		r.fault(pos, v.key, "is not a known key%s", etl.DidYouMean(name, slices.Sorted(maps.Keys(keys))))
		return false
	}
	if want.kind == ast.UnknownNodeType {
		r.sources = append(r.sources, v)
		return false
	}
	return r.fits(v, want)
}

var words = map[ast.NodeType]string{
	ast.StringType:   "text",
	ast.IntegerType:  "a whole number",
	ast.FloatType:    "a decimal number",
	ast.BoolType:     "true or false",
	ast.NullType:     "a single value",
	ast.SequenceType: "a list",
	ast.MappingType:  "keys with values",
}
