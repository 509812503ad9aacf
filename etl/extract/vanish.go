package extract

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"spendbridge/etl/warehouse"
)

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

// back lists the records that were missing and that windows have shown.
func (j *job) back(ctx context.Context, concluded []*ending) ([]string, error) {
	open, err := j.openIDs(ctx)
	return slices.DeleteFunc(open, func(id string) bool {
		return !slices.ContainsFunc(concluded, func(e *ending) bool { return e.Proven && e.saw(id) })
	}), err
}

// noteMissing notes what a proven read did not find.
func (j *job) noteMissing(ctx context.Context, tx *warehouse.Tx, e *ending) error {
	if len(e.missing) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, "extract/absence.add", j.about.stream(warehouse.Args{
		"record_ids": e.missing, "read_id": e.slot.readID, "now": j.Now().UTC(),
	}))
	return err
}

// stream adds to a statement's parameters which records are meant.
func (a About) stream(args warehouse.Args) warehouse.Args {
	all := warehouse.Args{"source": a.Name, "stream": a.Stream}
	maps.Copy(all, args)
	return all
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

// openIDs lists the records that are noted as missing or listed as vanished.
func (j *job) openIDs(ctx context.Context) ([]string, error) {
	absences, err := j.absences(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := j.listed(ctx)
	if err != nil {
		return nil, err
	}
	ids := slices.Concat(slices.Collect(maps.Keys(absences)), slices.Collect(maps.Keys(listed)))
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// absences lists by record which reads missed it.
func (j *job) absences(ctx context.Context) (map[string][]string, error) {
	reads := map[string][]string{}
	err := j.DB.Each(ctx, "extract/absence.list", j.about.stream(nil), func(rows *sql.Rows) error {
		var record, read string
		if err := rows.Scan(&record, &read); err != nil {
			return err
		}
		reads[record] = append(reads[record], read)
		return nil
	})
	return reads, err
}

// listed lists the records that runs have listed as vanished, and whether
// somebody has accepted that.
func (j *job) listed(ctx context.Context) (map[string]bool, error) {
	accepted := map[string]bool{}
	err := j.DB.Each(ctx, "extract/vanished.list", j.about.stream(nil), func(rows *sql.Rows) error {
		var record string
		var yes bool
		if err := rows.Scan(&record, &yes); err != nil {
			return err
		}
		accepted[record] = accepted[record] || yes
		return nil
	})
	return accepted, err
}

// returned settles that records were found: they are neither missing nor
// listed, and an acceptance covers no later disappearance.
func (j *job) returned(ctx context.Context, tx *warehouse.Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return j.unlist(ctx, tx, ids, j.Now().UTC(), "extract/absence.remove")
}

// unlist takes records off the list, and ends what an acceptance of them may
// do. Further statements take the same ids.
func (j *job) unlist(ctx context.Context, tx *warehouse.Tx, ids []string, now time.Time, more ...string) error {
	args := j.about.stream(warehouse.Args{"record_ids": ids})
	for _, file := range append([]string{"extract/vanished.remove"}, more...) {
		if _, err := tx.Exec(ctx, file, args); err != nil {
			return err
		}
	}
	args["now"] = now
	_, err := tx.Exec(ctx, "extract/vanished.close", args)
	return err
}

// An Acceptance is somebody's word that records vanished in truth.
type Acceptance struct {
	Who, Note string
}

// accept takes the acceptance for what ended runs have listed, and for
// nothing else. It is written down before anything is read.
func (j *job) accept(ctx context.Context) error {
	if j.Accept == nil {
		return nil
	}
	now := j.Now().UTC()
	listed, err := j.listed(ctx)
	if err != nil {
		return fmt.Errorf("accept what vanished: %w", err)
	}
	maps.DeleteFunc(listed, func(_ string, accepted bool) bool { return accepted })
	if _, err := j.land.journal.append(line{Accepted: &acceptedLine{
		Stream: j.about.Stream, Records: slices.Sorted(maps.Keys(listed)), Who: j.Accept.Who, Note: j.Accept.Note, At: now,
	}}); err != nil {
		return fmt.Errorf("accept what vanished: %w", err)
	}
	n, err := j.DB.Exec(ctx, "extract/vanished.accept", j.about.stream(warehouse.Args{
		"who": j.Accept.Who, "note": warehouse.Null(j.Accept.Note), "now": now,
	}))
	j.report.Accepted = int(n)
	if err != nil {
		return fmt.Errorf("accept what vanished: %w", err)
	}
	return nil
}
