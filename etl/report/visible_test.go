package report

import "testing"

func TestVisible(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"plain":                  {"Über & Söhne <GmbH>", "Über & Söhne <GmbH>"},
		"a formula":              {"=1+1", "'=1+1"},
		"a plus":                 {"+49 30 123", "'+49 30 123"},
		"a minus":                {"-1", "'-1"},
		"a reference":            {"@SUM(A1)", "'@SUM(A1)"},
		"a minus inside":         {"a-b=c", "a-b=c"},
		"right to left override": {"a\u202eb", "a[U+202E]b"},
		"an isolate":             {"\u2066x\u2069", "[U+2066]x[U+2069]"},
		"zero width":             {"pay\u200bpal", "pay[U+200B]pal"},
		"a control character":    {"a\x1b[31mb", "a[U+001B][31mb"},
		"a tab first":            {"\t=1", "'[U+0009]=1"},
		"a line break":           {"a\nb", "a b"},
		"hebrew as it is":        {"שלום", "שלום"},
		"bad UTF-8":              {"a\xffb", "a[U+FFFD]b"},
		"empty":                  {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := visible(tt.text); got != tt.want {
				t.Errorf("visible(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}
