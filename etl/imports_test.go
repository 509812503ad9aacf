package etl_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport is the architecture: who may import whom inside the module.
// A package that is missing here may import nothing of ours.
var mayImport = map[string][]string{
	"etl/config":    {"etl", "etl/plaintext"},
	"etl/extract":   {"etl", "etl/httpretry", "etl/plaintext", "etl/warehouse"},
	"etl/transform": {"etl", "etl/plaintext", "etl/warehouse"},
	"etl/snapshot":  {"etl", "etl/warehouse"},
	"etl/deliver":   {"etl", "etl/httpretry", "etl/plaintext", "etl/warehouse"},
	"etl/report":    {"etl", "etl/warehouse"},
	"etl/httpretry": {"etl"},
	"etl/warehouse": {"etl"},
	"etl/etltest":   {"etl", "etl/warehouse", "sql"},
	"cmd/spendbridge": {"etl", "etl/config", "etl/extract", "etl/deliver", "etl/httpretry", "etl/plaintext", "etl/report",
		"etl/sandbox", "etl/snapshot", "etl/transform", "etl/warehouse", "schemas", "sql"},
}

const module = "spendbridge/"

func TestImportsOnlyGoDown(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			ours, ok := strings.CutPrefix(imported, module)
			if ok && !slices.Contains(mayImport[name], ours) {
				t.Errorf("%s imports %s; see mayImport for what it may", name, ours)
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

func TestTheTableOfImportsNamesOnlyWhatExists(t *testing.T) {
	existing := map[string]bool{}
	for _, p := range packages(t) {
		existing[strings.TrimPrefix(p.ImportPath, module)] = true
	}
	for name, imports := range mayImport {
		for _, p := range append(imports, name) {
			if !existing[p] {
				t.Errorf("there is no package %s", p)
			}
		}
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
