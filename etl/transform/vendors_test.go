package transform

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

// openWith opens a warehouse in memory whose SQL files are the program's own
// and those of the test.
func openWith(t testing.TB, extra map[string]string) *warehouse.DB {
	t.Helper()
	files := etltest.Files(t, sqlfiles.FS)
	for name, text := range extra {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	db, err := warehouse.Open(t.Context(), warehouse.Options{Files: files, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// spell writes one spelling after the other, as if each came a second later.
const spell = `
	insert into staging.vendor_spellings by name
	with spelt as (select $spelling as name, $origin = 'descriptor' as descriptor)
	select name as spelling, $origin as vendor_origin, vendor_key, rules as key_rules, decorated,
		'page' as page_id, $ordinal as ordinal, to_timestamp($ordinal) as seen_at
	from vendor_keys('spelt')`

// seedFiles are what vendor_keys needs.
var seedFiles = []string{
	"2_staging/seed_letters.sql", "2_staging/seed_legal_forms.sql",
	"2_staging/seed_processor_prefixes.sql",
	"transform/macro.legal_forms", "transform/macro_vendor_keys.sql",
}

// keyed returns what int_vendors_keyed makes of the spellings, in the order
// they were seen, given an alias file.
func keyed(t *testing.T, aliasFile string, spellings ...string) [][3]string {
	t.Helper()
	db := openWith(t, map[string]string{
		"test/spell.sql": spell,
		"test/keyed.sql": `
			select keyed.vendor_key, vendor, vendor_rule
			from int_vendors_keyed as keyed
			inner join staging.vendor_spellings on vendor_raw = spelling
			order by seen_at`,
	})
	var rows [][3]string
	err := db.InTx(t.Context(), func(tx *warehouse.Tx) error {
		for _, file := range append(seedFiles, "4_normalized/int_vendors_keyed.sql") {
			if _, err := tx.Exec(t.Context(), file, nil); err != nil {
				return err
			}
		}
		for i, spelling := range spellings {
			_, err := tx.Exec(t.Context(), "test/spell.sql", warehouse.Args{"ordinal": i + 1, "spelling": spelling, "origin": "descriptor"})
			if err != nil {
				return err
			}
		}
		aliases := newTransformer(tx, Options{AliasesFile: aliasFile, Now: time.Now})
		if err := aliases.loadAliases(t.Context()); err != nil {
			return err
		}
		return tx.Each(t.Context(), "test/keyed.sql", nil, func(r *sql.Rows) error {
			var row [3]string
			rows = append(rows, row)
			return r.Scan(&rows[len(rows)-1][0], &rows[len(rows)-1][1], &rows[len(rows)-1][2])
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAliasesNameVendors(t *testing.T) {
	spellings := []string{"AMZN Mktp US*2K4", "Amazon.com", "Google LLC", "GOOGLE *ADS4455", "Figma [beta]"}
	tests := map[string]struct {
		lines string
		want  []string // vendor and rule by spelling
	}{
		"no file": {"", []string{
			"AMZN Mktp US*2K4", "Amazon.com", "Google LLC", "GOOGLE *ADS4455", "Figma [beta]",
		}},
		"a name stands for its key": {"AMAZON COM,Amazon,,,\n", []string{
			"AMZN Mktp US*2K4", "Amazon (alias)", "Google LLC", "GOOGLE *ADS4455", "Figma [beta]",
		}},
		"a pattern matches the key or the spelling": {"amzn mktp*,Amazon,,,\namazon.*,Amazon,,,\n", []string{
			"Amazon (alias)", "Amazon (alias)", "Google LLC", "GOOGLE *ADS4455", "Figma [beta]",
		}},
		"a name comes before a pattern": {"google*,Google Cloud,,,\ngoogle,Google Ireland,,,\n", []string{
			"AMZN Mktp US*2K4", "Amazon.com", "Google Ireland (alias)", "Google Cloud (alias)", "Figma [beta]",
		}},
		"the first of two patterns decides": {"google a*,Google Ads,,,\ngoogle*,Google,,,\n", []string{
			"AMZN Mktp US*2K4", "Amazon.com", "Google (alias)", "Google Ads (alias)", "Figma [beta]",
		}},
		"brackets as the shell reads them": {"figma [[]b*,Figma,,,\n", []string{
			"AMZN Mktp US*2K4", "Amazon.com", "Google LLC", "GOOGLE *ADS4455", "Figma (alias)",
		}},
		"a rejected suggestion merges nothing": {"google,Google Cloud,ann,2026-01-31,different\n", []string{
			"AMZN Mktp US*2K4", "Amazon.com", "Google LLC", "GOOGLE *ADS4455", "Figma [beta]",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, row := range keyed(t, aliasFile(t, tt.lines), spellings...) {
				got = append(got, strings.TrimSuffix(fmt.Sprintf("%s (%s)", row[1], row[2]), " (best_spelling)"))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("vendors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAChangeOfTheSeedsMakesKeysAnew(t *testing.T) {
	db := openWith(t, map[string]string{
		"test/spell.sql": spell,
		"test/spoil.sql": `update staging.vendor_spellings set key_rules = 'others', vendor_key = 'acme co' where ordinal = 1`,
		"test/keys.sql":  `select vendor_key from staging.vendor_spellings order by ordinal`,
	})
	err := db.InTx(t.Context(), func(tx *warehouse.Tx) error {
		for _, file := range seedFiles {
			if _, err := tx.Exec(t.Context(), file, nil); err != nil {
				return err
			}
		}
		for i, spelling := range []string{"Acme Co", "Figma"} {
			_, err := tx.Exec(t.Context(), "test/spell.sql", warehouse.Args{"ordinal": i + 1, "spelling": spelling, "origin": "descriptor"})
			if err != nil {
				return err
			}
		}
		for _, step := range []struct {
			file    string
			changed int64
		}{{"test/spoil.sql", 1}, {"4_normalized/int_vendors_rekeyed.sql", 1}, {"4_normalized/int_vendors_rekeyed.sql", 0}} {
			if n, err := tx.Exec(t.Context(), step.file, nil); n != step.changed || err != nil {
				t.Errorf("%s changed %d rows, %v; want %d", step.file, n, err, step.changed)
			}
		}
		got, err := warehouse.Strings(t.Context(), tx, "test/keys.sql", nil)
		if diff := cmp.Diff([]string{"acme", "figma"}, got); diff != "" {
			t.Errorf("keys (-want +got):\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
