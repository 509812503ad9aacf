package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"spendbridge/etl"
	"spendbridge/etl/httpretry"
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
	n, err := j.noted(ctx)
	if err != nil {
		return err
	}
	listed := maps.Clone(n.listed)
	maps.DeleteFunc(listed, func(id string, accepted bool) bool { return accepted || id == linksListed })
	j.notes = nil
	if _, err := j.land.journal.append(line{Accepted: &acceptedLine{
		Stream: j.about.Stream, Records: slices.Sorted(maps.Keys(listed)), Who: j.Accept.Who, Note: j.Accept.Note, At: now,
	}}); err != nil {
		return err
	}
	changed, err := j.DB.Exec(ctx, "extract/vanished.accept", j.about.stream(warehouse.Args{
		"who": j.Accept.Who, "note": warehouse.Null(j.Accept.Note), "now": now,
	}))
	j.report.Accepted = int(changed)
	return err
}

// stream adds source and stream to a statement's parameters.
func (a About) stream(args warehouse.Args) warehouse.Args {
	all := warehouse.Args{"source": a.Name, "stream": a.Stream}
	maps.Copy(all, args)
	return all
}

// notes are what earlier reads have missed.
type notes struct {
	absences map[string][]string // record → the reads that missed it
	listed   map[string]bool     // record that is listed as vanished → whether that was accepted
}

// linksListed stands for the links in the list of records.
const linksListed = ""

// noted returns what is noted, read once until something else is.
func (j *job) noted(ctx context.Context) (*notes, error) {
	if j.notes != nil {
		return j.notes, nil
	}
	n := &notes{absences: map[string][]string{}, listed: map[string]bool{}}
	var absences []struct{ RecordID, ReadID string }
	if err := warehouse.Fill(ctx, j.DB, &absences, "extract/absence.list", j.about.stream(nil)); err != nil {
		return nil, err
	}
	for _, a := range absences {
		n.absences[a.RecordID] = append(n.absences[a.RecordID], a.ReadID)
	}
	var listed []struct {
		RecordID   string
		IsAccepted bool
	}
	if err := warehouse.Fill(ctx, j.DB, &listed, "extract/vanished.list", j.about.stream(nil)); err != nil {
		return nil, err
	}
	for _, l := range listed {
		n.listed[l.RecordID] = n.listed[l.RecordID] || l.IsAccepted
	}
	j.notes = n
	return n, nil
}

// unlist removes records that are deleted or were found from the notes and the
// list, and ends their acceptance: it covers no later disappearance.
func (j *job) unlist(ctx context.Context, tx *warehouse.Tx, ids []string, now time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	j.notes = nil
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

// list replaces the list of the days that were read by what waits now.
func (j *job) list(ctx context.Context, tx *warehouse.Tx, d *decision, now time.Time) error {
	if len(d.listed) > 0 {
		args := j.about.stream(warehouse.Args{"record_ids": append(d.missing, linksListed)})
		if _, err := tx.Exec(ctx, "extract/vanished.remove", args); err != nil {
			return err
		}
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
			_, unseen := j.known.living(j.about.Stream, p.Window)
			gone = append(gone, unseen...)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error { return j.markDeleted(ctx, tx, gone, j.Now().UTC()) })
}

// A fate is what the request for one record revealed.
type fate int

const (
	fateUnclear fate = iota // it stays as it was
	fateUnasked             // it stays as it was: no request was sent
	fateHere
	fateGone
)

// An Unconfirmed counts the records whose state no answer confirmed: they stay
// as they were.
type Unconfirmed struct {
	Records int      `json:"records"`
	First   []string `json:"first,omitempty"` // what was answered for the first of them
}

const (
	shownUnconfirmed = 5

	// maxUnclear is after how many inconclusive answers a source is asked for no
	// more records of the same kind.
	maxUnclear = 20
)

// askEach requests records in parallel until enough of them are gone, and
// returns those that it did not request as rest.
func (j *job) askEach(ctx context.Context, f finder, ids []string, enough func(gone int) bool) (gone, rest []string, err error) {
	var (
		mu      sync.Mutex
		unclear int
		readID  = newReadID()
	)
	if err := j.known.learn(ctx, j.DB, j.about.Name, j.about.Stream, ids); err != nil {
		return nil, nil, err
	}
	group, asking := errgroup.WithContext(ctx)
	group.SetLimit(j.about.Parallel)
	for i, id := range ids {
		mu.Lock()
		stop, tired := enough(len(gone)), unclear >= maxUnclear
		mu.Unlock()
		if stop || tired || asking.Err() != nil {
			rest = ids[i:]
			break
		}
		group.Go(func() error {
			fate, err := j.ask(asking, f, readID, id)
			mu.Lock()
			defer mu.Unlock()
			switch fate {
			case fateGone:
				gone = append(gone, id)
			case fateUnclear:
				unclear++
			}
			return err
		})
	}
	if err := errors.Join(group.Wait(), ctx.Err()); err != nil {
		return nil, nil, err
	}
	if len(rest) > 0 && !enough(len(gone)) {
		j.Log.WarnContext(ctx, "records not asked for, they stay as they were", etl.KeyRecords, len(rest))
		j.mu.Lock()
		j.report.Unconfirmed.Records += len(rest)
		j.mu.Unlock()
		rest = nil
	}
	slices.Sort(gone)
	return gone, rest, nil
}

// ask requests one record and stores the answer. Only a 404 or a 410 means that
// the record is gone. An inconclusive answer is recorded and not an error, unless
// it concerns every request.
func (j *job) ask(ctx context.Context, f finder, readID, id string) (fate, error) {
	page, err := f.Find(ctx, id)
	row := &pageRow{
		Page: page, expected: unknown, lastSeen: lastSeen{},
		line: pageLine{ReadID: readID, Purpose: purposeRecheck, RecordID: id, Pass: 1, Number: 1, Outcome: outcomePage},
	}
	if err == nil && (len(page.objects) != 1 || page.objects[0].id != id) {
		err = drift(errors.New("the answer is another record"))
	}
	code := statusOf(err)
	if echo := page.echo(); echo != nil && code != 0 {
		err = fmt.Errorf("%w: %w", err, echo)
	}
	switch {
	case err == nil:
		return fateHere, j.keepAnswer(row)
	case ctx.Err() != nil, code == http.StatusUnauthorized, code == http.StatusTooManyRequests:
		return fateUnclear, fmt.Errorf("record %s: %w", id, err)
	case errors.Is(err, etl.ErrDrift):
		row.line.Outcome, row.line.Message, row.objects = outcomeDrift, err.Error(), nil
	case code == http.StatusNotFound, code == http.StatusGone:
		row.line.Outcome = outcomeAbsent
		return fateGone, j.keepAnswer(row)
	case errors.Is(err, errOddID):
		j.unconfirmed(ctx, id, err)
		return fateUnasked, nil
	default:
		row.line.Outcome, row.line.Message, row.objects = outcomeRefused, err.Error(), nil
	}
	j.unconfirmed(ctx, id, err)
	if page.Status == 0 {
		return fateUnclear, nil // there was no answer
	}
	return fateUnclear, j.keepAnswer(row)
}

// statusOf is the status of an answer that was not a success, zero for any
// other error.
func statusOf(err error) int {
	var status *httpretry.StatusError
	if errors.As(err, &status) {
		return status.Code
	}
	return 0
}

func (j *job) keepAnswer(row *pageRow) error {
	if err := j.keep.keep(row); err != nil {
		return err
	}
	if row.line.Outcome != outcomePage {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.found = append(j.found, row.line.RecordID)
	return nil
}

// unconfirmed records why a record stays as it was.
func (j *job) unconfirmed(ctx context.Context, id string, why error) {
	j.Log.WarnContext(ctx, "record not confirmed, it stays as it was", etl.KeyRecord, id, etl.Err(why))
	j.mu.Lock()
	defer j.mu.Unlock()
	u := &j.report.Unconfirmed
	if u.Records++; len(u.First) < shownUnconfirmed {
		u.First = append(u.First, fmt.Sprintf("%s: %v", id, why))
	}
}

// maxRechecks is how many old records one run asks for at most.
const maxRechecks = 200

// recheck requests, one by one, records older than the look-back that are still
// drafts or not approved: they may become spend at any time, and no window
// would show it. A job that was interrupted does not ask again, and a record
// that does not answer stays as it was.
func (j *job) recheck(ctx context.Context, before time.Time) error {
	f, ok := j.source.(finder)
	if !ok {
		return nil
	}
	due, err := warehouse.Strings(ctx, j.DB, "extract/record.unsettled", warehouse.Args{
		"source": j.about.Name, "stream": j.about.Stream,
		"before": before, "since": j.started, "now": j.Now().UTC(), "most": maxRechecks,
	})
	if err != nil {
		return err
	}
	j.report.Rechecked = len(due)
	_, _, err = j.askEach(ctx, f, due, func(int) bool { return false })
	return err
}
