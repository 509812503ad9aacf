package extract

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"spendbridge/etl/warehouse"
)

// An ending is a window that was read to its end.
type ending struct {
	slot *slot
	*finding
	missing []string // what was to be found in it and was not
}

// maxEndedIDs bounds the memory for the records of windows that wait to be
// concluded.
const maxEndedIDs = 100_000

// end leaves a window to be concluded, together with others: each transaction
// costs as much as some hundred records.
func (j *job) end(ctx context.Context, s *slot, f *finding) error {
	if f.Proven && f.Passes > 1 {
		if err := j.land.supersede(ctx, s.readID, f.Passes); err != nil {
			return err
		}
	}
	j.land.release(s.readID)
	j.mu.Lock()
	j.ended = append(j.ended, &ending{slot: s, finding: f})
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

// conclude lands the windows that have ended, notes what is missing from them,
// and makes their proofs known.
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
		concluded []*ending
		failed    []error
	)
	for _, e := range ended {
		if err := j.examine(ctx, e); err != nil {
			failed = append(failed, err)
		} else {
			concluded = append(concluded, e)
		}
	}
	if err := j.record(ctx, concluded); err != nil {
		return errors.Join(append(failed, err)...)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range concluded {
		j.report.Proofs = append(j.report.Proofs, e.Proof)
	}
	return errors.Join(failed...)
}

// examine finds out what is missing from a window that has landed.
func (j *job) examine(ctx context.Context, e *ending) error {
	if err := j.land.failure(e.slot.readID); err != nil || !e.Proven {
		return err
	}
	if err := j.missed(ctx, e); err != nil {
		return fmt.Errorf("missing records of window %s: %w", e.slot.query, err)
	}
	if err := j.askEarly(ctx, e.finding); err != nil {
		return fmt.Errorf("records of an earlier pass of window %s: %w", e.slot.query, err)
	}
	return nil
}

// missed finds out which records a proven read of a window did not find. What
// becomes of them is decided once all windows of the job are read.
func (j *job) missed(ctx context.Context, e *ending) error {
	if e.slot.purpose == purposeCreated { // its windows are of other days
		return nil
	}
	living := j.known.living(j.about.Stream, e.slot.query.Window)
	e.Living = len(living)
	if e.nameless == 0 { // else each may be the one that came without its id
		e.missing = slices.DeleteFunc(living, e.saw)
		slices.Sort(e.missing)
	}
	if _, canAsk := j.source.(finder); canAsk {
		return nil
	}
	var err error
	e.missing, err = j.inside(ctx, e.slot, e.missing)
	return err
}

// inside keeps the records that the vendor lists in this window whichever of
// their datetimes it goes by.
func (j *job) inside(ctx context.Context, s *slot, ids []string) ([]string, error) {
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
			"window_from": optionalDay(s.query.From), "window_to": optionalDay(s.query.To),
		}))
		return err
	})
	return found, err
}

// askEarly asks for what only an earlier pass than the proving one has found:
// it stays as it was, unless it answers.
func (j *job) askEarly(ctx context.Context, f *finding) error {
	asked, canAsk := j.source.(finder)
	if !canAsk {
		return nil
	}
	_, _, err := j.askEach(ctx, asked, f.early(), func(int) bool { return false })
	return err
}

// record writes down what some windows have shown, all or nothing.
func (j *job) record(ctx context.Context, concluded []*ending) error {
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
	for _, e := range concluded {
		c, err := e.check()
		if err != nil {
			return err
		}
		checks, slots = append(checks, c), append(slots, e.slot)
		e.slot.state = stateUnproven
		if e.Proven {
			e.slot.state = stateRead
		}
	}
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := j.unlist(ctx, tx, back, now); err != nil {
			return err
		}
		for _, e := range concluded {
			if len(e.missing) == 0 {
				continue
			}
			args := j.about.stream(warehouse.Args{"record_ids": e.missing, "read_id": e.slot.readID, "now": now})
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

// back lists the records that were noted as missing or listed as vanished, and
// that windows have shown.
func (j *job) back(ctx context.Context, concluded []*ending) ([]string, error) {
	absences, err := j.absences(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := j.listed(ctx)
	ids := slices.AppendSeq(slices.Collect(maps.Keys(absences)), maps.Keys(listed))
	return slices.DeleteFunc(ids, func(id string) bool {
		return !slices.ContainsFunc(concluded, func(e *ending) bool { return e.Proven && e.saw(id) })
	}), err
}
