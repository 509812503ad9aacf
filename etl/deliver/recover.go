package deliver

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// Recover settles what a killed program left behind. If the ledger is older than
// what was sent, it returns a [*etl.NeedsPersonError] and nothing may be posted. [Delivery.Post] begins with it.
func (d *Delivery) Recover(ctx context.Context) error {
	return d.DB.InTx(ctx, func(tx *warehouse.Tx) error { return d.recoverIn(ctx, tx, true) })
}

// recoverIn is Recover in a transaction. Unless it notes what it finds, no sent file changes.
func (d *Delivery) recoverIn(ctx context.Context, tx *warehouse.Tx, note bool) error {
	sent, err := d.listSent(ctx)
	if err != nil {
		return err
	}
	if err := refuseOlderLedger(ctx, tx, sent); err != nil {
		return err
	}
	if err := d.adoptTargets(ctx, tx); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if err := d.recoverDecisions(ctx, tx); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if err := d.recoverContradictions(ctx, tx, sent, note); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	left, err := openBatches(ctx, tx, "")
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	for _, b := range left {
		if err := d.recoverBatch(ctx, tx, sent, b, note); err != nil {
			return fmt.Errorf("recover: %w", err)
		}
	}
	return nil
}

// refuseOlderLedger looks for sent files of batches the ledger does not have.
func refuseOlderLedger(ctx context.Context, r warehouse.Runner, sent sentFiles) error {
	ids, err := sent.batches(ctx)
	if err != nil {
		return err
	}
	orphans, err := warehouse.Strings(ctx, r, "deliver/batch.orphans", warehouse.Args{"sent": ids})
	if err != nil || len(orphans) == 0 {
		return err
	}
	return &etl.NeedsPersonError{
		What: fmt.Sprintf("the ledger is older than what was sent: it does not have %d of the %d sent files, the first is %s; nothing is posted",
			len(orphans), len(ids), sentName(orphans[0])),
		Fix: "put the newest warehouse back, or restore the ledger from the sent files with: spendbridge verify --rebuild",
	}
}

// recoverBatch settles one open batch by the last line of its sent file, which is written before
// the ledger. A batch that is still sending is unknown if the file has no answer.
func (d *Delivery) recoverBatch(
	ctx context.Context, tx *warehouse.Tx, sent sentFiles, b openBatch, note bool,
) error {
	file, err := sent.readNewest(ctx, b.id)
	if errors.Is(err, fs.ErrNotExist) {
		if b.worker != "" && note {
			return d.recoverAbandoned(ctx, tx, b)
		}
		return d.recoverUnsent(ctx, tx, sent, b)
	}
	if err != nil {
		return err
	}
	event, ok := file.last()
	switch {
	case ok && event.Attempt == b.attempt && event.State == b.state && b.worker == "":
		return nil
	case !ok || event.Attempt < b.attempt:
		if b.state != stateSending {
			return nil
		}
		event = sentEvent{
			State: stateUnknown, At: d.Now().UTC(), Attempt: b.attempt,
			Message: noAnswer,
		}
		if note {
			if err := sent.add(ctx, file, event); err != nil {
				return err
			}
		}
	}
	d.Log.WarnContext(ctx, "batch recovered", slog.String(etl.KeyBatch, b.id), slog.String(etl.KeyState, event.State))
	if err := d.takeOver(ctx, tx, outcome{b.batch, event}); err != nil || event.Settlement == nil {
		return err
	}
	return event.decision().keep(ctx, tx)
}

// recoverUnsent settles a batch without a sent file: never sent, unless earlier files are missing.
func (d *Delivery) recoverUnsent(
	ctx context.Context, tx *warehouse.Tx, sent sentFiles, b openBatch,
) error {
	if b.state != stateSending {
		return nil
	}
	event := sentEvent{State: statePending, At: d.Now().UTC(), Attempt: b.attempt, Message: "the program ended before the batch was sent"}
	ids, err := sent.batches(ctx)
	if err != nil {
		return err
	}
	before, err := warehouse.Strings(ctx, tx, "deliver/batch.sent_before", warehouse.Args{"first_no": b.first})
	if err != nil {
		return err
	}
	switch {
	case slices.ContainsFunc(before, func(id string) bool { return !slices.Contains(ids, id) }):
		event.State, event.Message = stateUnknown, "its sent file is not there, and neither are those of batches before it"
	case b.doubtful:
		event.State = stateUnknown
	}
	d.Log.WarnContext(ctx, "batch recovered", slog.String(etl.KeyBatch, b.id), slog.String(etl.KeyState, event.State))
	return d.takeOver(ctx, tx, outcome{b.batch, event})
}

// Verify proves, without posting, that this is the folder that posted last,
// that the ledger and canonical add up and that every batch of the ledger is in its
// sent file byte for byte. It writes the control totals of the ledger for the run.
func (d *Delivery) Verify(ctx context.Context) error {
	if err := refuseOlderLedger(ctx, d.DB, d.sent()); err != nil {
		return err
	}
	if err := d.verifySent(ctx); err != nil {
		return err
	}
	const check = "every item of the ledger says what its JSON says"
	if err := prove(ctx, d.DB, check, "deliver/item.misread", offender); err != nil {
		return err
	}
	if fault, err := d.folderFault(ctx); fault != "" || err != nil {
		return errors.Join(err, &etl.NeedsPersonError{
			What: fault + "; nothing is posted",
			Fix:  "copy the newest sent files into " + sentFolder + " and run spendbridge verify --rebuild, or see what spendbridge load asks",
		})
	}
	return d.DB.InConn(ctx, func(conn *warehouse.Conn) error {
		_, err := d.provenDiff(ctx, conn)
		return err
	})
}

// verifySent compares the digest of every batch with its sent file's.
func (d *Delivery) verifySent(ctx context.Context) error {
	const check = "every batch is in its sent file as the ledger has it"
	return prove(ctx, d.DB, check, "deliver/batch.digests", func(rows *sql.Rows) (string, error) {
		var (
			id, digest string
			unsent     bool
		)
		if err := rows.Scan(&id, &digest, &unsent); err != nil {
			return "", err
		}
		fault := d.sentFault(ctx, id, digest)
		if fault == nil || unsent && errors.Is(fault, fs.ErrNotExist) {
			return "", nil
		}
		return fmt.Sprintf("%s: %v", id, fault), nil
	})
}

// prove returns a [*etl.CheckError] if any row of a statement has a fault.
func prove(
	ctx context.Context, r warehouse.Runner, check, name string, fault func(*sql.Rows) (string, error),
) error {
	failed := &etl.CheckError{Check: check}
	err := r.Each(ctx, name, nil, func(rows *sql.Rows) error {
		found, err := fault(rows)
		if found == "" || err != nil {
			return err
		}
		failed.Rows++
		if failed.Rows <= 10 {
			failed.First = append(failed.First, found)
		}
		return nil
	})
	if err != nil || failed.Rows == 0 {
		return err
	}
	return failed
}

// offender is the fault of a row that is an offender by itself.
func offender(rows *sql.Rows) (found string, err error) {
	err = rows.Scan(&found)
	return found, err
}

func (d *Delivery) sentFault(ctx context.Context, id, digest string) error {
	file, err := d.sent().read(ctx, id)
	if err != nil {
		return err
	}
	if _, err := file.readItems(); err != nil {
		return err
	}
	if file.Header.SHA256 != digest {
		return fmt.Errorf("the ledger has the digest %s, the file %s", digest, file.Header.SHA256)
	}
	return nil
}

// RebuildLedger rebuilds the ledger from the sent files and the decisions in
// the data folder, in one transaction, and returns how many batches they
// hold. What they do not hold is lost: records that were rejected here and
// never sent, which the next load rejects again, and what gates held.
//
// Afterwards this is the folder that posts, unless its marker knows of a load
// of which no file is there: then what that load sent is not known, and the
// gate of the folder stays closed.
func (d *Delivery) RebuildLedger(ctx context.Context) (int, error) {
	files, err := readAllSent(ctx, d.sent())
	if err != nil {
		return 0, err
	}
	decisions, err := readDecisions(d.Folder)
	if err != nil {
		return 0, err
	}
	err = d.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := warehouse.Clear(ctx, tx,
			"delivery.batches", "delivery.planned_items", "delivery.retried_items", "delivery.decisions", "delivery.targets",
			"delivery.approvals", "delivery.kept_records", "delivery.dismissals",
		); err != nil {
			return err
		}
		// A ledger that was rebuilt knows what its files know, and no more.
		if _, err := tx.Exec(ctx, "deliver/marker.set", warehouse.Args{"load_no": newestLoad(files)}); err != nil {
			return err
		}
		return d.replay(ctx, tx, files, decisions)
	})
	if err != nil {
		return 0, fmt.Errorf("rebuild the ledger: %w", err)
	}
	return len(files), d.vouch(ctx, files)
}

// replay writes batches and decisions in the order of the ledger.
func (d *Delivery) replay(ctx context.Context, tx *warehouse.Tx, files []sentFile, decisions []decided) error {
	known := map[string]bool{}
	for _, made := range decisions {
		known[made.ID] = true
	}
	for _, f := range files {
		for len(decisions) > 0 && decisions[0].LedgerNo < f.first {
			if err := applyAll(ctx, tx, decisions[:1]); err != nil {
				return err
			}
			decisions = decisions[1:]
		}
		if err := d.rebuildBatch(ctx, tx, f); err != nil {
			return fmt.Errorf("%s: %w", sentName(f.Header.BatchID), err)
		}
		if err := rebuildDecisions(ctx, tx, f, known); err != nil {
			return err
		}
	}
	return applyAll(ctx, tx, decisions)
}

// vouch makes this folder the one that posts if its files reach the load that its marker names.
func (d *Delivery) vouch(ctx context.Context, files []sentFile) error {
	if len(files) == 0 {
		return nil
	}
	newest := newestLoad(files)
	if file, err := d.readMarker(); err == nil && file.LoadNo > newest {
		return &etl.NeedsPersonError{
			What: fmt.Sprintf("the marker %s names load %d, and the newest sent file is of load %d: what was sent in between is not known", markerName, file.LoadNo, newest),
			Fix:  "copy the missing files into " + sentFolder + ", then: spendbridge verify --rebuild",
		}
	}
	if err := d.renewMarker(ctx); err != nil {
		return err
	}
	_, err := d.DB.Exec(ctx, "deliver/gate.release", warehouse.Args{"gates": []string{etl.GateFolder}})
	return err
}

func newestLoad(files []sentFile) (newest int64) {
	for _, f := range files {
		newest = max(newest, f.Header.LoadNo)
	}
	return newest
}

// readAllSent reads every sent file, in the order of the ledger. Files of format 1 do not know
// their numbers: they get those before the others, by the time they were sent first.
func readAllSent(ctx context.Context, sent sentFiles) ([]sentFile, error) {
	ids, err := sent.batches(ctx)
	if err != nil {
		return nil, err
	}
	files := make([]sentFile, len(ids))
	old, oldItems := 0, int64(0)
	for i, id := range ids {
		f := &files[i]
		if *f, err = sent.read(ctx, id); err != nil {
			return nil, err
		}
		if f.items, err = f.readItems(); err != nil {
			return nil, fmt.Errorf("%s: %w", sentName(id), err)
		}
		if f.first = f.items[0].ledgerNo(); f.first == 0 {
			old, oldItems = old+1, oldItems+int64(len(f.items))
		}
	}
	slices.SortStableFunc(files, func(a, b sentFile) int {
		if a.first == 0 && b.first == 0 {
			return a.Header.SentAt.Compare(b.Header.SentAt)
		}
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.Header.BatchID, b.Header.BatchID))
	})
	next := int64(1)
	if old < len(files) {
		next = min(next, files[old].first-oldItems)
	}
	for i := range files[:old] {
		files[i].first = next
		next += int64(len(files[i].items))
	}
	return files, nil
}

// rebuildBatch writes one batch as its file's last line left it, with items unless it has none.
func (d *Delivery) rebuildBatch(ctx context.Context, tx *warehouse.Tx, f sentFile) error {
	h, end := f.Header, f.outcome()
	if h.Format == 1 {
		h.Target = d.adopted(h.Target, h.AppID).String()
	}
	b := batch{records: len(f.items), first: f.first, last: f.lastNo()}
	if err := list(ctx, tx, b, h, stateSending, end.Attempt); err != nil {
		return err
	}
	if err := finish(ctx, tx, h.BatchID, end); err != nil {
		return err
	}
	if err := addTarget(ctx, tx, h); err != nil || end.State == stateSplit || end.State == statePending {
		return err
	}
	items, err := json.Marshal(f.items)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "deliver/ledger.add_items", warehouse.Args{
		"items": string(items), "batch_id": h.BatchID, "run_id": h.RunID, "target": h.Target,
		"record_schema": h.RecordSchema, "first_no": f.first, "at": h.SentAt,
	})
	return err
}

// rebuildDecisions books what only a sent file knows: older versions kept no file of decisions.
func rebuildDecisions(ctx context.Context, tx *warehouse.Tx, f sentFile, known map[string]bool) error {
	for _, event := range f.Events {
		if event.Settlement == nil || known[event.Settlement.ID] {
			continue
		}
		made := event.decision()
		made.LedgerNo = f.lastNo()
		if err := made.apply(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}
