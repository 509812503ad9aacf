//go:build !linux

package deliver

import (
	"fmt"
	"os"
	"reflect"
)

// identify distinguishes a file from every copy of it by what the system calls its
// inode.
func identify(path string) (fileIdentity, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return fileIdentity{}, err
	}
	inode := reflect.Indirect(reflect.ValueOf(info.Sys())).FieldByName("Ino")
	if !inode.IsValid() {
		return fileIdentity{}, fmt.Errorf("%s: this system has no inodes", path)
	}
	return fileIdentity{Inode: fmt.Sprint(inode.Interface())}, nil
}
