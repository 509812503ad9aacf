package deliver

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"spendbridge/etl"
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

// A step is one statement of many, or none.
type step struct {
	file string
	args warehouse.Args
}

func when(asked bool, s step) step {
	if !asked {
		return step{}
	}
	return s
}

func execAll(ctx context.Context, conn warehouse.Runner, steps ...step) error {
	for _, s := range steps {
		if s.file == "" {
			continue
		}
		if _, err := conn.Exec(ctx, s.file, s.args); err != nil {
			return err
		}
	}
	return nil
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
	return execAll(ctx, conn,
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
		step{"deliver/item_draft_reversals.sql", nil},
		step{"deliver/diff.states", nil},
	)
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

// reconcile proves that canonical is the sum of all states, record by record,
// and keeps the totals for the run. It needs the tables of diff.
func (d *Delivery) reconcile(ctx context.Context, conn warehouse.Runner) error {
	if _, err := conn.Exec(ctx, "deliver/ledger_cells.sql", nil); err != nil {
		return err
	}
	if err := d.keepTotals(ctx, conn); err != nil {
		return err
	}
	failed := &etl.CheckError{Check: "canonical = delivered + unknown + held + rejected + pending + not_due + unsent_changes"}
	err := conn.Each(ctx, "deliver/ledger_unbalanced.sql", nil, func(rows *sql.Rows) error {
		var source, currency, id, canonical, ledger string
		if err := rows.Scan(&source, &currency, &id, &canonical, &ledger); err != nil {
			return err
		}
		failed.Rows++
		if failed.Rows <= 10 {
			failed.First = append(failed.First, fmt.Sprintf("%s %s %s: canonical %s, ledger %s", source, currency, id, canonical, ledger))
		}
		return nil
	})
	if err != nil || failed.Rows == 0 {
		return err
	}
	return failed
}

// keepTotals writes the control totals of the ledger, in place of those that
// the run wrote before it posted.
func (d *Delivery) keepTotals(ctx context.Context, conn warehouse.Runner) error {
	run := string(d.RunID)
	if _, err := conn.Exec(ctx, "deliver/ledger.clear_totals", warehouse.Args{"run_id": run}); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "deliver/ledger.write_totals", warehouse.Args{"run_id": run, "at": d.Now().UTC()})
	return err
}

// Untell marks as not reported yet what only a run found that never ended.
func Untell(ctx context.Context, r warehouse.Runner) error {
	_, err := r.Exec(ctx, "deliver/difference.untell", nil)
	return err
}

// A loadPlan is what one round of a load has found, and written into the
// ledger to be posted.
type loadPlan struct {
	findings
	itemsBefore int64 // the newest item of the ledger before it
	concluded   bool  // there is nothing to post
	news        bool  // then: the diff is another one than the load before found
}

// plan compares, proves that the books balance, and writes what is to be
// posted into the ledger as planned: everything that no gate holds, or only
// what the approval is for. Records that break their JSON Schema are rejected
// there and then.
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

// heldDiff is the diff of a load that begins: what an earlier one planned and
// never sent is forgotten, and what the gates hold is kept.
func (d *Delivery) heldDiff(ctx context.Context, conn warehouse.Runner, approval string) (findings, error) {
	if _, err := conn.Exec(ctx, "deliver/item.drop_planned", nil); err != nil {
		return findings{}, err
	}
	found, err := d.provenDiff(ctx, conn)
	if err != nil {
		return found, err
	}
	return found, d.hold(ctx, conn, approval)
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
	err = conn.Each(ctx, "deliver/item.draft_payloads", nil, func(rows *sql.Rows) error {
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

// writePlan writes the draft into the ledger, in one statement, after the item
// whose number it returns.
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
