package deliver

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

// Posts is what of a diff would be posted, held records included.
type Posts struct{ PostNew, PostChanged, PostTouched, PostWithdrawn int }

// Findings sum up a diff.
type findings struct {
	Found
	Posts
	Open
	Reverses bool // something is reversed, so new versions follow
	drafted  bool // an item is to be posted, or held
	money    []Sum
}

// A step is one statement of many.
type step struct {
	file string
	args warehouse.Args
}

func execAll(ctx context.Context, conn warehouse.Runner, steps ...step) error {
	for _, s := range steps {
		if _, err := conn.Exec(ctx, s.file, s.args); err != nil {
			return err
		}
	}
	return nil
}

// ifAny returns the step if a statement finds that there is something for it. Most loads
// have nothing, and a lake is then asked for fewer tables.
func ifAny(ctx context.Context, r warehouse.Runner, name string, args warehouse.Args, then step) ([]step, error) {
	var found bool
	if err := r.Get(ctx, name, args, &found); err != nil || !found {
		return nil, err
	}
	return []step{then}, nil
}

// execTogether runs steps of which all count or none: in a transaction, unless it is
// given one.
func execTogether(ctx context.Context, r warehouse.Runner, steps ...step) error {
	conn, ok := r.(*warehouse.Conn)
	if !ok || len(steps) == 0 {
		return execAll(ctx, r, steps...)
	}
	return conn.InTx(ctx, func(tx *warehouse.Tx) error { return execAll(ctx, tx, steps...) })
}

// diff compares canonical with the ledger. It leaves two temporary tables on
// the connection: diff, one row per record that differs or waits, and
// item_draft, every item that the policy would post, with its payload.
func (d *Delivery) diff(ctx context.Context, conn warehouse.Runner, policy string) error {
	own := map[string]string{} // targets of sources with an application of their own
	for source := range d.Productiv.AppIDs {
		own[source] = d.target(source).String()
	}
	configured, err := json.Marshal(own)
	if err != nil {
		return err
	}
	schema, postFrom, today := d.Productiv.RecordSchema, dayOrNull(d.Productiv.PostFrom.Time), d.Today.Format(time.DateOnly)
	err = execAll(ctx, conn,
		step{"deliver/diff.targets", warehouse.Args{"configured": string(configured), "target": d.target("").String()}},
		step{"deliver/diff_same.sql", warehouse.Args{"post_from": postFrom, "today": today}},
		step{"deliver/diff.rest", nil},
		step{"deliver/diff.others", nil},
		step{"deliver/diff_homes.sql", warehouse.Args{"address": d.address()}},
		step{"deliver/diff.items", nil},
		step{"deliver/diff_ledger.sql", nil},
		step{"deliver/diff_build.sql", warehouse.Args{
			"post_from": postFrom, "today": today,
			"record_schema": schema, "on_change": policy,
		}},
		step{"deliver/item_draft.sql", warehouse.Args{"record_schema": schema}},
	)
	if err != nil {
		return err
	}
	var reverses bool
	if err := conn.Get(ctx, "deliver/diff.reverses", nil, &reverses); err != nil {
		return err
	}
	if reverses {
		if _, err := conn.Exec(ctx, "deliver/item.draft_reversals", nil); err != nil {
			return err
		}
	}
	_, err = conn.Exec(ctx, "deliver/diff.states", nil)
	return err
}

// gatedDiff is the diff with what the gates hold marked, in sum.
func (d *Delivery) gatedDiff(ctx context.Context, conn warehouse.Runner) (findings, error) {
	if err := d.diff(ctx, conn, d.Productiv.OnChange); err != nil {
		return findings{}, err
	}
	drafted, err := d.closeGates(ctx, conn)
	if err != nil {
		return findings{}, err
	}
	found := findings{drafted: drafted}
	if err := warehouse.Fill(ctx, conn, &found, "deliver/diff.counts", nil); err != nil {
		return found, err
	}
	return found, warehouse.Fill(ctx, conn, &found.money, "deliver/diff.money", nil)
}

// provenDiff is the diff after the proof that canonical and the ledger add up.
func (d *Delivery) provenDiff(ctx context.Context, conn warehouse.Runner) (findings, error) {
	found, err := d.gatedDiff(ctx, conn)
	if err != nil {
		return found, err
	}
	return found, d.reconcile(ctx, conn)
}

// dayOrNull is a day as SQL takes it.
func dayOrNull(day time.Time) any {
	if day.IsZero() {
		return nil
	}
	return day.Format(time.DateOnly)
}

// reconcile proves that canonical is the sum of all states and keeps the totals for the run.
func (d *Delivery) reconcile(ctx context.Context, conn warehouse.Runner) error {
	run := string(d.RunID)
	if _, err := conn.Exec(ctx, "deliver/ledger_cells.sql", nil); err != nil {
		return err
	}
	steps, err := ifAny(ctx, conn, "deliver/ledger.any_totals", warehouse.Args{"run_id": run},
		step{"deliver/ledger.clear_totals", warehouse.Args{"run_id": run}})
	if err != nil {
		return err
	}
	steps = append(steps, step{"deliver/ledger.write_totals", warehouse.Args{"run_id": run, "at": d.Now().UTC()}})
	if err := execTogether(ctx, conn, steps...); err != nil {
		return err
	}
	const check = "canonical = delivered + unknown + held + rejected + pending + not_due + unsent_changes"
	return prove(ctx, conn, check, "deliver/ledger_unbalanced.sql", offender)
}

// Untell marks as not reported yet what only a run found that never ended.
func Untell(ctx context.Context, r warehouse.Runner) error {
	_, err := r.Exec(ctx, "deliver/difference.untell", nil)
	return err
}

// A loadPlan is what one round of a load has found and planned.
type loadPlan struct {
	findings
	itemsBefore int64 // the newest item of the ledger before it
	concluded   bool  // there is nothing to post
	news        bool  // then: the diff is another one than the load before found
}

// plan compares, proves that the books balance, and plans in the ledger what no gate holds, or only
// what the approval is for. Records that break their JSON Schema are rejected.
func (d *Delivery) plan(ctx context.Context, approval string, result *Result) (plan loadPlan, err error) {
	err = d.DB.InConn(ctx, func(conn *warehouse.Conn) (err error) {
		if plan.findings, err = d.heldDiff(ctx, conn, approval); err != nil {
			return err
		}
		if !plan.drafted && approval == "" {
			plan.concluded = true
			plan.news, err = d.conclude(ctx, conn, plan.findings, result)
			return err
		}
		invalid, err := d.validate(ctx, conn)
		if err != nil {
			return err
		}
		result.Rejected += len(invalid)
		plan.itemsBefore, err = d.writePlan(ctx, conn, invalid)
		return err
	})
	return plan, err
}

// heldDiff is the diff of a load that begins: it forgets an earlier plan and keeps what gates hold.
func (d *Delivery) heldDiff(ctx context.Context, conn warehouse.Runner, approval string) (findings, error) {
	planned, err := ifAny(ctx, conn, "deliver/item.planned", nil, step{"deliver/item.drop_planned", nil})
	if err != nil {
		return findings{}, err
	}
	if err := execAll(ctx, conn, planned...); err != nil {
		return findings{}, err
	}
	found, err := d.provenDiff(ctx, conn)
	if err != nil {
		return found, err
	}
	return found, d.hold(ctx, conn, found, approval)
}

// An invalidItem is one that breaks its schema.
type invalidItem struct {
	Key    string `json:"key"`
	Reason string `json:"reason"`
}

func (d *Delivery) validate(ctx context.Context, conn warehouse.Runner) ([]invalidItem, error) {
	schemas, err := openSchemas(d.Schemas)
	if err != nil {
		return nil, err
	}
	invalid := []invalidItem{}
	err = eachDrafted(ctx, conn, "deliver/item.draft_payloads", func(rows *sql.Rows) error {
		var (
			key, schema string
			payload     sql.RawBytes
		)
		if err := rows.Scan(&key, &schema, &payload); err != nil {
			return err
		}
		if reason := schemas.fault(schema, payload); reason != "" {
			invalid = append(invalid, invalidItem{key, reason})
		}
		return nil
	})
	return invalid, err
}

// draftPart is how many items of the draft are read at a time: the driver holds all
// rows of a statement in memory.
const draftPart = 50_000

// eachDrafted scans the rows of a statement that reads a part of the draft, part after part.
func eachDrafted(ctx context.Context, conn warehouse.Runner, name string, scan func(*sql.Rows) error) error {
	var first, end int64
	if err := conn.Get(ctx, "deliver/item.draft_rows", nil, &first, &end); err != nil {
		return err
	}
	for ; first < end; first += draftPart {
		part := warehouse.Args{"first": first, "last": first + draftPart - 1}
		if err := conn.Each(ctx, name, part, scan); err != nil {
			return err
		}
	}
	return nil
}

// writePlan writes the draft into the ledger after the item whose number it returns.
func (d *Delivery) writePlan(ctx context.Context, conn warehouse.Runner, invalid []invalidItem) (itemsBefore int64, err error) {
	rejected, err := json.Marshal(invalid)
	if err != nil {
		return 0, err
	}
	run := string(d.RunID)
	var batchesBefore int
	if err := conn.Get(ctx, "deliver/batch.count", warehouse.Args{"run_id": run}, &itemsBefore, &batchesBefore); err != nil {
		return 0, err
	}
	_, err = conn.Exec(ctx, "deliver/item_plan.sql", warehouse.Args{
		"invalid": string(rejected), "run_id": run, "items_before": itemsBefore, "batches_before": batchesBefore,
		"batch_size": d.Productiv.BatchSize, "at": d.Now().UTC(),
	})
	if err != nil {
		return 0, fmt.Errorf("plan: %w", err)
	}
	return itemsBefore, nil
}

// A DryRun says what a load would post now.
type DryRun struct {
	Found
	Held    int `json:"held"`    // of these, by a gate
	Invalid int `json:"invalid"` // items that break the JSON Schema, to be rejected

	Again       int     `json:"again"`        // records in doubt whose batches would be posted again
	Items       int     `json:"items"`        // that would be posted, held ones included
	PayloadFile *string `json:"payload_file"` // their exact JSON, one a line; null unless asked for
	Preview
	Plan      *etl.HeldPlan `json:"held_plan,omitempty"` // what the gates would hold
	NotPosted []Sum         `json:"not_posted"`          // what the load leaves as it is
	First     []DryRunFirst `json:"first"`

	// Undelivered is what Productiv does not hold as canonical has it, this load
	// not counted.
	Undelivered []etl.Undelivered `json:"undelivered"`

	Posts `json:"-"`
}

// A Preview is what to look at before it is posted.
type Preview struct {
	Cells   []Sum           `json:"cells"`   // by month
	Vendors []PreviewVendor `json:"vendors"` // the largest ones
	Samples []PreviewSample `json:"samples"` // of what gates hold
}

// A PreviewVendor is a vendor under the name that would be posted.
type PreviewVendor struct {
	Vendor   string `json:"vendor"`
	Currency string `json:"currency"`
	Records  int    `json:"records"`
	Amount   string `json:"amount"` // major units, exact
}

// A PreviewSample is one record as the vendor sent it, in the members that
// amounts are made of, beside what would be posted.
type PreviewSample struct {
	SpendID  string          `json:"spend_id"`
	Shows    string          `json:"shows"` // why it was chosen
	Received json.RawMessage `json:"received"`
	Posted   json.RawMessage `json:"posted"`
}

// A DryRunFirst is one item: what Productiv holds and what it would get.
type DryRunFirst struct {
	SpendID string          `json:"spend_id"`
	Class   string          `json:"class"`
	Kind    string          `json:"kind"`
	Key     string          `json:"key"`
	Gate    string          `json:"gate,omitempty"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after"`
}

// How much is shown.
const (
	firstItems     = 10 // in full
	previewVendors = 10
	previewSamples = 6
)

// DryRun finds out what a load would post now: the same records with the same
// amounts and classes as the load after it, provided that nothing else changes.
// It works in the caller's transaction, which is to be rolled back, and writes
// nothing but the payload file, if one is named.
func (d *Delivery) DryRun(ctx context.Context, tx *warehouse.Tx, payloads string) (DryRun, error) {
	var dry DryRun
	if err := d.recoverIn(ctx, tx, false); err != nil {
		return dry, err
	}
	found, err := d.heldDiff(ctx, tx, "")
	if err != nil {
		return dry, fmt.Errorf("dry run: %w", err)
	}
	dry.Found, dry.Posts, dry.Held = found.Found, found.Posts, found.Held
	invalid, err := d.validate(ctx, tx)
	if err != nil {
		return dry, fmt.Errorf("dry run: %w", err)
	}
	dry.Invalid = len(invalid)
	doubts, err := d.inDoubt(ctx, tx)
	if err != nil {
		return dry, err
	}
	for _, b := range again(doubts) {
		dry.Again += b.records
	}
	return dry, d.describe(ctx, tx, &dry, payloads)
}

// saveDifferences stores what the diff found, for the run that reports it, and returns
// how many differences changed.
func saveDifferences(ctx context.Context, r warehouse.Runner, run string) (changed int64, err error) {
	dropped, err := r.Exec(ctx, "deliver/difference.drop", nil)
	if err != nil {
		return 0, err
	}
	saved, err := r.Exec(ctx, "deliver/difference.save", warehouse.Args{"run_id": run})
	return dropped + saved, err
}

func (d *Delivery) describe(ctx context.Context, conn warehouse.Runner, dry *DryRun, payloads string) error {
	_, err := saveDifferences(ctx, conn, string(d.RunID))
	if err != nil {
		return err
	}
	if dry.Preview, err = preview(ctx, conn, false); err != nil {
		return err
	}
	if err := warehouse.Fill(ctx, conn, &dry.First, "deliver/diff.first", warehouse.Args{"most": firstItems}); err != nil {
		return err
	}
	if err := warehouse.Fill(ctx, conn, &dry.NotPosted, "deliver/diff.left", nil); err != nil {
		return err
	}
	plan, err := ReadPlan(ctx, conn)
	if err != nil {
		return err
	}
	if plan.Name != "" {
		dry.Plan = &plan
	}
	return d.writePayloads(ctx, conn, dry, payloads)
}

// preview describes the draft, or what the gates hold of it.
func preview(ctx context.Context, conn warehouse.Runner, held bool) (p Preview, err error) {
	if err := warehouse.Fill(ctx, conn, &p.Cells, "deliver/diff.months", warehouse.Args{"held": held}); err != nil {
		return p, err
	}
	err = warehouse.Fill(ctx, conn, &p.Vendors, "deliver/diff.vendors", warehouse.Args{"held": held, "most": previewVendors})
	if err != nil {
		return p, err
	}
	return p, warehouse.Fill(ctx, conn, &p.Samples, "deliver/diff_samples.sql", warehouse.Args{"most": previewSamples})
}

// writePayloads counts the items, and writes them into a file if one is named, one a line.
func (d *Delivery) writePayloads(ctx context.Context, conn warehouse.Runner, dry *DryRun, path string) error {
	err := conn.Get(ctx, "deliver/item.drafted", nil, &dry.Items)
	if err != nil || path == "" {
		return err
	}
	file, err := durable.Create(path, 0o600)
	if err != nil {
		return etl.Usagef("--payload: %w", err)
	}
	defer file.Discard()
	dry.PayloadFile = &path
	lines := bufio.NewWriter(file)
	err = eachDrafted(ctx, conn, "deliver/item.draft_all", func(rows *sql.Rows) error {
		var payload string
		if err := rows.Scan(&payload); err != nil {
			return err
		}
		_, err := lines.WriteString(payload + "\n")
		return err
	})
	if err != nil {
		return err
	}
	if err := lines.Flush(); err != nil {
		return err
	}
	return file.Commit()
}
