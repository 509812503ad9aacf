package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// Abandon marks what the worker before was sending as unknown, in the transaction in
// which this process takes over the lake. [Delivery.Recover] then finds out what can be
// proven never sent.
func Abandon(ctx context.Context, tx *warehouse.Tx) error {
	_, err := tx.Exec(ctx, "deliver/batch.abandon", nil)
	return err
}

// recoverAbandoned settles a batch that another worker has left. Its sent file has to be
// in the store before it is sent. So if another file can be written there, one that
// says it was never sent, the other worker has not sent it and cannot any more. Else it
// may be sending it still, and only its answer or a decision settles it.
func (d *Delivery) recoverAbandoned(ctx context.Context, tx *warehouse.Tx, b openBatch) error {
	if err := b.load(ctx, tx); err != nil {
		return err
	}
	file := d.compose(b.batch)
	event := d.event(b.batch, statePending, answer{
		message: fmt.Sprintf("process %d on %s left it before it was sent; this one has taken over", b.pid, b.host),
	})
	err := d.sent().write(ctx, file, event)
	if errors.Is(err, store.ErrTaken) {
		return nil
	}
	if err != nil {
		return err
	}
	d.Log.WarnContext(ctx, "batch taken over", slog.String(etl.KeyBatch, b.id), slog.String(etl.KeyState, event.State))
	return d.takeOver(ctx, tx, outcome{b.batch, event})
}

// stillMine returns an error if this process has lost the lock of the lake and may not
// send the batch that it has begun. The sent file then says that it was not sent, so
// that the worker that takes over need not hold it.
func (c *connection) stillMine(ctx context.Context, begun batch) error {
	lost := c.d.DB.Hold(ctx)
	if lost == nil {
		return nil
	}
	state := statePending
	if begun.doubtful || begun.attempt > 1 {
		state = stateUnknown
	}
	err := c.d.sent().append(ctx, begun.id, c.d.event(begun, state, answer{message: "not sent: " + lost.Error()}))
	return errors.Join(lost, err)
}

// recoverContradictions looks for answers that another worker wrote after somebody had
// decided about its batch. The batch is in doubt again if they say the opposite: it is
// at Productiv twice, or not at all, and only a look there tells.
func (d *Delivery) recoverContradictions(
	ctx context.Context, tx *warehouse.Tx, sent sentFiles, note bool,
) error {
	if d.Store == nil {
		return nil
	}
	var decided bool
	if err := tx.Get(ctx, "deliver/decision.any", nil, &decided); err != nil || !decided {
		return err
	}
	ids, err := warehouse.Strings(ctx, tx, "deliver/batch.decided", nil)
	if err != nil {
		return err
	}
	for _, id := range ids {
		file, err := sent.readNewest(ctx, id)
		if err != nil {
			return err
		}
		answer, decision, found := file.contradiction()
		if !found {
			continue
		}
		event := file.doubt(answer, decision, d.Now().UTC())
		if note {
			if err := sent.add(ctx, file, event); err != nil {
				return err
			}
		}
		d.Log.WarnContext(ctx, "an answer contradicts a decision", slog.String(etl.KeyBatch, id))
		if _, err := tx.Exec(ctx, "deliver/batch.doubt", warehouse.Args{
			"batch_id": id, "message": event.Message, "at": event.At,
		}); err != nil {
			return err
		}
	}
	return nil
}

// contradiction returns an answer and the decision about the same attempt that says the
// opposite. Times do not tell which was first, for two clocks wrote them; but nothing is
// decided about an attempt whose answer is known.
func (f sentFile) contradiction() (answer, decision sentEvent, found bool) {
	for _, answer := range f.Events {
		if answer.Settlement != nil || answer.State == stateUnknown || f.doubted(answer) {
			continue
		}
		decision, made := f.decided(answer.Attempt)
		stored := answer.State == stateAccepted
		if made && stored != (decision.Settlement.Decision == decisionAccepted) {
			return answer, decision, true
		}
	}
	return sentEvent{}, sentEvent{}, false
}

// doubted says whether the file has noted already that an answer contradicts a decision.
func (f sentFile) doubted(answer sentEvent) bool {
	name := eventName(f.Header.BatchID, answer)
	return slices.ContainsFunc(f.Events, func(e sentEvent) bool { return e.Doubts == name })
}

// decided returns the newest decision about an attempt.
func (f sentFile) decided(attempt int) (sentEvent, bool) {
	for _, event := range slices.Backward(f.Events) {
		if s := event.Settlement; s != nil && event.Attempt == attempt && s.Decision != decisionRetry {
			return event, true
		}
	}
	return sentEvent{}, false
}

// doubt is the line that notes a contradiction. It is the newest line of its file,
// whatever clocks say.
func (f sentFile) doubt(answer, decision sentEvent, now time.Time) sentEvent {
	said := "it was not stored"
	if answer.State == stateAccepted {
		said = "it was accepted"
	}
	e := sentEvent{State: stateUnknown, At: now, Doubts: eventName(f.Header.BatchID, answer)}
	for _, event := range f.Events {
		e.Attempt = max(e.Attempt, event.Attempt)
		if !e.At.After(event.At) {
			e.At = event.At.Add(time.Microsecond)
		}
	}
	e.Message = fmt.Sprintf("%s settled it as %s (%s), and the answer to attempt %d, which came after that, says that %s (%s); "+
		"look in Productiv whether its records are there once, correct what is not, and settle it again",
		decision.Settlement.By, decision.Settlement.Decision, decision.Settlement.Note,
		answer.Attempt, said, cmp.Or(answer.Message, "status "+statusText(answer.Status)))
	return e
}
