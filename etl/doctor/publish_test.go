package doctor

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"spendbridge/etl"
	"spendbridge/etl/config"
)

func TestTheDoctorSaysWhoCanReachWhatIsPublished(t *testing.T) {
	group, err := user.LookupGroupId(strconv.Itoa(os.Getegid()))
	if err != nil {
		t.Skip("this user's group has no name: ", err)
	}
	tests := map[string]struct {
		group         string
		above, folder os.FileMode // of the folder above publish.dir, and of publish.dir
		want          wanted
	}{
		"all is well":            {group.Name, 0o711, 0o750, wanted{"publish", etl.LevelOK, "can read what is in", ""}},
		"the group is unknown":   {"no-such-group", 0o711, 0o750, wanted{"publish", etl.LevelError, "no group no-such-group", "groupadd no-such-group"}},
		"a folder above is shut": {group.Name, 0o700, 0o750, wanted{"publish", etl.LevelError, "cannot enter", "chmod o+x"}},
		"anybody can replace it": {group.Name, 0o777, 0o750, wanted{"publish", etl.LevelError, "everybody may replace", "chmod o-w"}},
		"the folder is shut":     {group.Name, 0o711, 0o700, wanted{"publish", etl.LevelWarning, "has mode 700", "load --snapshot-only"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			above, err := os.MkdirTemp("", "published") // others can reach it, unlike t.TempDir
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(above) })
			c := &config.Config{DataDir: t.TempDir(), Publish: config.Publish{Dir: filepath.Join(above, "spend"), Group: tt.group, Mode: "0640"}}
			if err := os.Mkdir(c.Publish.Dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for path, mode := range map[string]os.FileMode{c.Publish.Dir: tt.folder, above: tt.above} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			d := &doctor{Options: Options{Config: c}}
			d.examinePublish()
			if len(d.Findings) != 1 {
				t.Fatalf("got %+v", d.Findings)
			}
			f := d.Findings[0]
			if f.Level != tt.want.Level || !strings.Contains(f.Message, tt.want.Message) || !strings.Contains(f.Fix, tt.want.Fix) {
				t.Errorf("got %+v, want one like %+v", f, tt.want)
			}
		})
	}
}
