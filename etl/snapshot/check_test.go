package snapshot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spendbridge/schemas"
)

func TestCheckSnapshotFindsEveryFault(t *testing.T) {
	db := snapshotDB(t, 500, twoMonths, 1, nil)
	s := takeOne(t, db, snapshotOptions(t.TempDir(), firstRun))
	if err := Check(s.Path, schemas.FS); err != nil {
		t.Fatalf("as taken: %v", err)
	}
	january := filepath.Join(s.Path, "spend", "year=2025", "month=1")
	flip(t, filepath.Join(s.Path, s.Manifest.Files[0].Path), 5)
	if err := os.Remove(filepath.Join(s.Path, s.Manifest.Files[1].Path)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(january, "part-1.parquet"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := Check(s.Path, schemas.FS)
	for _, want := range []string{
		"spend/year=2024/month=11/part-0.parquet: ", "the manifest says",
		"spend/year=2024/month=12/part-0.parquet: ", "no such file",
		"spend/year=2025/month=1/part-1.parquet: the manifest does not name it",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that says %q", err, want)
		}
	}
}
