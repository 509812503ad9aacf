package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spendbridge/etl/sandbox"
)

func TestTheResultOfARunHasTheMembersThatWereAgreed(t *testing.T) {
	config := startSandbox(t, sandbox.Options{Seed: 1, Expenses: 60, Transactions: 60})
	var out strings.Builder
	if code := execute(t.Context(), []string{"run", "--json", "--config", config}, &out, io.Discard); code != 0 && code != 3 {
		t.Fatalf("exit code %d", code)
	}
	var result map[string]any
	if err := json.Unmarshal([]byte(out.String()), &result); err != nil {
		t.Fatalf("stdout is not one JSON document: %v\n%s", err, out.String())
	}
	for _, path := range []string{
		"run_id", "status", "stages.0.name", "stages.0.status", "stages.0.counts", "control_totals_balanced",
		"snapshot.id", "snapshot.path", "snapshot.rows",
		"delivery.new", "delivery.changed", "delivery.touched", "delivery.withdrawn", "delivery.frozen", "delivery.not_due",
		"delivery.accepted", "delivery.rejected", "delivery.unknown", "delivery.held", "delivery.batches",
	} {
		if !has(result, strings.Split(path, ".")) {
			t.Errorf("there is no %s in %s", path, out.String())
		}
	}
	if result["control_totals_balanced"] != true {
		t.Error("control_totals_balanced is not true")
	}
}

// has reports whether a path of member names and the index 0 leads to a value.
func has(value any, path []string) bool {
	if len(path) == 0 {
		return value != nil
	}
	switch v := value.(type) {
	case map[string]any:
		return has(v[path[0]], path[1:])
	case []any:
		return len(v) > 0 && has(v[0], path[1:])
	}
	return false
}

// startSandbox plays the vendors until the test ends and returns the path of a
// configuration for them.
func startSandbox(t *testing.T, o sandbox.Options) (config string) {
	t.Helper()
	vendors := sandbox.New(o)
	if err := vendors.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vendors.Close() })
	text, err := vendors.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	config = filepath.Join(t.TempDir(), "sandbox.yaml")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return config
}
