package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"spendbridge/etl"
)

const progressEvery = 10 * time.Second

// progress returns what receives the progress of a stage, and a function to call
// when it ends: a bar on a terminal, a log line every ten seconds elsewhere,
// nothing with --quiet.
func (a *app) progress(stage string) (report etl.Progress, done func()) {
	switch {
	case a.quiet:
		return func(string, int64, int64) {}, func() {}
	case isTerminal(a.stderr):
		return a.bars.draw(stage)
	}
	return a.logProgress(stage), func() {}
}

// A work is how far a stage is.
type work struct {
	stage string
	begun time.Time
	mu    sync.Mutex
	units map[string]amount
}

// An amount is how much of a unit is done.
type amount struct{ done, total int64 }

func newWork(stage string) *work {
	return &work{stage: stage, begun: time.Now(), units: map[string]amount{}}
}

func (w *work) set(unit string, done, total int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.units[unit] = amount{done, total}
}

// measure is the unit that tells how much is left.
func (w *work) measure() (unit string, a amount) {
	w.mu.Lock()
	defer w.mu.Unlock()
	unit = "pages"
	if _, ok := w.units[unit]; !ok {
		unit = "records"
	}
	return unit, w.units[unit]
}

// words says how far it is: windows, records, how fast and for how long.
func (w *work) words(now time.Time) string {
	_, a := w.measure()
	w.mu.Lock()
	defer w.mu.Unlock()
	var parts []string
	if windows := w.units["windows"]; windows.total > 0 {
		parts = append(parts, fmt.Sprintf("%s/%s windows", etl.Number(windows.done), etl.Number(windows.total)))
	}
	took := now.Sub(w.begun)
	if records := w.units["records"].done; records > 0 {
		parts = append(parts, etl.Number(records)+" records")
		if seconds := int64(took.Seconds()); seconds > 0 {
			parts = append(parts, etl.Number(records/seconds)+"/s")
		}
	}
	if a.done > 0 && a.total > a.done {
		left := time.Duration(float64(took) * float64(a.total-a.done) / float64(a.done))
		parts = append(parts, left.Round(time.Second).String()+" left")
	}
	return strings.Join(parts, ", ")
}

// bars draws a bar for each stage at work. It writes what else goes to the same
// terminal above them.
type bars struct {
	out    io.Writer
	mu     sync.Mutex
	active int
	drawn  *mpb.Progress // nil without a bar
}

func (b *bars) draw(stage string) (report etl.Progress, done func()) {
	w := newWork(stage)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.active++; b.drawn == nil {
		b.drawn = mpb.New(mpb.WithOutput(b.out), mpb.ForceAutoRefresh())
	}
	bar := b.drawn.AddBar(0,
		mpb.BarWidth(12), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(stage+" ")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + w.words(time.Now()) })),
	)
	report = func(unit string, done, total int64) {
		w.set(unit, done, total)
		_, a := w.measure()
		bar.SetTotal(max(a.total, a.done), false)
		bar.SetCurrent(a.done)
	}
	return report, func() { b.remove(bar) }
}

// remove keeps the lock, as a line that comes after the last bar would be lost.
func (b *bars) remove(bar *mpb.Bar) {
	b.mu.Lock()
	defer b.mu.Unlock()
	bar.Abort(true)
	bar.Wait()
	if b.active--; b.active == 0 {
		b.drawn.Wait()
		b.drawn = nil
	}
}

// Write implements [io.Writer] for whole lines.
func (b *bars) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.drawn != nil {
		return b.drawn.Write(line)
	}
	return b.out.Write(line)
}

func (a *app) logProgress(stage string) etl.Progress {
	w := newWork(stage)
	var mu sync.Mutex
	last := w.begun
	return func(unit string, done, total int64) {
		w.set(unit, done, total)
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		if now.Sub(last) < progressEvery {
			return
		}
		last = now
		seconds := max(1, int64(now.Sub(w.begun).Seconds()))
		unit, measured := w.measure()
		a.log.Info("stage progressed", etl.KeyStage, stage, etl.KeyUnit, unit,
			etl.KeyDone, measured.done, etl.KeyTotal, measured.total, etl.KeyRate, measured.done/seconds,
			etl.KeyProgress, w.words(now))
	}
}
