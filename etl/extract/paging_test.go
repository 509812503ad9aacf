package extract_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
	"spendbridge/etl/sandbox"
	"spendbridge/schemas"
)

// A server that is not the sandbox, for what no sane vendor does. It answers
// one request at a time.
type server func(*http.Request) (status int, body string)

var serving sync.Mutex

// RoundTrip implements [http.RoundTripper].
func (s server) RoundTrip(req *http.Request) (*http.Response, error) {
	serving.Lock()
	defer serving.Unlock()
	status, body := s(req)
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Request: req, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func (s server) productive(t *testing.T) extract.Source {
	t.Helper()
	source, err := extract.NewProductive(config.Source{
		Name: "productive", BaseURL: "https://api.example.com/prefix/api/v2/",
		Token: config.NewSecret("secret-token"), OrganizationID: "517", Lookback: config.Duration(24 * time.Hour),
	}, httpretry.New(httpretry.Options{Transport: s}), schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func expensePage(meta, links string, ids ...int) string {
	var records []string
	for _, id := range ids {
		records = append(records, fmt.Sprintf(`{"id":"%d","type":"expenses","attributes":{"date":"2026-03-10"}}`, id))
	}
	return fmt.Sprintf(`{"data":[%s],"meta":{%s},"links":{%s}}`, strings.Join(records, ","), meta, links)
}

func (s server) procurify(t *testing.T) extract.Source {
	t.Helper()
	source, err := extract.NewProcurify(config.Source{
		Name: "procurify", BaseURL: "https://acme.example.com",
		ClientID: config.NewSecret("me"), ClientSecret: config.NewSecret("secret-token"), Lookback: config.Duration(24 * time.Hour),
	}, httpretry.New(httpretry.Options{Transport: s}), schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func transactionPage(count int, next string, ids ...int) string {
	var records []string
	for _, id := range ids {
		records = append(records, fmt.Sprintf(`{"id":%d,"vendor":null,"currency":"USD","transaction_datetime":"2026-03-10T00:00:00Z"}`, id))
	}
	return fmt.Sprintf(`{"data":[%s],"metadata":{"pagination":{"count":%d,"next":%s}}}`, strings.Join(records, ","), count, next)
}

func TestRequestsCarryWhatTheVendorAsksFor(t *testing.T) {
	source := server(func(req *http.Request) (int, string) {
		if req.URL.Host != "api.example.com" || req.URL.Path != "/prefix/api/v2/expenses" {
			t.Errorf("asked %s", req.URL)
		}
		for name, want := range map[string]string{
			"X-Auth-Token": "secret-token", "X-Organization-Id": "517", "Content-Type": "application/vnd.api+json",
		} {
			if got := req.Header.Get(name); got != want {
				t.Errorf("header %s is %q, want %q", name, got, want)
			}
		}
		if got := req.URL.Query().Get("include"); got != "person,vendor,service_type,purchase_order,creator" {
			t.Errorf("include %q", got)
		}
		return 200, expensePage("", "", 1)
	}).productive(t)
	for _, err := range source.Pages(t.Context(), extract.Query{}, "") {
		if err != nil {
			t.Error(err)
		}
	}
}

// A proxy or a cache that answers with the same pages for ever, a link that
// leads in a circle, a vendor that invents records: every read ends.
func TestAReadEndsAtTwiceTheAnnouncedCountAndTwoPages(t *testing.T) {
	const announced, most = 9, 2*3 + 2 // records, and pages of three
	tests := map[string]func(n int) (ids []int){
		"the same page":  func(int) []int { return []int{1, 2, 3} },
		"in a circle":    func(n int) []int { return []int{n%3*3 + 1, n%3*3 + 2, n%3*3 + 3} },
		"ever new pages": func(n int) []int { return []int{3*n + 1, 3*n + 2, 3*n + 3} },
		"empty pages": func(n int) []int {
			if n == 0 {
				return []int{1, 2, 3}
			}
			return nil
		},
	}
	eachSource(t, func(t *testing.T, kind string) {
		for name, page := range tests {
			t.Run(name, func(t *testing.T) {
				s := newSubject(t, kind, sandbox.Options{})
				for range 2 { // the next run reads the window anew
					pages := map[string]int{} // by window
					s.source = endless(t, kind, announced, func(window string) []int {
						pages[window]++
						return page(pages[window] - 1)
					})
					report := s.run2(t, fmt.Sprintf("the list has no end: after %d pages", most))
					if len(report.Proofs) > 0 {
						t.Errorf("proofs %+v", report.Proofs)
					}
					for window, n := range pages {
						if n > most+1 { // one is fetched ahead
							t.Errorf("%d pages of the window from %s were asked for", n, window)
						}
					}
					if n := len(s.living()); n > 0 {
						t.Errorf("%d records of a list without end", n)
					}
				}
			})
		}
	})
}

// endless is a vendor that always has a next page.
func endless(t *testing.T, kind string, announced int, page func(window string) (ids []int)) extract.Source {
	t.Helper()
	if kind == "procurify" {
		return server(func(req *http.Request) (int, string) {
			query := req.URL.Query()
			if req.URL.Path == "/oauth/token" {
				return 200, `{"access_token":"x"}`
			}
			return 200, transactionPage(announced, `"https://acme.example.com/?page=2"`, page(query.Get("start_date"))...)
		}).procurify(t)
	}
	return server(func(req *http.Request) (int, string) {
		query := req.URL.Query()
		if query.Get("page[size]") == "1" {
			return 200, expensePage(fmt.Sprintf(`"total_count":%d`, announced), "")
		}
		return 200, expensePage("", `"next":"/?page[after]=x"`, page(query.Get("filter[date][gt_eq]"))...)
	}).productive(t)
}

func TestOnlyTheVendorsOwnComplaintChangesThePaging(t *testing.T) {
	tests := map[string]struct {
		body     string
		fallBack bool
	}{
		"an old code":         {`{"errors":[{"status":"400","code":"keyset_unsupported_sort","title":"no"}]}`, true},
		"a newer one":         {`{"errors":[{"status":400,"title":"Unsupported Sort"}]}`, true},
		"an unknown filter":   {`{"errors":[{"status":400,"title":"Unsupported Filter"}]}`, false},
		"a proxy's web page":  {`<html>bad request</html>`, false},
		"some other document": {`{"message":"bad request"}`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			source := server(func(req *http.Request) (int, string) {
				if req.URL.Query().Has("page[after]") {
					return 400, tt.body
				}
				return 200, expensePage(`"current_page":1,"total_pages":1,"total_count":1`, "", 1)
			}).productive(t)
			var err error
			for _, err = range source.Pages(t.Context(), extract.Query{}, "") {
			}
			if (err == nil) != tt.fallBack {
				t.Errorf("got %v", err)
			}
		})
	}
}

// In an unknown order something may appear behind the cursor while something
// else disappears, and the count stays the same.
func TestACursorInAnyOrderNeedsTwoPasses(t *testing.T) {
	sorts := map[string]int{}
	s := newSubject(t, "productive", sandbox.Options{})
	s.source = server(func(req *http.Request) (int, string) {
		query := req.URL.Query()
		switch {
		case query.Get("page[size]") == "1":
			return 200, expensePage(`"total_count":2`, "")
		case query.Get("sort") != "":
			sorts[query.Get("sort")]++
			return 400, `{"errors":[{"code":"keyset_unsupported_sort"}]}`
		case query.Get("page[after]") == "":
			return 200, expensePage("", `"next":"/?page[after]=x"`, 1)
		}
		return 200, expensePage("", "", 2)
	}).productive(t)
	report := s.run()
	for _, p := range report.Proofs {
		if !p.Proven || p.Passes != 2 {
			t.Errorf("proof %+v", p)
		}
	}
	if len(sorts) != 1 {
		t.Errorf("tried to sort by %v", sorts)
	}
}

// What the vendor's filter cannot have listed is not missing.
func TestTheGuardCountsOnlyWhatTheVendorListsHere(t *testing.T) {
	o := oneWindow()
	o.Procurify.FilterBy = sandbox.ByAllocation
	s := newSubject(t, "procurify", o)
	s.run()
	for id := 100; id < 160; id++ {
		s.must(s.vendors.EditTransaction(id, func(tx *sandbox.Transaction) { tx.AllocationDatetime = "2027-01-01T00:00:00Z" }))
	}
	before := len(s.living())
	s.run()
	s.run()
	if n := len(s.living()); n != before {
		t.Errorf("%d living, want %d", n, before)
	}
}

func TestRefusalsNameTheSetting(t *testing.T) {
	tests := map[string]struct {
		status int
		want   string
	}{
		"no token":     {401, "check token of source productive"},
		"not allowed":  {403, "check what the credentials of source productive may see, and its organization_id"},
		"moved away":   {307, "redirects are not followed"},
		"no such path": {404, "404 Not Found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			source := server(func(*http.Request) (int, string) { return tt.status, `{}` }).productive(t)
			_, err := source.Count(t.Context(), extract.Query{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret-token") {
				t.Errorf("got %v, want an error that says %q", err, tt.want)
			}
		})
	}
}
