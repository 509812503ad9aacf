package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A Delivery posts what canonical.spend says to Productiv, and keeps the
// ledger of it.
type Delivery struct {
	DB        *warehouse.DB
	Folder    string // the data folder
	Schemas   fs.FS  // holds productiv/finance.json and productiv/spend.json
	Productiv Productiv
	Transport http.RoundTripper // nil means one of its own
	RunID     etl.RunID
	Today     time.Time // the run's day in the reporting time zone; what occurs later is not due
	Now       func() time.Time
	Log       *slog.Logger
	Progress  etl.Progress // told of "records"; may be nil

	// MaxRejected is the share of records that may stand rejected before a
	// person is asked for.
	MaxRejected float64
}

// A DeliveryResult says what a load found and did, in records.
type DeliveryResult struct {
	// What the diff found before anything was posted.
	New       int `json:"new"`
	Changed   int `json:"changed"`   // amount, currency or time differ from what was delivered
	Touched   int `json:"touched"`   // only something else differs
	Withdrawn int `json:"withdrawn"` // delivered, and now excluded or gone
	Frozen    int `json:"frozen"`    // delivered, and now quarantined or not due
	NotDue    int `json:"not_due"`

	// What this load posted.
	Accepted int `json:"accepted"`
	Rejected int `json:"rejected"`
	Batches  int `json:"batches"` // posts, halves of refused batches included

	// What stands open in the ledger now.
	Unknown         int `json:"unknown"`
	Held            int `json:"held"`
	Pending         int `json:"pending"`
	RejectedInTotal int `json:"rejected_in_total"`
	Stuck           int `json:"stuck"` // of the rejected: delivered, and their correction was refused

	Money []DeliveryMoney `json:"money"` // of the diff
}

// A DeliveryMoney is one cell of a diff: what posting it adds at Productiv.
type DeliveryMoney struct {
	Class    string `json:"class"` // new, changed, touched, withdrawn, frozen, not_due, unknown, rejected
	Source   string `json:"source"`
	Currency string `json:"currency"`
	Records  int    `json:"records"`
	Amount   string `json:"amount"` // major units, exact
}

// Post brings Productiv up to date as far as the policy allows. It begins by
// settling what an earlier load left behind and by proving that canonical and
// the ledger add up; if they do not, a [*etl.CheckError] names the cells and
// nothing is posted. What waits for a person is a [*etl.NeedsPersonError];
// any other error means that a later load may succeed.
func (d *Delivery) Post(ctx context.Context) (DeliveryResult, error) {
	return d.post(ctx, "")
}

// post is one load, or with an approval the part of one that it is for.
func (d *Delivery) post(ctx context.Context, approval string) (DeliveryResult, error) {
	var result DeliveryResult
	if err := d.Productiv.Validate(); err != nil {
		return result, err
	}
	if err := d.Recover(ctx); err != nil {
		return result, err
	}
	s := d.newSender()
	if err := d.sendAgain(ctx, s); err != nil {
		return result, err
	}
	err := d.sendDiff(ctx, s, approval, &result)
	result.Accepted += s.accepted
	result.Rejected += s.rejected
	result.Batches = s.posts
	if err != nil {
		return result, err
	}
	if err := d.conclude(context.WithoutCancel(ctx), &result); err != nil {
		return result, errors.Join(s.stopped, err)
	}
	return result, errors.Join(s.stopped, s.spent(), d.needsPerson(ctx, result))
}

// sendAgain posts the batches in doubt that may be posted again.
func (d *Delivery) sendAgain(ctx context.Context, s *sender) error {
	batches, err := d.doubtfulBatches(ctx)
	if err != nil {
		return err
	}
	s.run(ctx, batches)
	return nil
}

// sendDiff posts what the diff asks for. Where a change is compensated, the
// new versions follow in a second round, once their reversals are accepted.
func (d *Delivery) sendDiff(ctx context.Context, s *sender, approval string, result *DeliveryResult) error {
	for round := 1; round <= 2; round++ {
		found, err := d.plan(ctx, approval, result)
		if err != nil {
			return err
		}
		if round == 1 {
			result.New, result.Changed = found.classes["new"], found.classes["changed"]
			result.Touched, result.Withdrawn = found.classes["touched"], found.classes["withdrawn"]
			result.Frozen, result.NotDue = found.classes["frozen"], found.classes["not_due"]
			result.Money = found.money
		}
		batches, err := d.plannedBatches(ctx)
		if err != nil {
			return err
		}
		s.run(ctx, batches)
		if s.stopped != nil || !found.reverses {
			return nil
		}
	}
	return nil
}

// conclude proves that canonical and the ledger still add up, keeps the
// totals and counts what stands open.
func (d *Delivery) conclude(ctx context.Context, result *DeliveryResult) error {
	return d.DB.InConn(ctx, func(conn *warehouse.Conn) error {
		found, err := d.gatedDiff(ctx, conn)
		if err != nil {
			return err
		}
		result.Unknown, result.Pending = found.states[stateUnknown], found.states[statePending]
		result.Stuck = found.stuck
		result.RejectedInTotal, result.Held = found.states[stateRejected], found.states[stateHeld]
		return d.reconcile(ctx, conn)
	})
}

// needsPerson says what a person has to decide, if anything.
func (d *Delivery) needsPerson(ctx context.Context, result DeliveryResult) error {
	var waits []error
	if result.Unknown > 0 {
		waits = append(waits, d.unknownWaits(ctx, result.Unknown))
	}
	if result.Held > 0 {
		waits = append(waits, d.heldWaits(ctx))
	}
	if result.Stuck > 0 {
		waits = append(waits, &etl.NeedsPersonError{
			What: fmt.Sprintf("%d records stand at Productiv with a wrong amount, for their correction was refused", result.Stuck),
			Mend: "see why with spendbridge explain SPEND_ID, then: spendbridge settle SPEND_ID --retry or --corrected-at-productiv, with --note",
		})
	}
	var records int
	if err := d.DB.Get(ctx, "queries/delivery_records.sql", nil, &records); err != nil {
		return err
	}
	if float64(result.RejectedInTotal) > d.MaxRejected*float64(records) {
		waits = append(waits, &etl.NeedsPersonError{
			What: fmt.Sprintf("%d of %d records are rejected, more than the share of %g that is allowed", result.RejectedInTotal, records, d.MaxRejected),
			Mend: "see why with spendbridge explain SPEND_ID, mend them at their source; one that was refused wrongly: spendbridge settle SPEND_ID --retry",
		})
	}
	return errors.Join(waits...)
}

// unknownWaits names the batches whose outcome is unknown. Under in_doubt:
// resend they wait for the next load, unless Productiv refused them when they
// were sent again: it may hold them already.
func (d *Delivery) unknownWaits(ctx context.Context, records int) error {
	var (
		ids     []string
		refused bool
	)
	err := d.DB.Each(ctx, "queries/batch_unknown.sql", nil, func(rows *sql.Rows) error {
		var (
			id   string
			sent bool
		)
		err := rows.Scan(&id, &sent)
		ids, refused = append(ids, id), refused || sent
		return err
	})
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d records in %d batches may or may not have arrived: %s", records, len(ids), someOf(ids))
	if d.Productiv.InDoubt == InDoubtResend && !refused {
		return errors.New(what + "; the next load posts them again")
	}
	return &etl.NeedsPersonError{
		What: what,
		Mend: "look in Productiv, then: spendbridge settle BATCH --accepted or --resend, with --note",
	}
}

// someOf lists at most three names.
func someOf(names []string) string {
	const most = 3
	text, rest := "", names
	for i, name := range names[:min(len(names), most)] {
		if i > 0 {
			text += ", "
		}
		text, rest = text+name, names[i+1:]
	}
	if len(rest) > 0 {
		text += fmt.Sprintf(" and %d more", len(rest))
	}
	return text
}
