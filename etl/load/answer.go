package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"spendbridge/etl/httpretry"
)

// A verdict is what an answer means for the batch that was posted.
type verdict int

const (
	verdictUnknown   verdict = iota // it may have been stored or not
	verdictAccepted                 // a 2xx that says success: true
	verdictRefused                  // 422: something in it is invalid
	verdictTooLarge                 // 413
	verdictThrottled                // 429: not now
	verdictUnsent                   // it never left this machine
	verdictNoToken                  // nor could it, for want of an access token
	verdictStopped                  // no batch can be posted until a person mends something
)

// An answer is what became of one post.
type answer struct {
	verdict   verdict
	status    int // 0 without an HTTP answer
	message   string
	requestID string
	wait      time.Duration // what a 429 asks for; 0 if it does not say
}

// An api posts batches to Productiv.
type api struct {
	base   string
	client *httpretry.Client
	tokens *httpretry.TokenCache
}

func newAPI(p Productiv, transport http.RoundTripper) *api {
	client := httpretry.New(httpretry.Options{Timeout: p.Timeout, MaxWait: p.MaxWait, Transport: transport})
	style := httpretry.FormBody
	if p.TokenAuth == "basic" {
		style = httpretry.FormBasic
	}
	return &api{
		base:   strings.TrimSuffix(p.BaseURL, "/"),
		client: client,
		tokens: httpretry.NewTokenCache(client, httpretry.Credentials{
			URL: p.TokenURL, ClientID: p.ClientID, ClientSecret: p.ClientSecret,
			Style: style, Scope: Scope,
		}),
	}
}

// post sends one body. A token that has run out is replaced once.
func (a *api) post(ctx context.Context, appID string, body []byte) answer {
	for again := false; ; again = true {
		token, err := a.tokens.Get(ctx)
		if err != nil {
			return tokenAnswer(err)
		}
		got := a.try(ctx, appID, token, body)
		if got.status != http.StatusUnauthorized || again {
			return got
		}
		if err := a.tokens.Refuse(ctx, token); err != nil {
			return got
		}
	}
}

func (a *api) try(ctx context.Context, appID, token string, body []byte) answer {
	// contracts.md 1.3; the newer page of spend data has the same path.
	address := a.base + "/services/push/v1/customer/apps/" + url.PathEscape(appID) + "/finance"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return answer{verdict: verdictUnsent, message: err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := a.client.Once(req)
	if err == nil {
		return judgeSuccess(resp)
	}
	var status *httpretry.StatusError
	if errors.As(err, &status) {
		return judgeStatus(status, resp, appID)
	}
	var transport *httpretry.TransportError
	if errors.As(err, &transport) && transport.NotSent {
		return answer{verdict: verdictUnsent, message: err.Error()}
	}
	return answer{message: err.Error()}
}

// judgeSuccess reads a 2xx: only a JSON body with success: true is one.
func judgeSuccess(resp *httpretry.Response) answer {
	got := answer{status: resp.Status, requestID: resp.Header.Get("X-Request-Id")}
	var said struct {
		Success bool   `json:"success"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(resp.Body, &said); err != nil {
		got.message = fmt.Sprintf("%d with a body that is not the documented JSON", resp.Status)
		return got
	}
	if !said.Success {
		got.message = strings.TrimSpace(fmt.Sprintf("%d without success: true: %s", resp.Status, said.Message))
		return got
	}
	got.verdict = verdictAccepted
	return got
}

// judgeStatus reads every other answer, as contracts.md 1.6 lists them.
func judgeStatus(status *httpretry.StatusError, resp *httpretry.Response, appID string) answer {
	said := serverMessage(status, resp)
	got := answer{status: status.Code, requestID: status.RequestID, wait: status.RetryAfter, message: said}
	switch status.Code {
	case http.StatusUnprocessableEntity:
		got.verdict = verdictRefused
	case http.StatusRequestEntityTooLarge:
		got.verdict = verdictTooLarge
	case http.StatusTooManyRequests:
		got.verdict = verdictThrottled
	case http.StatusBadRequest:
		got.verdict = verdictStopped
		got.message = fmt.Sprintf("Productiv does not understand the request (400: %s); check productiv.base_url, and whether this program is up to date", said)
	case http.StatusUnauthorized:
		got.verdict = verdictStopped
		got.message = fmt.Sprintf("Productiv refuses a token that was issued a moment ago (401: %s); check productiv.token_url and productiv.client_id", said)
	case http.StatusForbidden:
		got.verdict = verdictStopped
		got.message = fmt.Sprintf("the credentials lack the scope %s (403: %s); add it to the credential of productiv.client_id in Productiv", Scope, said)
	case http.StatusNotFound:
		got.verdict = verdictStopped
		got.message = fmt.Sprintf("Productiv knows no application %q for this customer (404: %s); check productiv.app_id", appID, said)
	default:
		got.message = fmt.Sprintf("%d %s: %s", status.Code, http.StatusText(status.Code), said)
	}
	return got
}

// serverMessage returns the documented message of an error body, else its
// first bytes.
func serverMessage(status *httpretry.StatusError, resp *httpretry.Response) string {
	var said struct {
		Message string `json:"message"`
	}
	if resp != nil && json.Unmarshal(resp.Body, &said) == nil && said.Message != "" {
		return said.Message
	}
	return status.Body
}

// tokenAnswer tells credentials that are wrong from a token endpoint that is
// out of reach, after all the tries it is worth. In both cases nothing was
// posted.
func tokenAnswer(err error) answer {
	var status *httpretry.StatusError
	if errors.As(err, &status) && !status.Temporary() {
		return answer{verdict: verdictStopped, message: fmt.Sprintf(
			"%v; check productiv.client_id, productiv.client_secret and productiv.token_auth", err)}
	}
	return answer{verdict: verdictNoToken, message: err.Error()}
}
