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

// A recordSchema is compiled twice: flat accepts nearly every record fast, full judges the rest.
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

// A flatSchema is a JSON Schema of an object of texts and numbers.
type flatSchema struct {
	Schema               string                 `json:"$schema"`
	Title                string                 `json:"title"`
	Description          string                 `json:"description"`
	Type                 string                 `json:"type"`
	AdditionalProperties *bool                  `json:"additionalProperties"`
	Required             []string               `json:"required"`
	Properties           map[string]*flatMember `json:"properties"`
}

// A flatMember is what the value of one member must be.
type flatMember struct {
	Description string         `json:"description"`
	Type        string         `json:"type"` // string, integer, number; "" = one of Enum
	Enum        []*string      `json:"enum"`
	Pattern     *regexp.Regexp `json:"pattern"`
	MinLength   int            `json:"minLength"` // in characters
	MaxLength   *int           `json:"maxLength"`
	Minimum     *float64       `json:"minimum"`
	Maximum     *float64       `json:"maximum"`

	required bool
}

// flatten returns nil for a schema with a keyword that a flatSchema does not know.
func flatten(document any) *flatSchema {
	text, err := json.Marshal(document)
	if err != nil {
		return nil
	}
	var flat flatSchema
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&flat) != nil || flat.Type != "object" ||
		flat.AdditionalProperties == nil || *flat.AdditionalProperties {
		return nil
	}
	for _, member := range flat.Properties {
		isOneOf := member.Type == "" && len(member.Enum) > 0 && !slices.Contains(member.Enum, nil)
		if !isOneOf && (member.Enum != nil || !slices.Contains([]string{"string", "integer", "number"}, member.Type)) {
			return nil
		}
	}
	for _, name := range flat.Required {
		member := flat.Properties[name]
		if member == nil || member.required {
			return nil
		}
		member.required = true
	}
	return &flat
}

// accepts reports whether a payload is certainly valid. It rejects what this program does not write:
// space between the tokens, an exponent, a member twice, or an escaped code point.
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
			return len(rest) == 1 && rest[0] == '}' && separator == ',' && required == len(f.Required)
		}
		name, _, ok := scanText(&rest)
		if !ok || len(rest) == 0 || rest[0] != ':' || slices.Contains(members, string(name)) {
			return false
		}
		member := f.Properties[string(name)]
		if member == nil || !member.accepts(&rest) {
			return false
		}
		members = append(members, string(name))
		if member.required {
			required++
		}
	}
}

// accepts takes ':' and the value off the beginning of rest.
func (m *flatMember) accepts(rest *[]byte) bool {
	if m.Type == "integer" || m.Type == "number" {
		return m.acceptsNumber(rest)
	}
	text, length, ok := scanText(rest)
	switch {
	case !ok:
		return false
	case m.Type == "":
		return slices.ContainsFunc(m.Enum, func(one *string) bool { return *one == string(text) })
	case m.Pattern != nil && (length != len(text) || !m.Pattern.Match(text)):
		return false
	}
	return length >= m.MinLength && (m.MaxLength == nil || length <= *m.MaxLength)
}

func (m *flatMember) acceptsNumber(rest *[]byte) bool {
	number := (*rest)[1:]
	end := bytes.IndexAny(number, ",}")
	if end < 0 {
		return false
	}
	number, *rest = number[:end], (*rest)[1+end:]
	whole, fraction, hasFraction := bytes.Cut(bytes.TrimPrefix(number, []byte("-")), []byte("."))
	if !isDigits(whole) || len(whole) > 1 && whole[0] == '0' || hasFraction && (!isDigits(fraction) || m.Type == "integer") {
		return false
	}
	if m.Minimum == nil && m.Maximum == nil {
		return true
	}
	value, err := strconv.ParseFloat(string(number), 64)
	return err == nil && (m.Minimum == nil || value >= *m.Minimum) && (m.Maximum == nil || value <= *m.Maximum)
}

func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

// scanText takes a byte and a JSON text off rest. The length is in characters.
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
