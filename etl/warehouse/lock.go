package warehouse

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// A Holder says who has a data folder locked.
type Holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Started time.Time `json:"started_at"`
}

// A LockedError says that another process works in the data folder.
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

// Lock takes the data folder for this process, or returns a [*LockedError].
// The operating system lets go of it when the process ends, however it ends.
// The file stays: unlock writes into it that nobody holds the folder, a process
// that was killed leaves its number, which no process has any more.
func Lock(folder string, holder Holder) (unlock func() error, err error) {
	path := filepath.Join(folder, "lock")
	lock := flock.New(path, flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if !ok {
		return nil, &LockedError{Folder: folder, Holder: readHolder(path)}
	}
	text, err := json.Marshal(holder)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		lock.Unlock()
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	return func() error {
		return errors.Join(os.WriteFile(path, []byte(nobody), 0o600), lock.Unlock())
	}, nil
}

// nobody is what the lock file says when no process holds it.
const nobody = `{"pid":0,"command":"nobody works in this folder"}`

// readHolder reads who holds the lock. The holder may be writing its name at
// this moment; then nobody is named.
func readHolder(path string) Holder {
	var holder Holder
	if text, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(text, &holder)
	}
	return holder
}
