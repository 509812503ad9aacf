package main

import (
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"spendbridge/etl"
)

// progressEvery is how often progress is logged where there is no bar.
const progressEvery = 10 * time.Second

// progress returns what receives the progress of a stage, and a function to call
// when it ends: a bar on a terminal, a log line every ten seconds elsewhere,
// nothing with --quiet.
func (a *app) progress(stage string) (report etl.Progress, done func()) {
	switch {
	case a.quiet:
		return func(string, int64, int64) {}, func() {}
	case isTerminal(a.stderr):
		return a.drawProgress(stage)
	}
	return a.logProgress(stage), func() {}
}

// drawProgress draws one bar for each unit that a stage counts.
func (a *app) drawProgress(stage string) (report etl.Progress, done func()) {
	var mu sync.Mutex
	bars := map[string]*progressbar.ProgressBar{}
	report = func(unit string, done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if total <= 0 {
			total = -1 // a spinner
		}
		bar := bars[unit]
		if bar == nil {
			bar = progressbar.NewOptions64(total,
				progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetDescription(stage),
				progressbar.OptionSetItsString(unit), progressbar.OptionShowIts(), progressbar.OptionShowCount(),
				progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(20))
			bars[unit] = bar
		}
		bar.ChangeMax64(total)
		_ = bar.Set64(done) // a bar that cannot be drawn harms nothing
	}
	return report, func() {
		mu.Lock()
		defer mu.Unlock()
		for _, bar := range bars {
			_ = bar.Clear()
		}
	}
}

// logProgress logs the progress of a stage.
func (a *app) logProgress(stage string) etl.Progress {
	var mu sync.Mutex
	begun, last := time.Now(), time.Now()
	return func(unit string, done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		if now.Sub(last) < progressEvery {
			return
		}
		last = now
		seconds := max(1, int64(now.Sub(begun).Seconds()))
		a.log.Info("stage progressed", etl.KeyStage, stage, etl.KeyUnit, unit,
			etl.KeyDone, done, etl.KeyTotal, total, etl.KeyRate, done/seconds)
	}
}
