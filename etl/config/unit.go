package config

import (
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"spendbridge/etl"
)

//go:embed *.service.tmpl
var unitFiles embed.FS

var unitTemplates = template.Must(template.ParseFS(unitFiles, "*.service.tmpl"))

// A unit is what systemd units need to know of an installation.
type unit struct {
	Program, Config, ConfigFolder, DataDir string
	Writable                               []string
	Group                                  string // of those who read what is published
	StopAfter                              int    // seconds
	Packaged                               bool
}

func newUnit(program, path string, c *Config) unit {
	u := unit{
		Program: program, Config: path, ConfigFolder: filepath.Dir(path), DataDir: c.DataDir,
		Writable:  []string{c.DataDir},
		Group:     c.Publish.Group,
		StopAfter: int((time.Duration(c.Schedule.Drain) + 30*time.Second).Seconds()),
	}
	for _, folder := range []string{c.publishedDir(), c.SnapshotsDir()} {
		if !slices.ContainsFunc(u.Writable, func(w string) bool { return isBelow(folder, w) }) {
			u.Writable = append(u.Writable, folder)
		}
	}
	return u
}

// WriteUnit writes a systemd unit that runs the schedule, for this program and
// the configuration at a path, which need not be filled in yet. A path that a
// unit cannot name is an [*etl.UsageError].
func WriteUnit(w io.Writer, configPath string, kinds []Kind) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("this program's own path: %w", err)
	}
	path, err := filepath.Abs(configPath)
	if err != nil {
		return fmt.Errorf("configuration path: %w", err)
	}
	c, err := Read(path, kinds)
	if err != nil { // it is not filled in yet
		c = Default()
		c.DataDir = filepath.Join(filepath.Dir(path), c.DataDir)
	}
	u := newUnit(program, path, c)
	for _, path := range append([]string{u.Program, u.Config}, u.Writable...) {
		if strings.ContainsAny(path, "\"'\\%$ \t\n") {
			return etl.Usagef("%q holds characters that a unit file reads as its own; use a path without blanks and quotes", path)
		}
	}
	return unitTemplates.ExecuteTemplate(w, "spendbridge.service.tmpl", u)
}

// Where a package puts things.
const (
	packagedProgram = "/usr/bin/spendbridge"
	packagedConfig  = "/etc/spendbridge/spendbridge.yaml"
	packagedDataDir = "/var/lib/spendbridge"
)

// WritePackaged writes the files of a package that depend on its paths into a
// folder: the configuration to fill in, the unit that WriteUnit writes, and one
// that asks for the status.
func WritePackaged(folder string) error {
	template := strings.Replace(string(Template), "data_dir: data"+strings.Repeat(" ", len(packagedDataDir)-len("data")), "data_dir: "+packagedDataDir, 1)
	if err := os.WriteFile(filepath.Join(folder, filepath.Base(packagedConfig)), []byte(template), 0o644); err != nil {
		return err
	}
	c := Default()
	c.DataDir = packagedDataDir
	u := newUnit(packagedProgram, packagedConfig, c)
	u.Packaged = true
	for _, t := range unitTemplates.Templates() {
		name, isUnit := strings.CutSuffix(t.Name(), ".tmpl")
		if !isUnit { // a part of both
			continue
		}
		var text strings.Builder
		if err := t.Execute(&text, u); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
