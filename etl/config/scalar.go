package config

import (
	"encoding"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
)

// scalar copies one plain value into v.
func (r *reader) scalar(v reflect.Value, node ast.Node, key string) {
	pos := node.GetToken().Position
	text, quoted, ok := plain(node)
	if !ok {
		r.fault(pos, key, "holds %s; write %s", describe(node), wanted(v))
		return
	}
	expanded, faults := r.expand(text)
	for _, err := range faults {
		r.fault(pos, key, "%s", err)
	}
	if len(faults) > 0 {
		return
	}
	r.expanded[key] = expanded != text
	if isText(v) && !quoted {
		r.fault(pos, key, "holds %s; write it in quotes", describe(node))
		return
	}
	if err := set(v, expanded, quoted && expanded == text); err != nil {
		if v.Type() == reflect.TypeFor[Secret]() {
			r.fault(pos, key, "%s", err)
			return
		}
		r.fault(pos, key, "%s; write %s", r.is(key, text), err)
	}
}

// plain returns the text of a scalar, and whether YAML takes it for text.
func plain(node ast.Node) (text string, isString, ok bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true, true
	case *ast.LiteralNode:
		return n.Value.Value, true, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return node.GetToken().Value, false, true
	}
	return "", false, false
}

func isText(v reflect.Value) bool {
	return v.Kind() == reflect.String || v.Type() == reflect.TypeFor[Secret]()
}

// set converts text to what v holds. Text that YAML takes for a string is no
// number and no truth value, unless it came from a variable. The error says
// what to write instead.
func set(v reflect.Value, text string, isString bool) error {
	switch dest := v.Addr().Interface().(type) {
	case *Secret:
		dest.value = strings.TrimRight(text, "\n") // of a block of YAML
		if strings.ContainsFunc(dest.value, unicode.IsControl) {
			return errors.New("holds a line break or another control character, which cannot be sent; write the secret alone, on one line")
		}
		return nil
	case encoding.TextUnmarshaler:
		return dest.UnmarshalText([]byte(text))
	case *string:
		*dest = text
		return nil
	}
	var err error
	switch {
	case isString:
		err = strconv.ErrSyntax
	case v.Kind() == reflect.Bool:
		v.SetBool(strings.EqualFold(text, "true"))
		if !v.Bool() && !strings.EqualFold(text, "false") {
			err = strconv.ErrSyntax
		}
	case v.Kind() == reflect.Int:
		var n int
		n, err = strconv.Atoi(text)
		v.SetInt(int64(n))
	case v.Kind() == reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		v.SetFloat(f)
	}
	if err != nil {
		return errors.New(wanted(v))
	}
	return nil
}

// wanted says in words what v holds.
func wanted(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	}
	return "one value"
}

// describe says in words what a node is.
func describe(node ast.Node) string {
	switch node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "keys"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	}
	return "YAML that is not used here (an anchor, an alias or a tag)"
}
