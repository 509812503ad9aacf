package monitor

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"spendbridge/etl/report"
)

// ask sends a request to a watch as a client that uses the host's name.
func ask(w *Watch, host, path string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, path, nil)
	req.Host = host
	rec := httptest.NewRecorder()
	w.handler().ServeHTTP(rec, req)
	return rec
}

func TestProbesAreForThisMachineOnly(t *testing.T) {
	w := newConsole(t)
	w.Beat(time.Now())
	tests := map[string]struct {
		host string
		want int
	}{
		"an address":         {"127.0.0.1:9464", http.StatusOK},
		"another address":    {"[::1]:9464", http.StatusOK},
		"its name":           {"localhost:9464", http.StatusOK},
		"without a port":     {"localhost", http.StatusOK},
		"a rebound name":     {"evil.example.com:9464", http.StatusForbidden},
		"a name that begins": {"127.0.0.1.evil.example.com", http.StatusForbidden},
		"nothing":            {"", http.StatusForbidden},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/healthz", "/readyz", "/metrics", "/", "/reports/plain.html"} {
				if got := ask(w, tt.host, path).Code; got != tt.want {
					t.Errorf("%s for host %q: %d, want %d", path, tt.host, got, tt.want)
				}
			}
		})
	}
}

func TestHealthFollowsTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &Watch{metrics: NewMetrics(), now: time.Now}
		if got := ask(w, "localhost", "/readyz").Code; got != http.StatusServiceUnavailable {
			t.Errorf("before the first round: %d, want not ready", got)
		}
		w.Beat(time.Now())
		time.Sleep(aliveWithin)
		if got := ask(w, "localhost", "/healthz").Code; got != http.StatusOK {
			t.Errorf("after %s: %d, want healthy", aliveWithin, got)
		}
		time.Sleep(2 * time.Second)
		if got := ask(w, "localhost", "/healthz").Code; got != http.StatusServiceUnavailable {
			t.Errorf("later: %d, want unhealthy", got)
		}
	})
}

func TestMetricsSayHowStagesEnded(t *testing.T) {
	s := newSession(t, "")
	run(t, s, "transform", nil)
	ended := run(t, s, "transform", errors.New("disk full"))
	ended.State.Quarantine = []report.ReasonState{{Source: "productive", Records: 3}} // without a reason
	m := NewMetrics()
	if err := m.Measure(t.Context(), s.DB, ended.State); err != nil {
		t.Fatal(err)
	}
	m.Retried("api.example.com", 1500*time.Millisecond)
	body, err := io.ReadAll(ask(&Watch{metrics: m, now: time.Now}, "localhost", "/metrics").Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`spendbridge_stage_status{stage="transform",status="failed"} 1`,
		`spendbridge_stage_status{stage="transform",status="ok"} 0`,
		`spendbridge_stage_duration_seconds{stage="transform"} `,
		`spendbridge_stage_last_success_timestamp_seconds{stage="transform"} 1.79`,
		`spendbridge_api_retries_total{host="api.example.com"} 1`,
		`spendbridge_api_wait_seconds_total{host="api.example.com"} 1.5`,
		`spendbridge_needs 1`,
		`spendbridge_quarantine_records{reason="unknown",source="productive"} 3`,
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("/metrics does not say %s\n%s", want, body)
		}
	}
}
