package sandbox_test

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/sandbox"
)

// A page is as much of a list reply as the tests look at.
type page struct {
	Data     []object `json:"data"`
	Included []object `json:"included"`
	Links    struct {
		First, Last, Prev, Next string
	} `json:"links"`
	Meta map[string]any `json:"meta"`
}

type object struct {
	ID            string                    `json:"id"`
	Type          string                    `json:"type"`
	Attributes    map[string]any            `json:"attributes"`
	Relationships map[string]map[string]any `json:"relationships"`
}

func ids(p page) []string {
	all := []string{}
	for _, o := range p.Data {
		all = append(all, o.ID)
	}
	return all
}

// problem is the code and title of a Productive.io error.
func problem(t *testing.T, r reply) string {
	t.Helper()
	errors := decode[struct {
		Errors []struct{ Status, Code, Title string }
	}](t, r).Errors
	if len(errors) != 1 || errors[0].Status != fmt.Sprint(r.status) {
		t.Fatalf("no error with status %d in %s", r.status, r.body)
	}
	return fmt.Sprint(r.status, " ", errors[0].Code, ", ", errors[0].Title)
}

func TestTheSeedIsServedAsTheVendorPrintedIt(t *testing.T) {
	s := start(t, sandbox.Options{SeedOnly: true})
	seed, err := os.ReadFile("testdata/seed_expenses.json")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(seed), "http://api-test.productive.io/api/v2", s.ProductiveURL())
	want := decode[map[string]any](t, reply{body: []byte(text)})
	got := decode[map[string]any](t, expenses(t, s, "page[number]=1&page[size]=30&sort=date"))

	sorted := "page%5Bnumber%5D=1&page%5Bsize%5D=30"
	links := got["links"].(map[string]any)
	for name, link := range links {
		links[name] = strings.ReplaceAll(link.(string), sorted+"&sort=date", sorted)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProductiveRefuses(t *testing.T) {
	tests := map[string]struct {
		query  string
		header map[string]string
		want   string
	}{
		"no token":             {header: map[string]string{"X-Auth-Token": ""}, want: "401 unauthorized, Unauthorized"},
		"a wrong token":        {header: map[string]string{"X-Auth-Token": "x"}, want: "401 unauthorized, Unauthorized"},
		"another organization": {header: map[string]string{"X-Organization-Id": "1"}, want: "403 no_person, Forbidden"},
		"plain JSON": {
			header: map[string]string{"Content-Type": "application/json"},
			want:   "415 unsupported_media_type, Unsupported Media Type",
		},
		"an unknown filter":     {query: "filter[updated_at][gt]=2026-01-01", want: "400 unsupported_filter, Unsupported Filter"},
		"an unknown operator":   {query: "filter[date][after]=2026-01-01", want: "400 unsupported_filter, Unsupported Filter"},
		"a date that is none":   {query: "filter[date][gt]=yesterday", want: "400 unsupported_filter, Unsupported Filter"},
		"an unknown sort":       {query: "sort=updated_at", want: "400 unsupported_sort, Unsupported Sort"},
		"an unknown include":    {query: "include=vendors", want: "400 unsupported_include, Unsupported Include"},
		"page zero":             {query: "page[number]=0", want: "400 invalid_page, Invalid Page"},
		"a size that is none":   {query: "page[size]=all", want: "400 invalid_page, Invalid Page"},
		"both paging modes":     {query: "page[after]=&page[number]=1", want: "400 keyset_conflict, Conflicting Paging"},
		"a cursor by name":      {query: "page[after]=&sort=name", want: "400 keyset_unsupported_sort, Unsupported Sort"},
		"a cursor made by hand": {query: "page[after]=2", want: "400 keyset_invalid_cursor, Invalid Cursor"},
	}
	s := start(t, sandbox.Options{Expenses: 3, Plain: true})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			header := maps.Clone(productiveHeaders)
			maps.Copy(header, tt.header)
			got := problem(t, send(t, "GET", s.ProductiveURL()+"/expenses?"+escape(tt.query), header, ""))
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestWhatOptionsRefuse(t *testing.T) {
	tests := map[string]struct {
		options sandbox.Productive
		query   string
		want    string
	}{
		"sort by id on the seed's generation": {
			sandbox.Productive{NoSortByID: true}, "sort=id", "400 unsupported_sort, Unsupported Sort",
		},
		"pages above 200": {
			sandbox.Productive{RefuseLargePages: true}, "page[size]=201", "400 invalid_page, Invalid Page",
		},
		"cursors": {
			sandbox.Productive{CursorRefused: true}, "page[after]=", "400 keyset_unsupported_sort, Unsupported Sort",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, sandbox.Options{Expenses: 3, Productive: tt.options})
			if got := problem(t, expenses(t, s, tt.query)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestTheNewerSpecSaysStatusAsANumberAndNoCode(t *testing.T) {
	s := start(t, sandbox.Options{Productive: sandbox.Productive{NewerSpec: true}})
	r := expenses(t, s, "sort=nothing")
	want := `{"errors":[{"detail":"nothing","status":400,"title":"Unsupported Sort"}]}`
	if string(r.body) != want {
		t.Errorf("got %s, want %s", r.body, want)
	}
}

// expense asks for one expense.
func expense(t *testing.T, s *sandbox.Sandbox, id int, query string) (object, int) {
	t.Helper()
	r := send(t, "GET", fmt.Sprint(s.ProductiveURL(), "/expenses/", id, "?", escape(query)), productiveHeaders, "")
	one := decode[struct{ Data object }](t, r)
	return one.Data, r.status
}

func TestOneExpense(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 3, Plain: true})
	e, status := expense(t, s, 2, "include=vendor")
	if status != 200 || e.ID != "2" || e.Relationships["vendor"]["data"] == nil {
		t.Errorf("%d %+v", status, e)
	}
	if _, status := expense(t, s, 4, ""); status != 404 {
		t.Errorf("an unknown expense: %d", status)
	}
}

func TestDeletedExpenses(t *testing.T) {
	tests := map[string]struct {
		listed bool
		want   string
	}{
		"are hidden":                     {false, "1 3, 404"},
		"are listed when options say so": {true, "1 2 3, 200"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, sandbox.Options{Expenses: 3, Plain: true, Productive: sandbox.Productive{ListDeleted: tt.listed}})
			if err := s.DeleteExpense(2); err != nil {
				t.Fatal(err)
			}
			e, status := expense(t, s, 2, "")
			list := strings.Join(ids(decode[page](t, expenses(t, s, "sort=id"))), " ")
			if got := fmt.Sprint(list, ", ", status); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if status == 200 && e.Attributes["deleted_at"] == nil {
				t.Error("no deleted_at")
			}
			bin := send(t, "GET", s.ProductiveURL()+"/deleted_items?"+escape("filter[item_type]=expense"), productiveHeaders, "")
			items := decode[page](t, bin).Data
			if len(items) != 1 || items[0].Attributes["item_id"] != "2" {
				t.Errorf("recycle bin: %+v", items)
			}
		})
	}
}
