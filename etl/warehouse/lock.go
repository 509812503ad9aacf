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
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Started time.Time `json:"started_at,omitzero"`
	Note    string    `json:"note,omitempty"` // what could not be written to the warehouse
}

// A LockedError reports that another process has locked the data folder.
type LockedError struct {
	Folder string
	Holder Holder
}

func (e *LockedError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("data folder %s is in use by another process", e.Folder)
	}
	return fmt.Sprintf("data folder %s is in use by %q (process %d, since %s); wait for it or stop it",
		e.Folder, e.Holder.Command, e.Holder.PID, e.Holder.Started.Format(time.RFC3339))
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
	if room := holderLength / 4; len(holder.Note) > room {
		holder.Note = strings.ToValidUTF8(holder.Note[:room], "")
	}
	if room := holderLength / 4; len(holder.Command) > room {
		holder.Command = strings.ToValidUTF8(holder.Command[:room], "")
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
