package warehouse

import (
	"context"
	"testing"

	"github.com/google/uuid"
)

// IsConflict is for the race below.
var IsConflict = isConflict

// OpenUnlocked opens a lake as a worker that takes no lock, so that many can race.
func OpenUnlocked(t testing.TB, opts Options) *DB {
	t.Helper()
	db, err := attach(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.pool.Close() })
	db.worker = &worker{id: uuid.NewString()}
	return db
}
