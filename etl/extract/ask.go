package extract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"spendbridge/etl"
	"spendbridge/etl/httpretry"
	"spendbridge/etl/warehouse"
)

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
	if err == nil && !page.answers(id) {
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

// answers reports whether the page is that of the record.
func (p Page) answers(id string) bool { return len(p.objects) == 1 && p.objects[0].id == id }

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
