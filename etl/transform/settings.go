package transform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/plaintext"
	"spendbridge/etl/warehouse"
)

// loadSettings loads the settings and the user's files into tables, for the SQL
// that applies them. It reports the faults of all files.
func (t *transformer) loadSettings(ctx context.Context) (err error) {
	if t.copies, err = goodCopies(ctx, t.tx); err != nil {
		return err
	}
	var faults []error
	for _, load := range []func(context.Context) error{
		t.loadRules, t.loadTypes, t.loadCategories, t.loadSources, t.loadRun, t.loadAliases, t.loadRates,
	} {
		err := load(ctx)
		faults = append(faults, err)
		var usage *etl.UsageError
		if err != nil && !errors.As(err, &usage) {
			break
		}
	}
	return errors.Join(faults...)
}

func (t *transformer) loadRules(ctx context.Context) error {
	rules, err := readUserFile(ctx, t, userFile{key: keyRules, path: t.opts.RulesFile}, readRules)
	if err != nil {
		return err
	}
	return t.replace(ctx, "staging.setting_rules", "transform/setting.add_rules", rules)
}

func (t *transformer) loadTypes(ctx context.Context) error {
	kinds, err := warehouse.Strings(ctx, t.tx, "transform/kind.names", nil)
	if err != nil {
		return err
	}
	types, err := readUserFile(ctx, t, userFile{key: keyTypes, path: t.opts.TypesFile},
		func(content []byte) ([]typeRow, error) { return readTypes(content, kinds) })
	if err != nil {
		return err
	}
	return t.replace(ctx, "staging.setting_types", "transform/setting.add_types", types)
}

// The first decision creates the files of aliases and of categories, so they may
// not exist yet.
func (t *transformer) loadCategories(ctx context.Context) error {
	return categories.loadFile(ctx, t, userFile{path: t.opts.CategoriesFile, optional: true})
}

func (t *transformer) loadAliases(ctx context.Context) error {
	return vendors.loadFile(ctx, t, userFile{path: t.opts.AliasesFile, optional: true, assumed: t.opts.AliasesAssumed})
}

// loadSources loads the configured sources and the addresses of cardholders.
func (t *transformer) loadSources(ctx context.Context) error {
	if err := SaveSources(ctx, t.tx, t.opts); err != nil {
		return err
	}
	cardholders, sources, err := t.cardholders(ctx)
	if err != nil {
		return err
	}
	if err := t.execJSON(ctx, "transform/setting.clear_cardholders", "sources", sources); err != nil {
		return err
	}
	return t.execJSON(ctx, "transform/setting.add_cardholders", "rows", cardholders)
}

func (t *transformer) loadRun(ctx context.Context) error {
	if err := warehouse.Clear(ctx, t.tx, "staging.setting_run"); err != nil {
		return err
	}
	_, err := t.tx.Exec(ctx, "transform/setting.add_run", warehouse.Args{
		"reporting_currency": t.opts.ReportingCurrency,
		"reporting_timezone": t.opts.Timezone,
		"today":              t.opts.Now().UTC(),
	})
	return err
}

// replace makes rows the content of a table, by the statement that adds them.
func (t *transformer) replace(ctx context.Context, table warehouse.Table, add string, rows any) error {
	if err := warehouse.Clear(ctx, t.tx, table); err != nil {
		return err
	}
	return t.execJSON(ctx, add, "rows", rows)
}

// execJSON runs a statement with a list as its only parameter.
func (t *transformer) execJSON(ctx context.Context, name, parameter string, list any) error {
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	_, err = t.tx.Exec(ctx, name, warehouse.Args{parameter: string(text)})
	return err
}

// A source is one row of ops.sources.
type source struct {
	Source       string `json:"source"`
	Kind         string `json:"kind"`
	Tenant       string `json:"tenant"`
	AmountBasis  string `json:"amount_basis"`
	ApprovedOnly bool   `json:"approved_only"`
	AmountUnit   string `json:"amount_unit"`
	MinorUnits   string `json:"minor_units"` // JSON
	HiddenVendor string `json:"hidden_vendor"`
}

// SaveSources writes the configured sources into ops.sources. One that left the
// configuration stays there as it was read last.
func SaveSources(ctx context.Context, r warehouse.Runner, opts Options) error {
	rows := make([]source, len(opts.Sources))
	for i, s := range opts.Sources {
		minorUnits := []byte("{}")
		if len(s.MinorUnits) > 0 {
			minorUnits, _ = json.Marshal(s.MinorUnits) // a map of numbers always encodes
		}
		rows[i] = source{s.Name, s.Kind, s.Tenant(), s.AmountBasis, s.ApprovedOnly, s.AmountUnit, string(minorUnits), s.HiddenVendor}
	}
	text, err := json.Marshal(rows)
	if err == nil {
		_, err = r.Exec(ctx, "transform/setting.save_sources", warehouse.Args{
			"sources": string(text), "run_id": string(opts.RunID), "updated_at": opts.Now().UTC(),
		})
	}
	return err
}

// A cardholder is one row of ops.cardholders.
type cardholder struct {
	Source string `json:"source"`
	UUID   string `json:"cardholder_uuid"`
	Email  string `json:"email"`
}

// cardholders reads the files of all sources that have one, and names the
// sources it knows of. A source that left the configuration keeps the
// addresses it had.
func (t *transformer) cardholders(ctx context.Context) (all []cardholder, sources []string, err error) {
	all, sources = []cardholder{}, config.SourceNames(t.opts.Sources)
	for _, s := range t.opts.Sources {
		file := userFile{key: keyCardholders(s.Name), path: s.CardholderEmails}
		rows, err := readUserFile(ctx, t, file, func(content []byte) ([]cardholder, error) { return readCardholders(s.Name, content) })
		if err != nil {
			return nil, nil, err
		}
		all = append(all, rows...)
	}
	for _, key := range slices.Sorted(maps.Keys(t.copies)) {
		source, is := sourceOfCardholders(key)
		if !is || slices.Contains(sources, source) {
			continue
		}
		addresses, err := readCardholders(source, t.copies[key].content)
		if err != nil {
			return nil, nil, err
		}
		all, sources = append(all, addresses...), append(sources, source)
	}
	return all, sources, nil
}

// readCardholders reads which e-mail address a card belongs to. A cardholder
// named twice is a fault: the person would be a guess.
func readCardholders(source string, content []byte) ([]cardholder, error) {
	seen := map[string]int{}
	return readTable(content, []string{"cardholder_uuid", "email"}, func(l plaintext.Row) (cardholder, error) {
		uuid := strings.ToLower(strings.Trim(l.Fields["cardholder_uuid"], "{}"))
		c := cardholder{source, uuid, strings.ToLower(l.Fields["email"])}
		if c.UUID == "" || !strings.Contains(c.Email, "@") {
			return c, fmt.Errorf("cardholder_uuid %q, email %q; write both", c.UUID, c.Email)
		}
		if first, ok := seen[c.UUID]; ok {
			return c, fmt.Errorf("cardholder %s is already on line %d; keep one of them", c.UUID, first)
		}
		seen[c.UUID] = l.Line
		return c, nil
	})
}

// ruleFields are the fields that an exclusion rule may match.
var ruleFields = []string{"vendor", "name", "category", "description", "department", "identifier", "currency", "record_id"}

// A rule is one row of staging.setting_rules.
type rule struct {
	Line    int     `json:"line"`
	Source  *string `json:"source"` // nil: every source
	Field   string  `json:"field"`
	Pattern string  `json:"pattern"`
	Reason  string  `json:"reason"`
}

// readRules reads exclusion rules. A pattern matches the whole value, ignoring
// case; * matches any text and ? one character.
func readRules(content []byte) ([]rule, error) {
	return readTable(content, []string{"source", "field", "pattern", "reason"}, newRule)
}

func newRule(l plaintext.Row) (rule, error) {
	r := rule{
		Line:    l.Line,
		Field:   strings.ToLower(l.Fields["field"]),
		Pattern: likePattern(l.Fields["pattern"]),
		Reason:  l.Fields["reason"],
	}
	if source := l.Fields["source"]; source != "" && source != "*" {
		r.Source = &source
	}
	switch {
	case !slices.Contains(ruleFields, r.Field):
		return r, fmt.Errorf("field is %q; write one of %s", l.Fields["field"], strings.Join(ruleFields, ", "))
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

// A typeRow is one row of staging.setting_types.
type typeRow struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
	Type  string `json:"type"`
}

// readTypes reads the file that maps records to expense or invoice. Its rows
// replace those of the vendors' seeds.
func readTypes(content []byte, kinds []string) ([]typeRow, error) {
	return readTable(content, []string{"kind", "value", "type"}, func(l plaintext.Row) (typeRow, error) { return newTypeRow(l, kinds) })
}

func newTypeRow(l plaintext.Row, kinds []string) (typeRow, error) {
	r := typeRow{
		Kind:  strings.ToLower(l.Fields["kind"]),
		Value: strings.ToLower(l.Fields["value"]),
		Type:  strings.ToLower(l.Fields["type"]),
	}
	switch {
	case !slices.Contains(kinds, r.Kind):
		return r, fmt.Errorf("kind is %q; write %s", l.Fields["kind"], strings.Join(kinds, " or "))
	case r.Value == "":
		return r, errors.New("value is empty; write the value that has this type, such as purchase_order")
	case r.Type != "expense" && r.Type != "invoice":
		return r, fmt.Errorf("type is %q; write expense or invoice", l.Fields["type"])
	}
	return r, nil
}

// readTable reads CSV whose first line names the given columns, in any order;
// other columns are ignored. It parses every line and reports all errors
// together.
func readTable[R any](content []byte, columns []string, row func(plaintext.Row) (R, error)) ([]R, error) {
	table, err := plaintext.ReadTable(content)
	switch {
	case err != nil:
		return nil, err
	case len(table.Columns) == 0:
		return nil, fmt.Errorf("line 1: write %s", strings.Join(columns, ","))
	}
	if missing := table.Missing(columns...); missing != "" {
		return nil, fmt.Errorf("line 1: no column %s; write %s", missing, strings.Join(columns, ","))
	}
	rows := []R{}
	var faults []error
	for _, l := range table.Rows {
		r, err := row(l)
		if err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", l.Line, err))
		}
		rows = append(rows, r)
	}
	return rows, errors.Join(faults...)
}
