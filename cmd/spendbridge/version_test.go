package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestAVersionSaysWhatItWasBuiltFrom(t *testing.T) {
	const revision = "a15a374aa8a4a5a6a7a8a9aaabacadaeafa0a1a2"
	tests := map[string]struct {
		module, release, modified string
		want                      string
	}{
		"a release":              {"v0.0.0-20261127013006-a15a374aa8a4", "v1.2.3", "false", "spendbridge v1.2.3 (revision a15a374aa8a4 of 2026-11-27, go"},
		"a commit":               {"v0.0.0-20261127013006-a15a374aa8a4", "", "false", "spendbridge v0.0.0-20261127013006-a15a374aa8a4 (revision"},
		"a dirty tree":           {"v0.0.0-20261127013006-a15a374aa8a4+dirty", "", "true", "a15a374aa8a4+dirty (revision a15a374aa8a4 of 2026-11-27, with changes that are not committed, go"},
		"a dirty tree, released": {"(devel)", "v1.2.3", "true", "spendbridge v1.2.3+dirty (revision"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			info := &debug.BuildInfo{Main: debug.Module{Version: tt.module}, Settings: []debug.BuildSetting{
				{Key: "vcs.revision", Value: revision}, {Key: "vcs.time", Value: "2026-11-27T01:30:06Z"}, {Key: "vcs.modified", Value: tt.modified},
			}}
			if got := versionOf(info, tt.release).String(); !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestTheFlagSaysWhatTheCommandSays(t *testing.T) {
	_, flag, _ := command(t, "--version")
	_, said, _ := command(t, "version")
	if flag != said || !strings.HasPrefix(flag, "spendbridge ") {
		t.Errorf("--version says %q, version says %q", flag, said)
	}
}
