package extract

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"spendbridge/etl"
	"spendbridge/etl/httpretry"
	"spendbridge/etl/warehouse"
)

// vanish marks what a proven read of a window no longer found as gone. It
// returns false if that is more than a program may believe: a token that lost
// a permission looks just the same, so then nothing is marked and a person
// has to look.
func (j *job) vanish(ctx context.Context, s *slot, f *finding) (believed bool, err error) {
	if s.purpose == purposeCreated {
		return true, nil // its windows are of other days
	}
	missing, living, err := j.missing(ctx, s, f)
	if err != nil {
		return false, err
	}
	asked, canAsk := j.source.(finder)
	if !canAsk {
		if missing, err = j.inside(ctx, s, missing); err != nil {
			return false, err
		}
	}
	reason, err := j.implausible(ctx, s, f, len(missing), living)
	if err != nil {
		return false, err
	}
	believed = reason == "" || j.AcceptVanished
	if err := j.recordLinks(ctx, s, f, believed); err != nil {
		return false, err
	}
	if err := j.check(ctx, check{
		name: "vanished_plausible", subject: f.Name, passed: believed,
		expected: strconv.Itoa(living), actual: strconv.Itoa(living - len(missing)), detail: reason,
	}); err != nil {
		return false, err
	}
	switch {
	case !believed:
		j.hold(f.Name, reason)
		return false, nil
	case canAsk:
		err = j.confirm(ctx, asked, s, missing)
	default:
		err = j.missTwice(ctx, f, missing)
	}
	return true, err
}

// inside keeps the records that the vendor lists in this window whichever of
// their datetimes it goes by.
func (j *job) inside(ctx context.Context, s *slot, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return warehouse.Strings(ctx, j.DB, "queries/record_inside.sql", warehouse.Args{
		"source": j.about.Name, "stream": j.about.Stream, "record_ids": ids,
		"window_from": optionalDay(s.query.From), "window_to": optionalDay(s.query.To),
	})
}

// missing lists the living records of a window that no pass found, and counts
// the living.
func (j *job) missing(ctx context.Context, s *slot, f *finding) (missing []string, living int, err error) {
	all, err := warehouse.Strings(ctx, j.DB, "queries/record_living.sql", warehouse.Args{
		"source": j.about.Name, "stream": j.about.Stream,
		"window_from": optionalDay(s.query.From), "window_to": optionalDay(s.query.To),
	})
	for _, id := range all {
		if !f.saw(id) {
			missing = append(missing, id)
		}
	}
	return missing, len(all), err
}

// implausible says why the disappearances of a window are not to be believed.
func (j *job) implausible(ctx context.Context, s *slot, f *finding, missing, living int) (string, error) {
	if most := max(10, living/50); missing > most {
		return fmt.Sprintf("%d of %d records are gone", missing, living), nil
	}
	before, err := j.lastLinks(ctx, s)
	if err != nil {
		return "", err
	}
	return f.links().worse(before), nil
}

func (j *job) hold(window, reason string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.held = append(j.held, &etl.NeedsPersonError{
		What: fmt.Sprintf("window %s: %s; nothing was marked as gone", window, reason),
		Mend: "check what the credentials of source " + j.about.Name + " may see; if it is true, run: spendbridge extract " + j.about.Name + " --accept-vanished",
	})
}

// confirm asks for each missing record by its id. One that answers was only
// moved to another day, and its new state is kept.
func (j *job) confirm(ctx context.Context, f finder, s *slot, missing []string) error {
	var gone []string
	for _, id := range missing {
		found, err := j.ask(ctx, f, s.readID, id)
		if err != nil {
			return err
		}
		if !found {
			gone = append(gone, id)
		}
	}
	return j.bury(ctx, gone)
}

// ask asks for one record and keeps the answer, whatever it is.
func (j *job) ask(ctx context.Context, f finder, readID, id string) (found bool, err error) {
	page, err := f.Find(ctx, id)
	row := &pageRow{
		Page: page, readID: readID, purpose: purposeRecheck, recordID: id,
		pass: 1, number: 1, expected: unknown, outcome: outcomePage,
	}
	var status *httpretry.StatusError
	switch {
	case errors.As(err, &status) && status.Code == http.StatusNotFound:
		row.outcome = outcomeAbsent
	case errors.Is(err, etl.ErrDrift):
		row.outcome, row.message, row.objects = outcomeDrift, err.Error(), nil
		kept := j.keep.keep(ctx, row)
		return false, errors.Join(fmt.Errorf("record %s, kept as %s: %w", id, row.file, err), kept)
	case err != nil:
		return false, err
	}
	if err := j.keep.keep(ctx, row); err != nil {
		return false, err
	}
	return row.outcome == outcomePage, j.land.add(ctx, row)
}

// missTwice marks records as gone that an earlier proven read missed already.
func (j *job) missTwice(ctx context.Context, f *finding, missing []string) error {
	noted, err := warehouse.Strings(ctx, j.DB, "queries/tombstone_absences.sql", warehouse.Args{
		"source": j.about.Name, "stream": j.about.Stream, "read_id": f.ReadID,
	})
	if err != nil {
		return err
	}
	var once, twice, back []string
	for _, id := range missing {
		if slices.Contains(noted, id) {
			twice = append(twice, id)
		} else {
			once = append(once, id)
		}
	}
	for _, id := range noted {
		if f.saw(id) {
			back = append(back, id)
		}
	}
	if err := j.note(ctx, f.ReadID, once, append(back, twice...)); err != nil {
		return err
	}
	return j.bury(ctx, twice)
}

// note writes down which records were missed for the first time, and strikes
// out those that were seen again or are marked as gone.
func (j *job) note(ctx context.Context, readID string, missed, settled []string) error {
	object := warehouse.Args{"source": j.about.Name, "stream": j.about.Stream}
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if len(settled) > 0 {
			args := with(object, warehouse.Args{"record_ids": settled})
			if _, err := tx.Exec(ctx, "queries/tombstone_absence_remove.sql", args); err != nil {
				return err
			}
		}
		if len(missed) > 0 {
			args := with(object, warehouse.Args{"record_ids": missed, "read_id": readID, "now": j.Now().UTC()})
			if _, err := tx.Exec(ctx, "queries/tombstone_absence_add.sql", args); err != nil {
				return err
			}
		}
		return nil
	})
}

// bury writes a tombstone for every record.
func (j *job) bury(ctx context.Context, gone []string) error {
	if len(gone) == 0 {
		return nil
	}
	n, err := j.DB.Exec(ctx, "queries/tombstone_add.sql", warehouse.Args{
		"source": j.about.Name, "stream": j.about.Stream, "record_ids": gone, "now": j.Now().UTC(),
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report.Gone += int(n)
	return err
}

// with joins two sets of parameters.
func with(a, b warehouse.Args) warehouse.Args {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
