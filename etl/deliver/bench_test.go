package deliver_test

import (
	"fmt"
	"testing"
	"time"

	"spendbridge/etl/sandbox"
)

// BenchmarkPost posts into the sandbox, which takes its time to answer. What
// the network allows is connections × 1000 ÷ latency.
func BenchmarkPost(b *testing.B) {
	const connections, records = 4, 40_000
	for _, latency := range []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond} {
		b.Run(fmt.Sprint("latency=", latency), func(b *testing.B) {
			var spent time.Duration
			for b.Loop() {
				spent += postOnce(b, latency, connections, records)
			}
			rate := float64(records*b.N) / spent.Seconds()
			b.ReportMetric(rate, "records/s")
			if latency > 0 {
				b.ReportMetric(rate/(connections*1000/latency.Seconds()), "of-the-bound")
			}
		})
	}
}

// postOnce returns how long one load of so many new records takes.
func postOnce(b *testing.B, latency time.Duration, connections, records int) time.Duration {
	b.StopTimer()
	defer b.StartTimer()
	box := sandbox.New(sandbox.Options{SeedOnly: true, Latency: latency, Productiv: sandbox.Productiv{CountOnly: true}})
	if err := box.Start(b.Context(), "127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	defer box.Close()
	s := newScene(b)
	s.onDisk()
	s.speakTo(box.ProductivURL(), box.ProductivTokenURL())
	s.Productiv.BatchSize, s.Productiv.Concurrency = 1000, connections
	s.fill(records)
	start := time.Now()
	if result := s.mustPost(); result.Accepted != records {
		b.Fatalf("%+v", result)
	}
	return time.Since(start)
}

// BenchmarkNothingNew is a load that finds nothing new: what a history costs.
func BenchmarkNothingNew(b *testing.B) {
	s := newScene(b)
	s.fill(100_000)
	s.mustPost()
	for b.Loop() {
		s.mustPost()
	}
}
