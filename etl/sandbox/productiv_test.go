package sandbox_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/sandbox"
)

// Records of both generations, which replace makes worse.
const (
	finance = `{"created":1577836800000,"amount":200.15,"currency":"USD","identifier":"user@example.com","type":"expense","vendor":"GitHub",` +
		`"name":"Example User","category":"IT Expense:Software & Web Services","description":"seats","transactionNumber":"t-1"}`
	spend = `{"signatureId":"s-1","created":1577836800000,"amount":200.15,"currency":"USD","identifier":"user@example.com",` +
		`"type":"expense","vendor":"GitHub","additionalData1":"seats"}`
)

func TestProductivTokens(t *testing.T) {
	const scope = "https://api.productiv.com/connector.write"
	form := func(id, secret string) string {
		return url.Values{"grant_type": {"client_credentials"}, "scope": {scope}, "client_id": {id}, "client_secret": {secret}}.Encode()
	}
	rest := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}.Encode()
	tests := map[string]struct {
		basic       string // id:secret
		query, body string
		want        string
	}{
		"form fields":              {"", "", form(sandbox.ProductivClientID, sandbox.ProductivClientSecret), "200"},
		"basic, rest in the body":  {sandbox.ProductivClientID + ":" + sandbox.ProductivClientSecret, "", rest, "200"},
		"basic, rest in the query": {sandbox.ProductivClientID + ":" + sandbox.ProductivClientSecret, "?" + rest, "", "200"},
		"wrong secret":             {"", "", form(sandbox.ProductivClientID, "x"), `400 {"error":"invalid_client"}`},
		"wrong basic, right form":  {"x:y", "", form(sandbox.ProductivClientID, sandbox.ProductivClientSecret), `400 {"error":"invalid_client"}`},
		"neither":                  {"", "", rest, `400 {"error":"invalid_client"}`},
		"secret in the query":      {"", "?" + form(sandbox.ProductivClientID, sandbox.ProductivClientSecret), "", `400 {"error":"invalid_client"}`},
		"no grant type":            {sandbox.ProductivClientID + ":" + sandbox.ProductivClientSecret, "", "", `400 {"error":"unsupported_grant_type"}`},
	}
	s := start(t, sandbox.Options{Productiv: sandbox.Productiv{TokenLife: 90 * time.Second}})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
			if tt.basic != "" {
				header["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(tt.basic))
			}
			r := send(t, "POST", s.ProductivTokenURL()+tt.query, header, tt.body)
			if r.status == 200 {
				if body := decode[map[string]any](t, r); body["expires_in"] != 90.0 {
					t.Errorf("got %v", body)
				}
				r.body = nil
			}
			if got := strings.TrimSpace(fmt.Sprintf("%d %s", r.status, r.body)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestPublishingIsRefused(t *testing.T) {
	s := start(t, sandbox.Options{})
	good := productivHeaders(t, s)
	tests := map[string]struct {
		path, body string
		header     map[string]string
		want       string
	}{
		"without a token":        {header: map[string]string{"Authorization": ""}, want: `401 Invalid access_token`},
		"with another token":     {header: map[string]string{"Authorization": "Bearer x"}, want: `401 Invalid access_token`},
		"with a query":           {path: "app-1/finance?dry=1", want: `400 Unexpected query parameter`},
		"for an unknown app":     {path: "app-2/finance", want: `404 Customer or application does not exist`},
		"at another path":        {path: "app-1/spend", want: `404 Not found`},
		"as plain text":          {header: map[string]string{"Content-Type": "text/plain"}, want: `400 Content-Type must be application/json`},
		"without records":        {body: `{}`, want: `422 records must be a non-empty array`},
		"with no record":         {body: `{"records":[]}`, want: `422 records must be a non-empty array`},
		"with records as object": {body: `{"records":{}}`, want: `422 records must be a non-empty array`},
		"with broken JSON":       {body: `{"records":[`, want: `422 records must be a non-empty array`},
		"with 1001 records":      {body: `{"records":[` + strings.Repeat(finance+",", 1000) + finance + `]}`, want: `413 No more than 1000 records at a time`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			header := maps.Clone(good)
			maps.Copy(header, tt.header)
			if tt.path == "" {
				tt.path = "app-1/finance"
			}
			r := send(t, "POST", s.ProductivURL()+"/services/push/v1/customer/apps/"+tt.path, header, tt.body)
			if got := refusal(t, r); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// refusal is the status and message of a Productiv error. It fails the test
// unless the body has exactly the documented members.
func refusal(t *testing.T, r reply) string {
	t.Helper()
	body := decode[map[string]any](t, r)
	message, _ := body["message"].(string)
	want := map[string]any{"code": fmt.Sprint(r.status), "message": message, "success": false}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("%d: %s", r.status, diff)
	}
	return fmt.Sprint(r.status, " ", message)
}

func TestBadRecordsAreRefused(t *testing.T) {
	tests := map[string]struct {
		old, new string
		want     string
	}{
		"no vendor, but a merchant":  {`"vendor"`, `"merchant"`, "vendor is required"},
		"empty vendor":               {`"GitHub"`, `""`, "vendor is required"},
		"vendor null":                {`"GitHub"`, `null`, "vendor is required"},
		"no identifier":              {`"identifier":"user@example.com",`, ``, "identifier is required"},
		"empty identifier":           {`"user@example.com"`, `""`, "identifier is required"},
		"no amount":                  {`"amount":200.15,`, ``, "amount is required"},
		"amount as text":             {`200.15`, `"200.15"`, "amount must be a number"},
		"no currency":                {`"currency":"USD",`, ``, "currency is required"},
		"unknown currency":           {`"USD"`, `"XQZ"`, "currency must be an ISO 4217 code"},
		"lower-case currency":        {`"USD"`, `"usd"`, "currency must be an ISO 4217 code"},
		"currency by name":           {`"USD"`, `"US dollar"`, "currency must be an ISO 4217 code"},
		"unknown type":               {`"expense"`, `"refund"`, "type must be expense or invoice"},
		"created in seconds":         {`1577836800000`, `1577836800`, "created must be a Unix timestamp in milliseconds"},
		"created as text":            {`1577836800000`, `"2020-01-01"`, "created must be a Unix timestamp in milliseconds"},
		"created with an exponent":   {`1577836800000`, `1.5778368e12`, "created must be a Unix timestamp in milliseconds"},
		"name as number":             {`"Example User"`, `7`, "name must be a string"},
		"a record that is no object": {finance, `7`, "record must be an object"},
	}
	s := start(t, sandbox.Options{})
	header := productivHeaders(t, s)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := post(t, s, header, finance, strings.Replace(finance, tt.old, tt.new, 1))
			if got := refusal(t, r); got != "422 "+tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if n := len(s.Records()); n != 0 {
		t.Errorf("%d records of refused batches are stored", n)
	}
}

// A firewall stands before the API: it asks for no token and speaks no JSON.
func TestAFirewallRefusesWhatHoldsItsText(t *testing.T) {
	s := startWith(t, "productiv:firewall=<script>,productiv:firewall=GitLab", sandbox.Options{})
	header := productivHeaders(t, s)
	tests := map[string]struct {
		header  map[string]string
		records []string
		status  int
	}{
		"nothing of it":       {header, []string{finance}, 200},
		"in one of two":       {header, []string{finance, strings.Replace(finance, "seats", "a <script> in it", 1)}, 403},
		"the other text":      {header, []string{strings.Replace(finance, "GitHub", "GitLab", 1)}, 403},
		"without credentials": {nil, []string{strings.Replace(finance, "GitHub", "GitLab", 1)}, 403},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := post(t, s, tt.header, tt.records...)
			if isPage := strings.HasPrefix(string(r.body), "<!doctype html>"); r.status != tt.status || isPage != (tt.status == 403) {
				t.Errorf("%d %s, want %d", r.status, r.body, tt.status)
			}
		})
	}
	if n := len(s.Records()); n != 1 {
		t.Errorf("%d records are stored, want 1", n)
	}
}

func TestStrictSchemasRefuseOtherFields(t *testing.T) {
	tests := map[string]struct {
		strict, record, want string
	}{
		"finance takes finance":              {"finance", finance, "200"},
		"spend takes spend":                  {"spend", spend, "200"},
		"finance refuses signatureId":        {"finance", `{"signatureId":"x",` + finance[1:], "422 signatureId is not expected"},
		"spend refuses transactionNumber":    {"spend", `{"transactionNumber":"x",` + spend[1:], "422 transactionNumber is not expected"},
		"neither takes merchant":             {"spend", `{"merchant":"x",` + spend[1:], "422 merchant is not expected"},
		"a lax server ignores what is extra": {"", `{"merchant":"x",` + finance[1:], "200"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, sandbox.Options{Productiv: sandbox.Productiv{Strict: tt.strict}})
			r := post(t, s, productivHeaders(t, s), tt.record)
			got := fmt.Sprint(r.status)
			if r.status != 200 {
				got = refusal(t, r)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestTheTokenNeedsItsScope(t *testing.T) {
	s := start(t, sandbox.Options{})
	if got := refusal(t, post(t, s, productivHeadersFor(t, s, "https://api.productiv.com/report.read"), finance)); got != "403 access_token does not have the required scope" {
		t.Error(got)
	}
}

func TestProductivTokensExpire(t *testing.T) {
	now := noon
	s := start(t, sandbox.Options{Now: func() time.Time { return now }, Productiv: sandbox.Productiv{TokenLife: time.Minute}})
	header := productivHeaders(t, s)
	now = now.Add(time.Minute)
	if got := refusal(t, post(t, s, header, finance)); got != "401 Invalid access_token" {
		t.Error(got)
	}
}

func TestASignatureSeenBefore(t *testing.T) {
	first, second := spend, strings.Replace(spend, "GitHub", "GitLab", 1)
	tests := map[string]struct {
		mode sandbox.Signatures
		want []string // vendors
	}{
		"replaces":    {sandbox.Upsert, []string{"GitLab", "Other"}},
		"is ignored":  {sandbox.Ignore, []string{"GitHub", "Other"}},
		"is appended": {sandbox.Append, []string{"GitHub", "Other", "GitLab"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, sandbox.Options{Productiv: sandbox.Productiv{Signatures: tt.mode}})
			header := productivHeaders(t, s)
			other := strings.NewReplacer("s-1", "s-2", "GitHub", "Other").Replace(spend)
			for _, batch := range [][]string{{first, other}, {second}} {
				if r := post(t, s, header, batch...); r.status != 200 || string(r.body) != `{"success":true}` {
					t.Fatalf("%d %s", r.status, r.body)
				}
			}
			if diff := cmp.Diff(tt.want, vendors(t, s)); diff != "" {
				t.Error(diff)
			}
			if got := s.Received(); got["s-1"] != 2 || got["s-2"] != 1 {
				t.Errorf("received %v", got)
			}
		})
	}
}

func vendors(t *testing.T, s *sandbox.Sandbox) []string {
	t.Helper()
	all := []string{}
	for _, r := range s.Records() {
		all = append(all, decode[struct{ Vendor string }](t, reply{body: r.Record}).Vendor)
	}
	return all
}

func TestTheFinanceSchemaHasNoIdentity(t *testing.T) {
	s := start(t, sandbox.Options{})
	header := productivHeaders(t, s)
	post(t, s, header, finance)
	post(t, s, header, finance)
	if n := len(s.Records()); n != 2 {
		t.Errorf("%d records", n)
	}
	if n := s.Received()["t-1"]; n != 2 {
		t.Errorf("received %d times", n)
	}
}

func TestARefusedBatchMayBeStoredInPart(t *testing.T) {
	poisoned := strings.Replace(finance, "GitHub", "Initech", 1)
	tests := map[string]struct {
		partial bool
		want    []string
	}{
		"atomic":  {false, []string{}},
		"partial": {true, []string{"GitHub", "GitHub"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, sandbox.Options{Productiv: sandbox.Productiv{Partial422: tt.partial, Poison: []string{"Initech"}}})
			if got := refusal(t, post(t, s, productivHeaders(t, s), finance, poisoned, finance)); got != "422 Invalid payload" {
				t.Error(got)
			}
			if diff := cmp.Diff(tt.want, vendors(t, s)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPoisonMayBeAKey(t *testing.T) {
	s := start(t, sandbox.Options{Productiv: sandbox.Productiv{Poison: []string{"t-1", "s-1"}}})
	header := productivHeaders(t, s)
	for _, record := range []string{finance, spend} {
		if r := post(t, s, header, record); r.status != 422 {
			t.Errorf("%d for %s", r.status, record)
		}
	}
}

func TestLargeBodiesAreRefused(t *testing.T) {
	s := start(t, sandbox.Options{})
	if got := refusal(t, post(t, s, productivHeaders(t, s), strings.Repeat(" ", 10<<20))); got != "413 Payload too large" {
		t.Error(got)
	}
}

func TestTheAdminEndpointShowsWhatWasAccepted(t *testing.T) {
	s := start(t, sandbox.Options{})
	post(t, s, productivHeaders(t, s), finance, spend)
	got := decode[struct {
		Records  []sandbox.Record
		Received map[string]int
		Accepted int
		Batches  int
	}](t, send(t, "GET", s.AdminURL()+"/_sandbox/records", nil, ""))
	var keys []string
	for _, r := range got.Records {
		keys = append(keys, r.AppID+" "+r.Key)
	}
	if !slices.Equal(keys, []string{"app-1 t-1", "app-1 s-1"}) || got.Accepted != 2 || got.Batches != 1 || got.Received["t-1"] != 1 {
		t.Errorf("got %+v", got)
	}
	if string(got.Records[0].Record) != finance {
		t.Errorf("stored %s", got.Records[0].Record)
	}
}
