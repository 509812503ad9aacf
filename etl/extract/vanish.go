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

// stream adds to a statement's parameters which records are meant.
func (a About) stream(args warehouse.Args) warehouse.Args {
	all := warehouse.Args{"source": a.Name, "stream": a.Stream}
	maps.Copy(all, args)
	return all
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

// unlist settles that records are gone, or were found: they are neither missing
// nor listed, and an acceptance of them covers no later disappearance.
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

// bury writes a tombstone for every record. They are a line of the journal
// first, and all lines before it have landed.
func (j *job) bury(ctx context.Context, tx *warehouse.Tx, gone []string, now time.Time) error {
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

// forgetMissing ends the notes of this job: a record that can be asked for
// needs none, and of the others it is enough to know who missed them first.
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

// listed under this id are links, not a record.
const linksListed = ""

// list replaces what is listed of the days that were read by what waits now.
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

// buryNameless marks the records without an id as gone that the vendor no
// longer sends so: such a record is known by its bytes, so it is another one as
// soon as the vendor mends it. Nobody can be asked for them.
func (j *job) buryNameless(ctx context.Context) error {
	var gone []string
	for _, p := range j.report.Proofs {
		if p.Proven && p.Purpose != purposeCreated {
			gone = append(gone, j.known.unseenNameless(j.about.Stream, p.Window)...)
		}
	}
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error { return j.bury(ctx, tx, gone, j.Now().UTC()) })
}
