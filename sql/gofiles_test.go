package sqlfiles

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sqlText finds statements, not sentences: "select a vendor" is English.
var sqlText = regexp.MustCompile(`(?is)\bselect\b.*\bfrom\s+[a-z_]+\.|^\s*select\s.*\sfrom\s` +
	`|\binsert\s+into\s|\bdelete\s+from\s|\bmerge\s+into\s|\bupdate\s+\S+\s+set\s` +
	`|\b(create|drop|alter)\s+(or\s+replace\s+)?(temp\s+)?(table|view|schema|macro)\s` +
	`|^\s*(attach|copy)\s+['(]|^\s*copy\s+\S+\s+(to|from)\s|^\s*pragma\s`)

// TestNoGoFileHoldsSQL: a statement is named by its file, so that its errors
// are too.
func TestNoGoFileHoldsSQL(t *testing.T) {
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != ".." && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		for _, text := range texts(file) {
			if sqlText.MatchString(text) {
				t.Errorf("%s holds SQL, which belongs into a file: %q", name, text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// texts returns every string literal of a file.
func texts(file *ast.File) []string {
	var all []string
	ast.Inspect(file, func(node ast.Node) bool {
		if lit, ok := node.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				all = append(all, text)
			}
		}
		return true
	})
	return all
}

func TestSQLTextIsToldFromEnglish(t *testing.T) {
	tests := map[string]bool{
		"select * from records":                      true,
		"SELECT 1 FROM raw.pages WHERE true":         true,
		"insert into ops.runs values (1)":            true,
		"create or replace temp view v as select 1":  true,
		"update raw.pages set landed = true":         true,
		"merge into raw.pages using x":               true,
		"attach 'warehouse.duckdb' as w":             true,
		"copy raw.pages to 'pages.parquet'":          true,
		"copy pages: %w":                             false,
		"create the folder, or select another":       false,
		"write a commented file":                     false,
		"drop what the vendor no longer sends":       false,
		"4_normalized/int_vendors_keyed.sql":         false,
		"records read from the warehouse":            false,
		"restore it from a backup, or move it away.": false,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			if got := sqlText.MatchString(text); got != want {
				t.Errorf("SQL in %q: %v, want %v", text, got, want)
			}
		})
	}
}
