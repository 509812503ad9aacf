package main

import (
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"spendbridge/etl"
)

// progressEvery is how often a log line tells how far a stage has come where
// no bar can.
const progressEvery = 10 * time.Second

// progress returns what a stage tells how far it has come, and a function to
// call when it ends: a bar on a terminal, a log line every ten seconds
// elsewhere, nothing with --quiet.
func (a *app) progress(stage string) (report etl.Progress, done func()) {
	switch {
	case a.quiet:
		return func(string, int64, int64) {}, func() {}
	case isTerminal(a.stderr):
		b := &bars{app: a, stage: stage, byUnit: map[string]*progressbar.ProgressBar{}}
		return b.report, b.done
	default:
		l := &lines{app: a, stage: stage, last: time.Now(), begun: time.Now()}
		return l.report, func() {}
	}
}

// bars draws one bar for each unit that a stage counts.
type bars struct {
	*app
	stage  string
	mu     sync.Mutex
	byUnit map[string]*progressbar.ProgressBar
}

func (b *bars) report(unit string, done, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if total <= 0 {
		total = -1 // a spinner
	}
	bar := b.byUnit[unit]
	if bar == nil {
		bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(b.stderr), progressbar.OptionSetDescription(b.stage),
			progressbar.OptionSetItsString(unit), progressbar.OptionShowIts(), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(20))
		b.byUnit[unit] = bar
	}
	bar.ChangeMax64(total)
	_ = bar.Set64(done) // a bar that cannot be drawn harms nothing
}

func (b *bars) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, bar := range b.byUnit {
		_ = bar.Clear()
	}
}

// lines logs how far a stage has come, now and then.
type lines struct {
	*app
	stage       string
	mu          sync.Mutex
	begun, last time.Time
}

func (l *lines) report(unit string, done, total int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Sub(l.last) < progressEvery {
		return
	}
	l.last = now
	seconds := max(1, int64(now.Sub(l.begun).Seconds()))
	l.log.Info("stage progressed", etl.KeyStage, l.stage, etl.KeyUnit, unit,
		etl.KeyDone, done, etl.KeyTotal, total, etl.KeyRate, done/seconds)
}
