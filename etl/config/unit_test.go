package config

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
		"schedule --config " + path, "ReadWritePaths=" + folder + "/data\n", "UMask=0027",
		"NoNewPrivileges=yes", "ProtectSystem=strict", "TimeoutStopSec=330", "RestartPreventExitStatus=2",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the unit does not say %q", want)
		}
	}
	verifyUnit(t, out.Bytes())
}

func TestTheUnitMayWriteWhereOthersReadIt(t *testing.T) {
	c := Default()
	c.DataDir, c.Publish = "/var/lib/spendbridge", Publish{Dir: "/srv/spend", Group: "finance"}
	var out bytes.Buffer
	if err := unitTemplates.ExecuteTemplate(&out, "spendbridge.service.tmpl", newUnit("/usr/bin/spendbridge", "/etc/spendbridge.yaml", c)); err != nil {
		t.Fatal(err)
	}
	want := "ReadWritePaths=/var/lib/spendbridge\nReadWritePaths=/srv/spend\nReadOnlyPaths"
	if !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "\nSupplementaryGroups=finance\n") {
		t.Errorf("the unit lacks %q or the group:\n%s", want, out.String())
	}
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

// A package holds the unit that init writes, apart from where things are.
func TestAPackageHoldsTheSameUnit(t *testing.T) {
	folder := t.TempDir()
	if err := WritePackaged(folder); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var written bytes.Buffer
	if err := unitTemplates.ExecuteTemplate(&written, "spendbridge.service.tmpl", unit{
		Program: "/usr/bin/spendbridge", Config: "/etc/spendbridge/spendbridge.yaml", ConfigFolder: "/etc/spendbridge",
		DataDir: "/var/lib/spendbridge", Writable: []string{"/var/lib/spendbridge"}, StopAfter: 330,
	}); err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(written.String(), "[Unit]")
	_, got, _ := strings.Cut(strings.Replace(read("spendbridge.service"), "Documentation=man:spendbridge(1)\n", "", 1), "[Unit]")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	_, want, _ = strings.Cut(want, "EnvironmentFile=")
	want, _, _ = strings.Cut(want, "\n[Install]")
	if _, got, _ := strings.Cut(read("spendbridge-status.service"), "EnvironmentFile="); got != want {
		t.Errorf("the status is confined in another way:\n%s", cmp.Diff(want, got))
	}
	if want := "\ndata_dir: /var/lib/spendbridge        # all state"; !strings.Contains(read("spendbridge.yaml"), want) {
		t.Errorf("the configuration does not say %q", want)
	}
}
