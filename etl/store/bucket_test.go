package store_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"spendbridge/etl/config"
	"spendbridge/etl/store"
)

// through answers in place of the server for tests, if refuse wants to.
func through(t *testing.T, refuse func(http.ResponseWriter, *http.Request) bool) string {
	t.Helper()
	if endpoint == "" {
		t.Skip("needs a bucket: make test-store")
	}
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !refuse(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// answers refuses every request with an error of S3.
func answers(status int, code string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>no</Message></Error>"))
		return true
	}
}

func TestWhatIsWrongWithABucketIsSaidWithTheFix(t *testing.T) {
	passes := func(http.ResponseWriter, *http.Request) bool { return false }
	tests := map[string]struct {
		refuse func(http.ResponseWriter, *http.Request) bool
		change func(*config.Config)
		want   []string
	}{
		"secret":      {passes, func(c *config.Config) { c.S3.Secret = config.NewSecret("another") }, []string{"SignatureDoesNotMatch", "s3.secret"}},
		"key id":      {passes, func(c *config.Config) { c.S3.KeyID = config.NewSecret("nobody") }, []string{"s3.key_id"}},
		"no bucket":   {passes, func(c *config.Config) { c.Store = "s3://other-bucket/x" }, []string{"NoSuchBucket", "create the bucket"}},
		"forbidden":   {answers(403, "AccessDenied"), nil, []string{"allow these credentials"}},
		"clock":       {answers(403, "RequestTimeTooSkewed"), nil, []string{"clock"}},
		"ran out":     {answers(400, "ExpiredToken"), nil, []string{"renew the credentials"}},
		"region":      {answers(400, "AuthorizationHeaderMalformed"), nil, []string{"s3.region"}},
		"full":        {answers(507, "QuotaExceeded"), nil, []string{"make room"}},
		"overloaded":  {answers(503, "ServiceUnavailable"), nil, []string{"wait"}},
		"not in list": {answers(418, "Teapot"), nil, []string{"look up Teapot"}},
		"down":        {passes, func(c *config.Config) { c.S3.Endpoint = "http://127.0.0.1:1" }, []string{"connection refused", "can reach"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := bucket("test-bucket")
			c.DataDir, c.S3.Endpoint = t.TempDir(), through(t, tt.refuse)
			if tt.change != nil {
				tt.change(c)
			}
			err := open(t, c).Put(t.Context(), "loads/1", []byte("x"))
			if err == nil {
				t.Fatal("it was written")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %q", err, want)
				}
			}
			if text := err.Error(); strings.Contains(text, "testsecret") || strings.Count(text, "\n") > 0 || len(text) > 400 {
				t.Errorf("the error is %q", text)
			}
		})
	}
}

// The answer to a write may be lost: the next try finds its own object.
func TestAWriteWhoseAnswerIsLost(t *testing.T) {
	lost := false
	var proxy func(http.ResponseWriter, *http.Request) bool
	address := through(t, func(w http.ResponseWriter, r *http.Request) bool { return proxy(w, r) })
	c := bucket("test-bucket")
	c.DataDir = t.TempDir()
	direct, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	c.S3.Endpoint = address
	proxy = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || lost {
			return false
		}
		lost = true
		if err := direct.Put(t.Context(), "loads/1", []byte("mine")); err != nil {
			t.Error(err)
		}
		panic(http.ErrAbortHandler)
	}
	if err := open(t, c).Put(t.Context(), "loads/1", []byte("mine")); err != nil || !lost {
		t.Errorf("got %v", err)
	}
}

// A store may refuse an object as taken while it has none: another write has not ended,
// or the object was just deleted. Whoever writes must not believe that it is there.
func TestAnObjectThatIsRefusedAndNotThere(t *testing.T) {
	tests := map[string]struct {
		status  int
		code    string
		refused int
		want    string
	}{
		"taken and soon there": {412, "PreconditionFailed", 2, ""},
		"another write":        {409, "ConditionalRequestConflict", 2, ""},
		"never there":          {412, "PreconditionFailed", 100, "repair the store"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var writes atomic.Int32
			refuse := answers(tt.status, tt.code)
			c := bucket("test-bucket")
			c.DataDir = t.TempDir()
			c.S3.Endpoint = through(t, func(w http.ResponseWriter, r *http.Request) bool {
				return r.Header.Get("If-None-Match") != "" && int(writes.Add(1)) <= tt.refused && refuse(w, r)
			})
			file := filepath.Join(c.DataDir, "pages", "1")
			write(t, file, "page")
			s := open(t, c)
			err := s.PutFiles(t.Context(), "pages/1")
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Get(t.Context(), "pages/1"); err != nil || string(got) != "page" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
