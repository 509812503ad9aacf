package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/sandbox"
)

// startWith serves vendors with faults.
func startWith(t *testing.T, faults string, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	parsed, err := sandbox.ParseFaults(faults)
	if err != nil {
		t.Fatal(err)
	}
	o.Faults = parsed
	return start(t, o)
}

// A fault hits the second publication. What the client sees, and how many of
// the two records are stored, is the contract of the fault.
func TestFaultsOfPublishing(t *testing.T) {
	tests := map[string]struct {
		sees   string
		stored int
	}{
		"429":                    {`429 Retry-After 1 {"code":"429","message":"Too many requests","success":false}`, 1},
		"429-bare":               {`429 {"code":"429","message":"Too many requests","success":false}`, 1},
		"429-date":               {`429 Retry-After Fri, 20 Nov 2026 12:00:02 GMT {"code":"429","message":"Too many requests","success":false}`, 1},
		"429-long":               {`429 Retry-After 3600 {"code":"429","message":"Too many requests","success":false}`, 1},
		"5xx":                    {`503 {"code":"503","message":"Service unavailable","success":false}`, 1},
		"502":                    {`502 {"code":"502","message":"Bad gateway","success":false}`, 1},
		"5xx-after-store":        {`503 {"code":"503","message":"Service unavailable","success":false}`, 2},
		"401":                    {`401 {"code":"401","message":"Invalid access_token","success":false}`, 1},
		"403":                    {`403 {"code":"403","message":"access_token does not have the required scope","success":false}`, 1},
		"404":                    {`404 {"code":"404","message":"Customer or application does not exist","success":false}`, 1},
		"413":                    {`413 {"code":"413","message":"Payload too large","success":false}`, 1},
		"422":                    {`422 {"code":"422","message":"Invalid payload","success":false}`, 1},
		"drop":                   {`dropped`, 1},
		"drop-unread":            {`dropped`, 1},
		"drop-after-store":       {`dropped`, 2},
		"drop-mid-body":          {`dropped`, 2},
		"redirect":               {`307 Location elsewhere/redirected`, 1},
		"redirect-after-store":   {`307 Location elsewhere/redirected`, 2},
		"html":                   {`200 <!doctype html><title>Sign in</title><p>Your network asks you to sign in.`, 1},
		"html-after-store":       {`200 <!doctype html><title>Sign in</title><p>Your network asks you to sign in.`, 2},
		"firewall":               {`403 <!doctype html><title>403 Forbidden</title><p>Blocked by the web application firewall. Incident 4711.`, 1},
		"error-document":         {`200 {"code":"500","message":"Something went wrong","success":false}`, 1},
		"no-success":             {`200 {}`, 1},
		"no-success-after-store": {`200 {}`, 2},
		"201":                    {`201 {"success":true}`, 2},
		"truncated":              {`200 {"succes`, 2},
		"slow=10ms":              {`200 {"success":true}`, 2},
	}
	for kind, tt := range tests {
		t.Run(kind, func(t *testing.T) {
			s := startWith(t, "productiv:"+kind+"@2", sandbox.Options{})
			header := productivHeaders(t, s)
			if r := post(t, s, header, finance); r.status != 200 {
				t.Fatalf("the first request: %d %s", r.status, r.body)
			}
			r, err := trySend(t, "POST", publishURL(s), header, `{"records":[`+finance+`]}`)
			if got := describe(r, err); got != tt.sees {
				t.Errorf("saw %s, want %s", got, tt.sees)
			}
			if n := len(s.Records()); n != tt.stored {
				t.Errorf("%d records are stored, want %d", n, tt.stored)
			}
			kind, _, _ = strings.Cut(kind, "=")
			if got := s.Faults(); got["productiv:"+kind] != 1 || len(got) != 1 {
				t.Errorf("faults that hit: %v", got)
			}
		})
	}
}

func describe(r reply, err error) string {
	if err != nil {
		return "dropped"
	}
	text := fmt.Sprint(r.status)
	for _, name := range []string{"Retry-After", "X-RateLimit-Reset", "Location"} {
		if value := r.header.Get(name); value != "" {
			text += " " + name + " " + value
		}
	}
	if i := strings.Index(text, "http://"); i >= 0 {
		text = text[:i] + "elsewhere/redirected"
	}
	return strings.TrimSpace(text + " " + string(r.body))
}

func TestFaultsOfReading(t *testing.T) {
	const reset = `429 X-RateLimit-Reset 1 {"errors":[{"detail":"slow down","limit":100,"period":10,"status":429,"title":"Too many requests"}]}`
	tests := map[string]string{
		"productive:429@1":             reset,
		"productive:429-server-time@1": strings.Replace(reset, "Too many requests", "Server time limit exceeded", 1),
		"productive:429-long@1":        strings.Replace(reset, "Reset 1", "Reset 3600", 1),
		"productive:5xx@1":             `503 {"errors":[{"code":"","detail":"","meta":{},"source":{},"status":"503","title":"Service unavailable"}]}`,
		"productive:error-document@1":  `200 {"errors":[{"code":"","detail":"","meta":{},"source":{},"status":"500","title":"Something went wrong"}]}`,
		"procurify:429@1":              `429 Retry-After 1 {"detail":"Too many requests"}`,
		"procurify:error-document@1":   `200 {"detail":"Something went wrong"}`,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			s := startWith(t, text, sandbox.Options{})
			var r reply
			if strings.HasPrefix(text, "procurify") {
				r = transactions(t, s, procurifyHeaders(t, s), "")
			} else {
				r = expenses(t, s, "")
			}
			if got := describe(r, nil); got != want {
				t.Errorf("saw %s, want %s", got, want)
			}
		})
	}
}

func TestATokenEndpointMayBeDown(t *testing.T) {
	s := startWith(t, "productiv-token:5xx@1x2", sandbox.Options{})
	for range 2 {
		if r := send(t, "POST", s.ProductivTokenURL(), nil, ""); r.status != 503 {
			t.Fatalf("got %d", r.status)
		}
	}
	if r := post(t, s, productivHeaders(t, s), finance); r.status != 200 {
		t.Errorf("after that: %d", r.status)
	}
}

// An upload that was not finished is answered by nothing but a closed
// connection.
func TestAnUnreadRequestIsDroppedInMidUpload(t *testing.T) {
	s := startWith(t, "productiv:drop-unread", sandbox.Options{})
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.ProductivURL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nthe beginning")
	var timeout net.Error
	n, err := connection.Read(make([]byte, 1))
	if n > 0 || err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

func TestARefusedTokenStaysRefused(t *testing.T) {
	s := startWith(t, "productiv:401@1", sandbox.Options{})
	old := productivHeaders(t, s)
	for range 2 {
		if r := post(t, s, old, finance); r.status != 401 {
			t.Fatalf("old token: %d", r.status)
		}
	}
	if r := post(t, s, productivHeaders(t, s), finance); r.status != 200 {
		t.Errorf("new token: %d", r.status)
	}
}

func TestATruncatedBodyIsNoJSON(t *testing.T) {
	s := startWith(t, "productive:truncated@1", sandbox.Options{Expenses: 30})
	r := expenses(t, s, "")
	if r.status != 200 || json.Valid(r.body) || len(r.body) < 1000 {
		t.Errorf("%d, %d bytes, valid JSON: %v", r.status, len(r.body), json.Valid(r.body))
	}
}

func TestGzipIsSentToThoseWhoAcceptIt(t *testing.T) {
	s := startWith(t, "productive:gzip", sandbox.Options{Expenses: 30})
	plain := expenses(t, s, "")
	header := map[string]string{"Accept-Encoding": "gzip"}
	for name, value := range productiveHeaders {
		header[name] = value
	}
	packed := send(t, "GET", s.ProductiveURL()+"/expenses", header, "")
	z, err := gzip.NewReader(bytes.NewReader(packed.body))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if len(decode[page](t, reply{body: unpacked}).Data) != len(decode[page](t, plain).Data) {
		t.Error("the compressed page has other records")
	}
}

func TestASlowBodyTakesItsTime(t *testing.T) {
	s := startWith(t, "productive:slow=50ms", sandbox.Options{Expenses: 30})
	began := time.Now()
	expenses(t, s, "")
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("took %s", took)
	}
}

func TestLatencyDelaysEveryAnswer(t *testing.T) {
	s := start(t, sandbox.Options{Latency: 30 * time.Millisecond})
	began := time.Now()
	expenses(t, s, "")
	if took := time.Since(began); took < 30*time.Millisecond {
		t.Errorf("took %s", took)
	}
}

// Faults by rate depend on the seed and the order of requests alone, and never
// hit more than two requests running.
func TestFaultsByRateAreRepeatableAndBounded(t *testing.T) {
	run := func() (statuses []int) {
		faults, err := sandbox.ParseFaults("productive:5xx~90%")
		if err != nil {
			t.Fatal(err)
		}
		s := sandbox.New(sandbox.Options{Seed: 7, Faults: faults})
		c := &http.Client{Transport: s.Transport()}
		for range 50 {
			r, err := c.Get(s.ProductiveURL() + "/expenses")
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			statuses = append(statuses, r.StatusCode)
		}
		return statuses
	}
	first := run()
	if diff := cmp.Diff(first, run()); diff != "" {
		t.Error(diff)
	}
	inARow, hits := 0, 0
	for _, status := range first {
		if inARow++; status != 503 {
			inARow = 0
			continue
		}
		if hits++; inARow > 2 {
			t.Fatalf("three in a row: %v", first)
		}
	}
	if hits < 20 {
		t.Errorf("%d of 50 at 90 %%", hits)
	}
}

// A share of all kinds eventually shows each of them. Slow bodies would take
// minutes; inside the bubble they take none.
func TestAChoiceOfFaultsShowsThemAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults, err := sandbox.ParseFaults("all:any~60%")
		if err != nil {
			t.Fatal(err)
		}
		s := sandbox.New(sandbox.Options{Seed: 3, Faults: faults})
		c := &http.Client{Transport: s.Transport(), CheckRedirect: client.CheckRedirect}
		for range 400 {
			for _, base := range []string{s.ProductiveURL(), s.ProcurifyURL(), s.ProductivURL()} {
				if r, err := c.Get(base + "/x"); err == nil {
					r.Body.Close()
				}
			}
		}
		if n := len(s.Faults()); n != 20+21+21 {
			t.Errorf("%d kinds: %v", n, s.Faults())
		}
		if n := s.Faults()["productive:401"]; n != 0 {
			t.Errorf("Productive.io has no second token to try, yet got 401 %d times", n)
		}
	})
}
