package config

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"spendbridge/etl"
)

//go:embed spendbridge.service.tmpl
var unitText string

var unitTemplate = template.Must(template.New("unit").Parse(unitText))

// A unit is what a systemd unit needs to know of this installation.
type unit struct {
	Program, Config, ConfigFolder, DataDir string
	Writable                               []string
	StopAfter                              int // seconds
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
	u := unit{
		Program: program, Config: path, ConfigFolder: filepath.Dir(path), DataDir: c.DataDir,
		Writable:  []string{c.DataDir},
		StopAfter: int((time.Duration(c.Schedule.Drain) + 30*time.Second).Seconds()),
	}
	if rel, err := filepath.Rel(c.DataDir, c.SnapshotsDir()); err != nil || strings.HasPrefix(rel, "..") {
		u.Writable = append(u.Writable, c.SnapshotsDir())
	}
	for _, path := range append([]string{u.Program, u.Config}, u.Writable...) {
		if strings.ContainsAny(path, "\"'\\%$ \t\n") {
			return etl.Usagef("%q holds characters that a unit file reads as its own; use a path without blanks and quotes", path)
		}
	}
	return unitTemplate.Execute(w, u)
}
