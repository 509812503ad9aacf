package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"spendbridge/etl/warehouse"
)

// An Acceptance confirms that records really were deleted.
type Acceptance struct {
	Who, Note string
}

// accept applies the acceptance to what earlier runs have listed, and to nothing
// else. It is stored before anything is read.
func (j *job) accept(ctx context.Context) error {
	if j.Accept == nil {
		return nil
	}
	now := j.Now().UTC()
	listed, err := j.listed(ctx)
	if err != nil {
		return err
	}
	maps.DeleteFunc(listed, func(_ string, accepted bool) bool { return accepted })
	if _, err := j.land.journal.append(line{Accepted: &acceptedLine{
		Stream: j.about.Stream, Records: slices.Sorted(maps.Keys(listed)), Who: j.Accept.Who, Note: j.Accept.Note, At: now,
	}}); err != nil {
		return err
	}
	n, err := j.DB.Exec(ctx, "extract/vanished.accept", j.about.stream(warehouse.Args{
		"who": j.Accept.Who, "note": warehouse.Null(j.Accept.Note), "now": now,
	}))
	j.report.Accepted = int(n)
	return err
}

// stream adds source and stream to a statement's parameters.
func (a About) stream(args warehouse.Args) warehouse.Args {
	all := warehouse.Args{"source": a.Name, "stream": a.Stream}
	maps.Copy(all, args)
	return all
}

// absences maps records to the reads that missed them.
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

// listed maps the records that are listed as vanished to whether that was
// accepted.
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

// unlist removes records that are deleted or were found from the notes and the
// list, and ends their acceptance: it covers no later disappearance.
func (j *job) unlist(ctx context.Context, tx *warehouse.Tx, ids []string, now time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	args := j.about.stream(warehouse.Args{"record_ids": ids})
	for _, statement := range []string{"extract/absence.remove", "extract/vanished.remove"} {
		if _, err := tx.Exec(ctx, statement, args); err != nil {
			return err
		}
	}
	args["now"] = now
	_, err := tx.Exec(ctx, "extract/vanished.close", args)
	return err
}

// markDeleted writes a tombstone for each record. The tombstones become a line of
// the journal first; all lines before it have landed.
func (j *job) markDeleted(ctx context.Context, tx *warehouse.Tx, gone []string, now time.Time) error {
	if len(gone) == 0 {
		return nil
	}
	g := goneLine{Stream: j.about.Stream, Records: gone, At: now}
	end, err := j.land.journal.append(line{Gone: &g})
	if err != nil {
		return err
	}
	n, err := g.add(ctx, tx, j.about.Name)
	if err != nil {
		return err
	}
	if err := j.land.journal.setLanded(ctx, tx, j.about.Name, end); err != nil {
		return err
	}
	j.report.Gone += n
	return j.unlist(ctx, tx, gone, now)
}

// forgetMissing removes the notes of this job: a record that can be fetched by id
// needs none, and for the others the first read that missed them is enough.
func (j *job) forgetMissing(ctx context.Context, tx *warehouse.Tx, d *decision) error {
	if len(d.missing) == 0 {
		return nil
	}
	if _, canAsk := j.source.(finder); canAsk {
		_, err := tx.Exec(ctx, "extract/absence.remove", j.about.stream(warehouse.Args{"record_ids": d.missing}))
		return err
	}
	_, err := tx.Exec(ctx, "extract/absence.again", j.about.stream(warehouse.Args{"read_ids": d.own}))
	return err
}

// linksListed stands for the links in the list of records.
const linksListed = ""

// list replaces the list of the days that were read by what waits now.
func (j *job) list(ctx context.Context, tx *warehouse.Tx, d *decision, now time.Time) error {
	args := j.about.stream(warehouse.Args{"record_ids": append(d.missing, linksListed)})
	if _, err := tx.Exec(ctx, "extract/vanished.remove", args); err != nil {
		return err
	}
	waits := slices.Clone(d.waits)
	if d.blank != "" {
		waits = append(waits, linksListed)
	}
	if len(waits) == 0 {
		return nil
	}
	links, err := json.Marshal(d.months)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "extract/vanished.add", j.about.stream(warehouse.Args{
		"run_id": string(j.RunID), "now": now, "record_ids": waits, "links": string(links),
	}))
	return err
}

// deleteNameless marks as deleted the records without a usable id that the vendor
// no longer sends. Such a record is known by its bytes, so it becomes another one
// as soon as the vendor fixes it.
func (j *job) deleteNameless(ctx context.Context) error {
	var gone []string
	for _, p := range j.report.Proofs {
		if p.Proven && p.Purpose != purposeCreated {
			gone = append(gone, j.known.unseenNameless(j.about.Stream, p.Window)...)
		}
	}
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error { return j.markDeleted(ctx, tx, gone, j.Now().UTC()) })
}
