package deliver

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"spendbridge/etl/httpretry"
)

// A verdict is what an answer means for the batch that was posted.
type verdict int

const (
	verdictUnknown   verdict = iota // it may have been stored or not
	verdictAccepted                 // a 200, 201 or 202 that says success: true
	verdictRefused                  // 422: something in it is invalid
	verdictTooLarge                 // 413
	verdictBarred                   // something in between refused it; it was not stored
	verdictThrottled                // 429: not now
	verdictUnsent                   // it never left this machine
	verdictNoToken                  // nor could it, for want of an access token
	verdictStopped                  // no batch can be posted until somebody fixes a setting
)

// An answer is what became of one post.
type answer struct {
	verdict   verdict
	status    int // 0 without an HTTP answer
	message   string
	body      string // of an accepted batch, its beginning
	requestID string
	wait      time.Duration // what a 429 asks for; 0 if it does not say
}

// Scope is what posting needs.
const Scope = "https://api.productiv.com/connector.write"

// An api posts batches to Productiv.
type api struct {
	base   string
	client *httpretry.Client
	tokens *httpretry.TokenCache
}

func newAPI(d *Delivery) *api {
	p := d.Productiv
	client := httpretry.New(httpretry.Options{Timeout: d.Timeout, MaxWait: time.Duration(p.MaxWait), Transport: d.Transport, Redact: d.Redact})
	style := httpretry.FormBody
	if p.TokenAuth == "basic" {
		style = httpretry.FormBasic
	}
	return &api{
		base:   strings.TrimSuffix(p.BaseURL, "/"),
		client: client,
		tokens: httpretry.NewTokenCache(client, httpretry.Credentials{
			URL: p.TokenURL, ClientID: p.ClientID.Reveal(), ClientSecret: p.ClientSecret.Reveal(),
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
		if got.status != http.StatusUnauthorized && got.status != http.StatusProxyAuthRequired || again {
			return got
		}
		if err := a.tokens.Refuse(ctx, token); err != nil {
			return got
		}
	}
}

func (a *api) try(ctx context.Context, appID, token string, body []byte) answer {
	// One path for both record schemas: schemas/README.md, Productiv: posting.
	address := a.base + "/services/push/v1/customer/apps/" + url.PathEscape(appID) + "/finance"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return answer{verdict: verdictUnsent, message: err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := a.client.Once(req)
	var status *httpretry.StatusError
	switch {
	case err == nil:
		return judgeSuccess(resp)
	case errors.As(err, &status):
		return judgeStatus(status, resp, appID)
	default:
		return judgeFault(err)
	}
}

// judgeFault reads a request that got no answer.
func judgeFault(err error) answer {
	var (
		transport   *httpretry.TransportError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case !errors.As(err, &transport) || !transport.NotSent:
		return answer{message: err.Error()}
	case errors.As(err, &certificate):
		return answer{verdict: verdictStopped, message: fmt.Sprintf(
			"nothing was sent: %v; if an authority of your own issued the certificate, name its file in SSL_CERT_FILE", err)}
	case errors.Is(err, httpretry.ErrUnsendable):
		return answer{verdict: verdictStopped, message: fmt.Sprintf(
			"nothing was sent: %v; check productiv.token_url, which gives the access token", err)}
	default:
		return answer{verdict: verdictUnsent, message: err.Error()}
	}
}

// A statement is the content of an answer's body.
type statement struct {
	success  bool   // success: true
	refusal  bool   // success: false, with a code or a message
	doubtful bool   // a member is there twice, and which one counts is a matter of luck
	words    string // the message or the code, else the beginning of the body
}

// read reads a body as the vendor documents it (schemas/README.md, Productiv:
// answers): one JSON object. Anything else, or more after it, says nothing.
func read(resp *httpretry.Response) statement {
	var said struct {
		Success jsontext.Value `json:"success"`
		Code    jsontext.Value `json:"code"`
		Message jsontext.Value `json:"message"`
	}
	excerpt := cmp.Or(resp.Excerpt(resp.Body), "no body")
	if err := json.Unmarshal(resp.Body, &said); err != nil {
		return statement{words: excerpt, doubtful: errors.Is(err, jsontext.ErrDuplicateName)}
	}
	words := cmp.Or(resp.Excerpt(text(said.Message)), resp.Excerpt(text(said.Code)))
	return statement{
		success: said.Success.String() == "true",
		refusal: said.Success.String() == "false" && words != "",
		words:   cmp.Or(words, excerpt),
	}
}

// text is a JSON string without its quotes, or a number as it is.
func text(value jsontext.Value) []byte {
	switch value.Kind() {
	case '"':
		plain, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			panic(err) // it was read as a string a moment ago
		}
		return plain
	case '0':
		return value
	default:
		return nil
	}
}

// judgeSuccess reads a 2xx: only a JSON body with success: true is one.
func judgeSuccess(resp *httpretry.Response) answer {
	said := read(resp)
	got := answer{status: resp.Status, requestID: resp.Excerpt([]byte(resp.Header.Get("X-Request-Id")))}
	switch {
	case resp.Status > http.StatusAccepted:
		got.message = fmt.Sprintf("%s, which Productiv does not document: %s", statusText(resp.Status), said.words)
	case said.doubtful:
		got.message = fmt.Sprintf("%s with a body that names a member twice: %s", statusText(resp.Status), said.words)
	case !said.success:
		got.message = fmt.Sprintf("%s without success: true: %s", statusText(resp.Status), said.words)
	default:
		got.verdict = verdictAccepted
		got.body = resp.Excerpt(resp.Body)
	}
	return got
}

// judgeStatus reads every other answer: first the statuses by which nothing was stored. Of the
// rest, a body that contradicts itself leaves the outcome open.
func judgeStatus(status *httpretry.StatusError, resp *httpretry.Response, appID string) answer {
	said := read(resp)
	name := statusText(status.Code)
	got := answer{
		status: status.Code, requestID: status.RequestID, wait: status.RetryAfter,
		message: name + ": " + said.words,
	}
	stop := func(format string, args ...any) {
		got.verdict, got.message = verdictStopped, fmt.Sprintf(format, args...)
	}
	switch code := status.Code; {
	case code == http.StatusUnauthorized:
		stop("%s refuses a token that was issued a moment ago (%s: %s); check productiv.token_url and productiv.client_id", status.Host, name, said.words)
	case code == http.StatusProxyAuthRequired:
		stop("a proxy before %s asks for credentials (%s: %s); put them into HTTPS_PROXY", status.Host, name, said.words)
	case code == http.StatusTooManyRequests:
		got.verdict, got.message = verdictThrottled, said.words
	case code/100 == 3:
		stop("%s answers %s, which leads to %s; redirects are not followed: check productiv.base_url", status.Host, name, cmp.Or(status.Location, "no address"))
	case slices.Contains(nothingStored, code):
		stop("%s answers %s: %s; nothing was stored", status.Host, name, said.words)
	case said.doubtful:
		got.message = fmt.Sprintf("%s with a body that names a member twice: %s", name, said.words)
	case code == http.StatusRequestEntityTooLarge || code == http.StatusUnprocessableEntity:
		got.verdict = verdictRefused
		if code == http.StatusRequestEntityTooLarge {
			got.verdict = verdictTooLarge
		}
		if said.refusal { // a rejected record keeps Productiv's message alone
			got.message = said.words
		}
	case slices.Contains(betweenUs, code) && !said.refusal:
		got.verdict = verdictBarred
		got.message = fmt.Sprintf("%s from a firewall or proxy before %s: %s", name, status.Host, said.words)
	case code == http.StatusBadRequest:
		stop("Productiv does not understand the request (%s: %s); check productiv.base_url, and whether this program is up to date", name, said.words)
	case code == http.StatusForbidden:
		stop("the credentials lack the scope %s (%s: %s); add it to the credential of productiv.client_id in Productiv", Scope, name, said.words)
	case code == http.StatusNotFound:
		stop("Productiv knows no application %q for this customer (%s: %s); check productiv.app_id", appID, name, said.words)
	}
	return got
}

var (
	// nothingStored are answers by which a request was not accepted at all.
	nothingStored = []int{
		http.StatusPaymentRequired, http.StatusMethodNotAllowed, http.StatusGone,
		http.StatusUnsupportedMediaType, http.StatusUnavailableForLegalReasons,
	}

	// betweenUs are what firewalls and proxies answer too. Productiv would say why.
	betweenUs = []int{
		http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusNotAcceptable,
	}
)

// statusText is a status in numbers and words.
func statusText(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}

// tokenAnswer tells wrong credentials from a token endpoint that is out of reach.
func tokenAnswer(err error) answer {
	var status *httpretry.StatusError
	errors.As(err, &status)
	stop := func(check string) answer {
		return answer{verdict: verdictStopped, message: fmt.Sprintf("%v; %s", err, check)}
	}
	switch {
	case httpretry.InBetween(err):
		return stop("a firewall or proxy answered in its place: have this machine let through, and check productiv.token_url and HTTPS_PROXY")
	case status == nil || status.Temporary():
		return answer{verdict: verdictNoToken, message: err.Error()}
	case status.Code/100 == 3 || status.Code == http.StatusNotFound || status.Code == http.StatusMethodNotAllowed:
		return stop("check productiv.token_url")
	default:
		return stop("check productiv.client_id, productiv.client_secret and productiv.token_auth")
	}
}
