package report

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/etltest"
	sqlfiles "spendbridge/sql"
)

// queryFile makes a DuckDB file to ask.
func queryFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spend.duckdb")
	if err := etltest.OpenFile(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestQueryPrintsEveryTypeExactly(t *testing.T) {
	path := queryFile(t)
	tests := map[string]struct{ selected, text, json string }{
		"a decimal":             {"12.3400::decimal(18, 4)", "12.3400", `"12.3400"`},
		"a large decimal":       {"-12345678901234567890123456789012.3456::decimal(38, 4)", "-12345678901234567890123456789012.3456", `"-12345678901234567890123456789012.3456"`},
		"a zero decimal":        {"0::decimal(18, 2)", "0.00", `"0.00"`},
		"a sum of integers":     {"sum(9223372036854775807) from range(3)", "27670116110564327421", `27670116110564327421`},
		"an integer":            {"-7", "-7", `-7`},
		"an unsigned integer":   {"18446744073709551615::ubigint", "18446744073709551615", `18446744073709551615`},
		"a float":               {"0.5::double", "0.5", `0.5`},
		"not a number":          {"'nan'::double", "NaN", `"NaN"`},
		"a null":                {"null", "NULL", `null`},
		"a text":                {"'it''s <b>'", "it's <b>", `"it's <b>"`},
		"a text with a newline": {"'a' || chr(10) || chr(27) || '[2J'", "a [U+001B][2J", `"a\n\u001b[2J"`},
		"a long text":           {"repeat('é', 100)", strings.Repeat("é", 71) + "…", `"` + strings.Repeat("é", 100) + `"`},
		"a boolean":             {"true", "true", `true`},
		"a date":                {"date '2026-02-28'", "2026-02-28", `"2026-02-28"`},
		"a timestamp":           {"timestamp '2026-02-28 01:02:03.5'", "2026-02-28T01:02:03.5", `"2026-02-28T01:02:03.5"`},
		"an instant":            {"timestamptz '2026-02-28 01:02:03+01'", "2026-02-28T00:02:03Z", `"2026-02-28T00:02:03Z"`},
		"a time":                {"time '01:02:03'", "01:02:03", `"01:02:03"`},
		"a list":                {"[1.10, 2.20]", `["1.10","2.20"]`, `["1.10","2.20"]`},
		"a struct":              {"{'a': 1.50, 'b': null}", `{"a":"1.50","b":null}`, `{"a":"1.50","b":null}`},
		"a UUID":                {"'0193a5b1-0000-7000-8000-000000000001'::uuid", "0193a5b1-0000-7000-8000-000000000001", `"0193a5b1-0000-7000-8000-000000000001"`},
		"bytes":                 {"'\\xAB\\x00'::blob", "ab00", `"ab00"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			expression, from, _ := strings.Cut(tt.selected, " from ")
			if from != "" {
				from = " from " + from
			}
			answer, err := Query(t.Context(), path, sqlfiles.FS, "select "+expression+" as value"+from)
			if err != nil {
				t.Fatal(err)
			}
			if got := answer.Text(0, 0); got != tt.text {
				t.Errorf("table: got %q, want %q", got, tt.text)
			}
			document, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			var rows []map[string]json.RawMessage
			if err := json.Unmarshal(document, &rows); err != nil {
				t.Fatal(err)
			}
			if got := unescape(rows[0]["value"]); got != tt.json {
				t.Errorf("JSON: got %s, want %s", got, tt.json)
			}
		})
	}
}

// unescape undoes what [json.Marshal] does to be safe in HTML.
func unescape(text json.RawMessage) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(text))
}

func TestQueryKeepsColumnsInOrderAndNamesThemWithoutRows(t *testing.T) {
	path := queryFile(t)
	answer, err := Query(t.Context(), path, sqlfiles.FS, "select 1 as b, 2 as a union all select 3, 4 order by b")
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(answer)
	if want := `[{"b":1,"a":2},{"b":3,"a":4}]`; err != nil || string(document) != want {
		t.Errorf("got %s, %v; want %s", document, err, want)
	}
	answer, err = Query(t.Context(), path, sqlfiles.FS, "select 1 as b, 2 as a where false")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b", "a"}, answer.Columns); diff != "" {
		t.Error(diff)
	}
	if document, err := json.Marshal(answer); err != nil || string(document) != "[]" {
		t.Errorf("got %s, %v; want an empty list", document, err)
	}
}

func TestQuerySaysWhatIsWrong(t *testing.T) {
	path := queryFile(t)
	tests := map[string]struct{ statement, want string }{
		"not one statement": {"select 1; select 2", "query: only one statement is allowed, and only a SELECT"},
		"no such table":     {"select * from spent", "Table with name spent does not exist"},
		"not SQL":           {"spend by vendor", "syntax error"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Query(t.Context(), path, sqlfiles.FS, tt.statement)
			var usage *etl.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one of usage that says %q", err, tt.want)
			}
		})
	}
}

func TestQueryWithoutAPublishedFileSaysWhatMakesOne(t *testing.T) {
	_, err := Query(t.Context(), filepath.Join(t.TempDir(), "spend.duckdb"), sqlfiles.FS, "select 1")
	if err == nil || !strings.Contains(err.Error(), "does not exist; a run writes it") {
		t.Errorf("got error %v", err)
	}
	garbage := filepath.Join(t.TempDir(), "spend.duckdb")
	if err := os.WriteFile(garbage, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Query(t.Context(), garbage, sqlfiles.FS, "select 1"); err == nil || !strings.Contains(err.Error(), garbage) {
		t.Errorf("got error %v", err)
	}
}

func TestQueryStopsInTime(t *testing.T) {
	cause := errors.New("took longer than 50ms")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, cause)
	defer cancel()
	_, err := Query(ctx, queryFile(t), sqlfiles.FS,
		"select count(*) from range(1000000000) as one, range(1000000000) as two where one.range + two.range = -1")
	if !errors.Is(err, cause) {
		t.Errorf("got error %v, want %v", err, cause)
	}
}
