package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

const (
	// maxPause is how long the daemon sleeps at most, so that it notices a
	// clock that was set and a machine that slept.
	maxPause = time.Minute

	// busyWait is how long a due job waits before it asks again for a data
	// folder that another process holds.
	busyWait = 10 * time.Second

	// stopWait is how long a run may take to roll back after it was stopped.
	stopWait = 10 * time.Second
)

// A daemon runs the jobs of a queue when they are due, one at a time.
type daemon struct {
	queue *queue
	drain time.Duration // how long a run may continue after the daemon was stopped
	now   func() time.Time
	log   *slog.Logger

	// record stores what became of slots. It is called while no job runs.
	record func(context.Context, []etl.Slot) error

	// beat receives each round of the loop.
	beat func(time.Time)
}

type jobResult struct {
	job   *entry
	slots []etl.Slot
	run   etl.RunID
	err   error
}

// serve runs jobs until ctx ends, then lets the current one finish within the
// drain limit. What was due and did not begin is found as missed at the next
// start. A job's failure is logged and recorded, it never stops the daemon.
func (d *daemon) serve(ctx context.Context) error {
	runs, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan jobResult, 1)
	working := false
	var notBefore time.Time

	for ctx.Err() == nil {
		now := d.now()
		d.beat(now)
		d.queue.arrive(now)
		if !working {
			d.recordSettled(ctx)
			if j := d.queue.next(); j != nil && !now.Before(notBefore) {
				working = true
				slots := j.waiting // the run that starts now is theirs
				j.waiting, j.started, j.running = nil, now, true
				go d.work(runs, j, slots, done)
			}
		}
		timer := time.NewTimer(d.pause(now, notBefore))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case result := <-done:
			working = false
			notBefore = d.end(result)
		}
		timer.Stop()
	}
	return d.shutDown(working, stop, done)
}

func (d *daemon) pause(now, notBefore time.Time) time.Duration {
	pause := maxPause
	for _, t := range []time.Time{d.queue.nextDue(), notBefore} {
		if t.After(now) {
			pause = min(pause, t.Sub(now))
		}
	}
	return pause
}

// work runs one job. A panic is this run's failure, not the daemon's end.
func (d *daemon) work(ctx context.Context, j *entry, slots []etl.Slot, done chan<- jobResult) {
	result := jobResult{job: j, slots: slots}
	defer func() {
		if p := recover(); p != nil {
			result.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		done <- result
	}()
	d.log.InfoContext(ctx, "job started", etl.KeyJob, j.name, etl.KeyDue, slots[0].Due)
	result.run, result.err = j.run(ctx, slots)
}

// end books a finished run and returns when the next one may begin: a run
// that found the data folder in use waits on.
func (d *daemon) end(r jobResult) (notBefore time.Time) {
	log := d.log.With(etl.KeyJob, r.job.name, etl.KeyRun, r.run)
	var locked *warehouse.LockedError
	switch {
	case errors.As(r.err, &locked):
		log.Warn("job waits", etl.Err(r.err))
		r.job.running = false
		r.job.waiting = append(r.slots, r.job.waiting...)
		return d.now().Add(busyWait)
	case etl.Status(r.err) == etl.StatusFailed:
		log.Error("job failed", etl.Err(r.err))
	case r.err != nil:
		log.Warn("job needs attention", etl.Err(r.err))
	default:
		log.Info("job finished")
	}
	d.queue.finish(r.job, r.slots, r.run)
	return time.Time{}
}

// recordSettled stores the outcomes that are known. What cannot be stored now
// is kept for the next time.
func (d *daemon) recordSettled(ctx context.Context) {
	if len(d.queue.settled) == 0 {
		return
	}
	if err := d.record(ctx, d.queue.settled); err != nil {
		d.log.WarnContext(ctx, "slots not recorded", etl.Err(err))
		return
	}
	d.queue.settled = nil
}

// shutDown waits for the current run, stops it at the limit, and records what is
// known by then.
func (d *daemon) shutDown(working bool, stop func(), done <-chan jobResult) (err error) {
	defer d.log.Info("daemon stopped")
	if working {
		d.log.Info("daemon drains", etl.KeyWait, d.drain)
		select {
		case result := <-done:
			d.end(result)
		case <-time.After(d.drain):
			stop()
			select {
			case result := <-done:
				d.end(result)
				err = fmt.Errorf("%s was still running %s after the stop signal and was stopped; the next run resumes",
					result.job.name, d.drain)
			case <-time.After(stopWait):
				return fmt.Errorf("the run did not stop within %s and ends with this process; the next run resumes", stopWait)
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopWait)
	defer cancel()
	d.recordSettled(ctx)
	return err
}
