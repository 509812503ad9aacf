package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// Transport reaches the vendors without a network: the URLs of a sandbox that
// was not started lead to them through it. It works inside testing/synctest,
// where a loopback connection would not.
func (s *Sandbox) Transport() http.RoundTripper {
	return &transport{map[string]http.Handler{
		host(s.url(0)): s.ProductiveHandler(),
		host(s.url(1)): s.ProcurifyHandler(),
		host(s.url(2)): s.ProductivHandler(),
		host(s.url(3)): s.ElsewhereHandler(),
	}}
}

func host(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		panic(err) // we wrote it ourselves
	}
	return u.Host
}

type transport struct{ hosts map[string]http.Handler }

// errReset is what a dropped connection looks like.
var errReset = errors.New("connection reset by sandbox")

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	handler := t.hosts[r.URL.Host]
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
	if dropped && out.status == 0 {
		return nil, errReset
	}
	return out.response(r, dropped), nil
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

func (o *recorder) response(r *http.Request, dropped bool) *http.Response {
	var body io.Reader = &o.body
	if dropped {
		body = io.MultiReader(body, broken{})
	}
	return &http.Response{
		Status: strconv.Itoa(o.status) + " " + http.StatusText(o.status), StatusCode: o.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: o.header, Body: io.NopCloser(body), ContentLength: -1, Request: r,
	}
}

// broken is the end of a body whose connection was dropped.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
