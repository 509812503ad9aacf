package config

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// SchemaFile is the name under which init writes the schema beside a configuration.
const SchemaFile = "spendbridge.schema.json"

// Modeline is the line by which editors find the schema of the file it begins.
const Modeline = "# yaml-language-server: $schema=" + SchemaFile + "\n"

type object = map[string]any

// Schema returns a JSON Schema of the configuration, for editors: its keys, what
// they may be, and what the file that init writes says of them. What depends on
// several keys or on this machine it leaves to [Read].
func Schema(kinds []Kind) []byte {
	g := generator{explanations()}
	root := g.schema("", rootShape())
	root["$schema"] = "http://json-schema.org/draft-07/schema#" // which all editors know
	root["title"] = "spendbridge.yaml"
	root["required"] = []string{"sources", "productiv"}
	properties := root["properties"].(object)

	productiv := properties["productiv"].(object)
	productiv["required"] = []string{"client_id", "client_secret"}
	productiv["oneOf"] = []object{{"required": []string{"app_id"}}, {"required": []string{"app_ids"}}}

	var names []string
	var cases []object
	definitions, sources := object{}, object{}
	for _, kind := range kinds {
		names = append(names, kind.Name)
		definitions[kind.Name] = g.source(kind)
		of := object{"$ref": "#/definitions/" + kind.Name}
		cases = append(cases, object{
			"if":   object{"properties": object{"kind": object{"const": kind.Name}}, "required": []string{"kind"}},
			"then": of,
		})
		sources[kind.Name] = object{
			"if": object{"required": []string{"kind"}}, "then": object{"$ref": "#/definitions/source"}, "else": of,
		}
	}
	definitions["source"] = object{
		"required": []string{"kind"}, "properties": object{"kind": object{"enum": names}}, "allOf": cases,
	}
	properties["sources"] = object{
		"type": "object", "minProperties": 1, "properties": sources, "description": g.said["sources"],
		"propertyNames":        object{"pattern": sourceName.String()},
		"additionalProperties": object{"$ref": "#/definitions/source"},
	}
	root["definitions"] = definitions
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // plain data always encodes
	}
	return append(text, '\n')
}

type generator struct {
	said map[string]string // of each key
}

// required are the keys without which a source of this kind has faults.
func (k Kind) required() []string {
	const section = "sources.a"
	r := &reader{kinds: []Kind{k}}
	r.checkSource(k.source("a"), section)
	var keys []string
	for _, f := range r.faults {
		keys = append(keys, strings.TrimPrefix(f.key, section+"."))
	}
	return keys
}

// source is the schema of a source of a kind.
func (g generator) source(kind Kind) object {
	s := g.schema("sources."+kind.Name, kind.shape())
	s["required"] = kind.required()
	s["properties"].(object)["kind"] = object{"const": kind.Name}
	return s
}

func (g generator) schema(key string, want shape) object {
	s := object{"type": "object"}
	switch {
	case want.kind == ast.MappingType:
		properties := object{}
		for name, below := range want.keys {
			below := g.schema(strings.TrimPrefix(key+"."+name, "."), below)
			if name == anyKey {
				s["additionalProperties"] = below
			} else {
				properties[name] = below
			}
		}
		if len(properties) > 0 {
			s["properties"] = properties
		}
		if s["additionalProperties"] == nil {
			s["additionalProperties"] = false
		}
	case want.kind == ast.StringType || want.kind == ast.NullType:
		s = texts(key, want)
	default: // a number or a truth value may come from a variable too
		s = object{"anyOf": []object{values(key, want), variable}}
	}
	if text := g.said[key]; text != "" {
		s["description"] = text
	}
	return s
}

// texts is the schema of a text. One with a variable may become any text.
func texts(key string, want shape) object {
	rule := ruleOf(key)
	switch {
	case want.kind == ast.NullType && rule.form == nil:
		return object{"anyOf": []object{written(duration), {"const": 0}}}
	case rule.form != nil:
		return written(rule.form)
	case rule.choices != nil:
		return object{"anyOf": []object{{"enum": rule.choices}, variable}}
	}
	return object{"type": "string"}
}

func written(form *regexp.Regexp) object {
	return object{"type": "string", "pattern": form.String() + "|" + variable["pattern"].(string)}
}

var (
	variable = object{"type": "string", "pattern": `\$\{.*\}`}
	duration = regexp.MustCompile(`^([0-9]+d|([0-9.]+(ns|us|µs|ms|s|m|h))+)$`)
)

func values(key string, want shape) object {
	if want.kind == ast.BoolType {
		return object{"type": "boolean"}
	}
	s := object{"type": "number"}
	if want.kind == ast.IntegerType {
		s["type"] = "integer"
	}
	if rule := ruleOf(key); rule.most > rule.least {
		s["minimum"], s["maximum"] = rule.least, rule.most
	}
	return s
}

// explained matches a line of the file that init writes with a key, which may be
// commented out, and no prose.
var explained = regexp.MustCompile(`^( *)(?:# ( *))?([a-z0-9_]+):(?: +(?:"[^"]*"|\{[^}]*\}|[^\s"#{]+))?(?: *# (.*))?$`)

// explanations returns what the file that init writes says of each key: behind it,
// or else above it.
func explanations() map[string]string {
	said := map[string]string{}
	var above, comment []string
	for line := range strings.Lines(string(Template)) {
		line = strings.TrimSuffix(line, "\n")
		m := explained.FindStringSubmatch(line)
		if m == nil {
			if text, ok := strings.CutPrefix(strings.TrimSpace(line), "# "); ok {
				comment = append(comment, text)
			} else {
				comment = nil
			}
			continue
		}
		depth := len(m[1]+m[2]) / 2
		above = append(above[:min(depth, len(above))], m[3])
		said[strings.Join(above, ".")] = cmp.Or(m[4], strings.Join(comment, " "))
		comment = nil
	}
	return said
}
