package transform

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ruleFields are what an exclusion rule may look at.
var ruleFields = []string{"vendor", "name", "category", "description", "department", "identifier", "currency", "record_id"}

// A rule is one row of staging.setting_rules.
type rule struct {
	Line    int     `json:"line"`
	Source  *string `json:"source"` // nil: every source
	Field   string  `json:"field"`
	Pattern string  `json:"pattern"`
	Reason  string  `json:"reason"`
}

// readRules reads exclusion rules. A pattern means the whole
// value, in any case; * stands for any text and ? for one character.
func readRules(content []byte) ([]rule, error) {
	return readTable(content, []string{"source", "field", "pattern", "reason"}, newRule)
}

func newRule(l line) (rule, error) {
	r := rule{
		Line:    l.number,
		Field:   strings.ToLower(l.fields["field"]),
		Pattern: likePattern(l.fields["pattern"]),
		Reason:  l.fields["reason"],
	}
	if source := l.fields["source"]; source != "" && source != "*" {
		r.Source = &source
	}
	switch {
	case !slices.Contains(ruleFields, r.Field):
		return r, fmt.Errorf("field is %q; write one of %s", l.fields["field"], strings.Join(ruleFields, ", "))
	case r.Pattern == "":
		return r, errors.New("pattern is empty; write a text, with * for any text")
	case r.Reason == "":
		return r, errors.New("reason is empty; write why this is not spend, such as mileage")
	}
	return r, nil
}

// likePattern turns * and ? into the wildcards of SQL's like, escaped by \.
func likePattern(pattern string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`, `?`, `_`).Replace(pattern)
}
