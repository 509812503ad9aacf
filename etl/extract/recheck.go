package extract

import (
	"context"
	"time"

	"spendbridge/etl/warehouse"
)

// maxRechecks is how many old records one run asks for at most.
const maxRechecks = 200

// recheck asks one by one for records older than the look-back that are still
// drafts or not approved: they may become spend at any time, and no window
// would show it. A job that was interrupted does not ask again, and a record
// that does not answer stays as it was.
func (j *job) recheck(ctx context.Context, before time.Time) error {
	f, ok := j.source.(finder)
	if !ok {
		return nil
	}
	due, err := warehouse.Strings(ctx, j.DB, "queries/record_unsettled.sql", warehouse.Args{
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
