package load

import (
	"context"
	"fmt"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"

	"github.com/google/uuid"
)

// closeGates marks what the gates of the configuration hold back.
func (d *Delivery) closeGates(ctx context.Context, conn *warehouse.Conn) error {
	var gates []step
	if above := d.Productiv.HoldChangesAbove; above > 0 {
		gates = append(gates, step{"queries/gate_changes.sql", warehouse.Args{"above": above}})
	}
	if times := d.Productiv.HoldVolumeAbove; times > 0 {
		gates = append(gates, step{"queries/gate_volume.sql", warehouse.Args{"times": fmt.Sprint(times)}})
	}
	return execAll(ctx, conn, gates...)
}

// hold keeps what the gates hold, exactly as it would be posted, for a person
// to look at. With an approval it keeps nothing and leaves in the draft what
// was approved.
func (d *Delivery) hold(ctx context.Context, conn *warehouse.Conn, approval string) error {
	if approval != "" {
		_, err := conn.Exec(ctx, "queries/gate_only_approved.sql", warehouse.Args{"settlement_id": approval})
		return err
	}
	return execAll(ctx, conn,
		step{"queries/gate_forget.sql", nil},
		step{"queries/gate_hold.sql", warehouse.Args{"run_id": string(d.RunID), "at": d.Now().UTC()}},
	)
}

func (d *Delivery) heldWaits(ctx context.Context) error {
	var (
		items, records int
		gate           string
	)
	if err := d.DB.Get(ctx, "queries/gate_count.sql", nil, &items, &records, &gate); err != nil {
		return err
	}
	return &etl.NeedsPersonError{
		What: fmt.Sprintf("%d records are held by productiv.%s", records, gate),
		Mend: "look at them with: spendbridge load --dry-run, then: spendbridge load --approve --note WHY",
	}
}

// Approve posts exactly what the gates held in the last load, on one person's
// word. If any of it would be posted otherwise by now, it posts nothing and
// asks to look again.
func (d *Delivery) Approve(ctx context.Context, decision Decision) (DeliveryResult, error) {
	var result DeliveryResult
	if err := decision.check(); err != nil {
		return result, err
	}
	if err := d.Productiv.Validate(); err != nil {
		return result, err
	}
	if err := d.Recover(ctx); err != nil {
		return result, err
	}
	if err := d.refuseStrays(ctx); err != nil {
		return result, err
	}
	id := uuid.Must(uuid.NewV7()).String()
	err := d.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := d.keepDecision(ctx, tx, id, "held items", "approve", decision); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "queries/gate_approve.sql", warehouse.Args{"settlement_id": id})
		return err
	})
	if err != nil {
		return result, fmt.Errorf("approve: %w", err)
	}
	return d.post(ctx, id)
}

// refuseStrays refuses an approval of nothing, and one of items that have
// changed since they were held.
func (d *Delivery) refuseStrays(ctx context.Context) error {
	var (
		items, records int
		gate           string
		strays         []string
	)
	if err := d.DB.Get(ctx, "queries/gate_count.sql", nil, &items, &records, &gate); err != nil {
		return err
	}
	if items == 0 {
		return etl.Usagef("nothing is held, so there is nothing to approve")
	}
	err := d.DB.InConn(ctx, func(conn *warehouse.Conn) (err error) {
		if err = d.diff(ctx, conn, d.Productiv.OnChange); err != nil {
			return err
		}
		strays, err = warehouse.Strings(ctx, conn, "queries/gate_strays.sql", nil)
		return err
	})
	if err != nil || len(strays) == 0 {
		return err
	}
	return &etl.NeedsPersonError{
		What: fmt.Sprintf("%d of %d held items have changed since they were held: %s; nothing is posted", len(strays), items, someOf(strays)),
		Mend: "run: spendbridge load, and look at what it holds now",
	}
}
