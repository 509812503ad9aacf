package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// expand replaces ${VAR} from the environment and ${file:PATH} from a file.
// What it puts in is not looked at again.
func (r *reader) expand(text string) (string, error) {
	var first error
	expanded := variable.ReplaceAllStringFunc(text, func(found string) string {
		value, err := r.resolve(found[2 : len(found)-1])
		if err != nil && first == nil {
			first = err
		}
		return value
	})
	return expanded, first
}

func (r *reader) resolve(name string) (string, error) {
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		content, err := os.ReadFile(r.path(path))
		if err != nil {
			return "", fmt.Errorf("${%s}: %w", name, err)
		}
		return strings.TrimRight(string(content), "\r\n"), nil
	}
	value, ok := r.lookup(name)
	if !ok {
		return "", fmt.Errorf("needs the variable %s, which is not set; set it: export %s=…", name, name)
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
