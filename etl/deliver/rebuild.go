package deliver

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// RebuildLedger rebuilds the ledger from the sent files and the decisions in
// the data folder, in one transaction, and returns how many batches they
// hold. What they do not hold is lost: records that were rejected here and
// never sent, which the next load rejects again, and what gates held.
//
// Afterwards this is the folder that posts, unless its marker knows of a load
// of which no file is there: then what that load sent is not known, and the
// gate of the folder stays closed.
func (d *Delivery) RebuildLedger(ctx context.Context) (int, error) {
	files, err := readAllSent(d.Folder)
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

// vouch makes this folder the one that posts if its files reach up to the load
// that its marker names.
func (d *Delivery) vouch(ctx context.Context, files []sentFile) error {
	if len(files) == 0 {
		return nil
	}
	newest := newestLoad(files)
	if file, err := d.readMarker(); err == nil && file.loadNo > newest {
		return &etl.NeedsPersonError{
			What: fmt.Sprintf("the marker %s names load %d, and the newest sent file is of load %d: what was sent in between is not known", markerName, file.loadNo, newest),
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

// readAllSent reads every sent file, in the order of the ledger. Files of
// format 1 do not know their numbers: they get those before the others, by the
// time they were sent first.
func readAllSent(folder string) ([]sentFile, error) {
	ids, err := sentBatches(folder)
	if err != nil {
		return nil, err
	}
	files := make([]sentFile, len(ids))
	old, oldItems := 0, int64(0)
	for i, id := range ids {
		f := &files[i]
		if *f, err = readSent(folder, id); err != nil {
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

// rebuildBatch writes one batch as its file's last line left it, with its
// items unless they are elsewhere: in the halves, or not sent at all.
func (d *Delivery) rebuildBatch(ctx context.Context, tx *warehouse.Tx, f sentFile) error {
	h, end := f.Header, f.outcome()
	if h.Format == 1 {
		h.Target = d.adopted(h.Target, h.AppID).String()
	}
	b := batch{
		id: h.BatchID, parent: h.Parent, target: h.Target, schema: h.RecordSchema, doubtful: h.Doubtful,
		records: len(f.items), first: f.first, last: f.lastNo(),
	}
	if err := list(ctx, tx, b, h, stateSending, end.Attempt); err != nil {
		return err
	}
	if err := finish(ctx, tx, b.id, end); err != nil {
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

// rebuildDecisions writes the decisions that only a sent file knows: older
// versions kept no file of them.
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
