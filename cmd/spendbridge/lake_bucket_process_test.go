package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spendbridge/etl/etltest"
)

// The whole job by two machines, on a lake whose data is in a bucket, beside its store.
func TestTheWholeJobOnALakeInABucket(t *testing.T) {
	l := newLakeOfVendors(t, etltest.NewLakeInBucket(t))
	l.config += bucketConfiguration(l.Bucket.Endpoint)
	one, other := l.machine(), l.machine()
	if said := l.mustRun(0, one, "doctor"); !strings.Contains(said, l.DataPath+" can be written to") {
		t.Errorf("doctor says: %s", said)
	}
	l.keepsSecrets(l.mustRun(0, one, "run", "--log-level", "debug"))
	l.delivered(0)
	before := time.Now().UTC().Format(time.RFC3339)
	l.mustRun(0, other, "run")
	l.delivered(0)
	l.mustRun(0, one, "load", "--dry-run")
	// What the catalog holds goes into the bucket.
	l.mustRun(0, other, "prune", "--older-than", "400d", "--yes")
	past := filepath.Join(t.TempDir(), "past")
	l.mustRun(0, one, "load", "--snapshot-only", "--as-of", before, "--out", past)
	for key := range l.vendors.Received() {
		l.mustRun(0, one, "explain", key)
		break
	}
	l.mustRun(0, one, "verify")
	l.delivered(0)
	if _, err := os.Stat(filepath.Join(filepath.Dir(other), "spend.duckdb")); err != nil {
		t.Error(err)
	}
	money, err := l.reader()()
	if err != nil || money == "" {
		t.Errorf("a reader of the lake sees %s: %v", money, err)
	}
	catalog, err := exec.CommandContext(t.Context(), "pg_dump", l.Name()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, catalog)
	}
	l.keepsSecrets(string(catalog))
}

// keepsSecrets demands that a text does not hold the secret of the bucket.
func (l *sharedLake) keepsSecrets(text string) {
	l.Helper()
	if strings.Contains(text, "testsecret") {
		l.Error("the secret of the bucket is shown")
	}
}
