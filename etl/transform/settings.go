package transform

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
)

// loadSettings loads the settings and the user's files into tables, for the SQL
// that applies them.
func (t *transformer) loadSettings(ctx context.Context) error {
	rules, err := readUserFile(ctx, t, userFile{key: keyRules, path: t.opts.RulesFile}, readRules)
	if err != nil {
		return err
	}
	kinds, err := warehouse.Strings(ctx, t.tx, "transform/kind.names", nil)
	if err != nil {
		return err
	}
	types, err := readUserFile(ctx, t, userFile{key: keyTypes, path: t.opts.TypesFile},
		func(content []byte) ([]typeRow, error) { return readTypes(content, kinds) })
	if err != nil {
		return err
	}
	// The first decision creates the file, so it may not exist yet.
	categories, err := readUserFile(ctx, t, userFile{key: keyCategories, path: t.opts.CategoriesFile, optional: true}, readCategories)
	if err != nil {
		return err
	}
	if err := SaveSources(ctx, t.tx, t.opts); err != nil {
		return err
	}
	cardholders, sources, err := t.cardholders(ctx)
	if err != nil {
		return err
	}
	names, err := json.Marshal(sources)
	if err != nil {
		return err
	}
	for _, set := range []struct {
		table string
		scope warehouse.Args // of what is cleared
		rows  any
	}{
		{"rules", nil, rules},
		{"types", nil, types},
		{"categories", nil, categoryRows(categories)},
		{"cardholders", warehouse.Args{"sources": string(names)}, cardholders},
	} {
		if err := t.replace(ctx, set.table, set.scope, set.rows); err != nil {
			return err
		}
	}
	if err := t.exec(ctx, "transform/fx.before"); err != nil {
		return err
	}
	if err := t.loadRun(ctx); err != nil {
		return err
	}
	if err := t.loadAliases(ctx); err != nil {
		return err
	}
	return t.loadRates(ctx)
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

// replace makes rows the content of a settings table.
func (t *transformer) replace(ctx context.Context, table string, scope warehouse.Args, rows any) error {
	if scope == nil {
		if err := warehouse.Clear(ctx, t.tx, warehouse.Table("staging.setting_"+table)); err != nil {
			return err
		}
	} else if _, err := t.tx.Exec(ctx, "transform/setting.clear_"+table, scope); err != nil {
		return err
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = t.tx.Exec(ctx, "transform/setting.add_"+table, warehouse.Args{"rows": string(text)})
	return err
}

// SaveSources writes the configured sources into ops.sources. One that left the
// configuration stays there as it was read last.
func SaveSources(ctx context.Context, r warehouse.Runner, opts Options) error {
	for _, s := range opts.Sources {
		minorUnits := []byte("{}")
		if len(s.MinorUnits) > 0 {
			minorUnits, _ = json.Marshal(s.MinorUnits) // a map of numbers always encodes
		}
		if _, err := r.Exec(ctx, "transform/setting.save_source", warehouse.Args{
			"source": s.Name, "kind": s.Kind, "tenant": s.Tenant(),
			"amount_basis": s.AmountBasis, "approved_only": s.ApprovedOnly, "amount_unit": s.AmountUnit,
			"minor_units": string(minorUnits), "hidden_vendor": s.HiddenVendor,
			"run_id": string(opts.RunID), "updated_at": opts.Now().UTC(),
		}); err != nil {
			return err
		}
	}
	return nil
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
	err = t.tx.Each(ctx, "transform/file.cardholders", nil, func(rows *sql.Rows) error {
		var source string
		var content []byte
		if err := rows.Scan(&source, &content); err != nil || slices.Contains(sources, source) {
			return err
		}
		addresses, err := readCardholders(source, content)
		all, sources = append(all, addresses...), append(sources, source)
		return err
	})
	return all, sources, err
}

// readCardholders reads which e-mail address a card belongs to. A cardholder
// named twice is a fault: the person would be a guess.
func readCardholders(source string, content []byte) ([]cardholder, error) {
	seen := map[string]int{}
	return readTable(content, []string{"cardholder_uuid", "email"}, func(l line) (cardholder, error) {
		uuid := strings.ToLower(strings.Trim(l.fields["cardholder_uuid"], "{}"))
		c := cardholder{source, uuid, strings.ToLower(l.fields["email"])}
		if c.UUID == "" || !strings.Contains(c.Email, "@") {
			return c, fmt.Errorf("cardholder_uuid %q, email %q; write both", c.UUID, c.Email)
		}
		if first, ok := seen[c.UUID]; ok {
			return c, fmt.Errorf("cardholder %s is already on line %d; keep one of them", c.UUID, first)
		}
		seen[c.UUID] = l.number
		return c, nil
	})
}
