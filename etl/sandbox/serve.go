package sandbox

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// Start serves the vendors on loopback, each on its own port: addr and the
// three ports after it, or any free ones for port 0. It returns once all of
// them listen. The end of ctx stops them like [Sandbox.Close].
func (s *Sandbox) Start(ctx context.Context, addr string) error {
	listeners, err := listen(ctx, addr, len(s.urls))
	if err != nil {
		return err
	}
	for i, l := range listeners {
		s.urls[i] = "http://" + l.Addr().String()
	}
	for i, h := range s.handlers() {
		server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
		s.servers = append(s.servers, server)
		s.serving.Go(func() { server.Serve(listeners[i]) })
	}
	context.AfterFunc(ctx, func() { s.Close() })
	return nil
}

// listen opens n listeners on loopback, or none.
func listen(ctx context.Context, addr string, n int) (listeners []net.Listener, err error) {
	host, first, err := loopback(addr)
	if err != nil {
		return nil, err
	}
	for i := range n {
		port := choice(first == 0, 0, first+i)
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			for _, l := range listeners {
				l.Close()
			}
			return nil, fmt.Errorf("sandbox: %w", err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func loopback(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("sandbox address %q: %w; write 127.0.0.1:0", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", 0, fmt.Errorf("sandbox address %q: not loopback; write 127.0.0.1:0", addr)
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 0 || port > 65_532 {
		return "", 0, fmt.Errorf("sandbox address %q: bad port; 0 takes any free one", addr)
	}
	return host, port, nil
}

// Close stops the servers. Answers in progress have a second to finish.
func (s *Sandbox) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, server := range s.servers {
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}
	s.serving.Wait()
	return nil
}

// ProductiveURL is the base_url of a Productive.io source.
func (s *Sandbox) ProductiveURL() string { return s.urls[0] + "/api/v2" }

// ProcurifyURL is the base_url of a Procurify source.
func (s *Sandbox) ProcurifyURL() string { return s.urls[1] }

// ProductivURL is Productiv's base_url.
func (s *Sandbox) ProductivURL() string { return s.urls[2] }

// ProductivTokenURL is Productiv's token_url.
func (s *Sandbox) ProductivTokenURL() string { return s.urls[2] + "/oauth2/token" }

// AdminURL is where /_sandbox/ is.
func (s *Sandbox) AdminURL() string { return s.urls[2] }

func (s *Sandbox) elsewhereURL() string { return s.urls[3] }

//go:embed config.yaml.tmpl
var configText string

var configTemplate = template.Must(template.New("config").Parse(configText))

// Configuration returns the text of a spendbridge.yaml for the sandbox. Its
// secrets are invented.
func (s *Sandbox) Configuration() ([]byte, error) {
	var out bytes.Buffer
	err := configTemplate.Execute(&out, map[string]string{
		"Productive": s.ProductiveURL(), "Procurify": s.ProcurifyURL(),
		"Productiv": s.ProductivURL(), "Token": s.ProductivTokenURL(), "Accepted": s.AdminURL() + "/_sandbox/records",
		"ProductiveToken":   ProductiveToken,
		"ProcurifyClientID": ProcurifyClientID, "ProcurifyClientSecret": ProcurifyClientSecret,
		"ProductivClientID": ProductivClientID, "ProductivClientSecret": ProductivClientSecret,
	})
	if err != nil {
		return nil, fmt.Errorf("sandbox configuration: %w", err)
	}
	return out.Bytes(), nil
}

// Transport reaches the vendors without a network, by the URLs of a sandbox that
// was not started. It works inside testing/synctest, where a loopback
// connection would not.
func (s *Sandbox) Transport() http.RoundTripper {
	t := transport{}
	for i, h := range s.handlers() {
		t[strings.TrimPrefix(s.urls[i], "http://")] = h
	}
	return t
}

// A transport has the handlers by host.
type transport map[string]http.Handler

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	handler := t[r.URL.Host]
	if handler == nil {
		return nil, errors.New("no such host: " + r.URL.Host)
	}
	in := r.Clone(r.Context())
	in.Host = r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()

	out := &recorder{header: http.Header{}}
	dropped := out.record(handler, in)
	if err := context.Cause(r.Context()); err != nil {
		return nil, err
	}
	var body io.Reader = &out.body
	if dropped {
		if out.status == 0 {
			return nil, errors.New("connection reset by sandbox")
		}
		body = io.MultiReader(body, broken{})
	}
	return &http.Response{
		Status: strconv.Itoa(out.status) + " " + http.StatusText(out.status), StatusCode: out.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: io.NopCloser(body), ContentLength: -1, Request: r,
	}, nil
}

// A recorder is a ResponseWriter that keeps what it is given.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (o *recorder) Header() http.Header            { return o.header }
func (o *recorder) WriteHeader(status int)         { o.status = status }
func (o *recorder) Write(data []byte) (int, error) { return o.body.Write(data) }
func (o *recorder) Flush()                         {}

// record runs a handler and reports whether it dropped the connection.
func (o *recorder) record(h http.Handler, r *http.Request) (dropped bool) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			dropped = true
		}
	}()
	h.ServeHTTP(o, r)
	return false
}

// broken is the end of a body whose connection is dropped.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
