package deliver

import (
	"context"
	"database/sql"
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

// recoverIn is Recover within a transaction. Unless it is to note what it
// finds, it leaves the sent files as they are.
func (d *Delivery) recoverIn(ctx context.Context, tx *warehouse.Tx, note bool) error {
	if err := d.refuseOlderLedger(ctx, tx); err != nil {
		return err
	}
	if err := d.adoptTargets(ctx, tx); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if err := d.recoverDecisions(ctx, tx); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	left, err := openBatches(ctx, tx, "")
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	for _, b := range left {
		if err := d.recoverBatch(ctx, tx, b, note); err != nil {
			return fmt.Errorf("recover: %w", err)
		}
	}
	return nil
}

// refuseOlderLedger looks for sent files of batches the ledger does not have.
func (d *Delivery) refuseOlderLedger(ctx context.Context, r warehouse.Runner) error {
	sent, err := sentBatches(d.Folder)
	if err != nil {
		return err
	}
	orphans, err := warehouse.Strings(ctx, r, "deliver/batch.orphans", warehouse.Args{"sent": sent})
	if err != nil || len(orphans) == 0 {
		return err
	}
	return &etl.NeedsPersonError{
		What: fmt.Sprintf("the ledger is older than what was sent: it does not have %d of the %d sent files, the first is %s; nothing is posted",
			len(orphans), len(sent), sentName(orphans[0])),
		Fix: "put the newest warehouse back, or restore the ledger from the sent files with: spendbridge verify --rebuild",
	}
}

// recoverBatch settles one open batch by its sent file. What the file says
// last counts, for it is written before the ledger. A batch that is still
// sending was never sent if it has no file, and is unknown if the file has no
// answer.
func (d *Delivery) recoverBatch(ctx context.Context, tx *warehouse.Tx, b openBatch, note bool) error {
	file, err := readSent(d.Folder, b.id)
	if errors.Is(err, fs.ErrNotExist) {
		return d.recoverUnsent(ctx, tx, b)
	}
	if err != nil {
		return err
	}
	event, ok := file.last()
	switch {
	case ok && event.Attempt == b.attempt && event.State == b.state:
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
			if err := file.add(d.Folder, event); err != nil {
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

// recoverUnsent settles a batch that is sending and has no sent file. It was
// never sent, unless files of batches before it are missing too.
func (d *Delivery) recoverUnsent(ctx context.Context, tx *warehouse.Tx, b openBatch) error {
	if b.state != stateSending {
		return nil
	}
	event := sentEvent{State: statePending, At: d.Now().UTC(), Attempt: b.attempt, Message: "the program ended before the batch was sent"}
	ids, err := sentBatches(d.Folder)
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
	if err := d.refuseOlderLedger(ctx, d.DB); err != nil {
		return err
	}
	if err := d.verifySent(ctx); err != nil {
		return err
	}
	if err := d.verifyItems(ctx); err != nil {
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
	failed := &etl.CheckError{Check: "every batch is in its sent file as the ledger has it"}
	err := d.DB.Each(ctx, "deliver/batch.digests", nil, func(rows *sql.Rows) error {
		var (
			id, digest string
			unsent     bool
		)
		if err := rows.Scan(&id, &digest, &unsent); err != nil {
			return err
		}
		fault := d.sentFault(id, digest)
		if fault == nil || unsent && errors.Is(fault, fs.ErrNotExist) {
			return nil
		}
		failed.Rows++
		if failed.Rows <= 10 {
			failed.First = append(failed.First, fmt.Sprintf("%s: %v", id, fault))
		}
		return nil
	})
	if err != nil || failed.Rows == 0 {
		return err
	}
	return failed
}

// verifyItems compares what the control totals use of each item with its JSON.
func (d *Delivery) verifyItems(ctx context.Context) error {
	failed := &etl.CheckError{Check: "every item of the ledger says what its JSON says"}
	err := d.DB.Each(ctx, "deliver/item.misread", nil, func(rows *sql.Rows) error {
		var (
			key     string
			attempt int
		)
		if err := rows.Scan(&key, &attempt); err != nil {
			return err
		}
		failed.Rows++
		if failed.Rows <= 10 {
			failed.First = append(failed.First, fmt.Sprintf("%s, attempt %d", key, attempt))
		}
		return nil
	})
	if err != nil || failed.Rows == 0 {
		return err
	}
	return failed
}

func (d *Delivery) sentFault(id, digest string) error {
	file, err := readSent(d.Folder, id)
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
