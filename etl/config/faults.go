package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/token"

	"spendbridge/etl"
)

// A fault is one error in a configuration.
type fault struct {
	line, column int
	key, message string
}

func (r *reader) fault(pos *token.Position, key, format string, args ...any) {
	f := fault{key: key, message: fmt.Sprintf(format, args...)}
	if pos != nil {
		f.line, f.column = pos.Line, pos.Column
	}
	r.faults = append(r.faults, f)
}

// faultAt reports a fault at the key, or at the nearest key above it that the
// file has. A key that already has a fault gets no other.
func (r *reader) faultAt(key, format string, args ...any) {
	if slices.ContainsFunc(r.faults, func(f fault) bool { return f.key == key }) {
		return
	}
	above := key
	for r.at[above] == nil && strings.Contains(above, ".") {
		above = above[:strings.LastIndexByte(above, '.')]
	}
	r.fault(r.at[above], key, format, args...)
}

// err joins all faults into one error, in the order of the file.
func (r *reader) err(file string) error {
	if len(r.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(r.faults, func(a, b fault) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	lines := []string{"the configuration is invalid:"}
	for _, f := range r.faults {
		where := file
		if f.line > 0 {
			where = fmt.Sprintf("%s:%d:%d", file, f.line, f.column)
		}
		if f.key != "" {
			where += ": " + f.key
		}
		lines = append(lines, where+": "+f.message)
	}
	return etl.Usagef("%s", strings.Join(lines, "\n  "))
}
