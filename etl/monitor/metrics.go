// Package monitor shows others the state of the installation: notifications to a
// webhook, metrics for Prometheus, and probes.
package monitor

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"spendbridge/etl"
	"spendbridge/etl/report"
	"spendbridge/etl/warehouse"
)

// Metrics are what /metrics shows: what the warehouse said at the end of the
// last run, and what the HTTP clients did since the daemon began. Money is
// rounded there, as Prometheus knows no exact numbers; the reports are exact.
type Metrics struct {
	registry *prometheus.Registry
	retries  *prometheus.CounterVec
	waits    *prometheus.CounterVec

	mu  sync.Mutex
	now []prometheus.Metric
}

// NewMetrics returns metrics without any reading yet.
func NewMetrics() *Metrics {
	f := &Metrics{registry: prometheus.NewRegistry()}
	f.retries = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "spendbridge_api_retries_total", Help: "Requests that were sent again.",
	}, []string{"host"})
	f.waits = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "spendbridge_api_wait_seconds_total", Help: "Pauses before requests were sent again.",
	}, []string{"host"})
	f.registry.MustRegister(f, f.retries, f.waits)
	return f
}

// Retried counts a request that is sent again, and how long it waits.
func (m *Metrics) Retried(host string, wait time.Duration) {
	m.retries.WithLabelValues(host).Inc()
	m.waits.WithLabelValues(host).Add(wait.Seconds())
}

// Describe implements [prometheus.Collector]: which figures there are depends
// on what the warehouse holds.
func (m *Metrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, metric := range m.now {
		out <- metric
	}
}

type reading []prometheus.Metric

func (r *reading) add(name, help string, labels []string, value float64, values ...string) {
	for i, v := range values {
		values[i] = cmp.Or(v, "unknown") // an empty label is none to Prometheus
	}
	desc := prometheus.NewDesc("spendbridge_"+name, help, labels, nil)
	*r = append(*r, prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, values...))
}

type moneyFigure struct {
	Source, State, Currency, Amount string
	Records                         int64
}

// Measure reads the warehouse, whose state is known already.
func (m *Metrics) Measure(ctx context.Context, db warehouse.Runner, state *report.State) error {
	var (
		r            reading
		spend, items []moneyFigure
	)
	err := errors.Join(
		warehouse.Fill(ctx, db, &spend, "monitor/metric.spend", nil),
		warehouse.Fill(ctx, db, &items, "monitor/metric.items", nil),
	)
	if err != nil {
		return err
	}
	for _, s := range state.Ran {
		r.addStage(s)
	}
	for _, x := range spend {
		r.addMoney("spend", "Spend in canonical.spend", "source", x.Source, x)
	}
	for _, x := range items {
		r.addMoney("delivery", "Posted records by state", "state", x.State, x)
	}
	for _, q := range state.Quarantine {
		r.add("quarantine_records", "Records in quarantine.", []string{"source", "reason"}, float64(q.Records), q.Source, q.Reason)
	}
	for _, h := range state.Held {
		r.add("held_records", "Records that a gate holds back.", []string{"gate"}, float64(h.Records), h.Gate)
	}
	for _, slot := range state.Slots {
		r.add("slots_left_out", "Slots of the last seven days that were missed or skipped.", []string{"job"}, float64(slot.LeftOut), slot.Job)
	}
	r.add("needs", "Things that need attention.", nil, float64(len(state.Todo)))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = r
	return nil
}

func (r *reading) addStage(s report.StageState) {
	for _, name := range []string{etl.StatusOK, etl.StatusNeedsPerson, etl.StatusFailed} {
		is := 0.0
		if name == s.Status {
			is = 1
		}
		r.add("stage_status", "1 for the outcome a stage had last.", []string{"stage", "status"}, is, s.Stage, name)
	}
	for way, n := range map[string]int64{"read": s.RowsRead, "written": s.RowsWritten, "skipped": s.RowsSkipped} {
		r.add("stage_rows", "Rows of a stage's last run.", []string{"stage", "way"}, float64(n), s.Stage, way)
	}
	r.add("stage_duration_seconds", "How long a stage's last run took.", []string{"stage"}, s.Finished.Sub(s.StartedAt).Seconds(), s.Stage)
	if !s.SucceededAt.IsZero() {
		r.add("stage_last_success_timestamp_seconds", "When a stage last went well.", []string{"stage"},
			float64(s.SucceededAt.Unix()), s.Stage)
	}
}

func (r *reading) addMoney(name, help, by, value string, x moneyFigure) {
	labels := []string{by, "currency"}
	r.add(name+"_records", help+", counted.", labels, float64(x.Records), value, x.Currency)
	if rounded, err := strconv.ParseFloat(x.Amount, 64); err == nil {
		r.add(name+"_amount", help+", in major units, rounded.", labels, rounded, value, x.Currency)
	}
}
