package deliver

import (
	"context"
	"fmt"
	"slices"
)

// witnesses is how many other records are tried alone before a firewall is taken to bar everything.
const witnesses = 8

// A job is a batch that a connection has yet to post.
type job struct {
	batch
	barred bool // it, or a batch it is a part of, was refused in between
	before int  // batches accepted in this load until then
	tapped bool // a record was taken out of it to be tried alone
}

// A suspect was refused in between when posted alone. Until another record gets through, it may
// not be the reason.
type suspect struct {
	job
	answer answer
	since  int // batches accepted until then
}

// A connection posts one batch after the other.
type connection struct {
	*sender
	queue    <-chan batch
	jobs     []job // begun; the last one is next
	suspects []suspect
	owed     *outcome // of the last batch, if the ledger has yet to take it over
}

// run works until nothing is left or an outcome says to stop.
func (c *connection) run(ctx context.Context) {
	defer func() {
		if err := c.takeOver(ctx); err != nil {
			c.stop(err)
		}
	}()
	for next, ok := c.next(ctx); ok; next, ok = c.next(ctx) {
		if c.do(ctx, next) != nil {
			c.suspects = nil
			return
		}
	}
}

func (c *connection) next(ctx context.Context) (job, bool) {
	if last := len(c.jobs) - 1; last >= 0 {
		next := c.jobs[last]
		c.jobs = c.jobs[:last]
		return next, true
	}
	b, ok := c.receive(ctx)
	return job{batch: b}, ok
}

// receive takes a batch out of the queue. Before it waits, the ledger takes over what is owed.
func (c *connection) receive(ctx context.Context) (batch, bool) {
	select {
	case b, ok := <-c.queue:
		return b, ok
	default:
	}
	if err := c.takeOver(ctx); err != nil {
		c.stop(err)
	}
	b, ok := <-c.queue
	return b, ok
}

// do posts one batch. Its halves, if it is split, are next.
func (c *connection) do(ctx context.Context, j job) error {
	state, got, err := c.send(ctx, &j.batch)
	if err != nil {
		return err
	}
	if got.verdict == verdictBarred && !j.barred {
		j.barred, j.before = true, c.acceptedBatches(j.target)
	}
	if state == stateSplit {
		left, right := j, j
		left.batch, right.batch = j.halves()
		c.jobs = append(c.jobs, right, left)
	}
	if got.verdict == verdictBarred && j.records == 1 {
		c.suspects = append(c.suspects, suspect{job: j, answer: got, since: c.acceptedBatches(j.target)})
	}
	return c.judgeSuspects(ctx)
}

// judgeSuspects rejects suspects whose target has accepted another batch since. For the others it
// has one more record tried alone, and gives up when enough were refused.
func (c *connection) judgeSuspects(ctx context.Context) error {
	if err := c.reject(ctx, func(s suspect) int { return s.since }); err != nil || len(c.suspects) == 0 {
		return err
	}
	last := c.suspects[len(c.suspects)-1]
	switch {
	case len(c.suspects) <= witnesses:
		return c.callWitness(ctx, last.target)
	case last.doubtful:
		return c.giveUp(last.batch, last.answer)
	default:
		return c.stop(c.everythingBarred(last))
	}
}

// conclude decides about the last suspects: by what their target accepted since their batch.
func (c *connection) conclude(ctx context.Context) error {
	if err := c.reject(ctx, func(s suspect) int { return s.before }); err != nil {
		return err
	}
	if err := c.takeOver(ctx); err != nil {
		return c.stop(err)
	}
	for _, left := range c.suspects {
		if !left.doubtful {
			return c.stop(c.everythingBarred(left))
		}
	}
	return nil
}

func (c *connection) everythingBarred(last suspect) error {
	return fmt.Errorf("everything is refused on its way to Productiv (records tried alone: %d); nothing of it was stored. "+
		"Have this machine let through, and check productiv.base_url. %s", len(c.suspects), last.answer.message)
}

// reject rejects suspects whose target has accepted more batches than it had then. What may have
// arrived before stays unknown.
func (c *connection) reject(ctx context.Context, until func(suspect) int) error {
	ctx = context.WithoutCancel(ctx)
	var left []suspect
	for _, s := range c.suspects {
		switch {
		case c.acceptedBatches(s.target) <= until(s):
			left = append(left, s)
			continue
		case s.doubtful:
			continue
		}
		s.answer.message = "this record is refused on its way to Productiv, and others are not: " + s.answer.message
		err := c.takeOver(ctx) // the suspect may be the last batch
		if err == nil {
			c.owed, err = c.d.note(ctx, s.batch, stateRejected, s.answer)
		}
		if c.owed != nil {
			c.count(s.batch, stateRejected)
		}
		if err != nil {
			return c.stop(err)
		}
	}
	c.suspects = left
	return nil
}

// callWitness puts a record for the target on top of the jobs, to be posted alone. It comes from
// the largest batch: neighbors often share the text that a firewall dislikes.
func (c *connection) callWitness(ctx context.Context, target string) error {
	from := c.largest(target)
	if from < 0 && len(c.jobs) == 0 {
		b, ok := c.receive(ctx)
		if !ok {
			return nil
		}
		c.jobs = append(c.jobs, job{batch: b})
		from = c.largest(target)
	}
	if from < 0 {
		return nil
	}
	whole := c.jobs[from]
	c.jobs = slices.Delete(c.jobs, from, from+1)
	if whole.records > 1 {
		one, rest := whole, whole
		one.batch, rest.batch = whole.cut(1)
		rest.tapped = true
		c.jobs = slices.Insert(c.jobs, from, rest)
		whole = one
	}
	c.jobs = append(c.jobs, whole)
	return nil
}

// largest finds the job to take a record from, -1 for none: first one that none was taken from.
// What the ledger lists already is in doubt as a whole.
func (c *connection) largest(target string) int {
	found := -1
	for i, j := range c.jobs {
		if j.listed || j.target != target {
			continue
		}
		if found < 0 || c.jobs[found].tapped && !j.tapped ||
			c.jobs[found].tapped == j.tapped && j.records > c.jobs[found].records {
			found = i
		}
	}
	return found
}
