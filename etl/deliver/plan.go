package deliver

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"spendbridge/etl/warehouse"
)

// plan compares, proves that the books balance, and writes what is to be
// posted into the ledger as planned: everything that no gate holds, or only
// what the approval is for. Records that break their JSON Schema are rejected
// there and then.
func (d *Delivery) plan(ctx context.Context, approval string, result *Result) (findings, error) {
	var found findings
	err := d.DB.InConn(ctx, func(conn *warehouse.Conn) (err error) {
		if _, err = conn.Exec(ctx, "queries/item_drop_planned.sql", nil); err != nil {
			return err
		}
		if found, err = d.gatedDiff(ctx, conn); err != nil {
			return err
		}
		if err = d.reconcile(ctx, conn); err != nil {
			return err
		}
		if err = d.hold(ctx, conn, approval); err != nil {
			return err
		}
		invalid, err := d.validate(ctx, conn)
		if err != nil {
			return err
		}
		result.Rejected += len(invalid)
		return d.writePlan(ctx, conn, invalid)
	})
	return found, err
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
	err = conn.Each(ctx, "queries/item_draft_payloads.sql", nil, func(rows *sql.Rows) error {
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

func (d *Delivery) writePlan(ctx context.Context, conn warehouse.Runner, invalid []invalidItem) error {
	refused, err := json.Marshal(invalid)
	if err != nil {
		return err
	}
	run := string(d.RunID)
	var before int
	if err := conn.Get(ctx, "queries/batch_count.sql", warehouse.Args{"run_id": run}, &before); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "queries/item_plan.sql", warehouse.Args{
		"invalid": string(refused), "run_id": run, "batches_before": before,
		"batch_size": d.Productiv.BatchSize, "at": d.Now().UTC(),
	})
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	return nil
}
