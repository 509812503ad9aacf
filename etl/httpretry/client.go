// Package httpretry is a patient HTTP client: it keeps to a rate budget,
// repeats what may be repeated, waits as long as a server asks within a cap,
// reads whole responses within limits of size and time, and says in typed
// errors what became of a request. It never logs or returns a query, a header
// or a secret, even if a server repeats it, and it follows no redirects.
//
// Proxies come from HTTP_PROXY, HTTPS_PROXY and NO_PROXY, further authorities
// from SSL_CERT_FILE and SSL_CERT_DIR.
package httpretry

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/time/rate"

	"spendbridge/etl"
)

// Options are a client's limits. The zero value is usable.
type Options struct {
	// Budget is what all requests of the client share, retries and token
	// requests included: each one takes a token from every limiter.
	Budget []*rate.Limiter

	Tries   int           // attempts per request at most; 0 means 6
	MaxWait time.Duration // the longest pause a server may ask for; 0 means 15 minutes
	Timeout time.Duration // for one attempt, its whole body included; 0 means 2 minutes

	Log       *slog.Logger             // gets retries, at debug level; nil means none
	Retried   func(wait time.Duration) // is called before each wait for a retry; may be nil
	Transport http.RoundTripper        // nil means one of the client's own

	// Redact knows what no answer may repeat. Access tokens and what requests
	// carry as credentials are added to it. Nil means one of the client's own.
	Redact *etl.Redactor
}

const (
	inAll   = 10 * time.Minute // for a request with all its attempts and pauses
	maxBody = 64 << 20         // bytes of one body, unzipped
)

// A Client sends requests. It is safe for concurrent use.
type Client struct {
	opt   Options
	once  *http.Client
	retry *retryablehttp.Client
}

// A Response is an answer whose body has been read to its end, without a byte
// order mark and without secrets.
type Response struct {
	Status int
	Header http.Header // as it came: nothing of it is shown but by Excerpt
	Body   []byte
	Echoes []string // the names of the secrets that the body held

	redact *etl.Redactor
	raw    []byte // the body as it came
}

// excerpt is how many bytes of a body go into an error.
const excerpt = 500

// Excerpt returns the beginning of text, which the server sent, on one line and
// clean, see [etl.Redactor].
func (r *Response) Excerpt(text []byte) string {
	line := r.redact.Line(string(text))
	return strings.ToValidUTF8(line[:min(len(line), excerpt)], "")
}

// New returns a client that keeps to opts.
func New(opts Options) *Client {
	c := &Client{opt: opts.withDefaults()}
	c.once = &http.Client{
		Transport: &wholeBody{next: c.opt.Transport, timeout: c.opt.Timeout},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	c.retry = &retryablehttp.Client{
		HTTPClient:   c.once,
		RetryMax:     c.opt.Tries - 1,
		RetryWaitMin: 500 * time.Millisecond,
		RetryWaitMax: 30 * time.Second,
		CheckRetry:   c.check,
		Backoff:      c.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
		PrepareRetry: func(req *http.Request) error { return c.wait(req.Context()) },
	}
	return c
}

func (o Options) withDefaults() Options {
	o.Tries = cmp.Or(o.Tries, 6)
	o.MaxWait = cmp.Or(o.MaxWait, 15*time.Minute)
	o.Timeout = cmp.Or(o.Timeout, 2*time.Minute)
	o.Redact = cmp.Or(o.Redact, &etl.Redactor{})
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 16
		o.Transport = t
	}
	return o
}

// Do sends a request that may be repeated without harm, such as a GET. It
// repeats it after a 429, a 5xx or a fault of the network, pausing as long as
// the server asks or else with growing, jittered pauses, until the tries are
// spent, the server asks for more than MaxWait, or the next try would come
// after ten minutes. A certificate that is not trusted stays so: it is final.
//
// An answer that is not a 2xx comes with a [*StatusError], no answer at all
// as a [*TransportError].
func (c *Client) Do(req *http.Request) (*Response, error) {
	return c.send(req, func(req *http.Request) (*http.Response, error) {
		ctx, cancel := context.WithTimeoutCause(req.Context(), inAll,
			fmt.Errorf("no answer within %s, with all tries: %w", inAll, context.DeadlineExceeded))
		defer cancel()
		repeatable, err := retryablehttp.FromRequest(req.WithContext(ctx))
		if err != nil {
			return nil, err
		}
		resp, err := c.retry.Do(repeatable)
		if err != nil {
			return nil, cause(ctx, err)
		}
		return resp, nil
	})
}

// Once sends a request a single time, within the same budget and with the
// same errors as [Client.Do]. [TransportError.NotSent] tells whether a failed
// one can have reached the server.
func (c *Client) Once(req *http.Request) (*Response, error) {
	return c.send(req, c.once.Do)
}

func (c *Client) send(req *http.Request, do func(*http.Request) (*http.Response, error)) (*Response, error) {
	if err := checkHeaders(req.Header); err != nil {
		return nil, c.transportError(req, true, err)
	}
	c.learn(req)
	if err := c.wait(req.Context()); err != nil {
		return nil, c.transportError(req, true, err)
	}
	ctx, sent := watch(req.Context())
	resp, err := do(req.WithContext(ctx))
	if err != nil {
		return nil, c.transportError(req, sent.never(), err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, c.transportError(req, false, err)
	}
	r := &Response{Status: resp.StatusCode, Header: resp.Header, redact: c.opt.Redact, raw: body}
	r.Body, r.Echoes = c.opt.Redact.Blot(body)
	if r.Status < 200 || r.Status > 299 {
		return r, statusError(req, r)
	}
	return r, nil
}

// learn makes known what a request proves itself with: its answer may repeat
// it.
func (c *Client) learn(req *http.Request) {
	for _, header := range []string{"Authorization", "X-Auth-Token"} {
		value := req.Header.Get(header)
		if _, rest, found := strings.Cut(value, " "); found && header == "Authorization" {
			value = rest // behind its scheme
		}
		c.opt.Redact.Add("the credentials for "+req.URL.Host, value)
	}
}

// wait takes a token from every limiter of the budget.
func (c *Client) wait(ctx context.Context) error {
	for _, limiter := range c.opt.Budget {
		if err := limiter.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// check decides whether to repeat a request, as a [retryablehttp.CheckRetry].
func (c *Client) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return repeatable(err), nil
	}
	longest := c.opt.MaxWait
	if end, ok := ctx.Deadline(); ok {
		longest = min(longest, time.Until(end))
	}
	return temporary(resp.StatusCode) && retryAfter(resp.Header, time.Now()) <= longest, nil
}

// backoff decides when, as a [retryablehttp.Backoff].
func (c *Client) backoff(shortest, longest time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := min(shortest<<min(attempt, 10), longest)
	wait = wait/2 + rand.N(wait/2)
	attrs := []any{slog.Int(etl.KeyAttempt, attempt+1)}
	if resp != nil {
		if asked := retryAfter(resp.Header, time.Now()); asked > 0 {
			wait = asked
		}
		attrs = append(attrs,
			slog.String(etl.KeyHost, resp.Request.URL.Host),
			slog.String(etl.KeyPath, resp.Request.URL.Path),
			slog.Int(etl.KeyStatus, resp.StatusCode))
	}
	c.opt.Log.Debug("request repeated", append(attrs, slog.Duration(etl.KeyWait, wait))...)
	if c.opt.Retried != nil {
		c.opt.Retried(wait)
	}
	return wait
}

// wholeBody reads a response to its end before it hands it on, so that a
// body that is cut off, too slow or too large fails like a request that was
// never answered.
type wholeBody struct {
	next    http.RoundTripper
	timeout time.Duration
}

// RoundTrip implements [http.RoundTripper].
func (w *wholeBody) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(req.Context(), w.timeout,
		fmt.Errorf("no complete answer within %s: %w", w.timeout, context.DeadlineExceeded))
	defer cancel()
	resp, err := w.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, cause(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, cause(ctx, fmt.Errorf("read body: %w", err))
	}
	if len(body) > maxBody {
		return nil, errTooLarge
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff")) // no part of JSON, and its parsers trip over it
	if _, err := req.URL.Parse(resp.Header.Get("Location")); err != nil {
		resp.Header.Del("Location") // or http.Client makes an error of the answer
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.Request = req
	return resp, nil
}

// cause prefers what a deadline says of itself to the error that it led to. Why
// a caller canceled a request is not what became of that request.
func cause(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	return err
}
