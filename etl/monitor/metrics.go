package monitor

import (
	"context"
	"database/sql"
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

// A tally collects the figures of one reading.
type tally []prometheus.Metric

func (t *tally) add(name, help string, labels []string, value float64, values ...string) {
	desc := prometheus.NewDesc("spendbridge_"+name, help, labels, nil)
	*t = append(*t, prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, values...))
}

// Measure reads the warehouse, whose state is known already.
func (m *Metrics) Measure(ctx context.Context, db warehouse.Runner, state *report.State) error {
	var t tally
	for _, read := range []func(context.Context, warehouse.Runner) error{t.stages, t.spend, t.items} {
		if err := read(ctx, db); err != nil {
			return err
		}
	}
	t.leftOut(state)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = t
	return nil
}

func (t *tally) stages(ctx context.Context, db warehouse.Runner) error {
	return db.Each(ctx, "monitor/metric.stages", nil, func(rows *sql.Rows) error {
		var (
			stage, status          string
			read, written, skipped int64
			milliseconds           int64
			succeeded              sql.NullTime
		)
		if err := rows.Scan(&stage, &status, &read, &written, &skipped, &milliseconds, &succeeded); err != nil {
			return err
		}
		for _, name := range []string{etl.StatusOK, etl.StatusNeedsPerson, etl.StatusFailed} {
			is := 0.0
			if name == status {
				is = 1
			}
			t.add("stage_status", "1 for the outcome a stage had last.", []string{"stage", "status"}, is, stage, name)
		}
		for way, n := range map[string]int64{"read": read, "written": written, "skipped": skipped} {
			t.add("stage_rows", "Rows of a stage's last run.", []string{"stage", "way"}, float64(n), stage, way)
		}
		took := time.Duration(milliseconds) * time.Millisecond
		t.add("stage_duration_seconds", "How long a stage's last run took.", []string{"stage"}, took.Seconds(), stage)
		if succeeded.Valid {
			t.add("stage_last_success_timestamp_seconds", "When a stage last went well.", []string{"stage"},
				float64(succeeded.Time.Unix()), stage)
		}
		return nil
	})
}

func (t *tally) spend(ctx context.Context, db warehouse.Runner) error {
	return db.Each(ctx, "monitor/metric.spend", nil, func(rows *sql.Rows) error {
		var source, currency, amount string
		var records int64
		if err := rows.Scan(&source, &currency, &records, &amount); err != nil {
			return err
		}
		t.money("spend", "Spend in canonical.spend", []string{"source", "currency"}, records, amount, source, currency)
		return nil
	})
}

func (t *tally) items(ctx context.Context, db warehouse.Runner) error {
	return db.Each(ctx, "monitor/metric.items", nil, func(rows *sql.Rows) error {
		var state, currency, amount string
		var records int64
		if err := rows.Scan(&state, &currency, &records, &amount); err != nil {
			return err
		}
		t.money("delivery", "Posted records by state", []string{"state", "currency"}, records, amount, state, currency)
		return nil
	})
}

// money adds a number of records and their amount.
func (t *tally) money(name, help string, labels []string, records int64, amount string, values ...string) {
	t.add(name+"_records", help+", counted.", labels, float64(records), values...)
	if rounded, err := strconv.ParseFloat(amount, 64); err == nil {
		t.add(name+"_amount", help+", in major units, rounded.", labels, rounded, values...)
	}
}

func (t *tally) leftOut(state *report.State) {
	for _, q := range state.Quarantine {
		t.add("quarantine_records", "Records set aside.", []string{"source", "reason"}, float64(q.Records), q.Source, q.Reason)
	}
	for _, h := range state.Held {
		t.add("held_records", "Records that a gate holds back.", []string{"gate"}, float64(h.Records), h.Gate)
	}
	t.add("needs", "Things that wait for a person.", nil, float64(len(state.Todo)))
}
