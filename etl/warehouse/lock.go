package warehouse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// A Holder names the process that has locked a data folder.
type Holder struct {
	Host    string    `json:"host,omitempty"`
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Started time.Time `json:"started_at,omitzero"`
	Note    string    `json:"note,omitempty"` // what could not be written to the warehouse
}

// A LockedError reports that another process has locked the data folder or the lake.
type LockedError struct {
	Folder string
	Lake   bool
	Holder Holder
}

func (e *LockedError) Error() string {
	what := "data folder " + e.Folder
	if e.Lake {
		what = "the lake"
	}
	if e.Holder.PID == 0 {
		return what + " is in use by another process"
	}
	return fmt.Sprintf("%s is in use by %q%s; wait for it or stop it", what, e.Holder.Command, e.where())
}

// where says where the holder works, and since when.
func (e *LockedError) where() string {
	host := ""
	if e.Lake {
		host = " on " + e.Holder.Host
	}
	return fmt.Sprintf(" (process %d%s, since %s)", e.Holder.PID, host, e.Holder.Started.Format(time.RFC3339))
}

// By names the command that is at work, and of a lake also its host and process.
func (e *LockedError) By() string {
	if !e.Lake || e.Holder.PID == 0 {
		return e.Holder.Command
	}
	return e.Holder.Command + e.where()
}

// Lock locks the data folder for this process, or returns a [*LockedError]. The
// operating system releases the lock when the process ends, however it ends.
// The file stays: unlock records that nobody holds the folder; a killed process
// leaves its process id, which no longer exists.
//
// The file also carries a note from one holder to the next: it has its full
// length from the start, so that a note can be written when the disk is full.
func Lock(folder string, holder Holder) (note string, unlock func(note string) error, err error) {
	path := filepath.Join(folder, "lock")
	lock := flock.New(path, flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return "", nil, fmt.Errorf("lock data folder: %w", err)
	}
	if !ok {
		return "", nil, &LockedError{Folder: folder, Holder: readHolder(path)}
	}
	note = readHolder(path).Note
	holder.Note = note
	if err := writeHolder(path, holder); err != nil {
		lock.Unlock()
		return "", nil, fmt.Errorf("lock data folder: %w", err)
	}
	return note, func(note string) error {
		nobody := Holder{Command: "nobody works in this folder", Note: note}
		return errors.Join(writeHolder(path, nobody), lock.Unlock())
	}, nil
}

// holderLength is the length of the file; a note is cut to what fits.
const holderLength = 4096

func writeHolder(path string, holder Holder) error {
	for _, text := range []*string{&holder.Note, &holder.Command} {
		*text = strings.ToValidUTF8((*text)[:min(len(*text), holderLength/4)], "")
	}
	text, err := json.Marshal(holder)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	padded := append(text, bytes.Repeat([]byte{' '}, max(0, holderLength-len(text)))...)
	_, err = f.WriteAt(padded, 0)
	return errors.Join(err, f.Close())
}

// readHolder returns who holds the lock. It names nobody while the holder is
// just writing its name.
func readHolder(path string) Holder {
	var holder Holder
	if text, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(text, &holder)
	}
	if holder.PID == 0 {
		holder.Command = "another process"
	}
	return holder
}
