package etl_test

import (
	gocmp "cmp"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/etltest"
	sqlfiles "spendbridge/sql"
)

// levels is the architecture: a package may import the levels below its own,
// never its own and never up. So stages are strangers to each other, and a
// word that two of them need belongs in etl. A package that is missing here may
// import nothing of ours.
var levels = [][]string{
	{"etl"},                          // words
	{"etl/plaintext", "etl/durable"}, // tools that know files only
	{"etl/config", "etl/warehouse", "etl/httpretry"}, // tools
	{"etl/store"},
	{"etl/extract", "etl/transform", "etl/snapshot", "etl/deliver", "etl/report", "etl/sandbox"}, // stages
	{"etl/job"},
	{"etl/schedule", "etl/monitor", "etl/doctor"}, // services
	{"cmd/spendbridge"},
}

// embeds hold SQL and schemas. Job hands them down as an [fs.FS].
var embeds = map[string][]string{
	"sql":     {"etl/job", "etl/etltest"},
	"schemas": {"etl/job", "etl/extract", "etl/deliver"},
}

func mayImport(importer, imported string) bool {
	if holders, ok := embeds[imported]; ok {
		return slices.Contains(holders, importer)
	}
	return level(imported) >= 0 && level(imported) < level(importer)
}

// level returns the position in levels, -1 for none. What tests share may
// import tools.
func level(name string) int {
	if name == "etl/etltest" {
		name = "etl/extract"
	}
	return slices.IndexFunc(levels, func(level []string) bool { return slices.Contains(level, name) })
}

const module = "spendbridge/"

func TestImportsOnlyGoDown(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			ours, ok := strings.CutPrefix(imported, module)
			if ok && !mayImport(name, ours) {
				t.Errorf("%s imports %s; see levels for what it may", name, ours)
			}
			// The first element of a module path that is not of the standard
			// library holds a dot.
			host, _, _ := strings.Cut(imported, "/")
			if !ok && name == "etl" && strings.Contains(host, ".") {
				t.Errorf("etl imports %s; it may import the standard library only", imported)
			}
		}
	}
}

func TestEveryPackageHasALevel(t *testing.T) {
	var listed, existing []string
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if embeds[name] == nil && name != "etl/etltest" {
			existing = append(existing, name)
		}
	}
	for _, level := range levels {
		listed = append(listed, level...)
	}
	slices.Sort(listed)
	slices.Sort(existing)
	if diff := cmp.Diff(existing, listed); diff != "" {
		t.Errorf("packages that exist (-) and those that have a level (+):\n%s", diff)
	}
}

// models says which package runs the numbered folders of SQL. Every other folder
// has the name of the package that runs its statements.
var models = map[string]string{
	"1_schema":     "etl/warehouse",
	"2_staging":    "etl/transform",
	"3_combined":   "etl/transform",
	"4_normalized": "etl/transform",
	"5_canonical":  "etl/transform",
	"6_checks":     "etl/transform",
	"7_totals":     "etl/transform",
	"8_published":  "etl/snapshot",
}

// TestEveryStatementHasOnePackage: to read what a package asks of the warehouse
// one opens one folder, and nothing lies there that nobody runs.
func TestEveryStatementHasOnePackage(t *testing.T) {
	db := etltest.OpenDB(t)
	folders, err := fs.ReadDir(sqlfiles.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	named := statementNames(t)
	for _, folder := range folders {
		owner := gocmp.Or(models[folder.Name()], "etl/"+folder.Name())
		var literals []string
		for name, files := range named {
			if !strings.HasPrefix(name, folder.Name()+"/") {
				continue
			}
			literals = append(literals, name)
			for _, file := range files {
				if path.Dir(file) != owner {
					t.Errorf("%s names %s, which is %s's", file, name, owner)
				}
			}
		}
		statements, err := db.Folder(folder.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, literal := range literals {
			if !slices.ContainsFunc(statements, func(s string) bool { return begins(s, literal) }) {
				t.Errorf("%s names %s, which is not there", named[literal][0], literal)
			}
		}
		if models[folder.Name()] != "" {
			continue // run as a folder
		}
		for _, statement := range statements {
			if !slices.ContainsFunc(literals, func(literal string) bool { return begins(statement, literal) }) {
				t.Errorf("%s is run by nothing", statement)
			}
		}
	}
}

// begins reports whether a text in a Go file means a statement: its whole name,
// or the first words of it.
func begins(statement, literal string) bool {
	return statement == literal || strings.HasPrefix(statement, literal) && strings.ContainsAny(literal[len(literal)-1:], "._/") ||
		literal == "transform/macro"
}

var statementName = regexp.MustCompile(`^([1-8]_[a-z]+|[a-z]+)/[a-z0-9_]+[a-z0-9_.]*$`)

// statementNames returns the texts in Go files that may be names of statements,
// with the files that have them.
func statementNames(t *testing.T) map[string][]string {
	t.Helper()
	named := map[string][]string{}
	for _, p := range packages(t) {
		dir := strings.TrimPrefix(p.ImportPath, module)
		for _, file := range p.GoFiles {
			parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(node ast.Node) bool {
				if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil && statementName.MatchString(text) {
						named[text] = append(named[text], path.Join(dir, file))
					}
				}
				return true
			})
		}
	}
	return named
}

type goPackage struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

// packages lists the module's packages. What tests import is not limited.
func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,GoFiles", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
