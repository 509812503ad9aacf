package etl_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// levels is the architecture: a package may import the levels below its own,
// never its own and never up. So stages are strangers to each other, and a
// word that two of them need belongs in etl. A package that is missing here may
// import nothing of ours.
var levels = [][]string{
	{"etl"},                          // words
	{"etl/plaintext", "etl/durable"}, // tools that know files only
	{"etl/config", "etl/warehouse", "etl/httpretry"},                                             // tools
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

type goPackage struct {
	ImportPath string
	Imports    []string
}

// packages lists the module's packages. What tests import is not limited.
func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", module+"...").Output()
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
