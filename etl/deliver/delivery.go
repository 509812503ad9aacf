package deliver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// A Delivery posts canonical.spend to Productiv, and keeps the ledger of it.
type Delivery struct {
	DB        *warehouse.DB
	Folder    string       // the data folder
	Store     *store.Store // where its files are kept too
	Schemas   fs.FS        // holds productiv/finance.json and productiv/spend.json
	Productiv config.Productiv
	Transport http.RoundTripper // nil means one of its own
	Timeout   time.Duration     // for one answer; 0 means two minutes
	Pause     time.Duration     // the first of the growing pauses; 0 means one second
	RunID     etl.RunID
	Today     time.Time // the run's day in the reporting time zone; what occurs later is not due
	Now       func() time.Time
	Log       *slog.Logger
	Redact    *etl.Redactor            // knows what no answer may repeat
	Progress  etl.Progress             // receives counts of "records"; may be nil
	Waited    func(wait time.Duration) // is called before each pause between two tries of a batch; may be nil

	// SettingsHash changes with every setting that decides which records are
	// due, such as post_from, approved_only and the rules.
	SettingsHash func(context.Context, warehouse.Runner) (string, error)

	// ModelsHash changes with the SQL that makes spend: what it alone changed in
	// records that were accepted is not posted again without an approval.
	ModelsHash func(warehouse.Runner) (string, error)

	// MaxQuarantined is the share of a source's records that may go into
	// quarantine between two loads before the rest of them is held.
	MaxQuarantined float64
}

// Found is a diff in records, before anything is posted.
type Found struct {
	New       int `json:"new"`
	Changed   int `json:"changed"`   // amount, currency or time differ from what was delivered
	Touched   int `json:"touched"`   // only something else differs
	Withdrawn int `json:"withdrawn"` // delivered, and now excluded or gone
	Frozen    int `json:"frozen"`    // delivered, and now quarantined or not due
	NotDue    int `json:"not_due"`
}

// Open is what is open in the ledger, in records.
type Open struct {
	Unknown         int `json:"unknown"`
	Held            int `json:"held"`
	Pending         int `json:"pending"`
	RejectedInTotal int `json:"rejected_in_total"`
	Stuck           int `json:"stuck"`    // of the rejected: delivered, and their correction was rejected
	Reversed        int `json:"reversed"` // delivered and reversed, and their new version is not there
}

// A Result says what a load found and did, in records.
type Result struct {
	Found

	// What this load posted.
	Accepted int `json:"accepted"`
	Rejected int `json:"rejected"`
	Batches  int `json:"batches"`       // posts, halves of refused batches included
	Halving  int `json:"halving_posts"` // of them: to isolate rejected records

	Open // afterwards

	Money   []Sum         `json:"money"`                  // of the diff
	Plan    *etl.HeldPlan `json:"held_plan,omitempty"`    // what the gates hold, if anything
	Preview *Preview      `json:"held_preview,omitempty"` // of what they hold
}

// A Sum is one cell of a diff: what posting its records adds at Productiv.
type Sum struct {
	Class    string `json:"class"`           // new, changed, touched, withdrawn, frozen, not_due, unknown, rejected
	State    string `json:"state,omitempty"` // of what is not posted: not_due, rejected, unknown, unsent_changes
	Source   string `json:"source"`
	Currency string `json:"currency"`
	Month    string `json:"month,omitempty"` // 2026-03
	Records  int    `json:"records"`
	Amount   string `json:"amount"` // major units, exact
}

// Post brings Productiv up to date as far as the policy allows. It begins by
// settling what an earlier load left behind and by proving that canonical and
// the ledger add up; if they do not, a [*etl.CheckError] names the cells and
// nothing is posted. What needs attention is a [*etl.NeedsPersonError];
// any other error means that a later load may succeed.
func (d *Delivery) Post(ctx context.Context) (Result, error) {
	return d.post(ctx, "")
}

// post is one load, or with an approval the part of one that it is for.
func (d *Delivery) post(ctx context.Context, approval string) (Result, error) {
	var result Result
	if err := d.bringStoreUp(ctx); err != nil {
		return result, fmt.Errorf("nothing is posted: %w", err)
	}
	if err := d.Recover(ctx); err != nil {
		return result, err
	}
	folder, err := d.folderFault(ctx)
	if err != nil {
		return result, err
	}
	s := d.newSender()
	if folder == "" {
		doubts, err := d.inDoubt(ctx, d.DB)
		if err != nil {
			return result, err
		}
		s.run(ctx, again(doubts))
	}
	news, err := d.sendDiff(ctx, s, approval, &result)
	result.Accepted += s.accepted
	result.Rejected += s.rejected
	result.Batches, result.Halving = s.posts, s.halves
	if err != nil {
		return result, errors.Join(s.stopped, err)
	}
	return result, errors.Join(s.stopped, s.spent(), d.needsPerson(ctx, result, news))
}

// sendDiff posts what the diff asks for, and reports whether the diff differs in the end from that
// of the load before. New versions follow in a second round, once their reversals are accepted.
func (d *Delivery) sendDiff(ctx context.Context, s *sender, approval string, result *Result) (news bool, err error) {
	for round := 1; round <= 2; round++ {
		plan, err := d.plan(ctx, approval, result)
		if err != nil {
			return false, err
		}
		if round == 1 {
			result.Found, result.Money = plan.Found, plan.money
		}
		if plan.concluded {
			return plan.news, nil
		}
		batches, err := d.plannedBatches(ctx, plan.itemsBefore)
		if err != nil {
			return false, err
		}
		s.run(ctx, batches)
		if s.stopped != nil || !plan.Reverses {
			break
		}
	}
	ctx = context.WithoutCancel(ctx)
	err = d.DB.InConn(ctx, func(conn *warehouse.Conn) error {
		found, err := d.provenDiff(ctx, conn)
		if err != nil {
			return err
		}
		news, err = d.conclude(ctx, conn, found, result)
		return err
	})
	return news, err
}

// conclude stores what a proven diff found and what is not due, for reports and
// for the gates of the next load, and returns whether any of it is new.
func (d *Delivery) conclude(ctx context.Context, conn *warehouse.Conn, found findings, result *Result) (news bool, err error) {
	result.Open = found.Open
	run := string(d.RunID)
	settings, err := d.SettingsHash(ctx, conn)
	if err != nil {
		return false, err
	}
	models, err := d.ModelsHash(conn)
	if err != nil {
		return false, err
	}
	var changed int64
	err = conn.InTx(ctx, func(tx *warehouse.Tx) error {
		if changed, err = saveDifferences(ctx, tx, run); err != nil {
			return err
		}
		return execAll(ctx, tx,
			step{"deliver/difference.save_waiting", warehouse.Args{"post_from": dayOrNull(d.Productiv.PostFrom.Time)}},
			step{"deliver/difference.save_sources", warehouse.Args{"run_id": run, "settings_hash": settings, "models_hash": models}},
		)
	})
	if err != nil {
		return false, err
	}
	plan, err := ReadPlan(ctx, conn)
	if err != nil || plan.Name == "" {
		return changed > 0, err
	}
	held, err := preview(ctx, conn, true)
	result.Plan, result.Preview = &plan, &held
	return changed > 0, err
}

// refresh lists what is not delivered after a decision, for the next run to report.
func (d *Delivery) refresh(ctx context.Context) error {
	return d.DB.InConn(ctx, func(conn *warehouse.Conn) error {
		if _, err := d.gatedDiff(ctx, conn); err != nil {
			return err
		}
		_, err := saveDifferences(ctx, conn, "")
		return err
	})
}

// needsPerson returns what needs attention, if anything.
func (d *Delivery) needsPerson(ctx context.Context, result Result, news bool) error {
	var waits []error
	if result.Unknown > 0 {
		waits = append(waits, d.unknownWaits(ctx, result.Unknown))
	}
	if result.Held > 0 {
		waits = append(waits, d.heldWaits(ctx))
	}
	if result.Stuck > 0 {
		waits = append(waits, &etl.NeedsPersonError{
			What: fmt.Sprintf("%d records have a wrong amount at Productiv because their correction was rejected", result.Stuck),
			Fix:  "see why with spendbridge explain SPEND_ID, then: spendbridge settle SPEND_ID --retry or --corrected-at-productiv, with --note",
		})
	}
	if result.Reversed > 0 {
		waits = append(waits, &etl.NeedsPersonError{
			What: fmt.Sprintf("%d records are reversed at Productiv without their new version", result.Reversed),
			Fix:  "see why with spendbridge explain SPEND_ID; the next load posts the new version unless it was rejected or is in quarantine",
		})
	}
	if !news {
		return errors.Join(waits...)
	}
	untold, err := d.untoldWaits(ctx)
	return errors.Join(append(waits, untold, err)...)
}

// untoldWaits reports, once, the differences that no later load will correct.
func (d *Delivery) untoldWaits(ctx context.Context) (wait, err error) {
	var untold []etl.Undelivered
	err = warehouse.Fill(ctx, d.DB, &untold, "deliver/difference.untold", warehouse.Args{"run_id": string(d.RunID)})
	if err != nil || len(untold) == 0 {
		return nil, err
	}
	return &etl.NeedsPersonError{
		What: etl.Exceptions(untold) + " since the last run",
		Fix:  "spendbridge status lists them with the commands that settle them",
	}, nil
}

// unknownWaits names the batches whose outcome is unknown.
func (d *Delivery) unknownWaits(ctx context.Context, records int) error {
	doubts, err := d.inDoubt(ctx, d.DB)
	if err != nil {
		return err
	}
	var ids, unreached []string
	again := true
	for _, b := range doubts {
		ids = append(ids, b.id)
		again = again && b.again
		if !b.reached {
			unreached = append(unreached, b.target)
		}
	}
	what := fmt.Sprintf("%d records in %d batches may or may not have arrived: %s", records, len(ids), someOf(ids))
	if again {
		return errors.New(what + "; the next load posts them again")
	}
	if len(unreached) > 0 {
		what += fmt.Sprintf("; some were sent to %s, where productiv.base_url no longer leads, so they cannot be posted again there", someOf(slices.Compact(unreached)))
	}
	return &etl.NeedsPersonError{
		What: what,
		Fix:  "look in Productiv, which shows records only after up to half a day, then: spendbridge settle BATCH --accepted or --resend, with --note",
	}
}

// someOf lists at most three names.
func someOf(names []string) string {
	const most = 3
	text := strings.Join(names[:min(len(names), most)], ", ")
	if rest := len(names) - most; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}
