package plaintext

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestDecode(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"nothing":                {"", ""},
		"plain":                  {"a\nü", "a\nü"},
		"a byte order mark":      {"\xef\xbb\xbfa", "a"},
		"only a byte order mark": {"\xef\xbb\xbf", ""},
		"line ends of Windows":   {"a\r\nb\r\n", "a\nb\n"},
		"line ends of old Macs":  {"a\rb\r", "a\nb\n"},
		"all line ends":          {"a\r\n\r\rb\n", "a\n\n\nb\n"},
		"UTF-16, low byte first": {"\xff\xfea\x00\xfc\x00\r\x00\n\x00", "aü\n"},
		"UTF-16, high first":     {"\xfe\xff\x00a\x00\xfc\xd8\x3d\xde\x00", "aü😀"},
		"a replacement of old":   {"a\ufffd", "a\ufffd"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Decode([]byte(tt.content))
			if got != tt.want || err != nil {
				t.Errorf("Decode(%q) = %q, %v; want %q", tt.content, got, err, tt.want)
			}
		})
	}
}

func TestDecodeSaysWhatIsNotUTF8(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"Windows-1252":             {"a\r\nM\xfcller", "line 2: the byte 0xfc is not UTF-8; save it as UTF-8 (in a spreadsheet: CSV UTF-8)"},
		"Windows-1252 on old Macs": {"a\rb\r\x80", "line 3: the byte 0x80 is not UTF-8; save it as UTF-8 (in a spreadsheet: CSV UTF-8)"},
		"a cut character":          {"\xe2\x82", "line 1: the byte 0xe2 is not UTF-8; save it as UTF-8 (in a spreadsheet: CSV UTF-8)"},
		"UTF-16 without its mark":  {"a\x00", "line 1: holds a zero byte; save it as UTF-8 (in a spreadsheet: CSV UTF-8)"},
		"UTF-32":                   {"\xff\xfe\x00\x00a\x00\x00\x00", "line 1: holds a zero byte; save it as UTF-8 (in a spreadsheet: CSV UTF-8)"},
		"half a unit of UTF-16":    {"\xff\xfe\n\x00a", "line 2: is not the UTF-16 that its first bytes announce; save it as UTF-8 (in a spreadsheet: CSV UTF-8)"},
		"half a pair of UTF-16":    {"\xfe\xff\xd8\x3d", "line 1: is not the UTF-16 that its first bytes announce; save it as UTF-8 (in a spreadsheet: CSV UTF-8)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Decode([]byte(tt.content))
			var encoding *EncodingError
			if !errors.As(err, &encoding) || err.Error() != tt.want {
				t.Errorf("got %v\nwant an EncodingError: %s", err, tt.want)
			}
		})
	}
}

func TestAValueEndsBeforeItsLineBreaks(t *testing.T) {
	for _, content := range []string{" a b ", " a b \n", "\xef\xbb\xbf a b \r\n\r\n", " a b \r"} {
		if got, err := Value([]byte(content)); got != " a b " || err != nil {
			t.Errorf("Value(%q) = %q, %v", content, got, err)
		}
	}
}

func TestReadTable(t *testing.T) {
	want := Table{
		Columns: []string{"match", "vendor"},
		Rows: []Row{
			{2, map[string]string{"match": "amzn*", "vendor": "Amazon"}},
			{4, map[string]string{"match": "Acme, Inc.", "vendor": `The "Acme"`}},
		},
	}
	plain := "match,vendor\namzn*,Amazon\n\n\"Acme, Inc.\",\"The \"\"Acme\"\"\"\n"
	tests := map[string]string{
		"plain":                     plain,
		"a mark and a quoted head":  "\ufeff\"match\",\"vendor\"" + strings.TrimPrefix(plain, "match,vendor"),
		"capitals and spaces":       " Match , VENDOR" + strings.TrimPrefix(plain, "match,vendor"),
		"a space before quotes":     ` "match", "vendor"` + strings.TrimPrefix(plain, "match,vendor"),
		"line ends of Windows":      strings.ReplaceAll(plain, "\n", "\r\n"),
		"line ends of old Macs":     strings.ReplaceAll(plain, "\n", "\r"),
		"blank columns behind":      strings.ReplaceAll(plain, "\n", ",,\n"),
		"blank columns in one line": strings.Replace(plain, "Amazon", "Amazon,,", 1),
		"a line of spaces":          strings.Replace(plain, "\n\n", "\n \t\n", 1),
		"spaces around fields":      strings.Replace(plain, "amzn*,Amazon", "\u00a0amzn* , Amazon ", 1),
		"no break at the end":       strings.TrimSuffix(plain, "\n"),
		"blank lines at the end":    plain + "\n,\n",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ReadTable([]byte(text))
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("err %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestATableBeginsBelowBlankLines(t *testing.T) {
	got, err := ReadTable([]byte("\n,\na,b\n1,2\n"))
	want := Table{Columns: []string{"a", "b"}, Rows: []Row{{4, map[string]string{"a": "1", "b": "2"}}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("err %v (-want +got):\n%s", err, diff)
	}
}

func TestAnEmptyTableHasNoColumns(t *testing.T) {
	for _, text := range []string{"", "\ufeff", "\r\n \r\n", ",,\n"} {
		if got, err := ReadTable([]byte(text)); len(got.Columns) > 0 || err != nil {
			t.Errorf("ReadTable(%q) = %v, %v", text, got, err)
		}
	}
}

func TestFaultsOfATableNameTheirLine(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"too few fields":   {"a,b\n1\n1,2\n1,2,3\n", "line 2: wrong number of fields: 1 instead of 2; a comma inside a field needs quotation marks around it\nline 4: wrong number of fields: 3 instead of 2; a comma inside a field needs quotation marks around it"},
		"an open quote":    {"a,b\n1,2\n\"1,2\n3,4\n", "line 3: a quotation mark is out of place; put the whole field between quotation marks and double those inside it"},
		"a quote inside":   {"a,b\n1,2\" tape\n", "line 2: a quotation mark is out of place; put the whole field between quotation marks and double those inside it"},
		"a column twice":   {"a,A\n1,2\n", "line 1: names the column a twice; rename one of them"},
		"another encoding": {"a,b\nM\xfcller,2\n", "line 2: the byte 0xfc is not UTF-8; save it as UTF-8 (in a spreadsheet: CSV UTF-8)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ReadTable([]byte(tt.text)); err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func FuzzReadTable(f *testing.F) {
	f.Add([]byte("\ufeffa,b\r\n\"1\r2\",3\r\n"))
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x00"))
	f.Add([]byte("a,b\n\xfc,1\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		text, err := Decode(content)
		if err == nil && (!utf8.ValidString(text) || strings.ContainsAny(text, "\r\x00")) {
			t.Errorf("Decode(%q) = %q", content, text)
		}
		table, failed := ReadTable(content)
		if err != nil && failed == nil {
			t.Errorf("the table could be read, its text could not: %v", err)
		}
		for _, row := range table.Rows {
			if row.Line < 2 || row.Line > 1+strings.Count(text, "\n") {
				t.Errorf("line %d of %q", row.Line, text)
			}
		}
	})
}
