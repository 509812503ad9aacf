package transform

import (
	"fmt"
	"strings"
)

// A cardholder is one row of staging.setting_cardholders.
type cardholder struct {
	Source string `json:"source"`
	UUID   string `json:"cardholder_uuid"`
	Email  string `json:"email"`
}

// readAllCardholders reads the files of all sources that have one.
func readAllCardholders(sources []Source) ([]cardholder, error) {
	all := []cardholder{}
	for _, s := range sources {
		rows, err := readCardholders(s)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// readCardholders reads which e-mail address a card belongs to. A cardholder
// named twice is a fault: the person would be a guess.
func readCardholders(s Source) ([]cardholder, error) {
	seen := map[string]int{}
	return readTable("cardholders file", s.CardholderEmails, []string{"cardholder_uuid", "email"}, func(l line) (cardholder, error) {
		c := cardholder{s.Name, strings.ToLower(l.fields["cardholder_uuid"]), strings.ToLower(l.fields["email"])}
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
