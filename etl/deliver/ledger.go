package deliver

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
)

// The states of batches and items; the package comment draws them.
const (
	statePlanned  = "planned"
	statePending  = "pending"
	stateSending  = "sending"
	stateAccepted = "accepted"
	stateRejected = "rejected"
	stateUnknown  = "unknown"
	stateSplit    = "split"
	stateHeld     = "held" // of a record only: a gate holds it
)

// A batch is what one post carries.
type batch struct {
	id, parent  string
	target      string
	appID       string // of the target
	schema      string
	records     int
	first, last int64 // its items lie between these ledger_no
	attempt     int   // posts so far
	listed      bool  // the ledger has a row for it
	doubtful    bool  // its records may have arrived already
}

// halves returns the two batches that a refused one is split into. Halves of
// a doubtful one are as doubtful, and are listed at once so that they are not
// forgotten.
func (b batch) halves() (left, right batch) {
	left, right = b, b
	left.id, right.id = b.id+"a", b.id+"b"
	left.parent, right.parent = b.id, b.id
	left.attempt, right.attempt = 0, 0
	left.listed, right.listed = b.doubtful, b.doubtful
	left.records = (b.records + 1) / 2
	right.records = b.records - left.records
	return left, right
}

// begin writes that the batch is being sent, first into the ledger, then into
// the marker and its sent file, and returns the body to send. If a file cannot
// be written the batch is pending again, for nothing went out. Without a
// posting the batch is booked and never sent.
func (d *Delivery) begin(ctx context.Context, b *batch, posting *posting) ([]byte, error) {
	if posting != nil {
		if err := posting.prepare(ctx); err != nil {
			return nil, fmt.Errorf("batch %s: %w", b.id, err)
		}
	}
	file, err := d.compose(ctx, d.DB, *b)
	if err != nil {
		return nil, fmt.Errorf("batch %s: %w", b.id, err)
	}
	if posting != nil {
		file.Header.LoadNo = posting.loadNo
	}
	if err := d.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := d.markSending(ctx, tx, *b, file.Header); err != nil {
			return err
		}
		return posting.count(ctx, tx)
	}); err != nil {
		return nil, fmt.Errorf("batch %s: %w", b.id, err)
	}
	posting.committed()
	b.attempt, b.listed = b.attempt+1, true
	if err := posting.write(); err != nil {
		return nil, unsaved(err, d.finish(ctx, *b, statePending, answer{message: err.Error()}))
	}
	if b.attempt > 1 {
		return file.Body, nil // the file is there, with the same body
	}
	if err := writeSent(d.Folder, file); err != nil {
		return nil, unsaved(err, d.finish(ctx, *b, statePending, answer{message: err.Error()}))
	}
	return file.Body, nil
}

// compose makes the sent file of a batch from its items in the ledger.
func (d *Delivery) compose(ctx context.Context, r warehouse.Runner, b batch) (sentFile, error) {
	var body, items string
	if err := r.Get(ctx, "queries/batch_body.sql", b.itemArgs(nil), &body, &items); err != nil {
		return sentFile{}, err
	}
	return sentFile{Header: d.header(b, body, items), Body: []byte(body)}, nil
}

// unsaved joins the error that stopped a batch with what came of noting it.
func unsaved(err, noting error) error {
	if noting == nil {
		return err
	}
	return fmt.Errorf("%w (and %w)", err, noting)
}

func (d *Delivery) header(b batch, body, items string) sentHeader {
	sum := sha256.Sum256([]byte(body))
	return sentHeader{
		Format: 2, BatchID: b.id, Parent: b.parent, RunID: string(d.RunID),
		Target: b.target, AppID: b.appID, RecordSchema: b.schema,
		Doubtful: b.doubtful,
		SHA256:   hex.EncodeToString(sum[:]), SentAt: d.Now().UTC(), Items: json.RawMessage(items),
	}
}

func (d *Delivery) markSending(ctx context.Context, tx *warehouse.Tx, b batch, h sentHeader) error {
	var err error
	if b.listed {
		_, err = tx.Exec(ctx, "queries/batch_again.sql", warehouse.Args{"batch_id": b.id, "at": h.SentAt})
	} else {
		err = list(ctx, tx, b, h, stateSending, 1)
	}
	if err != nil {
		return err
	}
	if err := d.addTarget(ctx, tx, h); err != nil {
		return err
	}
	return d.setItems(ctx, tx, b, stateSending, "")
}

// addTarget keeps the target of a batch: from now on it may have accepted
// something.
func (d *Delivery) addTarget(ctx context.Context, tx *warehouse.Tx, h sentHeader) error {
	t, ok := parseTarget(h.Target)
	if !ok {
		return fmt.Errorf("%q is not a target", h.Target)
	}
	_, err := tx.Exec(ctx, "queries/target_add.sql", t.args(h.RunID))
	return err
}

// list adds a batch to the ledger.
func list(ctx context.Context, tx *warehouse.Tx, b batch, h sentHeader, state string, attempt int) error {
	_, err := tx.Exec(ctx, "queries/batch_begin.sql", warehouse.Args{
		"batch_id": b.id, "parent": b.parent, "run_id": h.RunID,
		"target": b.target, "app_id": h.AppID, "record_schema": b.schema,
		"state": state, "attempt": attempt, "sha256": h.SHA256, "file": sentName(b.id),
		"records": b.records, "first_no": b.first, "last_no": b.last,
		"doubtful": b.doubtful, "at": h.SentAt,
	})
	return err
}

// finish writes the outcome of a batch: into its sent file, so that it
// outlives this program, then in one transaction into the ledger.
func (d *Delivery) finish(ctx context.Context, b batch, state string, a answer) error {
	event := sentEvent{
		State: state, At: d.Now().UTC(), Attempt: b.attempt,
		Status: a.status, Message: a.message, Body: a.body, RequestID: a.requestID,
	}
	if err := appendSent(d.Folder, b.id, event); err != nil && state != statePending {
		return err
	}
	return d.DB.InTx(ctx, func(tx *warehouse.Tx) error { return d.writeOutcome(ctx, tx, b, event) })
}

func (d *Delivery) writeOutcome(ctx context.Context, tx *warehouse.Tx, b batch, e sentEvent) error {
	_, err := tx.Exec(ctx, "queries/batch_finish.sql", warehouse.Args{
		"batch_id": b.id, "state": e.State, "status": e.Status,
		"message": e.Message, "request_id": e.RequestID, "at": e.At,
	})
	if err == nil {
		switch e.State {
		case stateSplit:
			err = d.splitItems(ctx, tx, b)
		case statePending:
			err = d.setItems(ctx, tx, b, statePlanned, "")
		default:
			err = d.setItems(ctx, tx, b, e.State, e.Message)
		}
	}
	if err != nil {
		return fmt.Errorf("batch %s: outcome %s: %w", b.id, e.State, err)
	}
	return nil
}

func (d *Delivery) setItems(ctx context.Context, tx *warehouse.Tx, b batch, state, message string) error {
	if state == stateAccepted {
		message = ""
	}
	n, err := tx.Exec(ctx, "queries/item_set_state.sql", b.itemArgs(warehouse.Args{
		"state": state, "message": message, "at": d.Now().UTC(),
	}))
	if err == nil && n != int64(b.records) {
		return fmt.Errorf("the ledger has %d items of batch %s, expected %d", n, b.id, b.records)
	}
	return err
}

func (d *Delivery) splitItems(ctx context.Context, tx *warehouse.Tx, b batch) error {
	left, right := b.halves()
	_, err := tx.Exec(ctx, "queries/item_split.sql", b.itemArgs(warehouse.Args{
		"left_id": left.id, "right_id": right.id, "middle": left.records, "at": d.Now().UTC(),
	}))
	if err != nil || !b.doubtful {
		return err
	}
	return errors.Join(d.listDoubtful(ctx, tx, left), d.listDoubtful(ctx, tx, right))
}

// listDoubtful keeps a half that may have arrived as part of its whole.
func (d *Delivery) listDoubtful(ctx context.Context, tx *warehouse.Tx, half batch) error {
	file, err := d.compose(ctx, tx, half)
	if err != nil {
		return err
	}
	if err := list(ctx, tx, half, file.Header, stateUnknown, 0); err != nil {
		return err
	}
	return d.setItems(ctx, tx, half, stateUnknown, "")
}

// itemArgs adds to args what finds the batch's items.
func (b batch) itemArgs(args warehouse.Args) warehouse.Args {
	all := warehouse.Args{"batch_id": b.id, "first_no": b.first, "last_no": b.last}
	for name, value := range args {
		all[name] = value
	}
	return all
}

// plannedBatches lists what waits to be sent.
func (d *Delivery) plannedBatches(ctx context.Context) ([]batch, error) {
	known, err := d.knownTargets(ctx, d.DB)
	if err != nil {
		return nil, err
	}
	var all []batch
	err = d.DB.Each(ctx, "queries/batch_planned.sql", nil, func(rows *sql.Rows) error {
		var b batch
		err := rows.Scan(&b.id, &b.target, &b.schema, &b.records, &b.first, &b.last)
		b.appID, _ = d.reach(known, b.target)
		all = append(all, b)
		return err
	})
	return all, err
}

// doubtfulBatches lists the batches with an unknown outcome that are to be
// sent again: those of which a person said so, for then it is certain that
// they have not arrived, and under in_doubt: resend all that were sent as
// spend and not refused since. What cannot be sent to the target it was
// planned for stays in doubt.
func (d *Delivery) doubtfulBatches(ctx context.Context, r warehouse.Runner) ([]batch, error) {
	known, err := d.knownTargets(ctx, r)
	if err != nil {
		return nil, err
	}
	var all []batch
	err = r.Each(ctx, "queries/batch_unsettled.sql", nil, func(rows *sql.Rows) error {
		b := batch{listed: true}
		var again, refused, reached bool
		err := rows.Scan(&b.id, &b.target, &b.schema, &b.records, &b.first, &b.last, &b.attempt, &b.parent, &again, &refused)
		b.doubtful = !again
		b.appID, reached = d.reach(known, b.target)
		if reached && (again || d.mayResend(b.schema, refused)) {
			all = append(all, b)
		}
		return err
	})
	return all, err
}

// mayResend reports whether a batch in doubt is sent again without a person:
// finance records sent twice are counted twice, whatever the setting says now.
func (d *Delivery) mayResend(schema string, refused bool) bool {
	return !refused && schema == config.SchemaSpend && d.Productiv.InDoubt == config.InDoubtResend
}
