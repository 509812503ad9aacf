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

// missed notes which records a proven read of a window did not find, and that
// those which it did find are no longer missing. What becomes of the missing
// ones is decided once all windows of the job are read.
func (j *job) missed(ctx context.Context, s *slot, f *finding) error {
	var missing []string
	if s.purpose != purposeCreated { // its windows are of other days
		living, err := j.living(ctx, s)
		if err != nil {
			return err
		}
		f.Living = len(living)
		if f.nameless == 0 { // else each may be the one that came without its id
			missing = slices.DeleteFunc(living, f.saw)
		}
		if _, canAsk := j.source.(finder); !canAsk {
			if missing, err = j.inside(ctx, s, missing); err != nil {
				return err
			}
		}
	}
	open, err := j.openIDs(ctx)
	if err != nil {
		return err
	}
	back := slices.DeleteFunc(open, func(id string) bool { return !f.saw(id) })
	j.slotting.Lock()
	defer j.slotting.Unlock()
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := j.returned(ctx, tx, back); err != nil || len(missing) == 0 {
			return err
		}
		_, err := tx.Exec(ctx, "queries/tombstone_absence_add.sql", j.about.stream(warehouse.Args{
			"record_ids": missing, "read_id": s.readID, "now": j.Now().UTC(),
		}))
		return err
	})
}

// stream adds to a statement's parameters which records are meant.
func (a About) stream(args warehouse.Args) warehouse.Args {
	all := warehouse.Args{"source": a.Name, "stream": a.Stream}
	maps.Copy(all, args)
	return all
}

// living lists the records of a window that are not gone.
func (j *job) living(ctx context.Context, s *slot) ([]string, error) {
	return warehouse.Strings(ctx, j.DB, "queries/record_living.sql", j.about.stream(warehouse.Args{
		"window_from": optionalDay(s.query.From), "window_to": optionalDay(s.query.To),
	}))
}

// inside keeps the records that the vendor lists in this window whichever of
// their datetimes it goes by.
func (j *job) inside(ctx context.Context, s *slot, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var found []string
	err := j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := readDates(ctx, tx); err != nil {
			return err
		}
		var err error
		found, err = warehouse.Strings(ctx, tx, "queries/record_inside.sql", j.about.stream(warehouse.Args{
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
	err := j.DB.Each(ctx, "queries/tombstone_absences.sql", j.about.stream(nil), func(rows *sql.Rows) error {
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
	err := j.DB.Each(ctx, "queries/vanished_list.sql", j.about.stream(nil), func(rows *sql.Rows) error {
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
	return j.unlist(ctx, tx, ids, j.Now().UTC(), "queries/tombstone_absence_remove.sql")
}

// unlist takes records off the list, and ends what an acceptance of them may
// do. Further statements take the same ids.
func (j *job) unlist(ctx context.Context, tx *warehouse.Tx, ids []string, now time.Time, more ...string) error {
	args := j.about.stream(warehouse.Args{"record_ids": ids})
	for _, file := range append([]string{"queries/vanished_remove.sql"}, more...) {
		if _, err := tx.Exec(ctx, file, args); err != nil {
			return err
		}
	}
	args["now"] = now
	_, err := tx.Exec(ctx, "queries/vanished_close.sql", args)
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
	n, err := j.DB.Exec(ctx, "queries/vanished_accept.sql", j.about.stream(warehouse.Args{
		"who": j.Accept.Who, "note": warehouse.Null(j.Accept.Note), "now": j.Now().UTC(),
	}))
	j.report.Accepted = int(n)
	if err != nil {
		return fmt.Errorf("accept what vanished: %w", err)
	}
	return nil
}

// sights remembers how each included object looked last in a pass. They repeat
// on most pages, and splitting them again costs as much as the records
// themselves. A pass may turn out not to count, so no other one relies on it.
type sights map[sightKey]uint64 // → hash

type sightKey struct{ stream, id string }

// news returns the places, from 1, of the objects that are new or look
// different than when they were seen last.
func (s *sights) news(included []object) []int {
	if *s == nil {
		*s = sights{}
	}
	places := []int{}
	for i, o := range included {
		if o.fault != nil {
			continue // never landed
		}
		key := sightKey{o.stream, o.id}
		if hash, seen := (*s)[key]; !seen || hash != o.hash {
			(*s)[key] = o.hash
			places = append(places, i+1)
		}
	}
	return places
}
