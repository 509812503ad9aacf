package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
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
	config, err := parseConfig(filepath.Join(t.TempDir(), "c.yaml"), []byte(printed.String()), environment)
	if err != nil {
		t.Fatalf("what was printed is no configuration: %v\n%s", err, printed.String())
	}
	if len(config.Sources) != 2 || !strings.HasPrefix(config.Productiv.BaseURL, "http://127.0.0.1:") {
		t.Errorf("got %+v", config)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
