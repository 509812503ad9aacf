package httpretry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sync/semaphore"
)

// A TokenStyle says how a token request carries its credentials.
type TokenStyle int

const (
	FormBody  TokenStyle = iota // all of it as form fields in the body
	FormBasic                   // id and secret in the Authorization header, the rest as a form
	JSONBody                    // all of it as one JSON object
)

// Credentials are an OAuth2 client's, for the grant client_credentials.
type Credentials struct {
	URL          string // of the token endpoint
	ClientID     string
	ClientSecret string
	Style        TokenStyle
	Scope        string // left out if empty
	Audience     string // left out if empty
}

// A TokenCache asks for an access token and keeps it for its life. Whoever
// needs one while it is being asked for waits for the same answer.
type TokenCache struct {
	client      *Client
	credentials Credentials
	turn        *semaphore.Weighted // guards the fields below; waiting for it ends with the context
	token       string
	until       time.Time
}

// NewTokenCache returns a cache that asks by way of client.
func NewTokenCache(client *Client, credentials Credentials) *TokenCache {
	return &TokenCache{client: client, credentials: credentials, turn: semaphore.NewWeighted(1)}
}

// Get returns a token that is good for at least half its life or a minute.
func (t *TokenCache) Get(ctx context.Context) (string, error) {
	if err := t.turn.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer t.turn.Release(1)
	if t.token != "" && time.Now().Before(t.until) {
		return t.token, nil
	}
	token, life, err := t.ask(ctx)
	if err != nil {
		return "", fmt.Errorf("access token: %w", err)
	}
	t.token, t.until = token, time.Now().Add(life-min(time.Minute, life/2))
	return t.token, nil
}

// Refuse forgets a token that a server refused. If another caller has
// replaced it since, nothing happens: many refusals lead to one request.
func (t *TokenCache) Refuse(ctx context.Context, token string) error {
	if err := t.turn.Acquire(ctx, 1); err != nil {
		return err
	}
	defer t.turn.Release(1)
	if t.token == token {
		t.token = ""
	}
	return nil
}

// ask requests a token. A repeated request does no harm, so it is as patient
// as a GET; wrong credentials are a [*StatusError] with code 400 or 401.
func (t *TokenCache) ask(ctx context.Context) (string, time.Duration, error) {
	req, err := t.credentials.request(ctx)
	if err != nil {
		return "", 0, err
	}
	resp, err := t.client.Do(req)
	var status *StatusError
	if errors.As(err, &status) {
		status.Body = resp.Excerpt(oauthCode(resp.Body))
	}
	if err != nil {
		return "", 0, err
	}
	var answer struct {
		AccessToken string          `json:"access_token"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	if err := json.Unmarshal(resp.raw, &answer); err != nil {
		return "", 0, fmt.Errorf("POST %s%s: %w", req.URL.Host, req.URL.Path, errNotJSON)
	}
	token := strings.TrimSpace(answer.AccessToken)
	if token == "" {
		return "", 0, fmt.Errorf("POST %s%s: the answer has no access_token", req.URL.Host, req.URL.Path)
	}
	if strings.ContainsFunc(token, unicode.IsControl) {
		return "", 0, fmt.Errorf("POST %s%s: the access_token holds a line break or another control character, so no request can carry it; check whether this is the token endpoint", req.URL.Host, req.URL.Path)
	}
	t.client.opt.Redact.Add("the access token of "+req.URL.Host, token)
	return token, lifetime(answer.ExpiresIn), nil
}

// errNotJSON is what no token endpoint answers.
var errNotJSON = errors.New("the answer is not JSON")

// lifetime reads expires_in, a number of seconds that some servers write as
// text. What is neither, or no time a token lives for, counts as not said.
func lifetime(expiresIn json.RawMessage) time.Duration {
	const unsaid = time.Hour // schemas/README.md, Productiv: access
	seconds, err := strconv.ParseFloat(strings.Trim(string(expiresIn), "\" "), 64)
	if err != nil || !(seconds > 0 && seconds <= 366*24*3600) {
		return unsaid
	}
	return time.Duration(seconds * float64(time.Second))
}

// oauthCode keeps of an error body only the code, for the rest may repeat the
// credentials, and those that are short are not searched for.
func oauthCode(body []byte) []byte {
	var answer struct {
		Error any `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // whatever is not such an object has no code
	code, _ := answer.Error.(string)
	return []byte(code)
}

func (c Credentials) request(ctx context.Context) (*http.Request, error) {
	fields := map[string]string{
		"grant_type": "client_credentials", "scope": c.Scope, "audience": c.Audience,
	}
	if c.Style != FormBasic {
		fields["client_id"], fields["client_secret"] = c.ClientID, c.ClientSecret
	}
	form := url.Values{}
	maps.DeleteFunc(fields, func(_, value string) bool { return value == "" })
	for name, value := range fields {
		form.Set(name, value)
	}
	body, kind := form.Encode(), "application/x-www-form-urlencoded"
	if c.Style == JSONBody {
		text, err := json.Marshal(fields)
		if err != nil {
			return nil, err
		}
		body, kind = string(text), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Accept", "application/json")
	if c.Style == FormBasic {
		req.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret))
	}
	return req, nil
}
