package config

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"spendbridge/etl"
)

func TestTheUnitServesTheConfigurationAtHand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spendbridge.yaml")
	var out bytes.Buffer
	if err := WriteUnit(&out, path, kinds); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(path)
	for _, want := range []string{
		"schedule --config " + path, "ReadWritePaths=" + folder + "/data\n", "UMask=0077",
		"NoNewPrivileges=yes", "ProtectSystem=strict", "TimeoutStopSec=330", "RestartPreventExitStatus=2",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the unit does not say %q", want)
		}
	}
	verifyUnit(t, out.Bytes())
}

// verifyUnit asks systemd where there is one.
func verifyUnit(t *testing.T, text []byte) {
	t.Helper()
	systemd, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return
	}
	path := filepath.Join(t.TempDir(), "spendbridge.service")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), systemd, "verify", "--man=no", "--recursive-errors=no", path).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("Unknown")) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

func TestAUnitHoldsNoPathThatSystemdReadsDifferently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with blank", "spendbridge.yaml")
	var usage *etl.UsageError
	if err := WriteUnit(&bytes.Buffer{}, path, kinds); !errors.As(err, &usage) {
		t.Errorf("got %v, want a usage error", err)
	}
}
