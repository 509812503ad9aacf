package deliver

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// identify distinguishes a file from every copy of it. The device is left out: its
// number may change with a restart.
func identify(path string) (fileIdentity, error) {
	var stat unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_INO|unix.STATX_BTIME, &stat)
	if err != nil {
		return fileIdentity{}, fmt.Errorf("%s: %w", path, err)
	}
	identity := fileIdentity{Inode: strconv.FormatUint(stat.Ino, 10)}
	if stat.Mask&unix.STATX_BTIME != 0 {
		identity.Born = fmt.Sprintf("%d.%09d", stat.Btime.Sec, stat.Btime.Nsec)
	}
	return identity, nil
}
