package deliver

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"spendbridge/etl/warehouse"
)

// A loadPlan is what one round of a load has found, and written into the
// ledger to be posted.
type loadPlan struct {
	findings
	itemsBefore int64       // the newest item of the ledger before it
	end         *conclusion // of the load; nil if something is to be posted
}

// plan compares, proves that the books balance, and writes what is to be
// posted into the ledger as planned: everything that no gate holds, or only
// what the approval is for. Records that break their JSON Schema are rejected
// there and then.
func (d *Delivery) plan(ctx context.Context, approval string, result *Result) (plan loadPlan, err error) {
	err = d.DB.InConn(ctx, func(conn *warehouse.Conn) (err error) {
		if _, err = conn.Exec(ctx, "deliver/item.drop_planned", nil); err != nil {
			return err
		}
		if plan.findings, err = d.gatedDiff(ctx, conn); err != nil {
			return err
		}
		if err = d.reconcile(ctx, conn); err != nil {
			return err
		}
		if err = d.hold(ctx, conn, approval); err != nil {
			return err
		}
		if !plan.drafted && approval == "" {
			plan.end, err = d.concludeFrom(ctx, conn, plan.findings, result)
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
	refused, err := json.Marshal(invalid)
	if err != nil {
		return 0, err
	}
	run := string(d.RunID)
	var batchesBefore int
	if err := conn.Get(ctx, "deliver/batch.count", warehouse.Args{"run_id": run}, &itemsBefore, &batchesBefore); err != nil {
		return 0, err
	}
	_, err = conn.Exec(ctx, "deliver/item_plan.sql", warehouse.Args{
		"invalid": string(refused), "run_id": run, "items_before": itemsBefore, "batches_before": batchesBefore,
		"batch_size": d.Productiv.BatchSize, "at": d.Now().UTC(),
	})
	if err != nil {
		return 0, fmt.Errorf("plan: %w", err)
	}
	return itemsBefore, nil
}
