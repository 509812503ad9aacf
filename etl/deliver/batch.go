package deliver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"spendbridge/etl/config"
	"spendbridge/etl/store"
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
	first, last int64  // ledger_no of its first and last item
	attempt     int    // posts so far
	listed      bool   // the ledger has a row for it
	doubtful    bool   // its records may have arrived already
	worker      string // who sends it, or has left it without an answer; only on a lake

	items []ledgerItem // nil until they are read
	cargo *cargo       // nil until it is packed
}

// A ledgerItem is one record of a batch as it goes out.
type ledgerItem struct {
	no      int64
	listing string // what its line of the sent file says, a JSON object
	payload string
}

// A cargo is what goes out, and what of its sent file does not depend on when.
type cargo struct {
	body    []byte
	listing []byte // of the items, a JSON array
	sha256  string // of the body
	packed  []byte // the sent file from the listing to the body, compressed
}

// halves splits a refused batch. Halves of a doubtful one are as doubtful, and listed at once.
func (b batch) halves() (left, right batch) {
	left, right = b.cut((b.records + 1) / 2)
	left.parent, right.parent = b.id, b.id
	left.attempt, right.attempt = 0, 0
	left.listed, right.listed = b.doubtful, b.doubtful
	return left, right
}

// cut returns the first records of a batch and the others.
func (b batch) cut(records int) (left, right batch) {
	left, right = b, b
	left.id, right.id = b.id+"a", b.id+"b"
	left.records, right.records = records, b.records-records
	left.cargo, right.cargo = nil, nil
	left.last = b.first + int64(records) - 1
	right.first = left.last + 1
	if b.items != nil {
		left.items, right.items = b.items[:records], b.items[records:]
	}
	return left, right
}

// An outcome is what became of a batch. It is in the sent file.
type outcome struct {
	batch
	event sentEvent
}

// mark writes into the ledger and the marker that a batch is being sent, takes over the outcome of
// the batch before, and returns the sent file to write. Without a posting it is never sent.
func (d *Delivery) mark(ctx context.Context, b *batch, before *outcome, posting *posting) (sentFile, error) {
	file := d.compose(*b)
	b.worker = d.DB.Worker()
	if posting != nil {
		if err := posting.prepare(ctx); err != nil {
			return sentFile{}, fmt.Errorf("batch %s: %w", b.id, err)
		}
		file.Header.LoadNo = posting.load.LoadNo
	}
	err := d.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if before != nil {
			if err := d.takeOver(ctx, tx, *before); err != nil {
				return err
			}
		}
		var err error
		if b.listed {
			_, err = tx.Exec(ctx, "deliver/batch.again", warehouse.Args{"batch_id": b.id, "worker": b.worker, "at": file.Header.SentAt})
		} else {
			err = list(ctx, tx, *b, file.Header, stateSending, 1)
		}
		if err == nil && (posting == nil || !posting.targets[b.target]) {
			err = addTarget(ctx, tx, file.Header)
		}
		if err != nil {
			return err
		}
		if posting == nil || posting.counted {
			return nil
		}
		return posting.load.keep(ctx, tx)
	})
	if err != nil {
		return sentFile{}, fmt.Errorf("batch %s: %w", b.id, err)
	}
	b.attempt, b.listed = b.attempt+1, true
	if posting == nil {
		return file, nil
	}
	posting.counted, posting.targets[b.target] = true, true
	if err := posting.write(ctx); err != nil {
		return sentFile{}, d.unsent(ctx, *b, err)
	}
	return file, nil
}

// save writes the sent file of a marked batch, unless it was sent before, with the same body.
func (d *Delivery) save(ctx context.Context, b batch, file sentFile) error {
	if b.attempt > 1 {
		return nil
	}
	return d.sent().write(ctx, file)
}

// unsent books that nothing of a batch went out, for a file could not be written.
func (d *Delivery) unsent(ctx context.Context, b batch, err error) error {
	state := statePending
	if b.doubtful {
		state = stateUnknown
	}
	event := d.event(b, state, answer{message: err.Error()})
	if line, failed := event.frame(); failed == nil { // the store may have the file, whatever it said
		_ = d.Store.Owe(eventName(b.id, event), line)
	}
	noting := d.book(ctx, outcome{b, event})
	if noting == nil {
		return err
	}
	return fmt.Errorf("%w (and %w)", err, noting)
}

// load reads the items of a batch and packs them, if that was not done yet.
func (b *batch) load(ctx context.Context, r warehouse.Runner) error {
	if b.items == nil {
		one := []batch{*b}
		if err := readItems(ctx, r, one); err != nil {
			return fmt.Errorf("batch %s: %w", b.id, err)
		}
		*b = one[0]
	}
	if b.cargo == nil {
		b.cargo = pack(b.items)
	}
	return nil
}

func pack(items []ledgerItem) *cargo {
	var body, listing bytes.Buffer
	body.WriteString(`{"records":[`)
	listing.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			body.WriteByte(',')
			listing.WriteByte(',')
		}
		body.WriteString(item.payload)
		listing.WriteString(strings.TrimSuffix(item.listing, "}"))
		fmt.Fprintf(&listing, `,"ordinal":%d,"ledger_no":%d}`, i+1, item.no)
	}
	body.WriteString("]}")
	listing.WriteByte(']')
	sum := sha256.Sum256(body.Bytes())
	return &cargo{
		body: body.Bytes(), listing: listing.Bytes(), sha256: hex.EncodeToString(sum[:]),
		packed: frame(slices.Concat(listing.Bytes(), []byte("}\n"), body.Bytes(), []byte("\n"))),
	}
}

// compose makes the sent file of a batch that is loaded.
func (d *Delivery) compose(b batch) sentFile {
	header := sentHeader{
		Format: 2, BatchID: b.id, Parent: b.parent, RunID: string(d.RunID),
		Target: b.target, AppID: b.appID, RecordSchema: b.schema,
		Doubtful: b.doubtful, SHA256: b.cargo.sha256, SentAt: d.Now().UTC(), Items: b.cargo.listing,
	}
	return sentFile{Header: header, Body: b.cargo.body, packed: b.cargo.packed}
}

// readItems reads the items of batches that follow each other in the ledger.
func readItems(ctx context.Context, r warehouse.Runner, batches []batch) error {
	last := batches[len(batches)-1].last
	at := 0
	err := r.Each(ctx, "deliver/batch.items", warehouse.Args{
		"first_no": batches[0].first, "last_no": last,
	}, func(rows *sql.Rows) error {
		var item ledgerItem
		if err := rows.Scan(&item.no, &item.listing, &item.payload); err != nil {
			return err
		}
		for item.no > batches[at].last {
			at++
		}
		batches[at].items = append(batches[at].items, item)
		return nil
	})
	if err != nil {
		return err
	}
	for _, b := range batches {
		if len(b.items) != b.records {
			return fmt.Errorf("the ledger has %d items of batch %s, expected %d", len(b.items), b.id, b.records)
		}
	}
	return nil
}

// addTarget keeps a target that may have accepted something from now on.
func addTarget(ctx context.Context, tx *warehouse.Tx, h sentHeader) error {
	t, ok := parseTarget(h.Target)
	if !ok {
		return fmt.Errorf("%q is not a target", h.Target)
	}
	_, err := tx.Exec(ctx, "deliver/target.add", t.args(h.RunID))
	return err
}

// list adds a batch to the ledger.
func list(ctx context.Context, tx *warehouse.Tx, b batch, h sentHeader, state string, attempt int) error {
	_, err := tx.Exec(ctx, "deliver/batch.begin", warehouse.Args{
		"batch_id": h.BatchID, "parent": h.Parent, "run_id": h.RunID,
		"target": h.Target, "app_id": h.AppID, "record_schema": h.RecordSchema,
		"state": state, "attempt": attempt, "sha256": h.SHA256, "file": sentName(h.BatchID),
		"records": b.records, "first_no": b.first, "last_no": b.last,
		"doubtful": h.Doubtful, "worker": b.worker, "at": h.SentAt,
	})
	return err
}

// event is the line of a sent file that records an answer.
func (d *Delivery) event(b batch, state string, a answer) sentEvent {
	return sentEvent{
		State: state, At: d.Now().UTC(), Attempt: b.attempt,
		Status: a.status, Message: a.message, Body: a.body, RequestID: a.requestID,
	}
}

// note writes the outcome of a batch into its sent file, for the ledger to take over. If only the
// copy in the store fails, no further batch is to begin.
func (d *Delivery) note(ctx context.Context, b batch, state string, a answer) (*outcome, error) {
	event := d.event(b, state, a)
	err := d.sent().append(ctx, b.id, event)
	var owed *store.Error
	switch {
	case err == nil, errors.As(err, &owed):
		return &outcome{b, event}, err
	case state == statePending:
		return &outcome{b, event}, nil
	}
	return nil, err
}

// book takes an outcome over into the ledger, in a transaction of its own.
func (d *Delivery) book(ctx context.Context, o outcome) error {
	return d.DB.InTx(ctx, func(tx *warehouse.Tx) error { return d.takeOver(ctx, tx, o) })
}

func (d *Delivery) takeOver(ctx context.Context, tx *warehouse.Tx, o outcome) error {
	b, e := o.batch, o.event
	err := finish(ctx, tx, b.id, e)
	if err == nil && e.State == stateSplit && b.doubtful {
		left, right := b.halves()
		err = errors.Join(d.listDoubtful(ctx, tx, left), d.listDoubtful(ctx, tx, right))
	}
	if err != nil {
		return fmt.Errorf("batch %s: outcome %s: %w", b.id, e.State, err)
	}
	return nil
}

func finish(ctx context.Context, tx *warehouse.Tx, batchID string, e sentEvent) error {
	decision := ""
	if e.Settlement != nil {
		decision = e.Settlement.ID
	}
	n, err := tx.Exec(ctx, "deliver/batch.finish", warehouse.Args{
		"batch_id": batchID, "state": e.State, "status": e.Status, "message": e.Message,
		"request_id": e.RequestID, "decision_id": decision, "at": e.At,
	})
	if err == nil && n != 1 {
		err = fmt.Errorf("the ledger has %d rows of it, expected 1", n)
	}
	return err
}

// listDoubtful keeps a half that may have arrived as part of its whole.
func (d *Delivery) listDoubtful(ctx context.Context, tx *warehouse.Tx, half batch) error {
	if err := half.load(ctx, tx); err != nil {
		return err
	}
	return list(ctx, tx, half, d.compose(half).Header, stateUnknown, 0)
}

// plannedBatches lists what was planned after an item of the ledger.
func (d *Delivery) plannedBatches(ctx context.Context, itemsBefore int64) ([]batch, error) {
	known, err := d.knownTargets(ctx, d.DB)
	if err != nil {
		return nil, err
	}
	return warehouse.List(ctx, d.DB, "deliver/batch.planned", warehouse.Args{"items_before": itemsBefore}, func(rows *sql.Rows, b *batch) error {
		err := rows.Scan(&b.id, &b.target, &b.schema, &b.records, &b.first, &b.last)
		b.appID, _ = d.reach(known, b.target)
		return err
	})
}

// An openBatch is one whose outcome the ledger does not know.
type openBatch struct {
	batch
	state   string // sending, unknown, pending
	resend  bool   // it was reviewed manually and has not arrived
	refused bool   // when it was sent again: Productiv may hold it already
	reached bool   // it can be sent to the target it was planned for
	again   bool   // the next load posts it again

	host string // of the worker that has left it
	pid  int
}

// again returns the batches that the next load posts again.
func again(doubts []openBatch) (batches []batch) {
	for _, b := range doubts {
		if b.again {
			batches = append(batches, b.batch)
		}
	}
	return batches
}

// openBatches lists them, or with an id that batch, whatever its state.
func openBatches(ctx context.Context, r warehouse.Runner, id string) ([]openBatch, error) {
	if id == "" {
		var open bool
		if err := r.Get(ctx, "deliver/batch.any_open", nil, &open); err != nil || !open {
			return nil, err
		}
	}
	return warehouse.List(ctx, r, "deliver/batch.open", warehouse.Args{"batch_id": id}, func(rows *sql.Rows, b *openBatch) error {
		b.listed = true
		return rows.Scan(&b.id, &b.target, &b.schema, &b.records, &b.first, &b.last, &b.attempt, &b.parent,
			&b.state, &b.doubtful, &b.resend, &b.refused, &b.worker, &b.host, &b.pid)
	})
}

// inDoubt lists the batches with an unknown outcome. The next load posts those
// again that somebody settled so, and under in_doubt: resend all that were sent
// as spend and not refused since; finance records that are sent twice count
// twice, whatever the setting is now. What cannot be sent to the target it was
// planned for stays in doubt, and so does what another worker of a lake has left: it may
// yet send it.
func (d *Delivery) inDoubt(ctx context.Context, r warehouse.Runner) ([]openBatch, error) {
	all, err := openBatches(ctx, r, "")
	if err != nil || len(all) == 0 {
		return nil, err
	}
	known, err := d.knownTargets(ctx, r)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(b openBatch) bool { return b.state != stateUnknown })
	for i := range all {
		b := &all[i]
		b.doubtful = !b.resend
		b.appID, b.reached = d.reach(known, b.target)
		b.again = b.reached && (b.resend ||
			b.worker == "" && !b.refused && b.schema == config.SchemaSpend && d.Productiv.InDoubt == config.InDoubtResend)
	}
	return all, nil
}
