package doctor

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"spendbridge/etl/durable"
	"spendbridge/etl/job"
)

// examinePublish checks that those for whom spend.duckdb, snapshots and reports
// are published can reach them, and change nothing.
func (d *doctor) examinePublish() {
	p := d.Config.Publish
	access, err := job.Access(p)
	switch {
	case err != nil:
		d.Fail("publish", "groupadd "+p.Group+", or correct publish.group", "%v", err)
		return
	case access == nil:
		return
	case p.Group != "" && !mayGiveTo(access.GID):
		d.Fail("publish", "usermod --append --groups "+p.Group+" with the user that runs spendbridge, and start it again",
			"this user is not in the group %s, so it cannot give files to it", p.Group)
		return
	}
	readers := "the group " + p.Group
	if p.Group == "" {
		readers, access.GID = "this user's group", os.Getegid()
	}
	for folder := filepath.Dir(p.Dir); ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		switch {
		case err != nil: // the first run makes it, for this user alone
			d.Fail("publish", "mkdir --parents "+filepath.Dir(p.Dir), "%s does not exist yet", folder)
			return
		case info.Mode()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0:
			d.Fail("publish", "chmod o-w "+folder, "everybody may replace what is in %s", folder)
			return
		case !grants(info, access, 1):
			d.Fail("publish", "chmod o+x "+folder+", or choose another publish.dir", "%s cannot enter %s, and so not reach %s", readers, folder, p.Dir)
			return
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	for _, path := range []string{p.Dir, d.Config.PublishedFile(), d.Config.SnapshotsDir(), d.Config.ReportsDir()} {
		info, err := os.Stat(path)
		if err != nil {
			continue // a run makes it
		}
		if info.Mode()&0o002 != 0 || !grants(info, access, 4) {
			d.Warn("publish", "spendbridge load --snapshot-only", "%s has mode %o, which is not that of publish.mode for %s", path, info.Mode().Perm(), readers)
			return
		}
	}
	d.OK("publish", "%s can read what is in %s (files have mode %s)", readers, p.Dir, p.Mode)
}

// mayGiveTo reports whether this user may give files to a group.
func mayGiveTo(gid int) bool {
	groups, err := os.Getgroups()
	return os.Geteuid() == 0 || os.Getegid() == gid || err == nil && slices.Contains(groups, gid)
}

// grants reports whether the group, or everybody, has a permission: 4 to read,
// 1 to enter.
func grants(info fs.FileInfo, access *durable.Access, bit fs.FileMode) bool {
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Gid) == access.GID {
		return info.Mode()&(bit<<3) != 0
	}
	return info.Mode()&bit != 0
}
