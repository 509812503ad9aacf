package transform

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// A cardholder is one row of staging.setting_cardholders.
type cardholder struct {
	Source string `json:"source"`
	UUID   string `json:"cardholder_uuid"`
	Email  string `json:"email"`
}

// cardholders reads the files of all sources that have one, and names the
// sources it knows of. A source that left the configuration keeps the
// addresses it had.
func (t *transformer) cardholders(ctx context.Context) (all []cardholder, sources []string, err error) {
	all, sources = []cardholder{}, sourceNames(t.opts.Sources)
	for _, s := range t.opts.Sources {
		file := userFile{key: keyCardholders(s.Name), path: s.CardholderEmails}
		rows, err := readUserFile(ctx, t, file, func(content []byte) ([]cardholder, error) { return readCardholders(s.Name, content) })
		if err != nil {
			return nil, nil, err
		}
		all = append(all, rows...)
	}
	err = t.tx.Each(ctx, "queries/file_cardholders.sql", nil, func(rows *sql.Rows) error {
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
			return c, fmt.Errorf("cardholder %s stands on line %d already; keep one of them", c.UUID, first)
		}
		seen[c.UUID] = l.number
		return c, nil
	})
}
