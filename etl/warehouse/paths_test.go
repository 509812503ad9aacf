package warehouse_test

import (
	"os"
	"path/filepath"
	"testing"

	"spendbridge/etl/etltest"
)

func TestAWarehouseLivesInAFolderOfAnyName(t *testing.T) {
	for _, name := range []string{"a?b", "a?b/c?d", "[a]", "a*", "#1 50%", "it's", `"ü"`} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), name)
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(folder, "w.duckdb")
			etltest.OpenFile(t, path).Close() // the schema was committed

			version, err := etltest.OpenFile(t, path).SchemaVersion(t.Context())
			if err != nil || version == 0 {
				t.Errorf("schema version %d, %v", version, err)
			}
		})
	}
}
