package durable_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/durable"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAFileIsReplacedAsAWholeAndKeepsItsMode(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.json")
	for i, mode := range []os.FileMode{0o600, 0o640} {
		text := string(rune('a' + i))
		if err := durable.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := durable.WriteFile(path, []byte("c"), 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v; want 640", info.Mode(), err)
	}
}

func TestAFileThatIsNotCommittedLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.json")
	if err := durable.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := durable.Create(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "before" {
		t.Errorf("a reader sees %q before the file is whole", got)
	}
	if err := f.Discard(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v are left", entries, err)
	}
}

func TestLinesAreAppendedAfterOneThatWasCutOff(t *testing.T) {
	tests := map[string]struct{ before, want string }{
		"no file":       {"", "new\n"},
		"whole lines":   {"old\n", "old\nnew\n"},
		"a line is cut": {"old\nha", "old\nha\nnew\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lines.jsonl")
			if tt.before != "" {
				if err := os.WriteFile(path, []byte(tt.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := durable.AppendLine(path, []byte("new"), 0o600); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, read(t, path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFoldersAreMadeDownToTheLast(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		if err := durable.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		t.Error(err)
	}
}
