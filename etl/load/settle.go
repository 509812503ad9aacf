package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A Decision is a person's: who, and why. The ledger keeps both.
type Decision struct {
	By   string
	Note string
}

func (d Decision) check() error {
	if strings.TrimSpace(d.By) == "" || strings.TrimSpace(d.Note) == "" {
		return etl.Usagef("a decision needs a name and a reason; add --note 'why, and where it was seen'")
	}
	return nil
}

// What a person can decide.
const (
	decisionAccepted  = "accepted"
	decisionResend    = "resend"
	decisionRetry     = "retry"
	decisionCorrected = "corrected_at_productiv"
)

func (d *Delivery) keepDecision(ctx context.Context, tx *warehouse.Tx, id, subject, what string, by Decision) error {
	_, err := tx.Exec(ctx, "queries/settle_add.sql", warehouse.Args{
		"settlement_id": id, "subject": subject, "decision": what,
		"decided_by": by.By, "note": by.Note, "at": d.Now().UTC(),
	})
	return err
}

// settled is the line of a sent file that records a decision.
func (d *Delivery) settled(b batch, state, id, subject, what string, by Decision) sentEvent {
	return sentEvent{
		State: state, At: d.Now().UTC(), Attempt: b.attempt, Message: "settled by " + by.By + ": " + by.Note,
		Settlement: &sentSettlement{ID: id, Subject: subject, Decision: what, By: by.By, Note: by.Note},
	}
}

// SettleAccepted books a batch in doubt as accepted: somebody has seen its
// records in Productiv.
func (d *Delivery) SettleAccepted(ctx context.Context, batchID string, by Decision) error {
	return d.settleBatch(ctx, batchID, decisionAccepted, stateAccepted, by)
}

// SettleResend lets the next load post a batch in doubt again, the same body:
// somebody has made sure that its records are not in Productiv.
func (d *Delivery) SettleResend(ctx context.Context, batchID string, by Decision) error {
	return d.settleBatch(ctx, batchID, decisionResend, stateUnknown, by)
}

func (d *Delivery) settleBatch(ctx context.Context, batchID, what, state string, by Decision) error {
	if err := by.check(); err != nil {
		return err
	}
	if err := d.Recover(ctx); err != nil {
		return err
	}
	b, err := d.batchInDoubt(ctx, batchID)
	if err != nil {
		return err
	}
	id := uuid.Must(uuid.NewV7()).String()
	event := d.settled(b, state, id, b.id, what, by)
	if err := appendSent(d.Folder, b.id, event); err != nil {
		return err
	}
	err = d.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := d.keepDecision(ctx, tx, id, b.id, what, by); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "queries/settle_batch.sql", warehouse.Args{
			"settlement_id": id, "batch_id": b.id, "state": state, "at": event.At, "message": event.Message,
		}); err != nil {
			return err
		}
		return d.setItems(ctx, tx, b, state, event.Message)
	})
	if err != nil {
		return fmt.Errorf("settle batch %s: %w", b.id, err)
	}
	return nil
}

// batchInDoubt finds a batch that is unknown. Any other is a usage error.
func (d *Delivery) batchInDoubt(ctx context.Context, id string) (batch, error) {
	b := batch{id: id}
	var state string
	err := d.DB.Get(ctx, "queries/settle_find_batch.sql", warehouse.Args{"batch_id": id},
		&b.target, &b.schema, &state, &b.records, &b.first, &b.last, &b.attempt)
	if errors.Is(err, sql.ErrNoRows) {
		return b, etl.Usagef("no batch is called %s; spendbridge status lists those that wait", id)
	}
	if err == nil && state != stateUnknown {
		return b, etl.Usagef("batch %s is %s; only an unknown one can be settled", id, state)
	}
	return b, err
}

// SettleRetry lets the next load send a rejected record again as it is.
func (d *Delivery) SettleRetry(ctx context.Context, spendID string, by Decision) error {
	if err := by.check(); err != nil {
		return err
	}
	batches, err := warehouse.Strings(ctx, d.DB, "queries/settle_rejected.sql", warehouse.Args{"spend_id": spendID})
	if err != nil {
		return err
	}
	if len(batches) == 0 {
		return etl.Usagef("record %s is not rejected; spendbridge explain %s shows what became of it", spendID, spendID)
	}
	id := uuid.Must(uuid.NewV7()).String()
	for _, batchID := range batches {
		if batchID == "" {
			continue // refused here, so there is no file to note it in
		}
		event := d.settled(batch{id: batchID}, stateRejected, id, spendID, decisionRetry, by)
		if err := appendSent(d.Folder, batchID, event); err != nil {
			return err
		}
	}
	err = d.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := d.keepDecision(ctx, tx, id, spendID, decisionRetry, by); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "queries/settle_retry.sql", warehouse.Args{"settlement_id": id, "spend_id": spendID})
		return err
	})
	if err != nil {
		return fmt.Errorf("settle record %s: %w", spendID, err)
	}
	return nil
}

// SettleCorrected books that Productiv was mended by hand and holds the record
// as canonical has it now, or no longer holds a withdrawn one. The booking is
// a batch of its own that is never posted.
func (d *Delivery) SettleCorrected(ctx context.Context, spendID string, by Decision) error {
	if err := by.check(); err != nil {
		return err
	}
	if err := d.Recover(ctx); err != nil {
		return err
	}
	if err := d.planCorrection(ctx, spendID); err != nil {
		return err
	}
	batches, err := d.plannedBatches(ctx)
	if err != nil {
		return err
	}
	if len(batches) == 0 {
		return etl.Usagef("record %s has nothing to correct: Productiv holds it as it is here, or its last batch is in doubt, or it is frozen", spendID)
	}
	for _, b := range batches {
		if err := d.bookCorrection(ctx, b, spendID, by); err != nil {
			return fmt.Errorf("settle record %s: %w", spendID, err)
		}
	}
	return nil
}

func (d *Delivery) planCorrection(ctx context.Context, spendID string) error {
	const policy = "correct"
	return d.DB.InConn(ctx, func(conn *warehouse.Conn) error {
		if err := d.diff(ctx, conn, policy); err != nil {
			return err
		}
		only := warehouse.Args{"spend_id": spendID}
		err := execAll(ctx, conn,
			step{"queries/item_drop_planned.sql", nil},
			step{"queries/item_draft_only.sql", only},
			step{"queries/item_draft_correct.sql", nil},
		)
		if err != nil {
			return err
		}
		return d.writePlan(ctx, conn, []invalidItem{})
	})
}

func (d *Delivery) bookCorrection(ctx context.Context, b batch, spendID string, by Decision) error {
	if _, err := d.begin(ctx, &b); err != nil {
		return err
	}
	id := uuid.Must(uuid.NewV7()).String()
	event := d.settled(b, stateAccepted, id, spendID, decisionCorrected, by)
	if err := appendSent(d.Folder, b.id, event); err != nil {
		return err
	}
	return d.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := d.keepDecision(ctx, tx, id, spendID, decisionCorrected, by); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "queries/settle_batch.sql", warehouse.Args{
			"settlement_id": id, "batch_id": b.id, "state": stateAccepted, "at": event.At, "message": event.Message,
		}); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "queries/settle_items.sql", warehouse.Args{"settlement_id": id, "batch_id": b.id}); err != nil {
			return err
		}
		return d.setItems(ctx, tx, b, stateAccepted, "")
	})
}
