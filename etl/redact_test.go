package etl_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"html/template"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spendbridge/etl"
)

const hush = `hush-"quoted"/<b>&'é' +key`

// encodings are the usual ways in which a server repeats what it was sent.
var encodings = map[string]func(string) string{
	"as it is":          func(s string) string { return s },
	"JSON":              func(s string) string { return quoted(s, true) },
	"JSON, not HTML":    func(s string) string { return quoted(s, false) },
	"JSON, slashes":     func(s string) string { return strings.ReplaceAll(quoted(s, false), "/", `\/`) },
	"JSON, ASCII":       ascii,
	"JSON, all of it":   func(s string) string { return escaped(s, `\u%04x`) },
	"JSON, capitals":    func(s string) string { return escaped(s, `\u%04X`) },
	"JSON in JSON":      func(s string) string { return quoted(quoted(s, true), true) },
	"a URL's query":     url.QueryEscape,
	"a URL's path":      url.PathEscape,
	"lower-case digits": func(s string) string { return lowerPercent(url.QueryEscape(s)) },
	"a URL in a URL":    func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"HTML":              html.EscapeString,
	"HTML, named":       strings.NewReplacer("&", "&amp;", `"`, "&quot;", "'", "&apos;", "<", "&lt;", ">", "&gt;").Replace,
	"HTML, PHP":         strings.NewReplacer("&", "&amp;", `"`, "&quot;", "'", "&#039;", "<", "&lt;", ">", "&gt;").Replace,
	"HTML, hexadecimal": func(s string) string { return escaped(s, "&#x%x;") },
	"HTML in JSON":      func(s string) string { return quoted(html.EscapeString(s), true) },
	"HTML in HTML":      func(s string) string { return html.EscapeString(html.EscapeString(s)) },
	"JavaScript":        template.JSEscapeString,
	"Go":                func(s string) string { return strconv.Quote(s)[1 : len(strconv.Quote(s))-1] },
	"base64":            func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 for a URL":  func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"base64 in JSON": func(s string) string {
		return strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte(s)), "/", `\/`)
	},
	"Basic": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("id:" + s)) },
	"Basic, escaped": func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte("an-id:" + url.QueryEscape(s)))
	},
	"base64 of a header": func(s string) string { return base64.URLEncoding.EncodeToString([]byte("token: " + s + "\r\n")) },
}

func quoted(s string, escapeHTML bool) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(escapeHTML)
	if err := encoder.Encode(s); err != nil {
		panic(err)
	}
	return out.String()[1 : out.Len()-2]
}

// ascii escapes as Python does.
func ascii(s string) string {
	var out strings.Builder
	for _, r := range quoted(s, false) {
		if r > 0x7e {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func escaped(s, format string) string {
	var out strings.Builder
	for _, r := range s {
		fmt.Fprintf(&out, format, r)
	}
	return out.String()
}

func lowerPercent(s string) string {
	var out strings.Builder
	for i, part := range strings.Split(s, "%") {
		if i > 0 {
			part = "%" + strings.ToLower(part[:2]) + part[2:]
		}
		out.WriteString(part)
	}
	return out.String()
}

func TestASecretIsFoundInEveryEncoding(t *testing.T) {
	var r etl.Redactor
	r.Add("productive.token", hush)
	for name, encode := range encodings {
		t.Run(name, func(t *testing.T) {
			text := encode(hush)
			clean, held := r.Blot([]byte(`{"you sent":"` + text + `","and": 1}`))
			if diff := cmp.Diff([]string{"productive.token"}, held); diff != "" {
				t.Fatalf("names in %s (-want +got):\n%s", text, diff)
			}
			if strings.Contains(name, "ase64") || strings.Contains(name, "Basic") {
				if strings.Contains(string(clean), text[len(text)/3:len(text)*2/3]) {
					t.Errorf("left %s of %s", clean, text)
				}
			} else if want := `{"you sent":"…","and": 1}`; string(clean) != want {
				t.Errorf("got %s, want %s", clean, want)
			}
		})
	}
}

func TestAnySecretIsFoundWhereverItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{8,40}`).Draw(t, "secret")
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(encodings))).Draw(t, "encoding")
		before, after := rapid.String().Draw(t, "before"), rapid.String().Draw(t, "after")
		var r etl.Redactor
		r.Add("another", "another-secret")
		r.Add("it", secret)
		text := encodings[name](secret)
		if clean, _ := r.Blot([]byte(before + text + after)); strings.Contains(string(clean), text) {
			t.Errorf("%s is in %s", text, clean)
		}
	})
}

func TestOtherTextStaysAsItIs(t *testing.T) {
	var r etl.Redactor
	r.Add("short", "1234567")
	r.Add("it", hush)
	r.Add("empty", "")
	for _, text := range []string{"", "1234567", hush[:20], strings.ToUpper(hush), "\xff\x00 hush", strings.Repeat("hush-", 100)} {
		if clean, held := r.Blot([]byte(text)); string(clean) != text || len(held) > 0 {
			t.Errorf("%q became %q", text, clean)
		}
	}
	var none *etl.Redactor
	if got := none.Clean("all of\nit"); got != "all of\nit" {
		t.Errorf("without secrets: %q", got)
	}
}

func TestSecretsThatOverlapAreAllRemoved(t *testing.T) {
	var r etl.Redactor
	r.Add("inner", "secret-inner")
	r.Add("outer", "a-secret-inner-and-more")
	r.Add("next", "and-more-besides")
	clean, held := r.Blot([]byte("<a-secret-inner-and-more-besides> <secret-inner>"))
	if got, want := string(clean), "<…> <…>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if diff := cmp.Diff([]string{"outer", "inner", "next"}, held); diff != "" {
		t.Error(diff)
	}
}

func TestOfATokenThatIsRenewedOnlyTheNewestCount(t *testing.T) {
	var r etl.Redactor
	r.Add("client_secret", hush)
	for n := range 10 {
		r.Add("access token", fmt.Sprintf("access-token-%d", n))
	}
	got := r.Clean("access-token-5 access-token-6 access-token-9 " + hush)
	if want := "access-token-5 … … …"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestATextIsCleanForATerminal(t *testing.T) {
	var r etl.Redactor
	r.Add("it", "hush-hush")
	tests := map[string]struct{ text, clean, line string }{
		"colors":              {"\x1b[31mred\x1b[0m", "[31mred[0m", "[31mred[0m"},
		"C1 controls":         {"a\u009b2Jb\u0085", "a2Jb", "a2Jb"},
		"a byte of its own":   {"a\x9b2J", "a\ufffd2J", "a\ufffd2J"},
		"directions":          {"a\u202eb\u2066\u200fc", "abc", "abc"},
		"lines":               {"a\r\n b\n\tc\u2028d", "a\n b\n\tcd", "a b cd"},
		"joiners":             {"می\u200cخواهم", "می\u200cخواهم", "می\u200cخواهم"},
		"a secret within":     {"hush\x00-\u200bhush\u00ad!", "…!", "…!"},
		"a secret over lines": {"one hush-\nhush two", "one hush-\nhush two", "one hush- hush two"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := r.Clean(tt.text); got != tt.clean {
				t.Errorf("Clean gave %q, want %q", got, tt.clean)
			}
			if got := r.Line(tt.text); got != tt.line {
				t.Errorf("Line gave %q, want %q", got, tt.line)
			}
		})
	}
}

func TestAnErrorKeepsWhatItIs(t *testing.T) {
	var r etl.Redactor
	r.Add("it", hush)
	err := r.Error(fmt.Errorf("answer %q: %w", hush, etl.ErrDrift))
	if err.Error() != `answer "…": vendor payload changed shape` || !errors.Is(err, etl.ErrDrift) {
		t.Errorf("got %v", err)
	}
	if r.Error(nil) != nil || r.Error(etl.ErrDrift) != etl.ErrDrift {
		t.Error("an error without secrets is another one")
	}
}

func TestALogLineIsClean(t *testing.T) {
	var r etl.Redactor
	r.Add("it", hush)
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: r.Attr}))
	log.With("host", hush).WithGroup("g").Info("sent "+hush, etl.Err(errors.New(hush)), slog.Group("inner", "text", hush), "n", 7)
	if strings.Contains(out.String(), "hush") || strings.Count(out.String(), "…") != 4 || !strings.Contains(out.String(), "g.n=7") {
		t.Errorf("got %s", out.String())
	}
}

func BenchmarkBlot(b *testing.B) {
	var r etl.Redactor
	for i := range 8 {
		r.Add(fmt.Sprint(i), fmt.Sprintf("%d-secret-of-a-usual-length-%d", i, i))
	}
	page := []byte(strings.Repeat(`{"id":"77","type":"expenses","attributes":{"name":"Flight to Zürich","date":"2026-01-02","amount":"12300","created_at":"2026-01-02T10:00:00Z"}},`, 3000))
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		r.Blot(page)
	}
}
