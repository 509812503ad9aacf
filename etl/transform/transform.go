// Package transform transforms raw records into spend. It contains no rules
// itself: the rules are SQL files in numbered folders, which it runs in order
// and in one transaction, then the checks, then the control totals.
package transform

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
)

// Options says how to read the raw records. Paths may be empty: no file.
type Options struct {
	RunID etl.RunID
	Now   func() time.Time

	ReportingCurrency string          // ISO 4217
	Timezone          string          // decides the day a card transaction belongs to
	Sources           []config.Source // a source that is no longer configured keeps the settings in ops.sources

	AliasesFile    string // vendors' names, see [ReadAliasFile]
	AliasesAssumed bool   // the path is the default
	CategoriesFile string // which categories are the same, see [ReadCategoriesFile]
	RatesFile      string // reference rates in the European Central Bank's layout
	RatesFetched   bool   // RatesFile is downloaded and may not exist yet
	RulesFile      string // CSV of what is not spend: source, field, pattern, reason, who, when
	TypesFile      string // CSV of what is an expense and what an invoice: kind, value, type

	QuarantineMaxShare string // a decimal such as "0.05"; empty means 0.05
}

// In is [Run] in the caller's transaction, which the caller commits or rolls
// back.
func In(ctx context.Context, tx *warehouse.Tx, opts Options) (Result, error) {
	return newTransformer(tx, opts).run(ctx)
}

// Run derives staging and canonical from raw.records and the options in one
// transaction: after any error nothing has changed. A check or control total
// that fails is an [*etl.CheckError], a fault in one of the user's files an
// [*etl.UsageError].
func Run(ctx context.Context, db *warehouse.DB, opts Options) (Result, error) {
	var result Result
	err := db.InTx(ctx, func(tx *warehouse.Tx) (err error) {
		result, err = In(ctx, tx, opts)
		return err
	})
	var failed *etl.CheckError
	if errors.As(err, &failed) {
		// The transaction's own record of the check was rolled back.
		return Result{}, errors.Join(err, saveCheck(context.WithoutCancel(ctx), db, opts, failed.Check, failed.Error()))
	}
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

// A transformer is one transform in its transaction.
type transformer struct {
	tx    *warehouse.Tx
	opts  Options
	full  bool // every record is derived again, not only those that changed
	news  int  // versions that are new to staging
	rates bool // the rates are others than those of the last transform
	idle  bool // no record is derived again

	hashes map[string]string    // what staging.model_hashes remembers
	copies map[string]*goodCopy // of the user's files, by their keys, as the transform before left them

	restored string // hash of the schema steps that were run again, "" for none

	attention []error // copies used instead of a user's file, each an [*etl.NeedsPersonError]
}

func newTransformer(tx *warehouse.Tx, opts Options) *transformer {
	return &transformer{tx: tx, opts: opts, hashes: map[string]string{}}
}

func (t *transformer) run(ctx context.Context) (Result, error) {
	steps := []func(context.Context) error{
		t.restoreTables,
		t.gatherKinds,
		t.loadSettings,
		t.prepare,
		t.planJoins,
		t.stage,
		t.findDirty,
		t.findIdle,
		t.busy(t.forDirty("staging.records_combined")),
		t.busy(t.derive("3_combined/")),
		t.busy(t.seeSpellings),
		t.busy(t.normalize),
		t.busy(t.findRenamed),
		t.busy(t.forDirty("canonical.spend", "canonical.excluded", "canonical.quarantine")),
		t.busy(t.derive("5_canonical/")),
		t.rememberTables,
		t.noteChange,
		t.check,
		t.proveTotals,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return Result{}, err
		}
	}
	result, err := t.summarise(ctx)
	if err != nil {
		return Result{}, err
	}
	return result, t.tx.JoinAsWritten(ctx, false)
}

// manyNew is how many new versions are too many for DuckDB's estimates.
const manyNew = 20_000

// planJoins counts the new versions, and has joins run as they are written if they
// are many. A transform that fails leaves it so, for the next one to decide.
func (t *transformer) planJoins(ctx context.Context) error {
	if err := t.tx.Get(ctx, "transform/dirty.news", nil, &t.news); err != nil {
		return err
	}
	return t.tx.JoinAsWritten(ctx, t.news >= manyNew)
}

// restoreTables re-creates derived tables that somebody has dropped: staging
// and canonical may be dropped at any time. Nothing is missing if every column
// is there that these steps created.
func (t *transformer) restoreTables(ctx context.Context) error {
	names, err := warehouse.StepsOf(t.tx, "staging", "canonical")
	if err != nil {
		return err
	}
	steps, err := t.tx.Hash(names...)
	if err != nil {
		return err
	}
	shape, remembered, err := t.shape(ctx)
	if err != nil {
		return err
	}
	if remembered {
		if err := t.readHashes(ctx); err != nil || t.hashes[derivedTables] == steps+shape {
			return err
		}
	}
	t.restored = steps
	return t.exec(ctx, names...)
}

// rememberTables saves what the derived tables are once all models have run.
func (t *transformer) rememberTables(ctx context.Context) error {
	if t.restored == "" {
		return nil
	}
	shape, _, err := t.shape(ctx)
	if err != nil {
		return err
	}
	return t.saveHash(ctx, derivedTables, t.restored+shape)
}

// busy returns a step that is left out if no record is derived again.
func (t *transformer) busy(step func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if t.idle {
			return nil
		}
		return step(ctx)
	}
}

// noteChange records whether canonical.* may have changed, for the stages that
// export it.
func (t *transformer) noteChange(ctx context.Context) error {
	_, err := t.tx.Exec(ctx, "transform/dirty.note", warehouse.Args{
		"run_id": string(t.opts.RunID), "changed_at": t.opts.Now().UTC(), "full": t.full,
	})
	return err
}

// shape is one hash of the columns that the derived tables have now. remembered
// is false if the table for it is gone as well.
func (t *transformer) shape(ctx context.Context) (shape string, remembered bool, err error) {
	err = t.tx.Get(ctx, "transform/model.shape", nil, &shape, &remembered)
	return shape, remembered, err
}

// gatherKinds creates the seeds, and the views over what each vendor has.
func (t *transformer) gatherKinds(ctx context.Context) error {
	return t.all(ctx, "2_staging/seed_", "transform/kind.find_", "transform/kind.gather_")
}

// stage runs the staging models if there are new versions.
func (t *transformer) stage(ctx context.Context) error {
	if t.news == 0 {
		return nil
	}
	return t.inSlices(ctx, pending, "transform/dirty.payloads", "2_staging/stg_", "transform/spellings_")
}

func (t *transformer) normalize(ctx context.Context) error { return t.all(ctx, "4_normalized/") }

// seeSpellings gathers how new versions write the names of vendors, for layer 4.
func (t *transformer) seeSpellings(ctx context.Context) error {
	return t.exec(ctx, "transform/vendors_seen.sql")
}

// sliceSize is how many records are derived at once, so that a small server has
// enough memory.
const sliceSize = 200_000

// A sliced table is worked on in slices, in the order in which its records were seen.
type sliced struct {
	table warehouse.Table
	slice string // the statement that makes a table of one slice
	span  string // begins the names of those that set when its records were seen
}

var (
	pending = sliced{"temp.pending_versions", "transform/dirty.pending_slice", "transform/dirty.seen_"}
	dirty   = sliced{"temp.seen_records", "transform/dirty.slice", "transform/dirty.first_seen_"}
)

// derive returns a step that runs the statements whose names begin with a prefix for
// the records to derive again.
func (t *transformer) derive(prefix string) func(context.Context) error {
	return func(ctx context.Context) error {
		if _, err := t.tx.Exec(ctx, "transform/dirty.seen", nil); err != nil {
			return err
		}
		return t.inSlices(ctx, dirty, prefix)
	}
}

// inSlices runs the statements whose names begin with the prefixes once for each
// slice of a table.
func (t *transformer) inSlices(ctx context.Context, of sliced, prefixes ...string) error {
	if _, err := t.tx.Exec(ctx, "transform/dirty.cut", warehouse.Args{"table": of.table, "most": sliceSize}); err != nil {
		return err
	}
	var slices int
	if err := t.tx.Get(ctx, "transform/dirty.slices", nil, &slices); err != nil {
		return err
	}
	for slice := range max(slices, 1) { // views refer to the slice, even if it is empty
		if _, err := t.tx.Exec(ctx, of.slice, warehouse.Args{"slice": slice}); err != nil || slices == 0 {
			return err
		}
		if err := t.all(ctx, append([]string{of.span}, prefixes...)...); err != nil {
			return err
		}
	}
	return nil
}

// exec runs files that take no parameters.
func (t *transformer) exec(ctx context.Context, files ...string) error {
	for _, file := range files {
		if _, err := t.tx.Exec(ctx, file, nil); err != nil {
			return err
		}
	}
	return nil
}

// all runs the statements whose names begin with a prefix: each vendor has some
// of its own.
func (t *transformer) all(ctx context.Context, prefixes ...string) error {
	for _, prefix := range prefixes {
		names, err := t.named(prefix)
		if err != nil {
			return err
		}
		if err := t.exec(ctx, names...); err != nil {
			return err
		}
	}
	return nil
}

// named returns the names of statements that begin with prefix.
func (t *transformer) named(prefix string) ([]string, error) {
	folder, _, _ := strings.Cut(prefix, "/")
	names, err := t.tx.Folder(folder)
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) }), err
}

// each scans the rows of all statements whose names begin with prefix.
func (t *transformer) each(ctx context.Context, prefix string, scan func(*sql.Rows) error) error {
	names, err := t.named(prefix)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := t.tx.Each(ctx, name, nil, scan); err != nil {
			return err
		}
	}
	return nil
}
