package extract

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// maxEndedIDs bounds the memory for windows that are not concluded.
const maxEndedIDs = 100_000

// end queues a window for conclusion together with others: each transaction
// costs as much as some hundred records.
func (j *job) end(ctx context.Context, f *finding) error {
	if f.Proven && f.Passes > 1 {
		if err := j.land.supersede(ctx, f.ReadID, f.Passes); err != nil {
			return err
		}
	}
	j.land.release(f.ReadID)
	j.mu.Lock()
	j.ended = append(j.ended, f)
	for _, pass := range f.seen {
		j.endedIDs += len(pass)
	}
	full := j.endedIDs >= maxEndedIDs
	if j.OnProof != nil {
		j.OnProof(f.Proof)
	}
	j.mu.Unlock()
	if !full && !j.land.isFull() {
		return nil
	}
	return j.conclude(ctx)
}

// conclude lands the windows that have ended, and records what is missing from
// them and their proofs.
func (j *job) conclude(ctx context.Context) error {
	j.concluding.Lock()
	defer j.concluding.Unlock()
	j.mu.Lock()
	ended := j.ended
	j.ended, j.endedIDs = nil, 0
	j.mu.Unlock()
	if len(ended) == 0 {
		return nil
	}
	if err := j.land.land(ctx); err != nil {
		return err
	}
	var (
		concluded []*finding
		failed    []error
	)
	for _, f := range ended {
		if err := j.examine(ctx, f); err != nil {
			failed = append(failed, err)
		} else {
			concluded = append(concluded, f)
		}
	}
	if err := j.record(ctx, concluded); err != nil {
		return errors.Join(append(failed, err)...)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range concluded {
		j.report.Proofs = append(j.report.Proofs, f.Proof)
	}
	return errors.Join(failed...)
}

// examine finds the records that are missing from the proven read of a window;
// what happens to them is decided once all windows of the job are read. Records
// that only an earlier pass found are fetched by id: they stay unchanged unless
// the vendor returns them.
func (j *job) examine(ctx context.Context, f *finding) error {
	if err := j.land.failure(f.ReadID); err != nil || !f.Proven {
		return err
	}
	if f.Purpose != purposeCreated { // its window is of other days
		living := j.known.living(j.about.Stream, f.Window)
		f.Living = len(living)
		if f.nameless == 0 { // otherwise each may be one that came without its id
			f.missing = slices.DeleteFunc(living, f.saw)
			slices.Sort(f.missing)
		}
	}
	var err error
	if asked, canAsk := j.source.(finder); canAsk {
		_, _, err = j.askEach(ctx, asked, f.early(), func(int) bool { return false })
	} else {
		f.missing, err = j.inside(ctx, f.Window, f.missing)
	}
	if err != nil {
		return fmt.Errorf("missing records of window %s: %w", f.Name, err)
	}
	return nil
}

// inside keeps the records whose datetimes are all in this window, because the
// vendor does not say by which one it filters.
func (j *job) inside(ctx context.Context, w etl.Window, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var found []string
	err := j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := tx.AddMacros(ctx); err != nil {
			return err
		}
		var err error
		found, err = warehouse.Strings(ctx, tx, "extract/record.inside", j.about.stream(warehouse.Args{
			"record_ids":  ids,
			"window_from": optionalDay(w.From), "window_to": optionalDay(w.To),
		}))
		return err
	})
	return found, err
}

// record stores the results of some windows in one transaction.
func (j *job) record(ctx context.Context, concluded []*finding) error {
	if len(concluded) == 0 {
		return nil
	}
	back, err := j.back(ctx, concluded)
	if err != nil {
		return err
	}
	now := j.Now().UTC()
	var checks []check
	var slots []*slot
	for _, f := range concluded {
		c, err := f.check()
		if err != nil {
			return err
		}
		checks, slots = append(checks, c), append(slots, f.slot)
		f.slot.state = stateUnproven
		if f.Proven {
			f.slot.state = stateRead
		}
	}
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := j.unlist(ctx, tx, back, now); err != nil {
			return err
		}
		for _, f := range concluded {
			if len(f.missing) == 0 {
				continue
			}
			args := j.about.stream(warehouse.Args{"record_ids": f.missing, "read_id": f.slot.readID, "now": now})
			if _, err := tx.Exec(ctx, "extract/absence.add", args); err != nil {
				return err
			}
		}
		if err := j.check(ctx, tx, checks...); err != nil {
			return err
		}
		return j.setSlots(ctx, tx, slots...)
	})
}

// back lists the records that were missing or listed as vanished and that these
// windows returned.
func (j *job) back(ctx context.Context, concluded []*finding) ([]string, error) {
	absences, err := j.absences(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := j.listed(ctx)
	ids := slices.AppendSeq(slices.Collect(maps.Keys(absences)), maps.Keys(listed))
	return slices.DeleteFunc(ids, func(id string) bool {
		return !slices.ContainsFunc(concluded, func(f *finding) bool { return f.Proven && f.saw(id) })
	}), err
}
