package deliver

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"spendbridge/etl"
	"spendbridge/etl/durable"
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

// decisionsName is a file of JSON lines, one per decision, each written before
// the ledger has it.
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

// newDecision is a decision that is not recorded yet. What it covers was
// listed before it was made.
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
// A program that is killed in between leaves the effect to the next load.
func (d *Delivery) record(ctx context.Context, made decided) error {
	if err := d.appendDecision(made); err != nil {
		return err
	}
	return d.DB.InTx(ctx, func(tx *warehouse.Tx) error { return made.apply(ctx, tx) })
}

// apply writes the decision and its effect into the ledger. What a decision
// about a batch does is in the batch's own sent file.
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

// records are the records that the decision is about: those it covers, else
// its subject.
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

// appendDecision adds one line and waits until it is on the disk. A line that
// a killed program left unfinished is ended first.
func (d *Delivery) appendDecision(made decided) error {
	line, err := json.Marshal(made)
	if err != nil {
		return err
	}
	path := filepath.Join(d.Folder, decisionsName)
	if err := durable.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("decisions: %w", err)
	}
	if err := durable.AppendLine(path, line, 0o600); err != nil {
		return fmt.Errorf("decisions: %w", err)
	}
	return nil
}

// readDecisions returns the lines of the file in the order of the ledger. An
// unfinished line was never acted on.
func readDecisions(folder string) ([]decided, error) {
	f, err := os.Open(filepath.Join(folder, decisionsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	defer f.Close()
	var all []decided
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break // the end, or a line that is not whole
		}
		var made decided
		if json.Unmarshal(line, &made) == nil && made.ID != "" {
			all = append(all, made)
		}
	}
	slices.SortStableFunc(all, func(a, b decided) int {
		return cmp.Or(cmp.Compare(a.LedgerNo, b.LedgerNo), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// recoverDecisions completes the decisions that a killed program had written
// into the file and not into the ledger.
func (d *Delivery) recoverDecisions(ctx context.Context, tx *warehouse.Tx) error {
	all, err := readDecisions(d.Folder)
	if err != nil || len(all) == 0 {
		return err
	}
	ids, err := warehouse.Strings(ctx, tx, "deliver/decision.ids", nil)
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	return applyAll(ctx, tx, slices.DeleteFunc(all, func(m decided) bool { return known[m.ID] }))
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
