package snapshot

import (
	"maps"
	"testing"
	"testing/fstest"
)

func TestHashSQLDependsOnTheLayersThatMakeSpend(t *testing.T) {
	files := fstest.MapFS{
		"1_schema/001_raw.sql":      {Data: []byte("a")},
		"5_canonical/020_spend.sql": {Data: []byte("b")},
		"queries/run_add.sql":       {Data: []byte("c")},
	}
	hash := func() string {
		t.Helper()
		sum, err := HashSQL(files)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	before := hash()
	others := maps.Clone(files)
	files["queries/run_add.sql"] = &fstest.MapFile{Data: []byte("changed")}
	if hash() != before {
		t.Error("a query changed the hash")
	}
	files = others
	files["5_canonical/020_spend.sql"] = &fstest.MapFile{Data: []byte("changed")}
	if hash() == before {
		t.Error("a changed layer did not change the hash")
	}
}
