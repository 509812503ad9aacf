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
// never changes; a change is a further step. It may take a free number between
// others, next to the table that it is about: what counts is whether it was
// run.
const schemaFolder = "1_schema"

// A NewerSchemaError is a warehouse that a newer program has written.
type NewerSchemaError struct {
	Found, Known int
}

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("schema version %d is newer than this program's %d; use the newer program, the file is untouched", e.Found, e.Known)
}

// pending returns the schema version that the warehouse has, and the steps
// that it does not have yet.
func (db *DB) pending(ctx context.Context) (version int, missing []step, err error) {
	steps, err := db.Folder(schemaFolder)
	if err != nil {
		return 0, nil, err
	}
	known, err := stepNumber(steps[len(steps)-1])
	if err != nil {
		return 0, nil, err
	}
	version, err = db.SchemaVersion(ctx)
	if err != nil {
		return 0, nil, err
	}
	if version > known {
		return 0, nil, &NewerSchemaError{version, known}
	}
	missing, err = db.missingSteps(ctx, steps)
	return version, missing, err
}

// apply runs schema steps, all in one transaction.
func (db *DB) apply(ctx context.Context, missing []step) error {
	if len(missing) == 0 {
		return nil
	}
	now := time.Now().UTC()
	return db.InTx(ctx, func(tx *Tx) error {
		for _, step := range missing {
			if _, err := tx.Exec(ctx, step.file, nil); err != nil {
				return err
			}
		}
		for _, step := range missing { // the first steps make the table that this needs
			if _, err := tx.Exec(ctx, "queries/schema_version_add.sql", Args{"version": step.number, "applied_at": now}); err != nil {
				return err
			}
		}
		return nil
	})
}

// A step is one change of the schema.
type step struct {
	number int
	file   string
}

// missingSteps lists the steps that the warehouse has not run. The first
// version of this program noted its last step only, and each of its steps may
// be run again.
func (db *DB) missingSteps(ctx context.Context, files []string) ([]step, error) {
	var exists bool
	if err := db.Get(ctx, "queries/schema_version_exists.sql", nil, &exists); err != nil {
		return nil, err
	}
	run := map[string]bool{}
	if exists {
		versions, err := Strings(ctx, db, "queries/schema_version_list.sql", nil)
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			run[v] = true
		}
	}
	var missing []step
	for _, file := range files {
		n, err := stepNumber(file)
		if err != nil {
			return nil, err
		}
		if !run[strconv.Itoa(n)] {
			missing = append(missing, step{n, file})
		}
	}
	return missing, nil
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
