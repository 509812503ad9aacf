package deliver

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"spendbridge/etl/config"
	"spendbridge/schemas"
)

// recordSchemas are the JSON Schemas of a Productiv record, by name.
type recordSchemas map[string]recordSchema

// A recordSchema is one of them, compiled twice: flat accepts nearly every
// record for a small part of the time, and the full validator judges the rest.
type recordSchema struct {
	full *jsonschema.Schema
	flat *flatSchema // nil if the schema says more than a flatSchema can
}

func openSchemas(fsys fs.FS) (recordSchemas, error) {
	all := recordSchemas{}
	for _, name := range []string{config.SchemaFinance, config.SchemaSpend} {
		compiled, document, err := schemas.Compile(fsys, "productiv/"+name+".json")
		if err != nil {
			return nil, err
		}
		all[name] = recordSchema{full: compiled, flat: flatten(document)}
	}
	return all, nil
}

// fault says what is wrong with a payload, "" for nothing.
func (s recordSchemas) fault(name string, payload []byte) string {
	if s[name].flat.accepts(payload) {
		return ""
	}
	record, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
	if err != nil {
		return "the payload is not JSON: " + err.Error()
	}
	err = s[name].full.Validate(record)
	if err == nil {
		return ""
	}
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return err.Error()
	}
	var faults []string
	for _, cause := range invalid.Causes {
		faults = append(faults, strings.Join(cause.InstanceLocation, "/")+": "+
			cause.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
	}
	return strings.Join(faults, ", ")
}

// A flatSchema describes an object of texts and numbers.
type flatSchema struct {
	members  map[string]flatMember
	required int
}

// A flatMember is what the value of one member must be.
type flatMember struct {
	required    bool
	kind        string   // string, integer, number; "" = one of enum
	enum        []string // texts
	pattern     *regexp.Regexp
	short, long int      // in characters; long -1 = no limit
	least, most *float64 // of a number
}

// flatten returns nil for a schema with a keyword that a flatSchema does not
// know.
func flatten(document any) *flatSchema {
	object, ok := document.(map[string]any)
	if !ok || object["type"] != "object" || object["additionalProperties"] != false ||
		!knows(object, "$schema", "title", "description", "type", "additionalProperties", "required", "properties") {
		return nil
	}
	properties, _ := object["properties"].(map[string]any)
	flat := flatSchema{members: map[string]flatMember{}}
	for name, property := range properties {
		if flat.members[name], ok = flattenMember(property); !ok {
			return nil
		}
	}
	required, _ := object["required"].([]any)
	for _, name := range required {
		text, _ := name.(string)
		member, ok := flat.members[text]
		if !ok || member.required {
			return nil
		}
		member.required = true
		flat.members[text] = member
		flat.required++
	}
	return &flat
}

func flattenMember(property any) (member flatMember, ok bool) {
	keywords, _ := property.(map[string]any)
	switch keywords["type"] {
	case "string":
		ok = knows(keywords, "description", "type", "pattern", "minLength", "maxLength")
	case "integer":
		ok = knows(keywords, "description", "type", "minimum", "maximum")
	case "number":
		ok = knows(keywords, "description", "type")
	case nil:
		ok = knows(keywords, "description", "enum") && keywords["enum"] != nil
	}
	if !ok {
		return member, false
	}
	member.kind, _ = keywords["type"].(string)
	member.long = -1
	for keyword, value := range keywords {
		switch value := value.(type) {
		case json.Number:
			number, err := value.Float64()
			if err != nil {
				return member, false
			}
			switch keyword {
			case "minLength":
				member.short = int(number)
			case "maxLength":
				member.long = int(number)
			case "minimum":
				member.least = &number
			case "maximum":
				member.most = &number
			}
		case []any:
			for _, text := range value {
				text, isText := text.(string)
				if !isText {
					return member, false
				}
				member.enum = append(member.enum, text)
			}
		case string:
			if keyword == "pattern" {
				pattern, err := regexp.Compile(value)
				if err != nil {
					return member, false
				}
				member.pattern = pattern
			}
		}
	}
	return member, true
}

func knows(keywords map[string]any, known ...string) bool {
	for keyword := range keywords {
		if !slices.Contains(known, keyword) {
			return false
		}
	}
	return true
}

// accepts reports whether a payload is certainly valid. It refuses all that is
// written otherwise than the payloads of this program: with space between the
// tokens, an exponent, a member twice, or an escaped code point.
func (f *flatSchema) accepts(payload []byte) bool {
	if f == nil || len(payload) == 0 || payload[0] != '{' || !utf8.Valid(payload) {
		return false
	}
	var (
		seen     [16]string
		members  = seen[:0]
		required int
	)
	for rest, separator := payload, byte('{'); ; separator = ',' {
		if len(rest) == 0 || rest[0] != separator {
			return len(rest) == 1 && rest[0] == '}' && separator == ',' && required == f.required
		}
		name, _, ok := scanText(&rest)
		if !ok || len(rest) == 0 || rest[0] != ':' || slices.Contains(members, string(name)) {
			return false
		}
		member, known := f.members[string(name)]
		if !known || !member.accepts(&rest) {
			return false
		}
		members = append(members, string(name))
		if member.required {
			required++
		}
	}
}

// accepts takes ':' and the value off the beginning of rest.
func (m flatMember) accepts(rest *[]byte) bool {
	if m.kind == "integer" || m.kind == "number" {
		return m.acceptsNumber(rest)
	}
	text, length, ok := scanText(rest)
	switch {
	case !ok:
		return false
	case m.kind == "":
		return slices.Contains(m.enum, string(text))
	case m.pattern != nil && (length != len(text) || !m.pattern.Match(text)):
		return false
	}
	return length >= m.short && (m.long < 0 || length <= m.long)
}

func (m flatMember) acceptsNumber(rest *[]byte) bool {
	number := (*rest)[1:]
	end := bytes.IndexAny(number, ",}")
	if end < 0 {
		return false
	}
	number, *rest = number[:end], (*rest)[1+end:]
	whole, fraction, hasFraction := bytes.Cut(bytes.TrimPrefix(number, []byte("-")), []byte("."))
	if !isDigits(whole) || len(whole) > 1 && whole[0] == '0' || hasFraction && (!isDigits(fraction) || m.kind == "integer") {
		return false
	}
	if m.least == nil && m.most == nil {
		return true
	}
	value, err := strconv.ParseFloat(string(number), 64)
	return err == nil && (m.least == nil || value >= *m.least) && (m.most == nil || value <= *m.most)
}

func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

// scanText takes one byte and the JSON text after it off rest, and returns the
// text as it is written, with its length in characters.
func scanText(rest *[]byte) (text []byte, length int, ok bool) {
	all := *rest
	if len(all) < 2 || all[1] != '"' {
		return nil, 0, false
	}
	const begin = 2
	for i := begin; i < len(all); i++ {
		switch c := all[i]; {
		case c == '"':
			*rest = all[i+1:]
			return all[begin:i], length, true
		case c < ' ':
			return nil, 0, false
		case c == '\\':
			if i++; i == len(all) || !strings.ContainsRune(`"\/bfnrt`, rune(all[i])) {
				return nil, 0, false
			}
			length++
		case utf8.RuneStart(c):
			length++
		}
	}
	return nil, 0, false
}
