package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"spendbridge/etl/sandbox"
)

// noon is the vendors' clock in tests.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// start serves vendors until the test ends.
func start(t testing.TB, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	s := sandbox.New(o)
	if err := s.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A reply is a response that was read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func send(t testing.TB, method, url string, header map[string]string, body string) reply {
	t.Helper()
	r, err := trySend(t, method, url, header, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func trySend(t testing.TB, method, url string, header map[string]string, body string) (reply, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, data}, err
}

// client follows no redirects, keeps no connections and asks for no gzip.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// decode reads a reply's JSON into v.
func decode[T any](t testing.TB, r reply) (v T) {
	t.Helper()
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%v in %.200s", err, r.body)
	}
	return v
}

var productiveHeaders = map[string]string{
	"X-Auth-Token":      sandbox.ProductiveToken,
	"X-Organization-Id": "517",
	"Content-Type":      "application/vnd.api+json",
}

// expenses asks Productive.io with a query such as "page[size]=200".
func expenses(t testing.TB, s *sandbox.Sandbox, query string) reply {
	t.Helper()
	return send(t, "GET", s.ProductiveURL()+"/expenses?"+escape(query), productiveHeaders, "")
}

// escape encodes the values and brackets of a readable query.
func escape(query string) string {
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	return strings.Join(pairs, "&")
}

// procurifyHeaders gets a token and returns the headers that go with it.
func procurifyHeaders(t testing.TB, s *sandbox.Sandbox) map[string]string {
	t.Helper()
	r := send(t, "POST", s.ProcurifyURL()+"/oauth/token", map[string]string{"Content-Type": "application/json"},
		`{"client_id":"`+sandbox.ProcurifyClientID+`","client_secret":"`+sandbox.ProcurifyClientSecret+`",
		"audience":"https://api.procurify.com/","grant_type":"client_credentials"}`)
	return map[string]string{"Authorization": "Bearer " + accessToken(t, r), "X-Procurify-Client": "api"}
}

// productivHeaders gets a token with connector.write and returns the headers
// that go with it.
func productivHeaders(t testing.TB, s *sandbox.Sandbox) map[string]string {
	t.Helper()
	return productivHeadersFor(t, s, "https://api.productiv.com/connector.write")
}

func productivHeadersFor(t testing.TB, s *sandbox.Sandbox, scope string) map[string]string {
	t.Helper()
	r := send(t, "POST", s.ProductivTokenURL(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		url.Values{
			"grant_type": {"client_credentials"}, "scope": {scope},
			"client_id": {sandbox.ProductivClientID}, "client_secret": {sandbox.ProductivClientSecret},
		}.Encode())
	return map[string]string{"Authorization": "Bearer " + accessToken(t, r), "Content-Type": "application/json"}
}

func accessToken(t testing.TB, r reply) string {
	t.Helper()
	token := decode[struct {
		AccessToken string `json:"access_token"`
	}](t, r).AccessToken
	if token == "" {
		t.Fatalf("no token in %d %s", r.status, r.body)
	}
	return token
}

// post publishes records, which are JSON objects.
func post(t testing.TB, s *sandbox.Sandbox, headers map[string]string, records ...string) reply {
	t.Helper()
	return send(t, "POST", publishURL(s), headers, `{"records":[`+strings.Join(records, ",")+`]}`)
}

func publishURL(s *sandbox.Sandbox) string {
	return s.ProductivURL() + "/services/push/v1/customer/apps/app-1/finance"
}
