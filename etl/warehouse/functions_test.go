package warehouse_test

import (
	"testing"

	"spendbridge/etl/warehouse"
)

func TestTextFunctions(t *testing.T) {
	db, err := warehouse.Open(t.Context(), warehouse.Options{Files: with(t, map[string]string{
		"test/call.sql": "select coalesce(nfkc_casefold($text), 'null'), coalesce(nfd($text), 'null')",
	})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })

	tests := map[string]struct {
		text         any
		folded, nfds string
	}{
		"plain":             {"Acme 7", "acme 7", "Acme 7"},
		"width":             {"Ｓｔｒａßｅ", "strasse", "Ｓｔｒａßｅ"},
		"half-width kana":   {"ﾎﾟｽﾄ", "ポスト", "ﾎﾟｽﾄ"},
		"final sigma":       {"ΟΔΟΣ", "οδοσ", "ΟΔΟΣ"},
		"a composed accent": {"É", "é", "E\u0301"},
		"a short i":         {"Й", "й", "И\u0306"},
		"company in a box":  {"㈱", "(株)", "㈱"},
		"empty":             {"", "", ""},
		"null":              {nil, "null", "null"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var folded, nfd string
			if err := db.Get(t.Context(), "test/call.sql", warehouse.Args{"text": tt.text}, &folded, &nfd); err != nil {
				t.Fatal(err)
			}
			if folded != tt.folded || nfd != tt.nfds {
				t.Errorf("got %q and %q, want %q and %q", folded, nfd, tt.folded, tt.nfds)
			}
		})
	}
}
