package transform

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"spendbridge/etl/warehouse"
)

// What staging.model_hashes remembers.
const (
	payloadModels = "payload models" // the SQL that reads payloads
	recordModels  = "record models"  // the SQL and settings that judge records
	derivedTables = "derived tables" // the schema steps that make them, and their columns
	vendorNames   = "vendor names"   // what they are chosen from, and what was chosen
)

// prepare finds the versions that are not staged yet, and whether rules or
// settings have changed or a table was dropped, so that all records must be
// derived again. If the SQL that reads payloads has changed, every version is
// staged again.
func (t *transformer) prepare(ctx context.Context) error {
	if err := errors.Join(t.tx.AddMacros(ctx), t.all(ctx, "transform/macro")); err != nil {
		return err
	}
	known, err := t.remember(ctx, payloadModels, readsPayloads, "")
	if err != nil {
		return err
	}
	if !known {
		if err := t.clearStaging(ctx); err != nil {
			return err
		}
	}
	var (
		settings string
		whole    bool
	)
	if err := t.tx.Get(ctx, "transform/model_state.sql", nil, &settings, &whole); err != nil {
		return err
	}
	known, err = t.remember(ctx, recordModels, judgesRecords, settings)
	if err != nil {
		return err
	}
	t.full = !known || !whole
	return t.exec(ctx, "transform/dirty_pending.sql")
}

// clearStaging empties the tables that are derived from payloads: those of each
// vendor, found by their names, and those of all.
func (t *transformer) clearStaging(ctx context.Context) error {
	typed, err := warehouse.Strings(ctx, t.tx, "transform/kind.typed", nil)
	if err != nil {
		return err
	}
	tables := []warehouse.Table{"staging.raw_values", "staging.vendor_spellings"}
	for _, name := range typed {
		tables = append(tables, warehouse.Table(name))
	}
	return warehouse.Clear(ctx, t.tx, tables...)
}

// findDirty finds the records to derive again.
func (t *transformer) findDirty(ctx context.Context) error {
	if t.full {
		return t.exec(ctx, "transform/dirty.all")
	}
	if err := t.exec(ctx, "transform/dirty.changed"); err != nil {
		return err
	}
	if t.news > 0 {
		if err := t.all(ctx, "transform/concerned_"); err != nil {
			return err
		}
	}
	if !t.rates {
		return nil
	}
	return t.exec(ctx, "transform/dirty.rates")
}

// findIdle finds out whether all is as the last transform left it: no record is
// to be derived again, and no vendor can have another name.
func (t *transformer) findIdle(ctx context.Context) error {
	var dirty bool
	err := t.tx.Get(ctx, "transform/dirty.any", nil, &dirty)
	if err != nil || dirty || t.news > 0 || t.full || t.restored != "" {
		return err
	}
	names, err := t.hashNames(ctx)
	if err != nil || names == "" {
		return err
	}
	t.idle = t.hashes[vendorNames] == names
	return nil
}

// hashNames returns one hash of how vendors are named, their names included; ""
// as long as a posted name is not fixed.
func (t *transformer) hashNames(ctx context.Context) (string, error) {
	models, err := hash(t.tx, namesVendors)
	if err != nil {
		return "", err
	}
	var names sql.NullString
	if err := t.tx.Get(ctx, "transform/vendor_name_inputs.sql", nil, &names); err != nil || !names.Valid {
		return "", err
	}
	return models + names.String, nil
}

// findRenamed names the vendors and adds the records whose vendor was renamed.
func (t *transformer) findRenamed(ctx context.Context) error {
	if err := t.exec(ctx, "transform/vendor_name.keyed"); err != nil {
		return err
	}
	var fixed int64
	for _, file := range []string{
		"transform/vendor_name.rekey", "transform/vendor_name_recover.sql", "transform/vendor_name.approve",
	} {
		changed, err := t.tx.Exec(ctx, file, nil)
		if err != nil {
			return err
		}
		fixed += changed
	}
	var then []string
	if fixed > 0 {
		then = append(then, "transform/vendor_name.keyed")
	}
	if !t.full {
		then = append(then, "transform/dirty.names")
	}
	if err := t.exec(ctx, then...); err != nil {
		return err
	}
	if err := warehouse.Clear(ctx, t.tx, "staging.vendor_names"); err != nil {
		return err
	}
	if err := t.exec(ctx, "transform/vendor_name.save"); err != nil {
		return err
	}
	names, err := t.hashNames(ctx)
	if err != nil {
		return err
	}
	return t.saveHash(ctx, vendorNames, names)
}

// forDirty deletes the records to derive again.
func (t *transformer) forDirty(tables ...warehouse.Table) func(context.Context) error {
	return func(ctx context.Context) error {
		if t.full {
			return warehouse.Clear(ctx, t.tx, tables...)
		}
		for _, table := range tables {
			if _, err := t.tx.Exec(ctx, "transform/dirty.drop", warehouse.Args{"table": table}); err != nil {
				return err
			}
		}
		return nil
	}
}

// remember stores a hash of models and settings, and reports whether it was the
// same last time.
func (t *transformer) remember(ctx context.Context, models string, are func(file string) bool, settings string) (bool, error) {
	hash, err := hash(t.tx, are)
	if err != nil {
		return false, err
	}
	hash += settings
	if t.hashes[models] == hash {
		return true, nil
	}
	return false, t.saveHash(ctx, models, hash)
}

func (t *transformer) saveHash(ctx context.Context, of, hash string) error {
	t.hashes[of] = hash
	_, err := t.tx.Exec(ctx, "transform/model.save_hash", warehouse.Args{"file": of, "hash": hash})
	return err
}

// readHashes reads what is remembered.
func (t *transformer) readHashes(ctx context.Context) error {
	return t.tx.Each(ctx, "transform/model.hashes", nil, func(rows *sql.Rows) error {
		var of, hash string
		err := rows.Scan(&of, &hash)
		t.hashes[of] = hash
		return err
	})
}

// HashModels returns one hash of the SQL that transforms raw records into
// spend, macros included.
func HashModels(r warehouse.Runner) (string, error) {
	return hash(r, func(file string) bool { return readsPayloads(file) || judgesRecords(file) })
}

// hash returns one hash of all statements for which are is true.
func hash(r warehouse.Runner, are func(file string) bool) (string, error) {
	var models []string
	for _, folder := range []string{"2_staging", "3_combined", "4_normalized", "5_canonical", "transform", "warehouse"} {
		files, err := r.Folder(folder)
		if err != nil {
			return "", err
		}
		for _, file := range files {
			if are(file) {
				models = append(models, file)
			}
		}
	}
	return r.Hash(models...)
}

func readsPayloads(file string) bool {
	return strings.HasPrefix(file, "2_staging/stg_") ||
		isMacro(file) ||
		strings.HasPrefix(file, rawReaders) ||
		strings.HasPrefix(file, "transform/spellings_") ||
		file == "transform/dirty.payloads" ||
		file == "transform/vendors_seen.sql" ||
		file == "4_normalized/int_vendors_spelt.sql"
}

func judgesRecords(file string) bool {
	return isMacro(file) || strings.HasPrefix(file, "transform/kind.gather_") ||
		!strings.HasPrefix(file, "transform/") && !strings.HasPrefix(file, "warehouse/")
}

func namesVendors(file string) bool {
	return strings.HasPrefix(file, "transform/vendor_name.") || strings.HasPrefix(file, "transform/vendor_name_")
}

func isMacro(file string) bool {
	return strings.HasPrefix(file, "transform/macro") || strings.HasPrefix(file, warehouse.Macros)
}
