package transform

import (
	"errors"
	"fmt"
	"strings"
)

// A typeRow is one row of staging.setting_types.
type typeRow struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
	Type  string `json:"type"`
}

// readTypes reads the file that says what is an expense and what an invoice.
// Its rows replace those of sql/2_staging/seed_types.sql.
func readTypes(content []byte) ([]typeRow, error) {
	return readTable(content, []string{"kind", "value", "type"}, newTypeRow)
}

func newTypeRow(l line) (typeRow, error) {
	r := typeRow{
		Kind:  strings.ToLower(l.fields["kind"]),
		Value: strings.ToLower(l.fields["value"]),
		Type:  strings.ToLower(l.fields["type"]),
	}
	switch {
	case r.Kind != "productive" && r.Kind != "procurify":
		return r, fmt.Errorf("kind is %q; write productive or procurify", l.fields["kind"])
	case r.Value == "":
		return r, errors.New("value is empty; write expense, purchase_order or spend")
	case r.Type != "expense" && r.Type != "invoice":
		return r, fmt.Errorf("type is %q; write expense or invoice", l.fields["type"])
	}
	return r, nil
}
