package httpretry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// wholeBody reads a response to its end before it hands it on, so that a
// body that is cut off, too slow or too large fails like a request that was
// never answered.
type wholeBody struct {
	next    http.RoundTripper
	timeout time.Duration
	max     int64
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
	body, err := io.ReadAll(io.LimitReader(resp.Body, w.max+1))
	if err != nil {
		return nil, cause(ctx, fmt.Errorf("read body: %w", err))
	}
	if int64(len(body)) > w.max {
		return nil, &TooLargeError{Limit: w.max}
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
