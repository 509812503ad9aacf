package deliver

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// A Decision says who decided something, and why. The ledger keeps both.
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
	decisionAccepted    = "accepted"
	decisionResend      = "resend"
	decisionRetry       = "retry"
	decisionDismiss     = "dismiss"
	decisionCorrected   = "corrected_at_productiv"
	decisionApprove     = "approve"
	decisionTargetMoved = "target_moved"
	decisionTargetKept  = "target_kept"
	decisionDelivered   = "delivered_keys"
)

// decisionsName is a file of JSON lines, each written before the ledger has the decision.
const decisionsName = sentFolder + "/decisions.jsonl"

// A decided is one row of delivery.decisions and one line of the file.
type decided struct {
	ID       string          `json:"decision_id"`
	Subject  string          `json:"subject"`
	Decision string          `json:"decision"`
	By       string          `json:"decided_by"`
	Note     string          `json:"note"`
	At       time.Time       `json:"decided_at"`
	LedgerNo int64           `json:"ledger_no"` // the newest item when it was made
	Covers   json.RawMessage `json:"covers,omitempty"`

	filed bool // it is in the file of decisions
}

// newDecision is a decision that is not recorded yet.
func (d *Delivery) newDecision(ctx context.Context, subject, what string, by Decision, covers json.RawMessage) (decided, error) {
	made := decided{
		ID: uuid.Must(uuid.NewV7()).String(), Subject: subject, Decision: what,
		By: by.By, Note: by.Note, At: d.Now().UTC(), Covers: covers,
	}
	err := d.DB.Get(ctx, "deliver/decision.last_no", nil, &made.LedgerNo)
	return made, err
}

// decide makes a decision and records it.
func (d *Delivery) decide(ctx context.Context, subject, what string, by Decision, covers json.RawMessage) (decided, error) {
	made, err := d.newDecision(ctx, subject, what, by, covers)
	if err != nil {
		return made, err
	}
	return made, d.record(ctx, made)
}

// record writes a decision into the file, then with its effect into the ledger.
func (d *Delivery) record(ctx context.Context, made decided) error {
	if err := d.appendDecision(ctx, made); err != nil {
		return err
	}
	return d.DB.InTx(ctx, func(tx *warehouse.Tx) error { return made.apply(ctx, tx) })
}

// apply books the decision and its effect. That of one about a batch is in the batch's sent file.
func (m decided) apply(ctx context.Context, tx *warehouse.Tx) error {
	if err := m.keep(ctx, tx); err != nil {
		return err
	}
	id, covers := m.ID, string(m.Covers)
	var effect step
	switch m.Decision {
	case decisionRetry:
		ids, err := m.records()
		if err != nil {
			return err
		}
		effect = step{"deliver/settle.retry", warehouse.Args{"decision_id": id, "spend_ids": ids, "ledger_no": m.LedgerNo}}
	case decisionDismiss:
		effect = step{"deliver/decision.add_dismissal", warehouse.Args{"decision_id": id, "covers": covers}}
	case decisionApprove:
		effect = step{"deliver/gate.approve", warehouse.Args{"decision_id": id, "covers": covers}}
	case decisionTargetKept:
		effect = step{"deliver/target.keep", warehouse.Args{"decision_id": id, "covers": covers}}
	case decisionTargetMoved:
		return m.applyMove(ctx, tx)
	default:
		return nil
	}
	_, err := tx.Exec(ctx, effect.file, effect.args)
	return err
}

// records are what the decision is about: the records it covers, else its subject.
func (m decided) records() ([]string, error) {
	if len(m.Covers) == 0 {
		return []string{m.Subject}, nil
	}
	var covers []struct {
		SpendID string `json:"spend_id"`
	}
	if err := json.Unmarshal(m.Covers, &covers); err != nil {
		return nil, fmt.Errorf("decision %s: %w", m.ID, err)
	}
	ids := make([]string, len(covers))
	for i, c := range covers {
		ids[i] = c.SpendID
	}
	return ids, nil
}

// keep writes the row, unless it is there.
func (m decided) keep(ctx context.Context, tx *warehouse.Tx) error {
	_, err := tx.Exec(ctx, "deliver/decision.add", warehouse.Args{
		"decision_id": m.ID, "subject": m.Subject, "decision": m.Decision,
		"decided_by": m.By, "note": m.Note, "ledger_no": m.LedgerNo, "at": m.At,
		"covers": warehouse.Null(string(m.Covers)),
	})
	return err
}

// appendDecision adds one line, which is on the disk when it returns.
func (d *Delivery) appendDecision(ctx context.Context, made decided) error {
	line, err := json.Marshal(made)
	if err != nil {
		return err
	}
	if err := d.addDecision(line); err != nil {
		return err
	}
	key := decisionKey(made.ID)
	if err := d.Store.Owe(key, line); err != nil {
		return fmt.Errorf("decisions: %w", err)
	}
	return d.orOwed(ctx, d.Store.PutOwed(ctx, key))
}

func (d *Delivery) addDecision(line []byte) error {
	path := filepath.Join(d.Folder, decisionsName)
	err := durable.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = durable.AppendLine(path, line, 0o600)
	}
	if err != nil {
		return fmt.Errorf("decisions: %w", err)
	}
	return nil
}

// decisionKey is where the store has a decision.
func decisionKey(id string) string { return sentFolder + "/decisions/" + id + ".json" }

// orOwed logs a failure of the store: it gets what it is owed before anything is posted.
func (d *Delivery) orOwed(ctx context.Context, err error) error {
	var owed *store.Error
	if !errors.As(err, &owed) {
		return err
	}
	d.Log.WarnContext(ctx, "decided, but not in the store yet; the next load puts it there first", etl.Err(err))
	return nil
}

// readDecisions reads the file in the order of the ledger. No unfinished line was acted on.
func readDecisions(folder string) ([]decided, error) {
	text, err := os.ReadFile(filepath.Join(folder, decisionsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	var all []decided
	for line := range bytes.Lines(text) {
		var made decided
		if bytes.HasSuffix(line, []byte("\n")) && json.Unmarshal(line, &made) == nil && made.ID != "" {
			all = append(all, made)
		}
	}
	slices.SortStableFunc(all, func(a, b decided) int {
		return cmp.Or(cmp.Compare(a.LedgerNo, b.LedgerNo), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// recoverDecisions books what a killed program had written into the file only.
func (d *Delivery) recoverDecisions(ctx context.Context, tx *warehouse.Tx) error {
	all, err := readDecisions(d.Folder)
	if err != nil || len(all) == 0 {
		return err
	}
	ids, err := warehouse.Strings(ctx, tx, "deliver/decision.ids", nil)
	if err != nil {
		return err
	}
	return applyAll(ctx, tx, slices.DeleteFunc(all, func(m decided) bool {
		_, known := slices.BinarySearch(ids, m.ID)
		return known
	}))
}

func applyAll(ctx context.Context, tx *warehouse.Tx, all []decided) error {
	for _, made := range all {
		if err := made.apply(ctx, tx); err != nil {
			return fmt.Errorf("decision %s: %w", made.ID, err)
		}
	}
	return nil
}

// event is the line of a sent file that records a decision.
func (m decided) event(b batch, state string) sentEvent {
	return sentEvent{
		State: state, At: m.At, Attempt: b.attempt, Message: "settled by " + m.By + ": " + m.Note,
		Settlement: &sentSettlement{ID: m.ID, Subject: m.Subject, Decision: m.Decision, By: m.By, Note: m.Note},
	}
}

// decision is the decision that a line of a sent file records.
func (e sentEvent) decision() decided {
	s := e.Settlement
	return decided{ID: s.ID, Subject: s.Subject, Decision: s.Decision, By: s.By, Note: s.Note, At: e.At}
}

// bringStoreUp puts into the store what an earlier load or a decision owes it.
func (d *Delivery) bringStoreUp(ctx context.Context) error {
	if d.Store == nil {
		return nil
	}
	if err := d.Store.PutOwed(ctx); err != nil {
		return err
	}
	return d.syncDecisions(ctx)
}

// syncDecisions gives the store and this folder the decisions that only the other has.
func (d *Delivery) syncDecisions(ctx context.Context) error {
	stored, err := d.Store.Keys(ctx, path.Dir(decisionKey(""))+"/")
	if err != nil {
		return err
	}
	local, err := readDecisions(d.Folder)
	if err != nil {
		return err
	}
	for _, made := range local {
		key := decisionKey(made.ID)
		at, is := slices.BinarySearch(stored, key)
		if is {
			stored = slices.Delete(stored, at, at+1)
			continue
		}
		line, err := json.Marshal(made)
		if err == nil {
			err = d.Store.Put(ctx, key, line)
		}
		if err != nil {
			return err
		}
	}
	for _, key := range stored {
		line, err := d.Store.Get(ctx, key)
		if err == nil {
			err = d.addDecision(line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
