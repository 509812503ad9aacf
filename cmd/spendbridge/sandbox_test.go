package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spendbridge/etl/config"
	"spendbridge/etl/extract"
)

func TestTheSandboxPrintsAConfigurationAndServesUntilItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var printed strings.Builder
	stdout := writerFunc(func(p []byte) (int, error) {
		stop()
		return printed.Write(p)
	})
	if code := execute(ctx, []string{"sandbox", "--expenses", "1", "--transactions", "1"}, stdout, io.Discard); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(printed.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(path, extract.Kinds(extract.Vendors))
	if err != nil {
		t.Fatalf("what was printed is no configuration: %v\n%s", err, printed.String())
	}
	if len(c.Sources) != 2 || !strings.HasPrefix(c.Productiv.BaseURL, "http://127.0.0.1:") {
		t.Errorf("got %+v", c)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
