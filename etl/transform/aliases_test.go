package transform

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
)

// aliasFile writes an alias file with the lines behind its header.
func aliasFile(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vendors.csv")
	if err := os.WriteFile(path, []byte(strings.Join(vendors.columns, ",")+"\n"+lines), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadAliasFile(t *testing.T) {
	got, err := ReadAliasFile(t.Context(), nil, aliasFile(t, `amzn*, Amazon ,ann@example.com,2026-01-31,
"Acme, Inc.",Acme,,,same
Acme,Acme Labs,,,different
Acme,Acme Foods,,,different
`))
	want := []Alias{
		{"", "amzn*", "Amazon", "ann@example.com", "2026-01-31", Same},
		{"", "Acme, Inc.", "Acme", "", "", Same},
		{"", "Acme", "Acme Labs", "", "", Different},
		{"", "Acme", "Acme Foods", "", "", Different},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("err %v, aliases (-want +got):\n%s", err, diff)
	}
}

func TestAMissingAliasFileHoldsNothing(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "none.csv")} {
		if got, err := ReadAliasFile(t.Context(), openWith(t, nil), path); len(got) > 0 || err != nil {
			t.Errorf("ReadAliasFile(%q) = %v, %v; want nothing", path, got, err)
		}
	}
}

func TestAliasFaultsNameEveryLine(t *testing.T) {
	tests := map[string]struct {
		lines string
		want  []string
	}{
		"empty match":     {",Amazon,,,\n", []string{"line 2: match is empty"}},
		"empty vendor":    {"amzn*,,,,\n", []string{"line 2: vendor is empty"}},
		"long vendor":     {"amzn*," + strings.Repeat("x", 256) + ",,,\n", []string{"line 2: vendor is longer than 255"}},
		"a line break":    {"amzn*,\"Ama\nzon\",,,\n", []string{"line 2: vendor contains a line break"}},
		"unknown verdict": {"amzn*,Amazon,,,perhaps\n", []string{`line 2: decision is "perhaps"; write same, different or nothing`}},
		"bad date":        {"amzn*,Amazon,,31.1.2026,\n", []string{`line 2: when is "31.1.2026"`}},
		"two verdicts":    {"amzn*,Amazon,,,\nAMZN*,Amazon US,,,\n", []string{`line 3: "AMZN*" is decided on line 2`}},
		"too few columns": {"amzn*,Amazon\n", []string{"line 2", "wrong number of fields"}},
		"two faults":      {",Amazon,,,\namzn*,,,,\n", []string{"line 2: match", "line 3: vendor"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ReadAliasFile(t.Context(), nil, aliasFile(t, tt.lines))
			var usage *etl.UsageError
			if !errors.As(err, &usage) {
				t.Fatalf("got %v, want a usage error", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestTheHeaderOfAnAliasFile(t *testing.T) {
	tests := map[string]struct {
		text string
		want string // of the error, empty = none
	}{
		"empty file":           {"", "line 1: write match,vendor,who,when,decision"},
		"header only":          {"match,vendor,who,when,decision\n", ""},
		"a spreadsheet's mark": {"\ufeffmatch,vendor,who,when,decision\r\namzn*,Amazon,,,\r\n", ""},
		"no header":            {"amzn*,Amazon,,,\n", "line 1: write match,vendor,who,when,decision"},
		"too short":            {"match,vendor\n", "line 1: write match,vendor,who,when,decision"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := vendors.parse([]byte(tt.text))
			if got := errorText(err); got != tt.want {
				t.Errorf("error %q, want %q", got, tt.want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func FuzzReadAliases(f *testing.F) {
	f.Add("match,vendor,who,when,decision\namzn*,Amazon,ann,2026-01-31,same\n")
	f.Add("match,vendor,who,when,decision\n\"a\nb\",c,,,\n")
	f.Fuzz(func(t *testing.T, text string) {
		aliases, err := vendors.parse([]byte(text))
		for _, a := range aliases {
			if fault := vendors.check(a); err == nil && fault != nil {
				t.Errorf("%+v passed: %v", a, fault)
			}
		}
	})
}
