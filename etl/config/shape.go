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

// A shape is what a value must look like: its kind and, of a mapping, the
// shapes of its keys. A null stands for text or a number, no kind for a
// source.
//
// Shapes keep goccy from guessing: it reads 0517 as the text "335", and both
// "10" and 10.5 as the number 10.
type shape struct {
	kind ast.NodeType
	keys map[string]shape
}

// anyKey stands for the keys that the user chooses.
const anyKey = "any"

// shapeOf returns the shape that goccy writes v in. A Duration and a Date
// judge for themselves.
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

// takes reports whether a scalar of a kind has the shape.
func (s shape) takes(kind ast.NodeType) bool {
	switch kind {
	case ast.IntegerType:
		return s.kind == kind || s.kind == ast.FloatType || s.kind == ast.NullType
	case ast.StringType, ast.FloatType:
		return s.kind == kind || s.kind == ast.NullType
	}
	return s.kind == kind
}

// A value is what the file has for a key.
type value struct {
	*ast.MappingValueNode
	key string // the path to it, such as productiv.app_id
}

// fits reports whether v has a shape. Of a mapping it takes out what has not.
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
	problem := "holds " + cmp.Or(words[kind], "YAML that is not used here (an anchor, an alias or a tag)")
	if r.expanded[v.key] {
		problem = r.is(v.key, "")
	}
	fix := words[want.kind]
	if want.kind == ast.StringType {
		fix += " in quotes"
	}
	r.fault(v.Value.GetToken().Position, v.key, "%s; write %s", problem, fix)
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
		r.fault(pos, v.key, "is not a key there is%s", etl.DidYouMean(name, slices.Sorted(maps.Keys(keys))))
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
	ast.FloatType:    "a number",
	ast.BoolType:     "true or false",
	ast.NullType:     "one value",
	ast.SequenceType: "a list",
	ast.MappingType:  "keys with values below it",
}
