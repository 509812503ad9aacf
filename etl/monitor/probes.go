package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"spendbridge/etl"
	"spendbridge/etl/config"
)

// aliveWithin is how old the daemon's last round may be before it counts as
// stuck: it runs at least once a minute.
const aliveWithin = 3 * time.Minute

// A Watch answers probes and browsers on a loopback port. It only reads, and only answers
// requests for a loopback host name: a page in a browser that rebinds its host
// name to 127.0.0.1 gets nothing.
type Watch struct {
	lastBeat atomic.Int64 // unix seconds, 0 = not begun
	metrics  *Metrics
	console  *Console
	server   *http.Server
	now      func() time.Time
}

// Listen starts to answer on a loopback address, nowhere if it is empty.
func Listen(ctx context.Context, address string, metrics *Metrics, console *Console, log *slog.Logger) (*Watch, error) {
	w := &Watch{metrics: metrics, console: console, now: time.Now}
	if address == "" {
		return w, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("http.listen: %w; choose another port", err)
	}
	w.server = &http.Server{Handler: w.handler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	go func() {
		if err := w.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("http stopped", etl.Err(err))
		}
	}()
	log.InfoContext(ctx, "http started", etl.KeyHost, listener.Addr().String())
	return w, nil
}

// Close stops answering.
func (w *Watch) Close() {
	if w.server != nil {
		w.server.Close()
	}
}

// Beat records a round of the daemon's loop.
func (w *Watch) Beat(now time.Time) { w.lastBeat.Store(now.Unix()) }

func (w *Watch) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", w.health)
	mux.HandleFunc("GET /readyz", w.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(w.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /{$}", w.console.page)
	mux.HandleFunc("GET /reports/{name}", w.console.report)
	return onlyLoopback(mux)
}

// health says whether the daemon's loop runs.
func (w *Watch) health(rw http.ResponseWriter, _ *http.Request) {
	last := time.Unix(w.lastBeat.Load(), 0)
	if w.now().Sub(last) > aliveWithin {
		http.Error(rw, "the loop has not run since "+last.UTC().Format(time.RFC3339), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(rw, "ok")
}

// ready says whether the daemon has read its warehouse and takes slots.
func (w *Watch) ready(rw http.ResponseWriter, _ *http.Request) {
	if w.lastBeat.Load() == 0 {
		http.Error(rw, "not started yet", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(rw, "ok")
}

func onlyLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		rw.Header().Set("Cache-Control", "no-store")
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		rw.Header().Set("Referrer-Policy", "no-referrer")
		rw.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		host, _, err := net.SplitHostPort(req.Host)
		if err != nil {
			host = req.Host
		}
		if !config.IsLoopback(host) {
			http.Error(rw, "ask for 127.0.0.1 or localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(rw, req)
	})
}
