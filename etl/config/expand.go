package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"spendbridge/etl/plaintext"
)

var (
	reference = regexp.MustCompile(`\$\{([^}]*)\}`)

	// variableName is how POSIX writes the names of environment variables.
	// Whatever else stands between the braces may be a secret that was pasted
	// there.
	variableName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)
)

var (
	errOpenReference = errors.New("has ${ without its }; write ${NAME} or ${file:PATH}")
	errNoVariable    = errors.New("has ${…} with a text that is not the name of a variable that is set; write ${NAME} or ${file:PATH}")
)

// expand replaces ${VAR} from the environment and ${file:PATH} from a file.
// What it puts in is not looked at again.
func (r *reader) expand(text string) (string, []error) {
	if strings.Contains(reference.ReplaceAllLiteralString(text, ""), "${") {
		return "", []error{errOpenReference}
	}
	var faults []error
	expanded := reference.ReplaceAllStringFunc(text, func(found string) string {
		value, err := r.resolve(found[2 : len(found)-1])
		if err != nil {
			faults = append(faults, err)
		}
		return value
	})
	return expanded, faults
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
			return "", errNoVariable
		}
		if !ok {
			return "", fmt.Errorf("needs the variable %s, which is not set; set it: export %s=…", name, name)
		}
	}
	value, err := plaintext.Value([]byte(value))
	if err != nil {
		return "", fmt.Errorf("what ${…} stands for: %w", err)
	}
	return value, nil
}

// path makes a path absolute. In the file it is relative to the file.
func (r *reader) path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.folder, path)
}
