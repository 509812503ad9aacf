package load

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"spendbridge/etl/warehouse"
)

// RebuildLedger writes the ledger anew from the sent files below the data
// folder, in one transaction, and returns how many batches they hold. What a
// sent file cannot know is gone: records that were refused here and never
// sent, which the next load refuses again, and what gates held.
func RebuildLedger(ctx context.Context, db *warehouse.DB, folder string) (int, error) {
	ids, err := sentBatches(folder)
	if err != nil {
		return 0, err
	}
	if ids, err = inOrderSent(folder, ids); err != nil {
		return 0, err
	}
	err = db.InTx(ctx, func(tx *warehouse.Tx) error {
		for _, table := range []string{"batches", "items", "settlements"} {
			if _, err := tx.Exec(ctx, "queries/ledger_clear_"+table+".sql", nil); err != nil {
				return err
			}
		}
		next := int64(1)
		for _, id := range ids {
			file, err := readSent(folder, id)
			if err != nil {
				return err
			}
			n, err := rebuildBatch(ctx, tx, file, next)
			if err != nil {
				return fmt.Errorf("%s: %w", sentName(id), err)
			}
			next += n
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("rebuild the ledger: %w", err)
	}
	return len(ids), nil
}

// inOrderSent sorts batches by the time they were sent first.
func inOrderSent(folder string, ids []string) ([]string, error) {
	headers := make([]sentHeader, 0, len(ids))
	for _, id := range ids {
		file, err := readSent(folder, id)
		if err != nil {
			return nil, err
		}
		headers = append(headers, file.Header)
	}
	slices.SortStableFunc(headers, func(a, b sentHeader) int { return a.SentAt.Compare(b.SentAt) })
	sorted := make([]string, len(headers))
	for i, h := range headers {
		sorted[i] = h.BatchID
	}
	return sorted, nil
}

// rebuildBatch writes one batch as its file's last line left it, with its
// items unless they are elsewhere: in the halves, or not sent at all.
func rebuildBatch(ctx context.Context, tx *warehouse.Tx, f sentFile, first int64) (int64, error) {
	items, err := f.items()
	if err != nil {
		return 0, err
	}
	h, end := f.Header, f.outcome()
	args := warehouse.Args{
		"batch_id": h.BatchID, "parent": h.Parent, "run_id": h.RunID, "target": h.Target, "app_id": h.AppID,
		"record_schema": h.RecordSchema, "sha256": h.SHA256, "file": sentName(h.BatchID),
		"sent_at": h.SentAt, "finished_at": end.At, "records": len(items),
		"first_no": first, "last_no": first + int64(len(items)) - 1,
		"state": end.State, "attempt": end.Attempt, "status": end.Status,
		"doubtful": h.Doubtful, "message": end.Message, "request_id": end.RequestID, "settlement_id": end.settlementID(),
	}
	if _, err := tx.Exec(ctx, "queries/ledger_add_batch.sql", args); err != nil {
		return 0, err
	}
	if end.State != stateSplit && end.State != statePending {
		if err := rebuildItems(ctx, tx, f, items, first, end); err != nil {
			return 0, err
		}
	}
	return int64(len(items)), rebuildDecisions(ctx, tx, f)
}

func rebuildItems(ctx context.Context, tx *warehouse.Tx, f sentFile, items []sentItem, first int64, end sentEvent) error {
	list, err := json.Marshal(items)
	if err != nil {
		return err
	}
	message := end.Message
	if end.State == stateAccepted {
		message = ""
	}
	corrected := ""
	if end.Settlement != nil && end.Settlement.Decision == decisionCorrected {
		corrected = end.Settlement.ID
	}
	_, err = tx.Exec(ctx, "queries/ledger_add_items.sql", warehouse.Args{
		"items": string(list), "batch_id": f.Header.BatchID, "run_id": f.Header.RunID, "target": f.Header.Target,
		"record_schema": f.Header.RecordSchema, "state": end.State, "message": message,
		"settlement_id": corrected, "first_no": first, "at": end.At,
	})
	return err
}

func rebuildDecisions(ctx context.Context, tx *warehouse.Tx, f sentFile) error {
	for _, event := range f.Events {
		s := event.Settlement
		if s == nil {
			continue
		}
		if _, err := tx.Exec(ctx, "queries/settle_add_once.sql", warehouse.Args{
			"settlement_id": s.ID, "subject": s.Subject, "decision": s.Decision,
			"decided_by": s.By, "note": s.Note, "at": event.At,
		}); err != nil {
			return err
		}
		if s.Decision != decisionRetry {
			continue
		}
		if _, err := tx.Exec(ctx, "queries/settle_retry.sql", warehouse.Args{
			"settlement_id": s.ID, "spend_id": s.Subject,
		}); err != nil {
			return err
		}
	}
	return nil
}

// A sentItem is one record of a sent file: what the ledger knew, and the JSON
// that went out.
type sentItem struct {
	Item    json.RawMessage `json:"item"`
	Payload string          `json:"payload"`
}

// items pairs the header's list with the records of the body, byte for byte.
func (f sentFile) items() ([]sentItem, error) {
	sum := sha256.Sum256(f.Body)
	if hex.EncodeToString(sum[:]) != f.Header.SHA256 {
		return nil, errors.New("the body does not have the checksum of its header; restore the file from a backup")
	}
	var (
		known []json.RawMessage
		sent  struct {
			Records []json.RawMessage `json:"records"`
		}
	)
	if err := errors.Join(json.Unmarshal(f.Header.Items, &known), json.Unmarshal(f.Body, &sent)); err != nil {
		return nil, err
	}
	if len(known) != len(sent.Records) {
		return nil, fmt.Errorf("%d items for %d records", len(known), len(sent.Records))
	}
	items := make([]sentItem, len(known))
	for i := range known {
		items[i] = sentItem{Item: known[i], Payload: string(bytes.TrimSpace(sent.Records[i]))}
	}
	return items, nil
}

// outcome is the last line that is about the batch as a whole. Without one
// nobody knows whether it arrived.
func (f sentFile) outcome() sentEvent {
	if end, ok := f.last(); ok {
		for _, event := range f.Events { // a decision has no HTTP answer of its own
			end.Status, end.RequestID = cmp.Or(event.Status, end.Status), cmp.Or(event.RequestID, end.RequestID)
		}
		return end
	}
	return sentEvent{State: stateUnknown, At: f.Header.SentAt, Attempt: 1, Message: noAnswer}
}

func (e sentEvent) settlementID() string {
	if e.Settlement == nil {
		return ""
	}
	return e.Settlement.ID
}
