package sandbox_test

import (
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

type pagination struct {
	Count       int     `json:"count"`
	Next        *string `json:"next"`
	Previous    *string `json:"previous"`
	PageSize    int     `json:"page_size"`
	NumPages    int     `json:"num_pages"`
	CurrentPage int     `json:"current_page"`
}

type transactionPage struct {
	Data       []sandbox.Transaction `json:"data"`
	Pagination *pagination           `json:"pagination"`
	Metadata   *struct {
		Pagination pagination `json:"pagination"`
	} `json:"metadata"`
}

func transactions(t testing.TB, s *sandbox.Sandbox, header map[string]string, query string) reply {
	t.Helper()
	return send(t, "GET", s.ProcurifyURL()+"/api/public/v1/pay/transactions/?"+escape(query), header, "")
}

func transactionIDs(p transactionPage) string {
	var all []string
	for _, one := range p.Data {
		all = append(all, fmt.Sprint(one.ID))
	}
	return strings.Join(all, " ")
}

func TestProcurifyTokens(t *testing.T) {
	const good = `{"client_id":"ID","client_secret":"SECRET","audience":"https://api.procurify.com/","grant_type":"client_credentials"}`
	fill := strings.NewReplacer("ID", sandbox.ProcurifyClientID, "SECRET", sandbox.ProcurifyClientSecret)
	tests := map[string]struct {
		body string
		want string
	}{
		"good":                   {fill.Replace(good), "200"},
		"wrong secret":           {strings.ReplaceAll(good, "ID", sandbox.ProcurifyClientID), `401 {"error":"invalid_client"}`},
		"audience without slash": {strings.ReplaceAll(fill.Replace(good), "com/", "com"), `403 {"error":"access_denied"}`},
		"another grant":          {strings.ReplaceAll(fill.Replace(good), "client_cred", "cred"), `400 {"error":"unsupported_grant_type"}`},
		"form fields":            {"grant_type=client_credentials", `400 {"error":"invalid_request"}`},
	}
	s := start(t, sandbox.Options{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := send(t, "POST", s.ProcurifyURL()+"/oauth/token", nil, tt.body)
			if r.status == 200 {
				body := decode[map[string]any](t, r)
				if body["expires_in"] != 86400.0 || body["token_type"] != "Bearer" {
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

func TestProcurifyRefuses(t *testing.T) {
	s := start(t, sandbox.Options{Transactions: 3})
	good := procurifyHeaders(t, s)
	tests := map[string]struct {
		header map[string]string
		query  string
		want   string
	}{
		"no token":            {map[string]string{"Authorization": ""}, "", `401 {"detail":"Authentication credentials were not provided or have expired."}`},
		"no client header":    {map[string]string{"X-Procurify-Client": ""}, "", `400 {"detail":"X-Procurify-Client header is required."}`},
		"a page past the end": {nil, "page=2", `404 {"detail":"Invalid page."}`},
		"page zero":           {nil, "page=0", `404 {"detail":"Invalid page."}`},
		"a date that is none": {nil, "start_date=soon", `400 {"start_date":["Enter a valid date/time."]}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			header := maps.Clone(good)
			maps.Copy(header, tt.header)
			r := transactions(t, s, header, tt.query)
			if got := fmt.Sprintf("%d %s", r.status, r.body); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestProcurifyTokensExpire(t *testing.T) {
	now := noon
	s := start(t, sandbox.Options{Now: func() time.Time { return now }, Procurify: sandbox.Procurify{TokenLife: time.Minute}})
	header := procurifyHeaders(t, s)
	if r := transactions(t, s, header, ""); r.status != 200 {
		t.Fatalf("fresh token: %d", r.status)
	}
	now = now.Add(time.Minute)
	if r := transactions(t, s, header, ""); r.status != 401 {
		t.Errorf("expired token: %d", r.status)
	}
}

func TestARoleMayBeMissing(t *testing.T) {
	s := start(t, sandbox.Options{Procurify: sandbox.Procurify{NoRole: true}})
	header := procurifyHeaders(t, s)
	for _, path := range []string{"/api/public/v1/pay/transactions/", "/api/v3/users/"} {
		r := send(t, "GET", s.ProcurifyURL()+path, header, "")
		if r.status != 403 || !strings.Contains(string(r.body), `{"detail":`) {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
}

func TestBothEnvelopesLeadThroughAllPages(t *testing.T) {
	for name, topLevel := range map[string]bool{"metadata": false, "top level": true} {
		t.Run(name, func(t *testing.T) {
			s := start(t, sandbox.Options{Transactions: 250, Plain: true, Procurify: sandbox.Procurify{TopLevel: topLevel}})
			header := procurifyHeaders(t, s)
			seen := map[int]int{}
			first := s.ProcurifyURL() + "/api/public/v1/pay/transactions/?page_size=100&search=ignored"
			for next := &first; next != nil; {
				p := decode[transactionPage](t, send(t, "GET", *next, header, ""))
				if (p.Pagination != nil) != topLevel || (p.Metadata == nil) != topLevel {
					t.Fatalf("pagination %v, metadata %v", p.Pagination, p.Metadata)
				}
				at := p.Pagination
				if at == nil {
					at = &p.Metadata.Pagination
				}
				if at.Count != 250 || at.NumPages != 3 || at.PageSize != 100 || (at.Previous == nil) != (at.CurrentPage == 1) {
					t.Fatalf("pagination %+v", at)
				}
				for _, one := range p.Data {
					seen[one.ID]++
				}
				next = at.Next
			}
			if len(seen) != 250 {
				t.Errorf("%d of 250 transactions", len(seen))
			}
		})
	}
}

func TestNextMayNameAnotherHost(t *testing.T) {
	s := start(t, sandbox.Options{Transactions: 3, Procurify: sandbox.Procurify{NextElsewhere: true}})
	p := decode[transactionPage](t, transactions(t, s, procurifyHeaders(t, s), "page_size=1"))
	next, err := url.Parse(*p.Metadata.Pagination.Next)
	if err != nil {
		t.Fatal(err)
	}
	if "http://"+next.Host == s.ProcurifyURL() || next.Query().Get("page") != "2" {
		t.Errorf("next is %s", next)
	}
}

func TestTransactionsAreFilteredByDate(t *testing.T) {
	s := start(t, sandbox.Options{})
	for _, at := range []string{"2026-03-01T10:00:00-07:00", "2026-03-02T23:00:00-07:00", "2026-03-04T10:00:00-07:00"} {
		s.InsertTransaction(func(one *sandbox.Transaction) { one.TransactionDatetime = &at })
	}
	s.InsertTransaction(func(one *sandbox.Transaction) {
		one.TransactionDatetime, one.AuthorizationDatetime = nil, "2026-03-03T10:00:00-07:00"
	})
	tests := map[string]struct{ query, want string }{
		"all":                     {"", "1 2 3 4"},
		"from an instant on":      {"start_date=2026-03-03T06:00:00Z", "2 3 4"},
		"up to an instant":        {"end_date=2026-03-02T23:00:00-07:00", "1 2"},
		"between dates":           {"start_date=2026-03-02T00:00:00Z&end_date=2026-03-03T23:59:59Z", "2 4"},
		"reviewed":                {"reconciliation_status=reviewed", "1 2 3 4"},
		"not reviewed":            {"reconciliation_status=pending", ""},
		"parameters nobody knows": {"order_by=-id&status=capture", "1 2 3 4"},
	}
	header := procurifyHeaders(t, s)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := transactionIDs(decode[transactionPage](t, transactions(t, s, header, tt.query)))
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestUsersHaveEmailsAndNoUUID(t *testing.T) {
	s := start(t, sandbox.Options{})
	r := send(t, "GET", s.ProcurifyURL()+"/api/v3/users/?page_size=100", procurifyHeaders(t, s), "")
	users := decode[struct{ Data []map[string]any }](t, r).Data
	names := slices.Sorted(maps.Keys(users[3]))
	want := []string{"department", "email", "firstName", "id", "is_active", "lastName", "location", "user"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if users[3]["email"] != "anna.schmidt@acme.example" {
		t.Errorf("got %v", users[3])
	}
}
