package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"spendbridge/etl"
	"spendbridge/etl/plaintext"
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

// rootShape is the shape of the file. That of a source depends on its kind.
func rootShape() shape {
	example := Default()
	example.Productiv.AppIDs = map[string]string{anyKey: ""}
	s := shapeOf(example)
	s.keys["sources"] = shape{ast.MappingType, map[string]shape{anyKey: {}}}
	s.keys["schedule"].keys[anyKey] = shape{kind: ast.StringType}
	return s
}

// shape is the shape of a source of this kind.
func (k Kind) shape() shape {
	example := k.source("")
	example.MinorUnits = map[string]int{anyKey: 0}
	s := shapeOf(example)
	maps.DeleteFunc(s.keys, func(key string, _ shape) bool {
		return !slices.Contains(commonSettings, key) && !slices.Contains(k.Settings, key)
	})
	return s
}

// takes reports whether the shape accepts a scalar of a kind.
func (s shape) takes(kind ast.NodeType) bool {
	switch s.kind {
	case ast.NullType:
		return kind == ast.StringType || kind == ast.IntegerType || kind == ast.FloatType
	case ast.FloatType:
		return kind == ast.IntegerType || kind == ast.FloatType
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

var (
	reference = regexp.MustCompile(`\$\{([^}]*)\}`)

	// variableName matches what POSIX allows as the name of an environment
	// variable. Anything else between the braces may be a pasted secret.
	variableName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)
)

// expand replaces ${VAR} from the environment or [EnvFile], and ${file:PATH} from a file,
// and reports whether it could. Values are not expanded again.
func (r *reader) expand(v value, want ast.NodeType) bool {
	tk := v.Value.GetToken()
	text := tk.Value
	switch node := v.Value.(type) {
	case *ast.StringNode:
	case *ast.LiteralNode:
		text = node.Value.Value
	default:
		return true
	}
	if strings.Contains(reference.ReplaceAllLiteralString(text, ""), "${") {
		r.fault(tk.Position, v.key, "has ${ without a closing }; write ${NAME} or ${file:PATH}")
		return false
	}
	complete := true
	expanded := reference.ReplaceAllStringFunc(text, func(found string) string {
		value, err := r.resolve(found[2 : len(found)-1])
		if err != nil {
			r.fault(tk.Position, v.key, "%s", err)
			complete = false
		}
		return value
	})
	r.expanded[v.key] = expanded != text
	v.Value = ast.String(token.String(expanded, expanded, tk.Position))
	if r.expanded[v.key] && want != ast.StringType && want != ast.NullType {
		// The section needs a number, true or false: read the value as YAML.
		if file, err := parser.Parse(token.Tokens{token.New(expanded, expanded, tk.Position)}, 0); err == nil && len(file.Docs) == 1 {
			v.Value = file.Docs[0].Body
		}
	}
	return complete
}

func (r *reader) resolve(name string) (string, error) {
	text, ok := r.lookup(name)
	if !ok {
		text, ok = r.env[name]
	}
	content := []byte(text)
	if path, isFile := strings.CutPrefix(name, "file:"); isFile {
		var err error
		if content, err = os.ReadFile(r.path(path)); err != nil {
			return "", fmt.Errorf("${%s}: %w", name, err)
		}
	} else if !ok && !variableName.MatchString(name) {
		return "", errors.New("has ${…} around text that is not the name of a set variable; write ${NAME} or ${file:PATH}")
	} else if !ok {
		return "", fmt.Errorf("needs the variable %s, which is not set; set it: export %[1]s=…, or write %[1]s=… into %[2]s beside this file", name, EnvFile)
	}
	value, err := plaintext.Value(content)
	if err != nil {
		return "", fmt.Errorf("the value of ${…}: %w", err)
	}
	return value, nil
}

// path makes a path absolute. Relative paths start at the folder of the file.
func (r *reader) path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.folder, path)
}
