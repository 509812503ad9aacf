package httpretry_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"spendbridge/etl"
	"spendbridge/etl/httpretry"
)

// A script answers requests one after the other; the last answer repeats.
type script struct {
	answers []answer
	at      []time.Duration // when each request came
	start   time.Time
}

type answer struct {
	status int
	header http.Header
	body   string
	err    error
	slow   time.Duration
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	if s.start.IsZero() {
		s.start = time.Now()
	}
	s.at = append(s.at, time.Since(s.start).Round(time.Microsecond)) // limiters count in floats
	a := s.answers[min(len(s.at), len(s.answers))-1]
	if a.slow > 0 {
		select {
		case <-time.After(a.slow):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	if a.err != nil {
		return nil, a.err
	}
	if a.header == nil {
		a.header = http.Header{}
	}
	return &http.Response{
		StatusCode: a.status, Header: a.header, Request: req, Body: io.NopCloser(strings.NewReader(a.body)),
	}, nil
}

func get(t *testing.T) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example.com/v2/things?key=hush", nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func header(name, value string) http.Header { return http.Header{name: {value}} }

func TestDoRepeatsWhatMayPass(t *testing.T) {
	ok := answer{status: 200, body: "fine"}
	reset := answer{err: errors.New("connection reset")}
	tests := map[string]struct {
		answers  []answer
		requests int
		err      string // what the error says, empty for success
		atLeast  time.Duration
		atMost   time.Duration
	}{
		"success at once":       {[]answer{ok}, 1, "", 0, 0},
		"server errors":         {[]answer{{status: 500}, {status: 503}, ok}, 3, "", time.Second / 2, 2 * time.Second},
		"a lost connection":     {[]answer{reset, ok}, 2, "", time.Second / 4, time.Second},
		"429 in seconds":        {[]answer{{status: 429, header: header("Retry-After", "7")}, ok}, 2, "", 7 * time.Second, 7 * time.Second},
		"429 of the vendor":     {[]answer{{status: 429, header: header("X-Ratelimit-Reset", "9")}, ok}, 2, "", 9 * time.Second, 9 * time.Second},
		"429 without a time":    {[]answer{{status: 429}, ok}, 2, "", time.Second / 4, time.Second},
		"a wait beyond the cap": {[]answer{{status: 429, header: header("Retry-After", "61")}, ok}, 1, "to be repeated in 1m1s", 0, 0},
		"tries are spent":       {[]answer{{status: 502}}, 4, "502 Bad Gateway", time.Second, 10 * time.Second},
		"never a connection":    {[]answer{reset}, 4, "connection reset", time.Second, 10 * time.Second},
		"a wrong request":       {[]answer{{status: 400, body: "no such filter"}}, 1, "400 Bad Request: no such filter", 0, 0},
		"not implemented":       {[]answer{{status: 501}, ok}, 1, "501", 0, 0},
		"a redirect":            {[]answer{{status: 302, header: header("Location", "https://evil.example.com/")}, ok}, 1, "redirects are not followed", 0, 0},
		"a body too large":      {[]answer{{status: 200, body: strings.Repeat("x", 64<<20+1)}, ok}, 1, "larger than 67108864 bytes", 0, 0},
		"a slow answer":         {[]answer{{status: 200, slow: time.Minute}, ok}, 2, "", 10 * time.Second, 11 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: tt.answers}
				client := httpretry.New(httpretry.Options{
					Tries: 4, MaxWait: time.Minute, Timeout: 10 * time.Second, Transport: s,
				})
				resp, err := client.Do(get(t))
				if tt.err == "" && (err != nil || string(resp.Body) != "fine") {
					t.Errorf("got %v, %v", resp, err)
				}
				if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
					t.Errorf("got error %v, want one that says %q", err, tt.err)
				}
				if err != nil && strings.Contains(err.Error(), "hush") {
					t.Errorf("the query is in the error %q", err)
				}
				last := s.at[len(s.at)-1]
				if len(s.at) != tt.requests || last < tt.atLeast || last > tt.atMost {
					t.Errorf("requests at %v, want %d, the last between %s and %s", s.at, tt.requests, tt.atLeast, tt.atMost)
				}
			})
		})
	}
}

func TestOnceDoesNotRepeat(t *testing.T) {
	s := &script{answers: []answer{{status: 503, body: "later"}}}
	resp, err := httpretry.New(httpretry.Options{Transport: s}).Once(get(t))
	var status *httpretry.StatusError
	if !errors.As(err, &status) || !status.Temporary() || len(s.at) != 1 || string(resp.Body) != "later" {
		t.Errorf("got %v, %v after %d requests", resp, err, len(s.at))
	}
}

func TestAllRequestsShareTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []answer{{status: 503}, {status: 200}}}
		client := httpretry.New(httpretry.Options{
			Budget:    []*rate.Limiter{rate.NewLimiter(rate.Every(time.Minute), 1), rate.NewLimiter(rate.Inf, 1)},
			Transport: s,
		})
		for range 2 {
			if _, err := client.Do(get(t)); err != nil {
				t.Fatal(err)
			}
		}
		want := []time.Duration{0, time.Minute, 2 * time.Minute}
		if diff := cmp.Diff(want, s.at); diff != "" {
			t.Errorf("times of requests (-want +got):\n%s", diff)
		}
	})
}

func TestCancellationEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []answer{{status: 429, header: header("Retry-After", "600")}}}
		ctx, cancel := context.WithCancel(t.Context())
		defer time.AfterFunc(time.Second, cancel).Stop()
		_, err := httpretry.New(httpretry.Options{Transport: s}).Do(get(t).WithContext(ctx))
		if !errors.Is(err, context.Canceled) || time.Since(s.start) != time.Second {
			t.Errorf("got %v after %s", err, time.Since(s.start))
		}
	})
}

// Of requests side by side the first that fails cancels the others, and its
// error is not theirs.
func TestACanceledRequestFailsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		sibling := errors.New("the sibling's")
		defer time.AfterFunc(time.Second, func() { cancel(sibling) }).Stop()
		_, err := httpretry.New(httpretry.Options{Transport: transport(silent)}).Do(get(t).WithContext(ctx))
		if !errors.Is(err, context.Canceled) || errors.Is(err, sibling) {
			t.Errorf("got %v", err)
		}
	})
}

// A dripping body is never finished and never still.
type drip struct{ ctx context.Context }

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		return copy(p, "."), nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

func (d drip) Close() error { return nil }

// A transport made of a function.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) { return t(req) }

func dripping(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Request: req, Body: drip{req.Context()}}, nil
}

func silent(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// Headers that take 90 seconds leave 30 for the body.
func hesitant(req *http.Request) (*http.Response, error) {
	time.Sleep(90 * time.Second)
	return dripping(req)
}

func TestARequestHasTwoMinutesInAll(t *testing.T) {
	for name, slow := range map[string]transport{"no headers": silent, "a body that drips": dripping, "both are slow": hesitant} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := httpretry.New(httpretry.Options{Transport: slow}).Once(get(t))
				if took := time.Since(start); took != 2*time.Minute || err == nil ||
					!strings.Contains(err.Error(), "no complete answer within 2m0s") {
					t.Errorf("got %v after %s", err, took)
				}
			})
		})
	}
}

func TestAPageHasTenMinutesWithItsRetries(t *testing.T) {
	busy := func(after string) transport {
		return func(req *http.Request) (*http.Response, error) {
			time.Sleep(30 * time.Second)
			return &http.Response{
				StatusCode: 429, Header: header("Retry-After", after), Request: req, Body: http.NoBody,
			}, nil
		}
	}
	tests := map[string]struct {
		transport transport
		took      time.Duration
		want      string
	}{
		"no headers":        {silent, 10 * time.Minute, "no answer within 10m0s, with all tries"},
		"a body that drips": {dripping, 10 * time.Minute, "no answer within 10m0s, with all tries"},
		// The third pause would end after 13 minutes: it is not begun.
		"pauses that add up": {busy("240"), 9*time.Minute + 30*time.Second, "to be repeated in 4m0s"},
		"one long pause":     {busy("600"), 30 * time.Second, "to be repeated in 10m0s"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := httpretry.New(httpretry.Options{Transport: tt.transport}).Do(get(t))
				if took := time.Since(start); took != tt.took || err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v after %s, want %q after %s", err, took, tt.want, tt.took)
				}
			})
		})
	}
}

func TestACertificateErrorIsFinal(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that the client ends
	server.StartTLS()
	defer server.Close()
	known := x509.NewCertPool()
	known.AddCert(server.Certificate())

	tests := map[string]struct {
		config *tls.Config
		want   string
	}{
		"an unknown authority": {&tls.Config{}, "unknown authority"},
		"another host's":       {&tls.Config{RootCAs: known, ServerName: "api.example.org"}, "not api.example.org"},
		"expired":              {&tls.Config{RootCAs: known, Time: func() time.Time { return time.Now().AddDate(200, 0, 0) }}, "expired"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var attempts atomic.Int64
			next := &http.Transport{TLSClientConfig: tt.config}
			client := httpretry.New(httpretry.Options{Tries: 2, Transport: transport(func(req *http.Request) (*http.Response, error) {
				attempts.Add(1)
				return next.RoundTrip(req)
			})})
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Do(req)
			var failed *httpretry.TransportError
			if !errors.As(err, &failed) || !failed.NotSent || !strings.Contains(err.Error(), tt.want) || attempts.Load() != 1 {
				t.Errorf("got %v after %d attempts, want one that says %q and was not sent", err, attempts.Load(), tt.want)
			}
		})
	}
}

func TestErrorsKeepSecretsOut(t *testing.T) {
	s := &script{answers: []answer{{
		status: 401, header: header("X-Request-Id", "r-1"),
		body: `{"message": "token abc-secret-token
			is wrong"}`,
	}}}
	req := get(t)
	req.Header.Set("Authorization", "Bearer abc-secret-token")
	_, err := httpretry.New(httpretry.Options{Transport: s}).Do(req)
	want := `GET api.example.com/v2/things: 401 Unauthorized (request r-1): {"message": "token … is wrong"}`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestARedirectSaysWhereItLeads(t *testing.T) {
	tests := map[string]struct {
		location string
		want     string
	}{
		"another host":       {"https://user:pass@b.example/x?key=hush#y", "https://b.example/x"},
		"the same host":      {"/login?next=hush", "https://api.example.com/login"},
		"nowhere":            {"", ""},
		"no address":         {"http://[::1/hush", ""},
		"no address of HTTP": {"mailto:hush@b.example", ""},
		"a long one":         {"https://b.example/" + strings.Repeat("x", 1000), "https://b.example/" + strings.Repeat("x", 500-len("https://b.example/"))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &script{answers: []answer{{status: 307, header: header("Location", tt.location)}}}
			client := httpretry.New(httpretry.Options{Transport: s})
			for _, send := range []func(*http.Request) (*httpretry.Response, error){client.Once, client.Do} {
				_, err := send(get(t))
				var status *httpretry.StatusError
				if !errors.As(err, &status) || status.Location != tt.want || !strings.HasSuffix(err.Error(), tt.want) {
					t.Errorf("got %v, want a status error that leads to %q", err, tt.want)
				}
				if strings.Contains(fmt.Sprint(err), "hush") {
					t.Errorf("the error tells a secret: %v", err)
				}
			}
			if len(s.at) != 2 {
				t.Errorf("%d requests, want one each", len(s.at))
			}
		})
	}
}

// The transport would not tell that nothing was sent.
func TestAHeaderThatCannotBeSentSendsNothing(t *testing.T) {
	for _, token := range []string{"a\nb", "a\rb", "a\x00b", "a\x7fb"} {
		req := get(t)
		req.Header.Set("Authorization", "Bearer "+token)
		client := httpretry.New(httpretry.Options{})
		for _, send := range []func(*http.Request) (*httpretry.Response, error){client.Once, client.Do} {
			_, err := send(req)
			var transport *httpretry.TransportError
			if !errors.Is(err, httpretry.ErrUnsendable) || !errors.As(err, &transport) || !transport.NotSent || strings.Contains(err.Error(), token) {
				t.Errorf("%q: got %v", token, err)
			}
		}
	}
}

func TestAnAnswerRepeatsNoSecret(t *testing.T) {
	const secret, token = `a-"secret"/of-ours`, "token-of-the-request"
	escaped, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	var redact etl.Redactor
	redact.Add("config.key", secret)
	s := &script{answers: []answer{
		{status: 200, body: fmt.Sprintf(`{"sent": [%s, "%s"]}`, escaped, token)},
		{status: 400, body: token, header: http.Header{"X-Request-Id": {secret}}},
		{status: 302, header: header("Location", "https://example.com/"+url.PathEscape(secret)+"/"+token)},
		{err: fmt.Errorf("malformed HTTP response %q", secret+token)},
	}}
	client := httpretry.New(httpretry.Options{Transport: s, Redact: &redact})
	for i, want := range []string{
		"",
		"GET api.example.com/v2/things: 400 Bad Request (request …): …",
		"GET api.example.com/v2/things: 302 Found; redirects are not followed: configure the address it leads to, https://example.com/…/…",
		`GET api.example.com/v2/things: malformed HTTP response "……"`,
	} {
		req := get(t)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Once(req)
		if err != nil && err.Error() != want || (err == nil) != (want == "") {
			t.Errorf("got error %v, want %s", err, want)
		}
		if i > 0 {
			continue
		}
		if got, want := string(resp.Body), `{"sent": ["…", "…"]}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if diff := cmp.Diff([]string{"config.key", "the credentials for api.example.com"}, resp.Echoes); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
	}
}

func TestAnExcerptIsOneCleanLine(t *testing.T) {
	s := &script{answers: []answer{{status: 200, body: "\x1b[31mred\x1b[0m\r\n\ttab \u202eright\u2066 \x00\xff \u0085 Bearer abc-secret " + strings.Repeat("é", 1000)}}}
	var redact etl.Redactor
	redact.Add("it", "abc-secret")
	resp, err := httpretry.New(httpretry.Options{Transport: s, Redact: &redact}).Once(get(t))
	if err != nil {
		t.Fatal(err)
	}
	want := "[31mred[0m tab right \ufffd Bearer … é"
	if got := resp.Excerpt(resp.Body); !strings.HasPrefix(got, want) || len(got) > 500 {
		t.Errorf("got  %q\nwant %q, and at most 500 bytes", got, want)
	}
}

func TestNotSentIsSaidOnlyWhenItIsSure(t *testing.T) {
	refusing := httptest.NewServer(http.NotFoundHandler())
	refusing.Close()
	cutting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		panic(http.ErrAbortHandler)
	}))
	defer cutting.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	defer secure.Close()

	tests := map[string]struct {
		url     string
		notSent bool
	}{
		"nobody listens":          {refusing.URL, true},
		"no such host":            {"http://nowhere.invalid", true},
		"an unknown authority":    {secure.URL, true},
		"cut off after the write": {cutting.URL, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tt.url, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = httpretry.New(httpretry.Options{}).Once(req)
			var transport *httpretry.TransportError
			if !errors.As(err, &transport) || transport.NotSent != tt.notSent {
				t.Errorf("got %v (%+v), want NotSent %t", err, transport, tt.notSent)
			}
		})
	}
}

// A transport that does not say what it does is not believed.
func TestAnUnknownTransportMayHaveSent(t *testing.T) {
	_, err := httpretry.New(httpretry.Options{Transport: &script{answers: []answer{{err: net.ErrClosed}}}}).Once(get(t))
	var transport *httpretry.TransportError
	if !errors.As(err, &transport) || transport.NotSent {
		t.Errorf("got %v", err)
	}
}

func TestGzipIsAcceptedAndCapped(t *testing.T) {
	var size atomic.Int64
	size.Store(5000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		fmt.Fprint(z, strings.Repeat("x", int(size.Load())))
	}))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := httpretry.New(httpretry.Options{}).Do(req)
	if err != nil || len(resp.Body) != 5000 {
		t.Errorf("%d bytes, %v", len(resp.Body), err)
	}
	size.Store(64<<20 + 1)
	_, err = httpretry.New(httpretry.Options{}).Do(req)
	if err == nil || !strings.Contains(err.Error(), "body is larger than") {
		t.Errorf("got %v, want a body that is too large once unzipped", err)
	}
}

func TestABodyIsReadWithoutAByteOrderMark(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("\xef\xbb\xbf{\"a\": \"\xef\xbb\xbf\"}"))
	}))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := httpretry.New(httpretry.Options{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if want := "{\"a\": \"\xef\xbb\xbf\"}"; string(resp.Body) != want {
		t.Errorf("body %q, want %q", resp.Body, want)
	}
}
