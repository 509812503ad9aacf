package httpretry_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/httpretry"
)

// A tokenServer hands out token-1, token-2, … and keeps the last request.
type tokenServer struct {
	body   string // of the answer, {n} is the number
	status int
	asked  atomic.Int64
	wait   time.Duration

	request, kind, authorization string
}

func (s *tokenServer) RoundTrip(req *http.Request) (*http.Response, error) {
	n := s.asked.Add(1)
	time.Sleep(s.wait)
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	s.request, s.kind, s.authorization = string(body), req.Header.Get("Content-Type"), req.Header.Get("Authorization")
	text := strings.ReplaceAll(s.body, "{n}", string(rune('0'+n)))
	return &http.Response{
		StatusCode: s.status, Header: http.Header{}, Request: req, Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}

func (s *tokenServer) cache(style httpretry.TokenStyle) *httpretry.TokenCache {
	return httpretry.NewTokenCache(httpretry.New(httpretry.Options{Transport: s}), httpretry.Credentials{
		URL: "https://login.example.com/oauth2/token", ClientID: "me", ClientSecret: "hush hush", Style: style, Scope: "write",
	})
}

func TestCredentialsTravelAsConfigured(t *testing.T) {
	tests := map[string]struct {
		style                        httpretry.TokenStyle
		request, kind, authorization string
	}{
		"in the form": {httpretry.FormBody,
			"client_id=me&client_secret=hush+hush&grant_type=client_credentials&scope=write",
			"application/x-www-form-urlencoded", ""},
		"in the header": {httpretry.FormBasic,
			"grant_type=client_credentials&scope=write",
			"application/x-www-form-urlencoded", "Basic bWU6aHVzaCtodXNo"},
		"as JSON": {httpretry.JSONBody,
			`{"client_id":"me","client_secret":"hush hush","grant_type":"client_credentials","scope":"write"}`,
			"application/json", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &tokenServer{status: 200, body: `{"access_token":"token-{n}"}`}
			if _, err := s.cache(tt.style).Get(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := []string{s.request, s.kind, s.authorization}
			if diff := cmp.Diff([]string{tt.request, tt.kind, tt.authorization}, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATokenIsKeptForItsLife(t *testing.T) {
	tests := map[string]struct {
		body string
		life time.Duration // for which it is used
	}{
		"a day":         {`{"access_token":"token-{n}","expires_in":86400}`, 24*time.Hour - time.Minute},
		"ten seconds":   {`{"access_token":"token-{n}","expires_in":10}`, 5 * time.Second},
		"nothing said":  {`{"access_token":"token-{n}"}`, 59 * time.Minute},
		"said as null":  {`{"access_token":"token-{n}","expires_in":null}`, 59 * time.Minute},
		"said as text":  {`{"access_token":"token-{n}","expires_in":" 7200 "}`, 119 * time.Minute},
		"with a point":  {`{"access_token":"token-{n}","expires_in":"10.0"}`, 5 * time.Second},
		"said in words": {`{"access_token":"token-{n}","expires_in":"soon"}`, 59 * time.Minute},
		"empty":         {`{"access_token":"token-{n}","expires_in":""}`, 59 * time.Minute},
		"negative":      {`{"access_token":"token-{n}","expires_in":-5}`, 59 * time.Minute},
		"nothing left":  {`{"access_token":"token-{n}","expires_in":"0"}`, 59 * time.Minute},
		"for ever":      {`{"access_token":"token-{n}","expires_in":1e300}`, 59 * time.Minute},
		"not a number":  {`{"access_token":"token-{n}","expires_in":"NaN"}`, 59 * time.Minute},
		"true":          {`{"access_token":"token-{n}","expires_in":true}`, 59 * time.Minute},
		"an object":     {`{"access_token":"token-{n}","expires_in":{"s":10}}`, 59 * time.Minute},
		"a line behind": {`{"access_token":"token-{n}\r\n","expires_in":10}`, 5 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &tokenServer{status: 200, body: tt.body}
				cache := s.cache(httpretry.FormBody)
				for _, step := range []struct {
					wait time.Duration
					want string
				}{{0, "token-1"}, {tt.life - time.Second, "token-1"}, {time.Second, "token-2"}} {
					time.Sleep(step.wait)
					if got, err := cache.Get(t.Context()); got != step.want || err != nil {
						t.Errorf("got %q, %v; want %q", got, err, step.want)
					}
				}
			})
		})
	}
}

func TestManyCallersAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{status: 200, body: `{"access_token":"token-{n}"}`, wait: time.Second}
		cache := s.cache(httpretry.FormBody)
		use := func(refuse bool) {
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					token, err := cache.Get(t.Context())
					if err != nil {
						t.Error(err)
					}
					if refuse {
						if err := cache.Refuse(t.Context(), "token-1"); err != nil {
							t.Error(err)
						}
						token, err = cache.Get(t.Context())
						if token != "token-2" || err != nil {
							t.Errorf("got %q, %v after the refusal", token, err)
						}
					}
				})
			}
			all.Wait()
		}
		use(false)
		use(true)
		if n := s.asked.Load(); n != 2 {
			t.Errorf("%d token requests, want 2", n)
		}
	})
}

func TestATokenIsASecretAsSoonAsItIsThere(t *testing.T) {
	var redact etl.Redactor
	s := &tokenServer{status: 200, body: `{"access_token":"token-{n}"}`}
	cache := httpretry.NewTokenCache(httpretry.New(httpretry.Options{Transport: s, Redact: &redact}), httpretry.Credentials{
		URL: "https://login.example.com/oauth2/token",
	})
	for n := 1; n <= 3; n++ {
		s.body = fmt.Sprintf(`{"access_token":"a-live-token-%d","token_type":"a-live-token-%d"}`, n, n-1)
		token, err := cache.Get(t.Context())
		if want := fmt.Sprintf("a-live-token-%d", n); token != want || err != nil {
			t.Fatalf("got %q, %v; want %q", token, err, want)
		}
		if err := cache.Refuse(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if got := redact.Clean("<" + token + ">"); got != "<…>" {
			t.Errorf("token %d is shown: %s", n, got)
		}
	}
	s.body = `{"access_token":"a-live-token-3"}` // known, and issued again
	if token, err := cache.Get(t.Context()); token != "a-live-token-3" || err != nil {
		t.Errorf("got %q, %v", token, err)
	}
}

func TestAnAnswerFromInBetweenIsTold(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		want   bool
	}{
		"an OAuth error":        {401, `{"error":"invalid_client"}`, false},
		"nothing":               {403, "", false},
		"a word":                {401, "Unauthorized", false},
		"a web page":            {403, " <!doctype html><title>Blocked</title>", true},
		"a web page as success": {200, "<html>Sign in</html>", true},
		"a proxy":               {407, "", true},
		"a redirect":            {302, "<html>Found</html>", false},
		"no token":              {200, `{}`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &tokenServer{status: tt.status, body: tt.body}
			_, err := s.cache(httpretry.FormBody).Get(t.Context())
			if err == nil || httpretry.InBetween(err) != tt.want {
				t.Errorf("got %v, in between: %t, want %t", err, !tt.want, tt.want)
			}
		})
	}
}

func TestRefusedCredentialsAreSaidWithoutThem(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		want   string
	}{
		"invalid client": {401, `{"error":"invalid_client","hint":"hush hush"}`,
			"access token: POST login.example.com/oauth2/token: 401 Unauthorized: invalid_client"},
		"bad request": {400, `hush hush`,
			"access token: POST login.example.com/oauth2/token: 400 Bad Request"},
		"no token": {200, `{}`,
			"access token: POST login.example.com/oauth2/token: the answer has no access_token"},
		"a line break in the token": {200, `{"access_token":"hush\r\nX-Evil: 1"}`,
			"access token: POST login.example.com/oauth2/token: the access_token holds a line break or another control character, so no request can carry it; check whether this is the token endpoint"},
		"no JSON": {200, `<html>`,
			"access token: POST login.example.com/oauth2/token: the answer is not JSON"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &tokenServer{status: tt.status, body: tt.body}
			_, err := s.cache(httpretry.FormBody).Get(t.Context())
			if err == nil || err.Error() != tt.want || s.asked.Load() != 1 {
				t.Errorf("got  %v after %d requests\nwant %s", err, s.asked.Load(), tt.want)
			}
		})
	}
}
