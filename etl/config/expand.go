package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"spendbridge/etl/plaintext"
)

var (
	reference = regexp.MustCompile(`\$\{([^}]*)\}`)

	// variableName matches what POSIX allows as the name of an environment
	// variable. Anything else between the braces may be a pasted secret.
	variableName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)
)

// expand replaces ${VAR} from the environment and ${file:PATH} from a file,
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
	path, isFile := strings.CutPrefix(name, "file:")
	var value string
	if isFile {
		content, err := os.ReadFile(r.path(path))
		if err != nil {
			return "", fmt.Errorf("${%s}: %w", name, err)
		}
		value = string(content)
	} else {
		var ok bool
		value, ok = r.lookup(name)
		if !ok && !variableName.MatchString(name) {
			return "", errors.New("has ${…} around text that is not the name of a set variable; write ${NAME} or ${file:PATH}")
		}
		if !ok {
			return "", fmt.Errorf("needs the variable %s, which is not set; set it: export %s=…", name, name)
		}
	}
	value, err := plaintext.Value([]byte(value))
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
