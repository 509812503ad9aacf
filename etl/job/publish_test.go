package job

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"spendbridge/etl"
	"spendbridge/etl/config"
)

// otherGroup is a group that this user may give files to, if possible not its
// first one.
func otherGroup(t *testing.T) (name string, gid int) {
	t.Helper()
	gid = os.Getegid()
	if groups, err := os.Getgroups(); err == nil && len(groups) > 0 {
		gid = groups[len(groups)-1]
	}
	if os.Geteuid() == 0 {
		gid = 1 // daemon, on every system
	}
	group, err := user.LookupGroupId(strconv.Itoa(gid))
	if err != nil {
		t.Skip("no group has a name here: ", err)
	}
	return group.Name, gid
}

// What is published is for the group, may be changed by nobody else, and is all
// that leaves the data folder; after a second run, too.
func TestWhatIsPublishedIsForTheGroup(t *testing.T) {
	c := newInstallation(t)
	name, gid := otherGroup(t)
	c.Publish = config.Publish{Dir: filepath.Join(t.TempDir(), "deep", "published"), Group: name, Mode: "0640"}
	for range 2 {
		result := runOnce(t, c)
		if result.Report == "" || filepath.Dir(filepath.Dir(result.Report)) != c.Publish.Dir {
			t.Errorf("the report is %q", result.Report)
		}
		if newest, err := os.ReadFile(result.Report); err != nil || string(newest) != read(t, filepath.Dir(result.Report), "latest.html") {
			t.Errorf("latest.html is not the newest report: %v", err)
		}
		if index := read(t, filepath.Dir(result.Report), "index.html"); !strings.Contains(index, `<a href="`+filepath.Base(result.Report)) {
			t.Error("the index does not lead to the newest report")
		}
		found := map[string]bool{}
		err := filepath.WalkDir(c.Publish.Dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.Type()&fs.ModeSymlink != 0 {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			want := fs.FileMode(0o440) // DuckDB and Parquet
			switch {
			case entry.IsDir():
				want = 0o750
			case filepath.Ext(path) == ".html":
				want = 0o640
			}
			if got := info.Mode().Perm(); got != want || int(info.Sys().(*syscall.Stat_t).Gid) != gid {
				t.Errorf("%s has mode %o and group %d, want %o and %d", path, got, info.Sys().(*syscall.Stat_t).Gid, want, gid)
			}
			found[filepath.Ext(path)] = true
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !found[".duckdb"] || !found[".parquet"] || !found[".html"] || !found[".json"] {
			t.Errorf("published: %v", found)
		}
	}
	for _, name := range []string{"spend.duckdb", "snapshots", "reports"} {
		if _, err := os.Stat(filepath.Join(c.DataDir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the data folder has %s: %v", name, err)
		}
	}
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAGroupThatIsNotThereIsAWrongConfiguration(t *testing.T) {
	c := newInstallation(t)
	c.Publish = config.Publish{Dir: t.TempDir(), Group: "no-such-group", Mode: "0640"}
	_, err := Open(t.Context(), c, options())
	var usage *etl.UsageError
	if !errors.As(err, &usage) {
		t.Errorf("got %v, want a usage error", err)
	}
}
