package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// schemaFolder holds the schema as numbered steps. A step that was released
// never changes; a change is a further step.
const schemaFolder = "1_schema"

// A NewerSchemaError is a warehouse that a newer program has written.
type NewerSchemaError struct {
	Found, Known int
}

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("schema version %d is newer than this program's %d; use the newer program, the file is untouched", e.Found, e.Known)
}

// migrate runs the schema steps the warehouse does not have yet, all in one
// transaction.
func (db *DB) migrate(ctx context.Context) error {
	steps, err := db.Folder(schemaFolder)
	if err != nil {
		return err
	}
	known, err := stepNumber(steps[len(steps)-1])
	if err != nil {
		return err
	}
	found, err := db.SchemaVersion(ctx)
	if err != nil || found == known {
		return err
	}
	if found > known {
		return &NewerSchemaError{found, known}
	}
	return db.InTx(ctx, func(tx *Tx) error {
		for _, step := range steps {
			n, err := stepNumber(step)
			if err != nil {
				return err
			}
			if n <= found {
				continue
			}
			if _, err := tx.Exec(ctx, step, nil); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "queries/schema_version_add.sql",
			Args{"version": known, "applied_at": time.Now().UTC()})
		return err
	})
}

// SchemaVersion returns the number of the last schema step that was applied,
// 0 for an empty warehouse.
func (db *DB) SchemaVersion(ctx context.Context) (int, error) {
	var exists bool
	if err := db.Get(ctx, "queries/schema_version_exists.sql", nil, &exists); err != nil || !exists {
		return 0, err
	}
	var version sql.NullInt64
	err := db.Get(ctx, "queries/schema_version.sql", nil, &version)
	return int(version.Int64), err
}

// stepNumber reads the number a schema file's name begins with.
func stepNumber(file string) (int, error) {
	number, _, _ := strings.Cut(path.Base(file), "_")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0, fmt.Errorf("%s: the name of a schema step begins with its number: %w", file, err)
	}
	return n, nil
}
