package warehouse

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// schemaFolder holds the schema as numbered steps, in one file for each group of
// tables. A step that was released never changes; a change is a further step.
const schemaFolder = "1_schema"

// A NewerSchemaError reports a warehouse written by a newer version of the
// program.
type NewerSchemaError struct {
	Found, Known int
}

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("schema version %d is newer than this program's %d; use the newer program, the file is untouched", e.Found, e.Known)
}

// pending returns the schema version that the warehouse has, and the steps
// that it does not have yet.
func (db *DB) pending(ctx context.Context) (version int, missing []step, err error) {
	steps, err := listSteps(db)
	if err != nil {
		return 0, nil, err
	}
	known := steps[len(steps)-1].number
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
	missing = slices.DeleteFunc(steps, func(s step) bool { return run[s.number] })
	return version, missing, nil
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
			if _, err := tx.Exec(ctx, step.name, nil); err != nil {
				return err
			}
			numbers = append(numbers, strconv.Itoa(step.number))
		}
		// The first steps create the table that this statement needs.
		_, err := tx.Exec(ctx, "warehouse/schema.add", Args{"versions": strings.Join(numbers, ","), "applied_at": now})
		return err
	})
}

// A step is one change of the schema.
type step struct {
	number int
	name   string
}

// listSteps returns all steps in the order of their numbers.
func listSteps(r Runner) ([]step, error) {
	names, err := r.Folder(schemaFolder)
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, name := range names {
		_, section := locate(name)
		number, _, _ := strings.Cut(section, "_")
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("%s: the name of a schema step begins with its number: %w", label(name), err)
		}
		steps = append(steps, step{n, name})
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.number, b.number) })
	return steps, nil
}

// StepsOf returns the schema steps that make the tables of some schemas, in the
// order in which they run.
func StepsOf(r Runner, schemas ...string) ([]string, error) {
	steps, err := listSteps(r)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, step := range steps {
		file, section := locate(step.name)
		if slices.ContainsFunc(schemas, func(schema string) bool {
			return strings.HasPrefix(path.Base(file), schema+"_") || strings.HasSuffix(section, "_"+schema)
		}) {
			names = append(names, step.name)
		}
	}
	return names, nil
}

// stepsRun returns the numbers of the steps that the warehouse has run. The
// first version of this program recorded only its last step, and each of its
// steps can run again.
func (db *DB) stepsRun(ctx context.Context) (map[int]bool, error) {
	var exists bool
	if err := db.Get(ctx, "warehouse/schema.exists", nil, &exists); err != nil || !exists {
		return nil, err
	}
	run := map[int]bool{}
	err := db.Each(ctx, "warehouse/schema.list", nil, func(rows *sql.Rows) error {
		var n int
		err := rows.Scan(&n)
		run[n] = true
		return err
	})
	return run, err
}

// SchemaVersion returns the number of the last schema step that was applied,
// 0 for an empty warehouse.
func (db *DB) SchemaVersion(ctx context.Context) (int, error) {
	var exists bool
	if err := db.Get(ctx, "warehouse/schema.exists", nil, &exists); err != nil || !exists {
		return 0, err
	}
	var version sql.NullInt64
	err := db.Get(ctx, "warehouse/schema.version", nil, &version)
	return int(version.Int64), err
}
