package transform

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
	"pgregory.net/rapid"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
)

// A keyMaker gives names their keys, with the program's own SQL.
type keyMaker struct{ tx *warehouse.Tx }

// withKeys runs test with a keyMaker.
func withKeys(t *testing.T, test func(keyMaker)) {
	t.Helper()
	db := openWith(t, map[string]string{"test/keys.sql": `
		with names as (
			select distinct unnest(from_json($names, '["VARCHAR"]')) as name, $descriptor as descriptor
		)
		select name, vendor_key from vendor_keys('names')`})
	err := db.Undone(t.Context(), func(tx *warehouse.Tx) error {
		for _, file := range seedFiles {
			if _, err := tx.Exec(t.Context(), file, nil); err != nil {
				return err
			}
		}
		test(keyMaker{tx})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// failer is a test or one try of a property.
type failer interface {
	Helper()
	Fatal(...any)
}

// keys returns the keys of names, in their order.
func (k keyMaker) keys(t failer, descriptor bool, names ...string) []string {
	t.Helper()
	text, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	err = k.tx.Each(context.Background(), "test/keys.sql", warehouse.Args{"names": string(text), "descriptor": descriptor}, func(rows *sql.Rows) error {
		var name, key string
		err := rows.Scan(&name, &key)
		found[name] = key
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]string, 0, len(names))
	for _, name := range names {
		keys = append(keys, found[name])
	}
	return keys
}

func TestSpellingsOfOneVendorHaveOneKey(t *testing.T) {
	const name, descriptor = false, true
	tests := map[string]struct {
		spelt     bool
		spellings []string
		want      string
	}{
		"case and blanks":           {name, []string{"Blue Bottle", "BLUE BOTTLE", "  blue  bottle ", "blue\u00a0bottle"}, "blue bottle"},
		"accents":                   {name, []string{"Café Zürich", "CAFE ZURICH", "Cafe\u0301 Zu\u0308rich"}, "cafe zurich"},
		"letters without accent":    {name, []string{"Łódź Ærø Straße Đakovo", "LODZ AERO STRASSE DAKOVO"}, "lodz aero strasse dakovo"},
		"a dotted capital i":        {name, []string{"İstanbul Kahve", "istanbul kahve"}, "istanbul kahve"},
		"a final sigma":             {name, []string{"ΓΡΗΓΟΡΗΣ", "Γρηγορης"}, "γρηγορησ"},
		"width":                     {name, []string{"ＡＣＭＥ　７", "Acme 7"}, "acme 7"},
		"half-width kana":           {name, []string{"ｶﾌｪﾎﾟｽﾄ", "カフェポスト"}, "カフェポスト"},
		"punctuation":               {name, []string{"AT&T", "at-t", "AT/T"}, "at t"},
		"an accent for apostrophe":  {name, []string{"L´Oréal", "L'Oréal", "L’Oréal"}, "l oreal"},
		"trade marks":               {name, []string{"Figma™", "Figma®", "figma"}, "figma"},
		"invisible characters":      {name, []string{"Fig\u200bma", "Fig\u00adma", "\ufeffFigma", "Figma\ufe0f", "figma"}, "figma"},
		"processor prefixes":        {descriptor, []string{"SQ *BLUE BOTTLE", "TST* Blue Bottle", "PAYPAL *BLUE BOTTLE", "Blue Bottle"}, "blue bottle"},
		"no asterisk, no prefix":    {descriptor, []string{"SQ Blue Bottle"}, "sq blue bottle"},
		"an unknown prefix stays":   {descriptor, []string{"GOOGLE *ADS", "google ads"}, "google ads"},
		"a store number with #":     {descriptor, []string{"STARBUCKS #12", "Starbucks # 7", "Starbucks"}, "starbucks"},
		"a number of five digits":   {descriptor, []string{"7-ELEVEN 35421", "7-Eleven"}, "7 eleven"},
		"a number of four digits":   {descriptor, []string{"Hotel 1882"}, "hotel 1882"},
		"a number within":           {descriptor, []string{"35421 Seven"}, "35421 seven"},
		"a number behind a form":    {descriptor, []string{"Acme 35421 Inc", "ACME INC 35421", "Acme"}, "acme"},
		"a number in a title":       {name, []string{"Invoice 100231"}, "invoice 100231"},
		"a # in a name":             {name, []string{"Studio #12", "Studio 12"}, "studio 12"},
		"legal forms":               {name, []string{"Acme, Inc.", "ACME LLC", "Acme Pty. Ltd.", "Acme G.m.b.H.", "Acme S.à r.l.", "Acme GmbH & Co. KG", "acme"}, "acme"},
		"forms of several words":    {name, []string{"Acme A/S", "ACME S/A", "Acme Sp. z o.o.", "Acme Sp.z o.o.", "Acme S.A. de C.V.", "Acme S. de R.L. de C.V.", "Acme AB (publ)", "Acme"}, "acme"},
		"more forms":                {name, []string{"Acme e.K.", "Acme e. K.", "Acme Lda", "Acme, Lda.", "Acme Ges.m.b.H.", "Acme Ges. m. b. H.", "Acme"}, "acme"},
		"Japanese forms":            {name, []string{"株式会社日立", "日立株式会社", "株式会社 日立", "㈱日立", "日立(株)", "（株）日立", "日立"}, "日立"},
		"Chinese forms":             {name, []string{"华为有限公司", "华为股份有限公司", "华为"}, "华为"},
		"Korean forms":              {name, []string{"주식회사 카카오", "(주)카카오", "카카오 주식회사", "카카오"}, "카카오"},
		"Russian forms":             {name, []string{"ООО «Ромашка»", "ооо ромашка", `"Ромашка", ООО`, "Ромашка"}, "ромашка"},
		"Cyrillic initials":         {name, []string{"И.П. Павлов", "ИП Павлов", "Павлов"}, "павлов"},
		"a legal form within":       {name, []string{"Inc Magazine"}, "inc magazine"},
		"all of it, behind all":     {descriptor, []string{"SQ *ACME CO., LTD. #0042", "Acme"}, "acme"},
		"nothing but a legal form":  {name, []string{"LLC", " llc "}, "llc"},
		"nothing but legal forms":   {name, []string{"Co., Ltd."}, "co"},
		"nothing but a form, glued": {name, []string{"株式会社"}, "株式会社"},
		"nothing but punctuation":   {name, []string{"***", "＊＊＊"}, "***"},
		"nothing but a number":      {descriptor, []string{"47110"}, "47110"},
		"nothing but a prefix":      {descriptor, []string{"PAYPAL *"}, "paypal *"},
		"empty":                     {name, []string{""}, ""},
		"300 letters":               {name, []string{strings.Repeat("Xy", 150), strings.Repeat("xY", 150)}, strings.Repeat("xy", 150)},
	}
	withKeys(t, func(k keyMaker) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				for i, key := range k.keys(t, tt.spelt, tt.spellings...) {
					if key != tt.want {
						t.Errorf("key of %q is %q, want %q", tt.spellings[i], key, tt.want)
					}
				}
			})
		}
	})
}

// A mark makes another letter in most scripts: these are pairs of vendors.
func TestMarksOfOtherScriptsPartVendors(t *testing.T) {
	pairs := [][2]string{
		{"कमल", "कोमल"}, {"वर्मा", "वर्मी"}, {"ปา", "ป้า"}, {"ポスト", "ホスト"}, {"ガス", "カス"},
		{"Рейс", "Реис"}, {"மலை", "மாலை"}, {"ﾎﾟｽﾄ", "ﾎｽﾄ"}, {"שׁ", "שׂ"}, {"كتب", "كُتب"},
	}
	withKeys(t, func(k keyMaker) {
		for _, pair := range pairs {
			if keys := k.keys(t, false, pair[:]...); keys[0] == keys[1] {
				t.Errorf("%s and %s have one key, %q", pair[0], pair[1], keys[0])
			}
		}
	})
}

func TestVendorsOfTheRealWorldStayApart(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(etltest.Data("vendors"), "names.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			names = append(names, line)
		}
	}
	if len(names) < 300 {
		t.Fatalf("only %d names", len(names))
	}
	withKeys(t, func(k keyMaker) {
		for _, descriptor := range []bool{false, true} {
			named := map[string]string{}
			for i, key := range k.keys(t, descriptor, names...) {
				if other, ok := named[key]; ok {
					t.Errorf("%s and %s have one key, %q", other, names[i], key)
				}
				named[key] = names[i]
			}
		}
	})
}

// drawNames draws what vendors' names are made of, in every order.
func drawNames(t *rapid.T) []string {
	part := rapid.OneOf(
		rapid.SampledFrom([]string{
			"SQ *", "PAYPAL *", "TST* ", "*", "#12", " 12345", " 1882", " ", "  ", ".", ",", "-", "/", "'", "´", "™", "\u200b", "\ufe0f", "\u00a0",
			"Inc", " Inc.", " GmbH", " A/S", " S.A. de C.V.", "株式会社", "有限公司", "(株)", "㈱", "ООО ", " АО", "g.m.b.h.", "u.s. ", " AB (publ)",
			"Café", "Łódź", "İstanbul", "Straße", "ﬁgma", "Œuvre", "Рейс", "ΟΔΟΣ", "ポスト", "ﾎﾟｽﾄ", "ＡＣＭＥ", "कोमल", "ป้า", "תַּעַן", "삼성", "ŉ", "ǆ", "ᾳ", "ĸ", "①",
		}),
		rapid.StringOfN(rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.P, unicode.S, unicode.Zs, unicode.Cf), 1, 4, -1),
	)
	name := rapid.Map(rapid.SliceOfN(part, 1, 6), func(parts []string) string { return strings.Join(parts, "") })
	return rapid.SliceOfN(name.Filter(isVisible), 1, 25).Draw(t, "names")
}

// isVisible reports whether anything of a name can be seen: what has no such
// character never reaches a key.
func isVisible(name string) bool {
	return strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) })
}

func TestKeysOfVendorsHold(t *testing.T) {
	type form struct {
		name   string
		change func(string) string
	}
	forms := []form{
		{"NFC", norm.NFC.String}, {"NFD", norm.NFD.String},
		{"upper case", cases.Upper(language.Und).String}, {"lower case", cases.Lower(language.Und).String},
		{"wide", width.Widen.String}, {"narrow", width.Narrow.String},
		{"with an invisible character", func(name string) string { return name + "\u2060" }},
	}
	withKeys(t, func(k keyMaker) {
		rapid.Check(t, func(t *rapid.T) {
			given, descriptor := drawNames(t), rapid.Bool().Draw(t, "descriptor")
			all := slices.Clone(given)
			for _, f := range forms {
				for _, name := range given {
					all = append(all, f.change(name))
				}
			}
			keys := k.keys(t, descriptor, all...)
			for i, key := range keys {
				original := i % len(given)
				if key == "" {
					t.Fatalf("%q has no key", all[i])
				}
				if key != keys[original] {
					t.Fatalf("%s: %q has the key %q, but %q has %q", forms[i/len(given)-1].name, given[original], keys[original], all[i], key)
				}
			}
			for i, again := range k.keys(t, descriptor, keys[:len(given)]...) {
				if again != keys[i] {
					t.Fatalf("%q has the key %q, and that has the key %q", given[i], keys[i], again)
				}
			}
		})
	})
}
