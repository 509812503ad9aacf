package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"spendbridge/etl/sandbox"
)

// mutate posts to the admin endpoint and returns the id it answers with.
func mutate(t *testing.T, s *sandbox.Sandbox, body string) int {
	t.Helper()
	r := send(t, "POST", s.AdminURL()+"/_sandbox/mutate", nil, body)
	if r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	return decode[struct{ ID int }](t, r).ID
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestExpensesChangeWhileTheyAreRead(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 3, Plain: true})
	attribute := func(id int, name string) any {
		e, _ := expense(t, s, id, "")
		return e.Attributes[name]
	}
	list := func() string { return strings.Join(ids(decode[page](t, expenses(t, s, "sort=id"))), " ") }

	mutate(t, s, `{"op":"edit","stream":"expenses","id":2,"set":{"amount":4200,"currency":"JPY","date":"2026-01-31"}}`)
	if got := fmt.Sprintln(attribute(2, "amount"), attribute(2, "currency"), attribute(2, "date")); got != "4200 JPY 2026-01-31\n" {
		t.Errorf("edited: %s", got)
	}
	if got := decode[page](t, expenses(t, s, "filter[date][lt_eq]=2026-01-31")); !slices.Equal(ids(got), []string{"2"}) {
		t.Errorf("moved to January: %v", ids(got))
	}
	must(t, s.UnapproveExpense(2))
	if attribute(2, "approved") != false || attribute(2, "approved_at") != nil {
		t.Error("still approved")
	}
	must(t, s.ApproveExpense(2))
	if attribute(2, "approved") != true || attribute(2, "approved_at") == nil {
		t.Error("not approved again")
	}
	mutate(t, s, `{"op":"delete","stream":"expenses","id":2}`)
	if got := list(); got != "1 3" {
		t.Errorf("after the deletion: %s", got)
	}
	must(t, s.RestoreExpense(2))
	if id := mutate(t, s, `{"op":"insert","stream":"expenses","set":{"name":"late","date":"2026-11-01"}}`); id != 4 {
		t.Errorf("inserted as %d", id)
	}
	if got := list(); got != "1 2 3 4" || attribute(4, "name") != "late" || attribute(4, "approved") != true {
		t.Errorf("after the insert: %s", got)
	}
	mutate(t, s, `{"op":"edit","stream":"expenses","id":1,"set":{"attributes":{"currency":7,"profit":null,"brand_new":[1]}}}`)
	if got := fmt.Sprint(attribute(1, "currency"), attribute(1, "profit"), attribute(1, "brand_new")); got != "7 <nil> [1]" {
		t.Errorf("drifted: %s", got)
	}
}

func TestVendorsAreRenamedEverywhere(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 200, Plain: true})
	before := string(expenses(t, s, "page[size]=200&include=vendor").body)
	must(t, s.RenameVendor(20001, "GitHub (Microsoft)"))
	after := string(expenses(t, s, "page[size]=200&include=vendor").body)
	if !strings.Contains(before, `"name":"GitHub"`) || strings.Contains(after, `"name":"GitHub"`) || !strings.Contains(after, "GitHub (Microsoft)") {
		t.Error("the old name is still served, or never was")
	}
}

func TestTransactionsChangeWhileTheyAreRead(t *testing.T) {
	s := start(t, sandbox.Options{Transactions: 3, Plain: true})
	header := procurifyHeaders(t, s)
	read := func() transactionPage { return decode[transactionPage](t, transactions(t, s, header, "")) }

	mutate(t, s, `{"op":"edit","stream":"transactions","id":2,"set":{"note":"edited","account":{"account_code":"9"},"status":null}}`)
	if one := read().Data[1]; one.Note != "edited" || one.Account.Code != "9" || one.Status != nil {
		t.Errorf("edited: %+v", one)
	}
	mutate(t, s, `{"op":"delete","stream":"transactions","id":2}`)
	if got := transactionIDs(read()); got != "1 3" {
		t.Errorf("after the deletion: %s", got)
	}
	must(t, s.RestoreTransaction(2))
	if id := mutate(t, s, `{"op":"insert","stream":"transactions","set":{"amount":"1.23","extra":{"brand_new":1}}}`); id != 4 {
		t.Errorf("inserted as %d", id)
	}
	r := transactions(t, s, header, "")
	if got := transactionIDs(decode[transactionPage](t, r)); got != "1 2 3 4" {
		t.Errorf("after the insert: %s", got)
	}
	if !strings.Contains(string(r.body), `"amount":"1.23"`) || !strings.Contains(string(r.body), `"brand_new":1`) {
		t.Error("the inserted transaction is another")
	}
}

func TestAWrongMutationChangesNothing(t *testing.T) {
	s := start(t, sandbox.Options{Expenses: 3, Transactions: 3})
	for body, want := range map[string]string{
		`{"op":"edit","stream":"expenses","id":9}`:                 "no expense 9",
		`{"op":"delete","stream":"transactions","id":0}`:           "no transaction 0",
		`{"op":"approve","stream":"transactions","id":1}`:          `no operation "approve" on stream "transactions"`,
		`{"op":"insert","stream":"expenses","set":{"amuont":1}}`:   `unknown field "amuont"`,
		`{"op":"insert","stream":"expenses","set":{"amount":"1"}}`: `cannot unmarshal string`,
		`{"what":1}`: `unknown field "what"`,
	} {
		r := send(t, "POST", s.AdminURL()+"/_sandbox/mutate", nil, body)
		if r.status != 400 || !strings.Contains(decode[struct{ Error string }](t, r).Error, want) {
			t.Errorf("%s: %d %s, want %s", body, r.status, r.body, want)
		}
	}
	if err := s.RenameVendor(1, "x"); err == nil {
		t.Error("renamed a company that does not exist")
	}
	if got := decode[page](t, expenses(t, s, "")); len(got.Data) != 3 {
		t.Errorf("%d expenses", len(got.Data))
	}
}

// A reader who goes on by page number skips or repeats a record when the data
// changes between two pages. One who follows a cursor by id does not; one who
// leaves the order to the vendor misses what appears behind the cursor, and
// the count does not tell.
func TestPagesDrift(t *testing.T) {
	tests := map[string]struct {
		fault, query string
		want         string // records read, distinct ones
		count        int    // what the vendor counts then
	}{
		"insert, by number":         {"productive:insert@2", "sort=date", "501 500", 501},
		"delete, by number":         {"productive:delete@2", "sort=id", "499 499", 499},
		"swap, by number":           {"productive:swap@2", "sort=id", "500 500", 500},
		"insert, by cursor":         {"productive:insert@2", "page[after]=&sort=id", "501 501", 501},
		"delete, by cursor":         {"productive:delete@2", "page[after]=&sort=id", "500 500", 499},
		"swap, by cursor":           {"productive:swap@2", "page[after]=&sort=id", "501 501", 500},
		"swap, by unordered cursor": {"productive:swap@2", "page[after]=", "500 500", 500},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := startWith(t, tt.fault, sandbox.Options{Expenses: 500, Plain: true})
			seen := readAll(t, s, tt.query)
			if got := fmt.Sprint(len(seen), " ", distinct(seen)); got != tt.want {
				t.Errorf("read %s, want %s", got, tt.want)
			}
			if got := decode[page](t, expenses(t, s, "")).Meta["total_count"]; got != float64(tt.count) {
				t.Errorf("the vendor counts %v, want %d", got, tt.count)
			}
		})
	}
}

// readAll follows links.next and returns the ids. Between the pages it asks
// for single records, which does not count for page drift.
func readAll(t *testing.T, s *sandbox.Sandbox, query string) (seen []string) {
	t.Helper()
	for next := s.ProductiveURL() + "/expenses?" + escape(query+"&page[size]=200"); next != ""; {
		expenses(t, s, "page[size]=1")
		p := decode[page](t, send(t, "GET", next, productiveHeaders, ""))
		seen, next = append(seen, ids(p)...), p.Links.Next
	}
	return seen
}

func distinct(ids []string) int {
	slices.Sort(ids)
	return len(slices.Compact(ids))
}

func TestTransactionPagesDrift(t *testing.T) {
	for kind, want := range map[string]int{"insert": 31, "delete": 29, "swap": 30} {
		t.Run(kind, func(t *testing.T) {
			s := startWith(t, "procurify:"+kind+"@1", sandbox.Options{Transactions: 30, Plain: true})
			header := procurifyHeaders(t, s)
			transactions(t, s, header, "page_size=1") // does not count
			first := transactionIDs(decode[transactionPage](t, transactions(t, s, header, "page_size=10")))
			second := decode[transactionPage](t, transactions(t, s, header, "page_size=10&page=2"))
			if second.Metadata.Pagination.Count != want {
				t.Errorf("count is %d, want %d", second.Metadata.Pagination.Count, want)
			}
			skipped := !strings.Contains(" "+first+" "+transactionIDs(second)+" ", " 11 ")
			if skipped != (kind != "insert") {
				t.Errorf("pages %s and %s", first, transactionIDs(second))
			}
		})
	}
}
