package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/sandbox"
)

// Everything a run prints, logs and stores is searched for the sandbox's
// secrets, while vendors answer with faults of all kinds, some of which repeat
// what they were sent.
func TestSecretsAreNowhereToBeFound(t *testing.T) {
	tests := map[string]string{
		"all kinds of faults":     "all:transport~8%",
		"tokens that expire":      "productiv:401@1x2,procurify:401@1x2,productive:429@2",
		"credentials are refused": "productive:401,procurify-token:401,productiv-token:400",
	}
	program := programName(t)
	for name, faults := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			config := faultyVendors(t, folder, faults)
			var out bytes.Buffer
			for _, args := range [][]string{
				{"run", "--json"}, {"status"}, {"doctor"}, {"schedule", "--next", "3"}, {"report"}, {"quarantine", "list"},
			} {
				args = append(args, "--config", config, "--log-level", "debug")
				cmd := exec.CommandContext(t.Context(), program, args...)
				cmd.Stdout, cmd.Stderr = &out, &out
				fmt.Fprintln(&out, args, cmd.Run())
			}
			reveals(t, "the output", out.Bytes())
			searchFolder(t, folder)
		})
	}
}

func faultyVendors(t *testing.T, folder, faults string) (config string) {
	t.Helper()
	options := smallSandbox()
	var err error
	if options.Faults, err = sandbox.ParseFaults(faults); err != nil {
		t.Fatal(err)
	}
	vendors := sandbox.New(options)
	if err := vendors.Start(context.Background(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vendors.Close() })
	text, err := vendors.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("data_dir: ."), []byte("data_dir: data"), 1)
	text = append(text, "\nnotify:\n  webhook: http://127.0.0.1:9/"+sandbox.SecretMark+"\n  heartbeat_url: http://127.0.0.1:9/ping/"+sandbox.SecretMark+"\n"...)
	config = filepath.Join(folder, "spendbridge.yaml")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return config
}

// searchFolder looks into every file below data, unpacked where it is packed,
// and at who may read it.
func searchFolder(t *testing.T, folder string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(filepath.Join(folder, "data"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 && !forAnalysts(path, entry) {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		files++
		data, err := os.ReadFile(path)
		reveals(t, path, data)
		if err == nil && strings.HasSuffix(path, ".zst") {
			data, err = unpack(data)
			reveals(t, path, data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 3 {
		t.Errorf("only %d files were searched", files)
	}
}

// forAnalysts reports whether others may read a path once somebody opens the
// data folder to them: the published copy and the snapshots.
func forAnalysts(path string, entry fs.DirEntry) bool {
	return entry.Name() == "spend.duckdb" || strings.Contains(path, "/data/snapshots") || entry.Type()&fs.ModeSymlink != 0
}

func unpack(data []byte) ([]byte, error) {
	decoder, err := zstd.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	return io.ReadAll(decoder)
}

func reveals(t *testing.T, where string, data []byte) {
	t.Helper()
	if i := bytes.Index(data, []byte(sandbox.SecretMark)); i >= 0 {
		t.Errorf("%s holds a secret: %q", where, data[max(0, i-120):min(len(data), i+60)])
	}
}

func TestAConfigurationPrintsWithoutSecrets(t *testing.T) {
	config, err := config.Read(faultyVendors(t, t.TempDir(), ""), extract.Kinds(extract.Vendors))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		reveals(t, format, fmt.Appendf(nil, format, *config))
		reveals(t, format+" of a source", fmt.Appendf(nil, format, config.Sources))
	}
}
