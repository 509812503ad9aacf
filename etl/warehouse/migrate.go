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
	run, err := db.stepsRun(ctx)
	if err != nil {
		return 0, nil, err
	}
	for n := range run {
		version = max(version, n)
	}
	if version > known {
		return 0, nil, &NewerSchemaError{version, known}
	}
	missing, err = missingSteps(steps, run)
	return version, missing, err
}

// apply runs schema steps, all in one transaction.
func (db *DB) apply(ctx context.Context, missing []step) error {
	if len(missing) == 0 {
		return nil
	}
	now := time.Now().UTC()
	return db.InTx(ctx, func(tx *Tx) error {
		var numbers []string
		for _, step := range missing {
			if _, err := tx.Exec(ctx, step.file, nil); err != nil {
				return err
			}
			numbers = append(numbers, strconv.Itoa(step.number))
		}
		// The first steps make the table that this needs.
		_, err := tx.Exec(ctx, "queries/schema_version_add_all.sql", Args{"versions": strings.Join(numbers, ","), "applied_at": now})
		return err
	})
}

// A step is one change of the schema.
type step struct {
	number int
	file   string
}

// stepsRun returns the numbers of the steps that the warehouse has run. The
// first version of this program noted its last step only, and each of its
// steps may be run again.
func (db *DB) stepsRun(ctx context.Context) (map[int]bool, error) {
	var exists bool
	if err := db.Get(ctx, "queries/schema_version_exists.sql", nil, &exists); err != nil || !exists {
		return nil, err
	}
	run := map[int]bool{}
	err := db.Each(ctx, "queries/schema_version_list.sql", nil, func(rows *sql.Rows) error {
		var n int
		err := rows.Scan(&n)
		run[n] = true
		return err
	})
	return run, err
}

// missingSteps lists the steps that were not run.
func missingSteps(files []string, run map[int]bool) ([]step, error) {
	var missing []step
	for _, file := range files {
		n, err := stepNumber(file)
		if err != nil {
			return nil, err
		}
		if !run[n] {
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
