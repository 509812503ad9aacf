package httpretry

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A StatusError is an answer that was not a success. Host and path only: a
// query may carry keys.
type StatusError struct {
	Method     string
	Host       string
	Path       string
	Code       int
	RetryAfter time.Duration // what the server asked for, uncapped; zero if it did not say
	Body       string        // its first bytes, without secrets
	Location   string        // where a 3xx leads, without user and query; empty if it does not say
	RequestID  string        // the server's own, for its support
	WebPage    bool          // its body is one: no API answered
}

func (e *StatusError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s%s: %d %s", e.Method, e.Host, e.Path, e.Code, http.StatusText(e.Code))
	if e.RequestID != "" {
		fmt.Fprintf(&s, " (request %s)", e.RequestID)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&s, ", to be repeated in %s", e.RetryAfter)
	}
	if e.Code/100 == 3 {
		s.WriteString("; redirects are not followed: configure the address it leads to")
		if e.Location != "" {
			s.WriteString(", " + e.Location)
		}
	}
	if e.Body != "" {
		fmt.Fprintf(&s, ": %s", e.Body)
	}
	return s.String()
}

// InBetween reports whether a proxy or firewall answered in a server's place, so
// that the answer says nothing about what was sent.
func InBetween(err error) bool {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Code == http.StatusProxyAuthRequired || status.WebPage && !status.Temporary() && status.Code/100 != 3
	}
	return errors.Is(err, errNotJSON)
}

// Temporary reports whether the same request may succeed later.
func (e *StatusError) Temporary() bool { return temporary(e.Code) }

func temporary(code int) bool {
	return code == http.StatusTooManyRequests || code >= 500 && code != http.StatusNotImplemented
}

// A TransportError is a request that got no complete answer.
type TransportError struct {
	Method string
	Host   string
	Path   string
	Err    error

	// NotSent says that the request was never written to a connection, so
	// the server cannot have acted on it. It is false in case of doubt.
	NotSent bool
}

func (e *TransportError) Error() string {
	return fmt.Sprintf("%s %s%s: %v", e.Method, e.Host, e.Path, e.Err)
}

func (e *TransportError) Unwrap() error { return e.Err }

var errTooLarge = fmt.Errorf("body is larger than %d bytes", maxBody)

// repeatable reports whether a fault of the transport may pass.
func repeatable(err error) bool {
	var certificate *tls.CertificateVerificationError
	return !errors.As(err, &certificate) && !errors.Is(err, errTooLarge)
}

func (c *Client) transportError(req *http.Request, notSent bool, err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		err = withURL.Err // its text holds the query
	}
	return &TransportError{
		Method: req.Method, Host: req.URL.Host, Path: req.URL.Path,
		Err: c.opt.Redact.Error(err), NotSent: notSent, // it quotes an answer that is not HTTP
	}
}

func statusError(req *http.Request, r *Response) error {
	return &StatusError{
		Method: req.Method, Host: req.URL.Host, Path: req.URL.Path,
		Code:       r.Status,
		RetryAfter: retryAfter(r.Header, time.Now()),
		Body:       r.Excerpt(r.Body),
		Location:   leadsTo(req, r),
		RequestID:  r.Excerpt([]byte(r.Header.Get("X-Request-Id"))),
		WebPage:    bytes.HasPrefix(bytes.TrimSpace(r.Body), []byte("<")),
	}
}

// leadsTo returns the address of a redirect.
func leadsTo(req *http.Request, r *Response) string {
	location := r.Header.Get("Location")
	u, err := req.URL.Parse(location)
	if r.Status/100 != 3 || location == "" || err != nil || u.Host == "" {
		return ""
	}
	plain := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return r.Excerpt([]byte(plain.String()))
}

// ErrUnsendable is a header that no request can carry.
var ErrUnsendable = errors.New("it holds a line break or another control character and cannot be sent")

// checkHeaders looks at the values before the transport does, which does not
// tell that it sent nothing.
func checkHeaders(header http.Header) error {
	for name, values := range header {
		for _, value := range values {
			if strings.ContainsFunc(value, unsendable) {
				return fmt.Errorf("header %s: %w", name, ErrUnsendable)
			}
		}
	}
	return nil
}

func unsendable(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// sending watches whether a request reached the wire.
type sending struct {
	asked, wrote atomic.Bool
}

// never reports that a connection was asked for and no header was written to
// one. A transport that does not tell is not believed.
func (s *sending) never() bool { return s.asked.Load() && !s.wrote.Load() }

func watch(ctx context.Context) (context.Context, *sending) {
	s := new(sending)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:          func(string) { s.asked.Store(true) },
		WroteHeaderField: func(string, []string) { s.wrote.Store(true) },
		WroteHeaders:     func() { s.wrote.Store(true) },
	}), s
}

// retryAfter reads how long a server asks to pause: X-RateLimit-Reset in
// seconds (schemas/README.md, Productive.io: limits), else Retry-After in
// seconds or as a date. What cannot be read, or is in the past, is zero.
func retryAfter(header http.Header, now time.Time) time.Duration {
	if wait := pause(header.Get("X-RateLimit-Reset"), now); wait > 0 {
		return wait
	}
	return pause(header.Get("Retry-After"), now)
}

func pause(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	seconds, err := strconv.ParseFloat(value, 64)
	switch {
	case err == nil && seconds >= float64(math.MaxInt64/int64(time.Second)):
		return math.MaxInt64
	case err == nil && seconds > 0:
		return time.Duration(math.Ceil(seconds)) * time.Second
	case err == nil:
		return 0
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
