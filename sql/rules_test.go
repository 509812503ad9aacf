package sqlfiles

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestEveryFileKeepsTheRules is the house style of this folder, so that
// reviews are about meaning.
func TestEveryFileKeepsTheRules(t *testing.T) {
	err := fs.WalkDir(FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(FS, name)
		for _, fault := range faults(name, string(text)) {
			t.Errorf("%s: %s", name, fault)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// homes says which names a folder of models may hold: a file that fits none has
// no home.
var homes = map[string]*regexp.Regexp{
	"1_schema":     regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`),
	"2_staging":    regexp.MustCompile(`^(stg_[a-z]+__[a-z]+(_[a-z]+)*|seed_[a-z]+(_[a-z]+)*)$`),
	"3_combined":   regexp.MustCompile(`^int_[a-z]+(_[a-z]+)+$`),
	"4_normalized": regexp.MustCompile(`^int_[a-z]+(_[a-z]+)+$`),
	"5_canonical":  regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`),
	"6_checks":     regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+){2,}$`), // a sentence
	"7_totals":     regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`),
	"8_published":  regexp.MustCompile(`^\d{3}_[a-z0-9_]+$`),
}

// noun is the name of a file of statements. Its folder is that of the package
// that runs them.
var noun = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)

// A section begins a statement in a file of several.
var (
	section    = regexp.MustCompile(`(?m)^-- name: (.*)\n`)
	statement  = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	schemaStep = regexp.MustCompile(`^\d{3}_[a-z0-9_]+$`)
)

// mostLines is how long a statement in a file of several may be.
const mostLines = 60

// forbidden is what no statement may hold outside of comments and texts.
var forbidden = []struct {
	fault   string
	pattern *regexp.Regexp
}{
	{"upper-case word", regexp.MustCompile(`\b[A-Z]{2,}\b`)},
	{"tab", regexp.MustCompile(`\t`)},
	{"blank at the end of a line", regexp.MustCompile(`(?m)[ ]$`)},
	{"money through double: / // ** ^", regexp.MustCompile(`/|\*\*|\^`)},
	{"money through double: a function", regexp.MustCompile(`\b(round|round_even|avg|mean|fdiv|divide|power|pow|sqrt|exp|ln|log)\s*\(`)},
	{"inexact type", regexp.MustCompile(`\b(double|float|float4|float8|real)\b`)},
	{"decimal without its size", regexp.MustCompile(`\b(decimal|numeric|dec)\b\s*([^(\s]|$)`)},
	{"on conflict: use merge into", regexp.MustCompile(`\bon\s+conflict\b|\binsert\s+or\s+(replace|ignore)\b`)},
	{"constraint: uniqueness is a check", regexp.MustCompile(`\bprimary\s+key\b|\bunique\b|\bforeign\s+key\b|\breferences\b|\bcheck\s*\(`)},
	{"index, sequence or enum", regexp.MustCompile(`\b(index|sequence|nextval|enum)\b`)},
	{"stored macro: use create or replace temp macro", regexp.MustCompile(`\bcreate\s+(or\s+replace\s+)?(macro|function)\b`)},
	{"computed default", regexp.MustCompile(`\bdefault\b|\bgenerated\b`)},
	{"clock: pass times in", regexp.MustCompile(`\b(now|today|get_current_timestamp|transaction_timestamp)\s*\(|\b(current_timestamp|current_date|current_time|localtime|localtimestamp)\b`)},
	{"chance: pass ids in", regexp.MustCompile(`\b(random|uuid|uuidv4|uuidv7|gen_random_uuid)\s*\(`)},
	{"hash() changes between versions", regexp.MustCompile(`\bhash\s*\(`)},
	{"with ordinality exhausts memory", regexp.MustCompile(`\bwith\s+ordinality\b`)},
	{"right join: turn it round", regexp.MustCompile(`\bright\s+join\b`)},
	{"join without its kind", regexp.MustCompile(`(?m)^\s*join\b`)},
	{"<> instead of !=", regexp.MustCompile(`<>`)},
	{"merge with both update and delete: a lake refuses it", regexp.MustCompile(`(?s)\bmerge\s+into\b[^;]*\bthen\s+(update\b[^;]*\bthen\s+delete|delete\b[^;]*\bthen\s+update)\b`)},
	{"one-letter alias", regexp.MustCompile(`\bas\s+[a-z]\b`)},
}

// faults lists which rules the file breaks.
func faults(name, text string) []string {
	var found []string
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }

	folder, base := path.Split(name)
	folder = path.Clean(folder)
	home, isModel := homes[folder]
	if !isModel {
		home = noun
	}
	if strings.ContainsAny(folder[:1], "0123456789") && !isModel || !home.MatchString(strings.TrimSuffix(base, ".sql")) {
		add("no home: see the naming rules")
	}
	sections := section.FindAllStringSubmatchIndex(text, -1)
	if len(sections) > 0 && isModel && folder != "1_schema" {
		add("a model has a file of its own")
	}
	for i, place := range sections {
		known, end := statement, len(text)
		if folder == "1_schema" {
			known = schemaStep
		}
		if i+1 < len(sections) {
			end = sections[i+1][0]
		}
		name, body := text[place[2]:place[3]], strings.TrimSpace(text[place[1]:end])
		if !known.MatchString(name) {
			add("%s: no name of a statement", name)
		}
		if !strings.HasSuffix(body, ";") {
			add("%s: does not end in ;", name)
		}
		if n := strings.Count(body, "\n") + 1; n > mostLines && folder != "1_schema" {
			add("%s: %d lines: give it a file of its own", name, n)
		}
	}
	if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
		add("does not end in one newline")
	}
	code := codeOf(text)
	if strings.Count(code, ";") > len(sections) {
		add("more than one statement")
	}
	for _, rule := range forbidden {
		if rule.pattern.MatchString(code) {
			add("%s", rule.fault)
		}
	}
	for _, cte := range readTwice(code) {
		add("merge from the CTE %s, which is read twice: a lake would read wrong bytes of the target; make it a temp table", cte)
	}
	return append(found, lineFaults(text, code)...)
}

// A cte begins a common table expression.
var cte = regexp.MustCompile(`(?m)^\s*([a-z_]+) as \($`)

// readTwice lists the common table expressions of merges that are read more than
// once: DuckDB keeps their rows, and DuckLake 1.5.5 then takes columns of the merge's
// target for others.
func readTwice(code string) (names []string) {
	for text := range strings.SplitSeq(code, ";") {
		if !strings.Contains(text, "merge into") {
			continue
		}
		for _, found := range cte.FindAllStringSubmatch(text, -1) {
			if reads := regexp.MustCompile(`\b(from|join) ` + found[1] + `\b`); len(reads.FindAllString(text, -1)) > 1 {
				names = append(names, found[1])
			}
		}
	}
	return names
}

// lineFaults looks at the layout. What stands inside a text is indented as
// its author likes.
func lineFaults(text, code string) []string {
	var found []string
	codeLines := strings.Split(code, "\n")
	for i, line := range strings.Split(text, "\n") {
		if n := utf8.RuneCountInString(line); n > 80 {
			found = append(found, fmt.Sprintf("line %d: %d columns, 80 fit", i+1, n))
		}
		indent := len(codeLines[i]) - len(strings.TrimLeft(codeLines[i], " "))
		if indent%4 != 0 && indent < len(codeLines[i]) {
			found = append(found, fmt.Sprintf("line %d: indented by %d", i+1, indent))
		}
	}
	return found
}

var notCode = regexp.MustCompile(`(?s)'(?:[^']|'')*'|"[^"]*"|--[^\n]*`)

// codeOf replaces every character of comments, texts and quoted names by an
// underscore, so that nothing in them counts and every line keeps its length.
func codeOf(text string) string {
	return notCode.ReplaceAllStringFunc(text, func(part string) string {
		return strings.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return '_'
		}, part)
	})
}

func TestEveryRuleCanFail(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"extract/page.sql", "select 1\n", nil},
		{"extract/page.sql", "-- Not; code: 1 / 2, SELECT now()\nselect 'a;b', 'NOW() / 2'\n", nil},
		{"extract/page.sql", "select '\n   text\n', 1\n", nil},
		{"8_more/page_list.sql", "select 1\n", []string{"no home: see the naming rules"}},
		{"extract/page_2.sql", "select 1\n", []string{"no home: see the naming rules"}},
		{"1_schema/2_pages.sql", "select 1\n", []string{"no home: see the naming rules"}},
		{"1_schema/pages.sql", "-- name: 010_pages\nselect 1;\n", nil},
		{"1_schema/pages.sql", "-- name: pages\nselect 1;\n", []string{"pages: no name of a statement"}},
		{"5_canonical/spend.sql", "-- name: all\nselect 1;\n", []string{"a model has a file of its own"}},
		{"extract/page.sql", "-- Pages.\n\n-- name: add\nselect 1;\n\n-- name: list\nselect 2;\n", nil},
		{"extract/page.sql", "-- name: Add\nselect 1;\n", []string{"Add: no name of a statement"}},
		{"extract/page.sql", "-- name: add\nselect 1\n", []string{"add: does not end in ;"}},
		{"extract/page.sql", "-- name: add\nselect 1; select 2;\n", []string{"more than one statement"}},
		{"extract/page.sql", "-- name: add\nselect\n" + strings.Repeat("    1,\n", 60) + "    2;\n",
			[]string{"add: 62 lines: give it a file of its own"}},
		{"2_staging/charges.sql", "select 1\n", []string{"no home: see the naming rules"}},
		{"2_staging/stg_charges.sql", "select 1\n", []string{"no home: see the naming rules"}},
		{"2_staging/seed_types.sql", "select 1\n", nil},
		{"3_combined/records.sql", "select 1\n", []string{"no home: see the naming rules"}},
		{"4_normalized/int_types.sql", "select 1\n", []string{"no home: see the naming rules"}},
		{"5_canonical/int_2.sql", "select 1\n", []string{"no home: see the naming rules"}},
		{"6_checks/money.sql", "select 1\n", []string{"no home: see the naming rules"}},
		{"7_totals/Raw.sql", "select 1\n", []string{"no home: see the naming rules"}},
		{"extract/page.sql", "select 1", []string{"does not end in one newline"}},
		{"extract/page.sql", "select 1\n\n", []string{"does not end in one newline"}},
		{"extract/page.sql", "select 1;\n", []string{"more than one statement"}},
		{"extract/page.sql", "SELECT 1\n", []string{"upper-case word"}},
		{"extract/page.sql", "select\t1\n", []string{"tab"}},
		{"extract/page.sql", "select 1 \n", []string{"blank at the end of a line"}},
		{"extract/page.sql", "select amount / 100\n", []string{"money through double: / // ** ^"}},
		{"extract/page.sql", "select amount // 100\n", []string{"money through double: / // ** ^"}},
		{"extract/page.sql", "select amount * 10 ** 2\n", []string{"money through double: / // ** ^"}},
		{"extract/page.sql", "select 10 ^ 2\n", []string{"money through double: / // ** ^"}},
		{"extract/page.sql", "select round_even(amount, 2)\n", []string{"money through double: a function"}},
		{"extract/page.sql", "select avg(amount)\n", []string{"money through double: a function"}},
		{"extract/page.sql", "select amount::double\n", []string{"inexact type"}},
		{"extract/page.sql", "select cast(amount as real)\n", []string{"inexact type"}},
		{"extract/page.sql", "select amount::decimal\n", []string{"decimal without its size"}},
		{"extract/page.sql", "select amount::decimal(18, 4)\n", nil},
		{"extract/page.sql", "insert into a values (1) on conflict do nothing\n", []string{"on conflict: use merge into"}},
		{"extract/page.sql", "insert or ignore into a values (1)\n", []string{"on conflict: use merge into"}},
		{"1_schema/a.sql", "create table a (id integer primary key)\n", []string{"constraint: uniqueness is a check"}},
		{"1_schema/a.sql", "create table a (id integer unique)\n", []string{"constraint: uniqueness is a check"}},
		{"1_schema/a.sql", "create table a (id integer check (id > 0))\n", []string{"constraint: uniqueness is a check"}},
		{"1_schema/a.sql", "create index a_id on a (id)\n", []string{"index, sequence or enum"}},
		{"1_schema/a.sql", "create sequence a\n", []string{"index, sequence or enum"}},
		{"1_schema/a.sql", "create type a as enum ('b')\n", []string{"index, sequence or enum"}},
		{"1_schema/a.sql", "create table a (id integer default 1)\n", []string{"computed default"}},
		{"extract/page.sql", "create or replace macro half(n) as n\n",
			[]string{"stored macro: use create or replace temp macro", "one-letter alias"}},
		{"extract/page.sql", "create or replace temp macro half(num) as num\n", nil},
		{"extract/page.sql", "select now()\n", []string{"clock: pass times in"}},
		{"extract/page.sql", "select current_timestamp\n", []string{"clock: pass times in"}},
		{"extract/page.sql", "select uuid()\n", []string{"chance: pass ids in"}},
		{"extract/page.sql", "select sum(hash(id))\n", []string{"hash() changes between versions"}},
		{"extract/page.sql", "select 1 from a, unnest(b) with ordinality\n", []string{"with ordinality exhausts memory"}},
		{"extract/page.sql", "select 1\nfrom aa\nright join bb on true\n", []string{"right join: turn it round"}},
		{"extract/page.sql", "select 1\nfrom aa\njoin bb on true\n", []string{"join without its kind"}},
		{"extract/page.sql", "select 1 <> 2\n", []string{"<> instead of !="}},
		{"extract/page.sql", "merge into aa using bb on true\nwhen matched then\n    update set c = 1\nwhen not matched by source then\n    delete\n",
			[]string{"merge with both update and delete: a lake refuses it"}},
		{"extract/page.sql", "merge into aa using (\n    with\n    bb as (\n        select 1 as one\n    )\n    select * from bb\n    union all\n    select * from bb\n) as cc on true\nwhen matched then\n    delete\n",
			[]string{"merge from the CTE bb, which is read twice: a lake would read wrong bytes of the target; make it a temp table"}},
		{"extract/page.sql", "select 1 from records as r\n", []string{"one-letter alias"}},
		{"extract/page.sql", "select\n  1\n", []string{"line 2: indented by 2"}},
		{"extract/page.sql", "select " + strings.Repeat("a", 74) + "\n", []string{"line 1: 81 columns, 80 fit"}},
	}
	for _, tt := range tests {
		t.Run(tt.name+"/"+tt.text, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, faults(tt.name, tt.text)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}
