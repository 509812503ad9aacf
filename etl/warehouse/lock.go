package warehouse

import (
	"encoding/json"
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
// The operating system lets go of it when the process ends, however it ends;
// the file stays, with the last holder's name in it.
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
	return lock.Unlock, nil
}

// readHolder reads who holds the lock. The holder may be writing its name at
// this moment; then nobody is named.
func readHolder(path string) Holder {
	var holder Holder
	if text, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(text, &holder)
	}
	return holder
}
