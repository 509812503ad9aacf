package transform

import (
	"testing"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
	sqlfiles "spendbridge/sql"
)

// Whatever decides what canonical.spend holds is part of its hash: a statement
// that is not would change spend without deriving it again, and the manifests of
// both snapshots would name the same SQL.
func TestTheHashOfTheModelsCoversWhatDecidesSpend(t *testing.T) {
	hash := func(statement string) string {
		t.Helper()
		files := etltest.Files(t, sqlfiles.FS)
		if statement != "" {
			for file, text := range etltest.EditSQL(t, nil, statement, func(text string) string { return text + "\n-- edited" }) {
				files[file].Data = []byte(text)
			}
		}
		db, err := warehouse.Open(t.Context(), warehouse.Options{Files: files, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		sum, err := HashModels(db)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	before := hash("")
	for statement, decides := range map[string]bool{
		"transform/macro.clean_text":     true,
		"warehouse/macro.instant":        true,
		"transform/kind.gather_units":    true,
		"transform/kind.gather_versions": true,
		"transform/dirty.payloads":       true,
		"transform/dirty.slices":         false,
		"transform/check.counts":         false,
		"transform/vendor.list":          false,
	} {
		if changed := hash(statement) != before; changed != decides {
			t.Errorf("an edit of %s changes the hash: %v, want %v", statement, changed, decides)
		}
	}
}
