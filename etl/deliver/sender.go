package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"math/rand/v2"
	"sync"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
)

const (
	maxTries     = 6                // posts of one batch in one load
	longestPause = 30 * time.Second // between them, unless the server asks for more
)

// errDoubt ends one connection, so that a server in trouble costs one batch for each, not all.
var errDoubt = errors.New("outcome unknown")

// A sender posts batches over a number of connections.
type sender struct {
	d       *Delivery
	api     *api
	posting *posting

	ledger sync.Mutex // one transaction at a time: they touch the same tables

	mu       sync.Mutex
	stopped  error // why no further batch is begun
	posts    int
	batches  map[string]int // that were accepted, by target
	accepted int            // records
	rejected int
	splits   int
	halves   int // posts of refused batches and their halves
	total    int
}

func (d *Delivery) newSender() *sender {
	return &sender{d: d, api: newAPI(d), posting: &posting{d: d, targets: map[string]bool{}}, batches: map[string]int{}}
}

// run sends all batches, in order, and returns when every connection is done.
func (s *sender) run(ctx context.Context, batches []batch) {
	if len(batches) == 0 {
		return
	}
	for _, b := range batches {
		s.total += b.records
	}
	queue, done := make(chan batch, readAtOnce), make(chan struct{})
	var reading, running sync.WaitGroup
	reading.Go(func() {
		defer close(queue)
		if err := s.read(ctx, batches, queue, done); err != nil {
			s.stop(err)
		}
	})
	connections := make([]connection, min(s.d.Productiv.Concurrency, len(batches)))
	for i := range connections {
		connections[i] = connection{sender: s, queue: queue}
		running.Go(func() { connections[i].run(ctx) })
	}
	running.Wait()
	defer reading.Wait()
	defer close(done)
	for i := range connections {
		if connections[i].conclude(ctx) != nil {
			return
		}
	}
}

// readAtOnce is how many batches one query reads.
const readAtOnce = 8

// read puts the batches with their items into the queue while others are on the wire.
func (s *sender) read(ctx context.Context, batches []batch, queue chan<- batch, done <-chan struct{}) error {
	for len(batches) > 0 {
		n := 1
		for n < min(len(batches), readAtOnce) && batches[n].first == batches[n-1].last+1 {
			n++
		}
		if err := readItems(ctx, s.d.DB, batches[:n]); err != nil {
			return err
		}
		for _, b := range batches[:n] {
			b.cargo = pack(b.items)
			select {
			case queue <- b:
			case <-done:
				return nil
			}
		}
		clear(batches[:n]) // the queue has them
		batches = batches[n:]
	}
	return nil
}

// send posts one batch until its outcome is known. An error ends the work of this connection.
func (c *connection) send(ctx context.Context, b *batch) (string, answer, error) {
	for try := 1; ; try++ {
		if err := c.mayGoOn(ctx); err != nil {
			return "", answer{}, err
		}
		state, got, err := c.attempt(ctx, b)
		if err != nil {
			return "", answer{}, c.stop(err)
		}
		switch {
		case state == stateSplit || state == stateAccepted || state == stateRejected || got.verdict == verdictBarred:
			return state, got, nil
		case got.verdict == verdictStopped:
			return state, got, c.stop(errors.New(got.message))
		case try == maxTries || !c.repeats(got):
			return state, got, c.giveUp(*b, got)
		}
		if err := c.takeOver(ctx); err != nil {
			return state, got, c.stop(err)
		}
		if err := c.pause(ctx, *b, try, got); err != nil {
			return state, got, err
		}
	}
}

// attempt posts a batch once. A post that has begun ends, even if the run is being stopped.
func (c *connection) attempt(ctx context.Context, b *batch) (string, answer, error) {
	ctx = context.WithoutCancel(ctx)
	body, err := c.begin(ctx, b)
	if err == nil {
		err = c.stillMine(ctx, *b)
	}
	if err != nil {
		return "", answer{}, err
	}
	got := c.api.post(ctx, b.appID, body)
	c.mu.Lock()
	c.posts++
	c.mu.Unlock()
	state := c.outcome(*b, got)
	c.owed, err = c.d.note(ctx, *b, state, got)
	b.doubtful = b.doubtful || state == stateUnknown
	c.count(*b, state)
	c.d.Log.DebugContext(ctx, "batch posted",
		slog.String(etl.KeyBatch, b.id), slog.Int(etl.KeyRecords, b.records),
		slog.Int(etl.KeyStatus, got.status), slog.String(etl.KeyState, state))
	return state, got, err
}

// begin marks a batch as sending, writes its sent file and returns its body.
func (c *connection) begin(ctx context.Context, b *batch) ([]byte, error) {
	if err := b.load(ctx, c.d.DB); err != nil {
		return nil, errors.Join(err, c.takeOver(ctx))
	}
	file, err := c.mark(ctx, b)
	if err != nil {
		return nil, err
	}
	if err := c.d.save(ctx, *b, file); err != nil {
		c.ledger.Lock()
		defer c.ledger.Unlock()
		return nil, c.d.unsent(ctx, *b, err)
	}
	return file.Body, nil
}

// mark also takes over the outcome of this connection's last batch; if it fails, takeOver does.
func (c *connection) mark(ctx context.Context, b *batch) (sentFile, error) {
	attempts := b.attempt
	c.ledger.Lock()
	file, err := c.d.mark(ctx, b, c.owed, c.posting)
	c.ledger.Unlock()
	if b.attempt > attempts { // it was committed
		c.owed = nil
	}
	if err != nil {
		err = errors.Join(err, c.takeOver(ctx))
	}
	return file, err
}

// takeOver books the outcome of the last batch. If it fails, the next load does, by the sent file.
func (c *connection) takeOver(ctx context.Context) error {
	if c.owed == nil {
		return nil
	}
	owed := *c.owed
	c.owed = nil
	c.ledger.Lock()
	defer c.ledger.Unlock()
	return c.d.book(context.WithoutCancel(ctx), owed)
}

// outcome names the state that an answer leads to. A body that is too large was
// not read, and one that was refused in between did not arrive; whether a refused
// one stored its good part is a setting, and does not matter where a record may be
// posted twice.
func (s *sender) outcome(b batch, got answer) string {
	barred := got.verdict == verdictBarred
	refused := barred || got.verdict == verdictRefused || got.verdict == verdictTooLarge
	switch {
	case got.verdict == verdictAccepted:
		return stateAccepted
	case got.verdict == verdictUnknown:
		return stateUnknown
	case refused && b.records == 1 && b.doubtful:
		return stateUnknown // it may be refused because it is there already
	case refused && b.records == 1 && !barred: // a barred one waits until others get through
		return stateRejected
	case got.verdict == verdictRefused && !s.d.Productiv.AssumeAtomic422 &&
		s.d.Productiv.InDoubt != config.InDoubtResend:
		return stateUnknown
	case refused && b.records > 1 && s.maySplit():
		return stateSplit
	case b.doubtful:
		return stateUnknown
	default:
		return statePending
	}
}

// maySplit takes one from the budget of halving.
func (s *sender) maySplit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.splits++
	return s.splits <= s.maxSplits()
}

// maxSplits lets about twenty bad records of a full batch be found in one load. Without it a load
// of bad records would cost two posts for each.
func (s *sender) maxSplits() int {
	return 20 * bits.Len(uint(s.d.Productiv.BatchSize))
}

// repeats reports whether a batch is posted again in this load.
func (s *sender) repeats(got answer) bool {
	switch got.verdict {
	case verdictThrottled:
		return got.wait <= s.maxWait()
	case verdictUnsent:
		return true
	case verdictUnknown:
		return s.d.Productiv.InDoubt == config.InDoubtResend
	default:
		return false
	}
}

// giveUp ends with a batch for this load. Without an outcome only this
// connection stops; a server that cannot be reached stops them all.
func (s *sender) giveUp(b batch, got answer) error {
	switch got.verdict {
	case verdictThrottled:
		if got.wait > s.maxWait() {
			return s.stop(fmt.Errorf("Productiv asks to wait %s, longer than productiv.max_wait; what is left waits for the next load", got.wait))
		}
		return s.stop(fmt.Errorf("Productiv asks to slow down, after %d tries: %s; what is left waits for the next load", maxTries, got.message))
	case verdictNoToken:
		return s.stop(fmt.Errorf("nothing was sent: %s", got.message))
	case verdictUnsent:
		return s.stop(fmt.Errorf("nothing was sent after %d tries: %s", maxTries, got.message))
	case verdictRefused, verdictTooLarge:
		return nil // not done with, but the server is well
	default:
		s.d.Log.Warn("batch outcome unknown", slog.String(etl.KeyBatch, b.id), slog.String(etl.KeyReason, got.message))
		return errDoubt
	}
}

// pause waits before the next try, as long as the server asks, else ever longer.
func (s *sender) pause(ctx context.Context, b batch, try int, got answer) error {
	wait := min(cmp.Or(s.d.Pause, time.Second)<<(try-1), longestPause)
	wait = wait/2 + rand.N(wait/2+1)
	if got.wait > 0 {
		wait = got.wait
	}
	s.d.Log.DebugContext(ctx, "batch waits", slog.String(etl.KeyBatch, b.id),
		slog.Int(etl.KeyAttempt, try), slog.Duration(etl.KeyWait, wait))
	if s.d.Waited != nil {
		s.d.Waited(wait)
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return s.stop(ctx.Err())
	}
}

func (s *sender) maxWait() time.Duration {
	return cmp.Or(time.Duration(s.d.Productiv.MaxWait), 15*time.Minute)
}

// mayGoOn returns why no further batch is begun, if so.
func (s *sender) mayGoOn(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		err = s.d.DB.Hold(ctx)
	}
	if err != nil {
		return s.stop(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// stop keeps the first reason why no connection begins a further batch.
func (s *sender) stop(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped == nil {
		s.stopped = err
	}
	return err
}

// count notes the outcome of a batch.
func (s *sender) count(b batch, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.parent != "" || state == stateSplit {
		s.halves++
	}
	switch state {
	case stateAccepted:
		s.batches[b.target]++
		s.accepted += b.records
	case stateRejected:
		s.rejected += b.records
	default:
		return
	}
	if s.d.Progress != nil {
		s.d.Progress("records", int64(s.accepted+s.rejected), int64(s.total))
	}
}

// acceptedBatches is how many batches a target has accepted in this load.
func (s *sender) acceptedBatches(target string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.batches[target]
}

// spent says that refused batches are left because the budget of halving is spent.
func (s *sender) spent() error {
	if s.splits <= s.maxSplits() {
		return nil
	}
	return fmt.Errorf("Productiv refuses so many records that %d batches were halved; the next load goes on with what is left, spendbridge status lists what was rejected and why", s.maxSplits())
}
