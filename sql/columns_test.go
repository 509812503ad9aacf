package sqlfiles_test

import (
	"database/sql"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

// byName begins a statement whose columns find their places by their names. In
// a merge the table is named before.
var byName = regexp.MustCompile(`(?m)^\s*(?:insert into ([a-z_]+\.[a-z_]+) by name|insert by name)$`)

var mergeInto = regexp.MustCompile(`merge into ([a-z_]+\.[a-z_]+)`)

// TestInsertsByNameFillTheirTables: a column that nothing fills is null for good
// and nobody notices; one that is not there fails when the statement first runs,
// which may be on a bad day.
func TestInsertsByNameFillTheirTables(t *testing.T) {
	columns, all := tableColumns(t), statements(t)
	filled := map[string]map[string]bool{}
	for name, text := range all {
		if !byName.MatchString(text) || strings.HasPrefix(name, "1_schema/") {
			continue // a step of the schema ran when the table was another
		}
		table := byName.FindStringSubmatch(text)[1]
		body := text[byName.FindStringIndex(text)[1]:]
		if table == "" {
			table, body = mergeInto.FindStringSubmatch(text)[1], text[strings.Index(text, "using ("):byName.FindStringIndex(text)[0]]
			body = body[len("using ("):strings.LastIndex(body, "\n) as ")]
		}
		if columns[table] == nil {
			t.Errorf("%s fills %s, which is no table", name, table)
			continue
		}
		if filled[table] == nil {
			filled[table] = map[string]bool{}
		}
		names, everything := selected(body)
		if everything {
			names = append(names, columns[table]...)
		}
		for _, column := range names {
			if !slices.Contains(columns[table], column) {
				t.Errorf("%s fills %s.%s, which is no column", name, table, column)
			}
			filled[table][column] = true
		}
	}
	if len(filled) < 20 {
		t.Errorf("only %d tables are filled by name", len(filled))
	}
	for table, names := range filled {
		set := assigned(all, table)
		for _, column := range columns[table] {
			if !names[column] && !set[column] {
				t.Errorf("no statement fills %s.%s", table, column)
			}
		}
	}
}

func TestSelectedColumnsAreRead(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
		all  bool
	}{
		"names":           {"select a, b.c, d + 1 as e from f", []string{"a", "c", "e"}, false},
		"all":             {"select * from f", nil, true},
		"all of one":      {"select f.*, 1 as g from f", []string{"g"}, true},
		"behind with":     {"with x as (select y from z) select 'a, b' as c, (select d from e) as f from x", []string{"c", "f"}, false},
		"a case":          {"select case when a then b end as c, count(*) as d from e", []string{"c", "d"}, false},
		"a list of JSON":  {`select unnest(from_json($rows, '[{"a": "B", "c": "D"}]'), recursive := true)`, []string{"a", "c"}, false},
		"one of a union":  {"select a from b union all by name select c from d", []string{"a", "c"}, false},
		"with a comment":  {"select -- not, these\n a from b", []string{"a"}, false},
		"unnested values": {"select unnest(x, recursive := true), 1 as b", []string{"b"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			names, all := selected(tt.text)
			if !slices.Equal(names, tt.want) || all != tt.all {
				t.Errorf("columns %v, all of them: %v; want %v, %v", names, all, tt.want, tt.all)
			}
		})
	}
}

// tableColumns returns the columns of every table of the warehouse.
func tableColumns(t *testing.T) map[string][]string {
	files := etltest.Files(t, sqlfiles.FS)
	files["test/columns.sql"] = &fstest.MapFile{Data: []byte(
		"select schema_name || '.' || table_name, column_name from duckdb_columns() where database_name = 'warehouse'")}
	db, err := warehouse.Open(t.Context(), warehouse.Options{Files: files, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	columns := map[string][]string{}
	err = db.Each(t.Context(), "test/columns.sql", nil, func(rows *sql.Rows) error {
		var table, column string
		err := rows.Scan(&table, &column)
		columns[table] = append(columns[table], column)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

var sectionLine = regexp.MustCompile(`(?m)^-- name: (.*)\n`)

// statements returns the texts of all statements by their names.
func statements(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(sqlfiles.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(sqlfiles.FS, name)
		places := sectionLine.FindAllStringSubmatchIndex(string(text), -1)
		if len(places) == 0 {
			all[name] = string(text)
		}
		for i, place := range places {
			end := len(text)
			if i+1 < len(places) {
				end = places[i+1][0]
			}
			all[strings.TrimSuffix(name, "sql")+string(text[place[2]:place[3]])] = string(text[place[1]:end])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var comment = regexp.MustCompile(`(?m)--.*$`)

var (
	alias   = regexp.MustCompile(`(?is)\bas\s+"?([a-z_][a-z0-9_]*)"?$`)
	plain   = regexp.MustCompile(`(?s)^(?:[a-z_]+\.)*([a-z_][a-z0-9_]*)$`)
	jsonKey = regexp.MustCompile(`"([a-z_]+)":`)
)

// selected returns the columns of what the last select of a statement at its
// outermost level returns, and of those that a union joins to it. It reports
// whether these are all columns of something, which it does not know.
func selected(text string) (names []string, all bool) {
	for _, item := range items(comment.ReplaceAllString(text, "")) {
		item = strings.TrimSpace(item)
		switch {
		case alias.MatchString(item):
			names = append(names, alias.FindStringSubmatch(item)[1])
		case plain.MatchString(item):
			names = append(names, plain.FindStringSubmatch(item)[1])
		case strings.HasPrefix(item, "unnest(") && jsonKey.MatchString(item):
			for _, key := range jsonKey.FindAllStringSubmatch(item, -1) {
				names = append(names, key[1])
			}
		default:
			all = true
		}
	}
	return names, all
}

var word = regexp.MustCompile(`(?i)^(select|from)\b`)

// items returns what stands between the words select and from that no bracket
// encloses, at its commas.
func items(text string) (all []string) {
	depth, quoted, selecting, began := 0, false, false, 0
	end := func(at int) {
		if selecting {
			all = append(all, text[began:at])
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case depth > 0:
		case c == ',' && selecting:
			end(i)
			began = i + 1
		case i > 0 && strings.ContainsAny(text[i-1:i], " \n") || i == 0:
			switch match := strings.ToLower(word.FindString(text[i:])); match {
			case "select":
				selecting, began = true, i+len(match)
			case "from":
				end(i)
				selecting = false
			}
		}
	}
	end(len(strings.TrimRight(text, "; \n")))
	return all
}

var assignment = regexp.MustCompile(`(?m)^\s+([a-z_]+) = `)

// assigned returns the columns of a table that updates set.
func assigned(statements map[string]string, table string) map[string]bool {
	names := map[string]bool{}
	for _, text := range statements {
		if strings.Contains(text, "update "+table) || strings.Contains(text, "merge into "+table) {
			for _, match := range assignment.FindAllStringSubmatch(text, -1) {
				names[match[1]] = true
			}
		}
	}
	return names
}
