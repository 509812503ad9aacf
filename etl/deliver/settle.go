package deliver

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/plaintext"
	"spendbridge/etl/warehouse"
)

// SettleAccepted books a batch in doubt as accepted: its records were seen in Productiv.
func (d *Delivery) SettleAccepted(ctx context.Context, batchID string, by Decision) error {
	return d.settleBatch(ctx, batchID, decisionAccepted, stateAccepted, by)
}

// SettleResend lets the next load post the same body again: its records are not in Productiv.
func (d *Delivery) SettleResend(ctx context.Context, batchID string, by Decision) error {
	return d.settleBatch(ctx, batchID, decisionResend, stateUnknown, by)
}

func (d *Delivery) settleBatch(ctx context.Context, batchID, what, state string, by Decision) error {
	if err := d.beforeDecision(ctx, by); err != nil {
		return err
	}
	found, err := openBatches(ctx, d.DB, batchID)
	switch {
	case err != nil:
		return err
	case batchID == "" || len(found) == 0:
		return etl.Usagef("no batch is called %s; spendbridge status lists those that wait", batchID)
	case found[0].state != stateUnknown:
		return etl.Usagef("batch %s is %s; only an unknown one can be settled", batchID, found[0].state)
	}
	made, err := d.newDecision(ctx, batchID, what, by, nil)
	if err != nil {
		return err
	}
	if err := d.settleSent(ctx, found[0].batch, state, &made); err != nil {
		return fmt.Errorf("settle batch %s: %w", batchID, err)
	}
	return d.refresh(ctx)
}

// settleSent records a decision in the batch's sent file, in the file of decisions, in the ledger.
func (d *Delivery) settleSent(ctx context.Context, b batch, state string, made *decided) error {
	event := made.event(b, state)
	if err := d.orOwed(ctx, d.sent().append(ctx, b.id, event)); err != nil {
		return err
	}
	if !made.filed { // it may be about several batches
		if err := d.appendDecision(ctx, *made); err != nil {
			return err
		}
		made.filed = true
	}
	return d.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := made.keep(ctx, tx); err != nil {
			return err
		}
		return finish(ctx, tx, b.id, event)
	})
}

// SettleRetry lets the next load send a rejected record again as it is.
func (d *Delivery) SettleRetry(ctx context.Context, spendID string, by Decision) error {
	if err := d.beforeDecision(ctx, by); err != nil {
		return err
	}
	return d.retry(ctx, covered{subject: spendID, ids: []string{spendID}}, by)
}

// SettleDismiss signs for a difference between Productiv and canonical, or for
// a rejected record: it stays as it is and needs attention no more. The
// signature is for this difference only; another one is open again.
func (d *Delivery) SettleDismiss(ctx context.Context, spendID string, by Decision) error {
	classes := []string{etl.ClassRejected, etl.ClassInvalid, etl.ClassChanged, etl.ClassWithdrawn, etl.ClassFrozen}
	_, err := d.settleAll(ctx, Selection{Classes: classes, spendID: spendID}, by, d.dismiss)
	return err
}

// SettleCorrected books that Productiv was corrected by hand and holds the
// record as canonical has it now, or no longer holds a withdrawn one. The
// booking is a batch of its own that is never posted.
func (d *Delivery) SettleCorrected(ctx context.Context, spendID string, by Decision) error {
	if err := d.beforeDecision(ctx, by); err != nil {
		return err
	}
	return d.correct(ctx, covered{subject: spendID, ids: []string{spendID}}, by)
}

// beforeDecision wants a name and a reason, and completes what a killed program left.
func (d *Delivery) beforeDecision(ctx context.Context, by Decision) error {
	if err := by.check(); err != nil {
		return err
	}
	return d.Recover(ctx)
}

// A covered is what one decision is about.
type covered struct {
	subject string
	ids     []string
	covers  json.RawMessage // as they were listed; nil for one record by its id
}

// retry also notes the decision in the sent files of the batches with the rejected records.
func (d *Delivery) retry(ctx context.Context, c covered, by Decision) error {
	batches, err := warehouse.Strings(ctx, d.DB, "deliver/settle.rejected", warehouse.Args{"spend_ids": c.ids})
	if err != nil {
		return err
	}
	if len(batches) == 0 {
		return etl.Usagef("record %s is not rejected; spendbridge explain %s shows what became of it", c.subject, c.subject)
	}
	made, err := d.newDecision(ctx, c.subject, decisionRetry, by, c.covers)
	if err != nil {
		return err
	}
	for _, batchID := range batches {
		if batchID == "" {
			continue // rejected here, so there is no file
		}
		if err := d.orOwed(ctx, d.sent().append(ctx, batchID, made.event(batch{id: batchID}, stateRejected))); err != nil {
			return err
		}
	}
	if err := d.record(ctx, made); err != nil {
		return fmt.Errorf("settle %s: %w", c.subject, err)
	}
	return d.refresh(ctx)
}

func (d *Delivery) dismiss(ctx context.Context, c covered, by Decision) error {
	if _, err := d.decide(ctx, c.subject, decisionDismiss, by, c.covers); err != nil {
		return fmt.Errorf("settle %s: %w", c.subject, err)
	}
	return d.refresh(ctx)
}

func (d *Delivery) correct(ctx context.Context, c covered, by Decision) error {
	made, err := d.newDecision(ctx, c.subject, decisionCorrected, by, c.covers)
	if err != nil {
		return err
	}
	booked, err := d.bookDraft(ctx, "correct", &made, func(conn *warehouse.Conn) error {
		return execAll(ctx, conn,
			step{"deliver/item.draft_only", warehouse.Args{"spend_ids": c.ids}},
			step{"deliver/item.draft_correct", nil},
		)
	})
	if err != nil {
		return fmt.Errorf("settle %s: %w", c.subject, err)
	}
	if booked == 0 {
		return etl.Usagef("%s: nothing to correct: Productiv holds it as it is here, or its last batch is in doubt, or it is frozen", c.subject)
	}
	return d.refresh(ctx)
}

// bookDraft books what the policy would post, and edit leaves in the draft, as
// accepted, in batches that are never posted. It returns how many.
func (d *Delivery) bookDraft(ctx context.Context, policy string, made *decided, edit func(*warehouse.Conn) error) (int, error) {
	var itemsBefore int64
	err := d.DB.InConn(ctx, func(conn *warehouse.Conn) error {
		if _, err := conn.Exec(ctx, "deliver/item.drop_planned", nil); err != nil {
			return err
		}
		if err := d.diff(ctx, conn, policy); err != nil {
			return err
		}
		err := edit(conn)
		if err == nil {
			itemsBefore, err = d.writePlan(ctx, conn, []invalidItem{})
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	batches, err := d.plannedBatches(ctx, itemsBefore)
	if err != nil {
		return 0, err
	}
	for _, b := range batches {
		if err := b.load(ctx, d.DB); err != nil {
			return 0, err
		}
		file, err := d.mark(ctx, &b, nil, nil)
		if err != nil {
			return 0, err
		}
		if err := d.save(ctx, b, file); err != nil {
			return 0, d.unsent(ctx, b, err)
		}
		if err := d.settleSent(ctx, b, stateAccepted, made); err != nil {
			return 0, fmt.Errorf("batch %s: %w", b.id, err)
		}
	}
	return len(batches), nil
}

// A Selection is the records that one decision is about: those that the last
// ended run listed, narrowed by what is not zero.
type Selection struct {
	Classes        []string // of [etl.Undelivered]
	Source         string
	Currency       string    // ISO 4217
	OccurredBefore time.Time // a day

	spendID string // one record, listed or not
}

// Rejected selects what Productiv or this program rejected.
func Rejected() Selection { return Selection{Classes: []string{etl.ClassRejected, etl.ClassInvalid}} }

// Changes selects what changed or was withdrawn after it was posted.
func Changes() Selection { return Selection{Classes: []string{etl.ClassChanged, etl.ClassWithdrawn}} }

// String names the selection, as the ledger keeps it.
func (s Selection) String() string {
	if s.spendID != "" {
		return s.spendID
	}
	text := "all " + strings.Join(s.Classes, " and ")
	if s.Source != "" {
		text += " of " + s.Source
	}
	if s.Currency != "" {
		text += " in " + s.Currency
	}
	if !s.OccurredBefore.IsZero() {
		text += " before " + s.OccurredBefore.Format(time.DateOnly)
	}
	return text
}

// RetryAll is [Delivery.SettleRetry] for all selected records, and returns how many they are.
func (d *Delivery) RetryAll(ctx context.Context, s Selection, by Decision) (int, error) {
	return d.settleAll(ctx, s, by, d.retry)
}

// DismissAll is [Delivery.SettleDismiss] for all selected records.
func (d *Delivery) DismissAll(ctx context.Context, s Selection, by Decision) (int, error) {
	return d.settleAll(ctx, s, by, d.dismiss)
}

// CorrectAll is [Delivery.SettleCorrected] for all selected records.
func (d *Delivery) CorrectAll(ctx context.Context, s Selection, by Decision) (int, error) {
	return d.settleAll(ctx, s, by, d.correct)
}

func (d *Delivery) settleAll(ctx context.Context, s Selection, by Decision, settle func(context.Context, covered, Decision) error) (int, error) {
	if err := d.beforeDecision(ctx, by); err != nil {
		return 0, err
	}
	var (
		records int
		covers  string
	)
	if err := d.DB.Get(ctx, "deliver/settle.select", warehouse.Args{
		"spend_id": s.spendID, "classes": s.Classes, "source": s.Source, "currency": s.Currency,
		"before": dayOrNull(s.OccurredBefore),
	}, &records, &covers); err != nil {
		return 0, err
	}
	if records == 0 && s.spendID != "" {
		return 0, etl.Usagef("record %s has no refusal and no unsent change to dismiss; spendbridge explain %s shows what became of it", s, s)
	}
	if records == 0 {
		return 0, etl.Usagef("%s: the last run listed none; spendbridge status shows what is open", s)
	}
	c := covered{subject: s.String(), covers: json.RawMessage(covers)}
	var err error
	if c.ids, err = (decided{Covers: c.covers}).records(); err != nil {
		return 0, err
	}
	return records, settle(ctx, c, by)
}

// A Delivered says what became of a list of the keys that Productiv has.
type Delivered struct {
	Booked     int      `json:"booked"`     // records, as accepted
	Unverified int      `json:"unverified"` // of them: the list has no amount
	Unlisted   int      `json:"unlisted"`   // records that stay held
	Orphans    []string `json:"strays"`     // keys that were not booked, and why
}

func (b Delivered) String() string {
	return fmt.Sprintf("%d records are booked as accepted, %d of them with an unverified amount; %d that the file lacks stay held; %d keys were not booked",
		b.Booked, b.Unverified, b.Unlisted, len(b.Orphans))
}

// A deliveredKey is one row of the file.
type deliveredKey struct {
	Key      string `json:"key"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// SettleDelivered books what a file exported from Productiv lists as accepted:
// a CSV file with the keys under transactionNumber, signatureId or key and, if
// it has them, amount and currency. This is the folder that posts afterwards;
// records that the file lacks stay held until they are approved.
func (d *Delivery) SettleDelivered(ctx context.Context, path string, by Decision) (Delivered, error) {
	var result Delivered
	listed, err := readDelivered(path)
	if err != nil {
		return result, err
	}
	keys, err := json.Marshal(listed)
	if err != nil {
		return result, err
	}
	if err := d.beforeDecision(ctx, by); err != nil {
		return result, err
	}
	made, err := d.newDecision(ctx, "keys that Productiv has", decisionDelivered, by, nil)
	if err != nil {
		return result, err
	}
	booked, err := d.bookDraft(ctx, config.OnChangeReport, &made, func(conn *warehouse.Conn) error {
		return d.draftDelivered(ctx, conn, string(keys), &result)
	})
	if err == nil && booked == 0 {
		err = d.record(ctx, made)
	}
	if err == nil {
		err = d.renewMarker(ctx)
	}
	if err == nil {
		err = d.refresh(ctx)
	}
	if err != nil {
		return result, err
	}
	if len(result.Orphans) > 0 {
		return result, &etl.NeedsPersonError{
			What: fmt.Sprintf("%d keys of the file were not booked: %s", len(result.Orphans), someOf(result.Orphans)),
			Fix:  "look at these records in Productiv",
		}
	}
	return result, nil
}

// draftDelivered leaves in the draft what the keys say was accepted, and holds the rest.
func (d *Delivery) draftDelivered(ctx context.Context, conn *warehouse.Conn, keys string, result *Delivered) (err error) {
	if _, err := conn.Exec(ctx, "deliver/delivered.keys", warehouse.Args{"keys": keys}); err != nil {
		return err
	}
	if err := warehouse.Fill(ctx, conn, result, "deliver/delivered.count", nil); err != nil {
		return err
	}
	if result.Orphans, err = warehouse.Strings(ctx, conn, "deliver/delivered.orphans", nil); err != nil {
		return err
	}
	return execAll(ctx, conn,
		step{"deliver/gate.forget", nil},
		step{"deliver/delivered.hold", nil},
		step{"deliver/gate.hold", warehouse.Args{"run_id": string(d.RunID), "at": d.Now().UTC()}},
		step{"deliver/delivered.draft", nil},
		step{"deliver/delivered.reversals", nil},
	)
}

var plainAmount = regexp.MustCompile(`^-?[0-9]{1,14}(\.[0-9]{1,4})?$`)

// readDelivered reads the file. What it cannot read is a usage error that names the line.
func readDelivered(path string) ([]deliveredKey, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, etl.Usagef("--delivered-keys: %w", err)
	}
	table, err := plaintext.ReadTable(content)
	if err != nil {
		return nil, etl.Usagef("--delivered-keys %s: %w", path, err)
	}
	named := slices.IndexFunc(keyColumns, func(name string) bool { return slices.Contains(table.Columns, strings.ToLower(name)) })
	if named < 0 {
		return nil, etl.Usagef("--delivered-keys %s: line 1: write a column %s", path, strings.Join(keyColumns, " or "))
	}
	var keys []deliveredKey
	for _, row := range table.Rows {
		k := deliveredKey{
			Key: row.Fields[strings.ToLower(keyColumns[named])], Amount: row.Fields["amount"], Currency: strings.ToUpper(row.Fields["currency"]),
		}
		if k.Amount != "" && !plainAmount.MatchString(k.Amount) {
			return nil, etl.Usagef("--delivered-keys %s: line %d: amount %q is not a number like -12.50", path, row.Line, k.Amount)
		}
		if k.Key != "" {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// keyColumns are what a column with keys may be called.
var keyColumns = []string{"transactionNumber", "signatureId", "key"}
