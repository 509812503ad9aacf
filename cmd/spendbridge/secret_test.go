package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spendbridge/etl/sandbox"
)

func TestASecretThatAServerRepeatsIsNotRepeated(t *testing.T) {
	const token = `hush-"quoted"-token`
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, "unknown token "+r.Header.Get("X-Auth-Token"))
	}))
	defer vendor.Close()
	config := startSandbox(t, sandbox.Options{})
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer("token: "+sandbox.ProductiveToken, "token: '"+token+"'").Replace(string(text))
	lines := strings.Split(changed, "\n")
	for i, line := range lines {
		if strings.HasSuffix(line, "/api/v2") {
			lines[i] = "    base_url: " + vendor.URL
		}
	}
	if err := os.WriteFile(config, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}

	var out, errs strings.Builder
	if code := execute(t.Context(), []string{"run", "--json", "--config", config}, &out, &errs); code != 1 {
		t.Fatalf("exit code %d, want 1: %s", code, errs.String())
	}
	written := out.String() + errs.String()
	if !strings.Contains(written, "unknown token …") {
		t.Errorf("the server's answer is missing:\n%s", written)
	}
	err = filepath.WalkDir(filepath.Dir(config), func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || path == config {
			return err
		}
		content, err := os.ReadFile(path)
		written += string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(written, "hush-") {
		t.Error("the token was written somewhere")
	}
}
