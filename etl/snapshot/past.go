package snapshot

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// Export writes canonical.spend of db, which is the state of the past
// moment asOf, to opts.Folder itself, which must not exist, and proves it as
// [Take] does. It writes nothing to db and links nothing.
func Export(ctx context.Context, db *warehouse.DB, asOf time.Time, opts Options) (s Snapshot, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("export snapshot: %w", err)
		}
	}()
	w, err := newSnapshotWriter(opts, filepath.Clean(opts.Folder))
	if err != nil {
		return Snapshot{}, err
	}
	w.manifest.AsOf = asOf.UTC()
	defer os.RemoveAll(w.temp)

	if err := w.write(ctx, db); err != nil {
		return Snapshot{}, err
	}
	if err := w.balance(ctx, db); err != nil {
		return Snapshot{}, err
	}
	return w.snapshot(), install(w.temp, w.path, nil)
}

// RecordedManifest returns the manifest of the snapshot that a run took, or
// [sql.ErrNoRows]. It is known even after the snapshot itself was pruned.
func RecordedManifest(ctx context.Context, db *warehouse.DB, run etl.RunID) (Manifest, error) {
	var m Manifest
	var text string
	if err := db.Get(ctx, "snapshot/snapshot.of_run", warehouse.Args{"run_id": string(run)}, &text); err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return m, fmt.Errorf("manifest of run %s: %w", run, err)
	}
	return m, nil
}

// Moment returns the moment whose state a run's snapshot shows: the
// one at which its transform began. It is zero for a run that is not known, or
// before which nothing was transformed.
func Moment(ctx context.Context, db *warehouse.DB, run etl.RunID) (time.Time, error) {
	var moment sql.NullTime
	err := db.Get(ctx, "snapshot/snapshot.moment", warehouse.Args{"run_id": string(run)}, &moment)
	return moment.Time.UTC(), err
}

// Differs compares a snapshot with another of what should be the same state.
// Equal says whether they hold the same rows. If they do not, inputs names
// what they were made with that differs: sql, config, aliases, rates, rules,
// categories, contract. Unequal rows from equal inputs mean that the raw data differs.
func (m Manifest) Differs(other Manifest) (equal bool, inputs []string) {
	for _, input := range []struct{ name, ours, theirs string }{
		{"sql", m.Inputs.SQL, other.Inputs.SQL},
		{"config", m.Inputs.Config, other.Inputs.Config},
		{"aliases", m.Inputs.Aliases, other.Inputs.Aliases},
		{"rates", m.Inputs.Rates, other.Inputs.Rates},
		{"rules", m.Inputs.Rules, other.Inputs.Rules},
		{"categories", m.Inputs.Categories, other.Inputs.Categories},
		{"contract", m.Contract, other.Contract},
	} {
		if input.ours != input.theirs {
			inputs = append(inputs, input.name)
		}
	}
	return m.Rows == other.Rows && m.LogicalHash == other.LogicalHash, inputs
}
