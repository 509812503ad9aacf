// Package sandbox plays the three vendors on loopback: Productive.io and
// Procurify, which spend is read from, and Productiv, which it is posted to.
// The demo and the tests run against it.
//
// It follows the vendors' documentation and examples, and shares no code with
// the clients, so that a misreading cannot hide on both sides. Where the
// documentation is silent, [Options] choose the behavior.
//
// Every listener also serves three paths that no vendor has:
//
//	GET  /_sandbox/records   what Productiv accepted, in order
//	GET  /_sandbox/requests  how often each path was requested, and which faults hit
//	POST /_sandbox/mutate    changes data while it is being read
package sandbox

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"time"
)

// A Sandbox plays the three vendors. Its methods may be called while it serves.
type Sandbox struct {
	opt      Options
	plan     *plan
	requests requestLog
	tokens   *tokens
	accepted *ledger

	mu           sync.RWMutex // guards the catalog, the books and the windows
	catalog      *catalog
	generator    *generator
	expenses     *book[Expense]
	transactions *book[Transaction]
	windows      [2]window // of Productive.io's rate limits

	urls    []string // of Productive.io, Procurify, Productiv and elsewhere; invalid until Start
	servers []*http.Server
	serving sync.WaitGroup
}

// New creates the vendors. A million records take about a second.
func New(o Options) *Sandbox {
	o = o.withDefaults()
	for _, f := range o.Faults {
		if f.Kind == poison {
			o.Productiv.Poison = append(o.Productiv.Poison, f.Arg)
		}
	}
	s := &Sandbox{
		opt:      o,
		plan:     newPlan(o.Seed, o.Faults),
		tokens:   &tokens{now: o.Now, issued: map[string]token{}},
		accepted: &ledger{opt: o.Productiv, places: map[string]int{}, received: map[string]int{}},
		catalog:  newCatalog(o.Productive.OrganizationID),
		windows:  [2]window{{limit: 100, length: 10 * time.Second}, {limit: 4000, length: 30 * time.Minute}},
		urls: []string{
			"http://productive.invalid", "http://procurify.invalid", "http://productiv.invalid", "http://elsewhere.invalid",
		},
	}
	s.generator = newGenerator(o, s.catalog)
	s.expenses = newBook("expense", o.Expenses, s.generator.expense, s.indexExpense)
	s.transactions = newBook("transaction", o.Transactions, s.generator.transaction, s.indexTransaction)
	if o.SeedOnly {
		for _, e := range seedExpenses() {
			s.expenses.put(e.ID, e)
		}
	}
	return s
}

// Handlers of the APIs, for tests that serve them themselves. Each answers
// /_sandbox/ as well.

// ProductiveHandler serves Productive.io below /api/v2/.
func (s *Sandbox) ProductiveHandler() http.Handler { return s.mux(APIProductive, s.productive) }

// ProcurifyHandler serves Procurify and its token endpoint.
func (s *Sandbox) ProcurifyHandler() http.Handler {
	mux := s.mux(APIProcurify, s.procurify)
	mux.Handle("/oauth/token", s.serve(APIProcurifyToken, s.procurifyToken))
	return mux
}

// ProductivHandler serves Productiv and its token endpoint.
func (s *Sandbox) ProductivHandler() http.Handler {
	mux := s.mux(APIProductiv, s.productiv)
	mux.Handle("/oauth2/token", s.serve(APIProductivToken, s.productivToken))
	return mux
}

// handlers returns one handler for each URL. The last one plays the foreign
// host that redirects and links lead to; see [Sandbox.Strayed].
func (s *Sandbox) handlers() []http.Handler {
	elsewhere := s.mux(apiElsewhere, func(*http.Request) answer {
		return replyJSON(http.StatusOK, map[string]any{"data": []any{}})
	})
	return []http.Handler{s.ProductiveHandler(), s.ProcurifyHandler(), s.ProductivHandler(), elsewhere}
}

func (s *Sandbox) mux(api string, vendor func(*http.Request) answer) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("/", s.serve(api, vendor))
	mux.Handle("/_sandbox/", s.adminHandler())
	return mux
}

// maxRequest limits the body of a request, in bytes.
const maxRequest = 64 << 20

// serve turns a vendor's answers into responses. All faults, the latency and
// the counting happen here and nowhere else.
func (s *Sandbox) serve(api string, vendor func(*http.Request) answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := s.plan.next(api, false)
		if fault.Kind != dropUnread {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
			if err != nil {
				return // the client went away
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		if !pause(r, s.opt.Latency) {
			return
		}
		a := s.respond(api, fault, r, vendor)
		s.requests.add(api, r, a)
		a.writeTo(w, r)
	})
}

// link returns the URL of r with one parameter changed, at this host or
// elsewhere. Its brackets are percent-encoded, as the vendors' are.
func (s *Sandbox) link(r *http.Request, elsewhere bool, name, value string) string {
	query := r.URL.Query()
	query.Set(name, value)
	return choice(elsewhere, s.elsewhereURL(), "http://"+r.Host) + r.URL.Path + "?" + query.Encode()
}

// respond returns the vendor's answer, or that of a fault that replaces it.
func (s *Sandbox) respond(api string, fault Fault, r *http.Request, vendor func(*http.Request) answer) answer {
	instead, early := s.early(api, fault)
	if early && !fault.after() {
		return instead
	}
	a := vendor(r)
	if a.first > 0 {
		s.drift(api, s.plan.next(api, true).Kind, a.first)
	}
	if early {
		return instead
	}
	return fault.damage(a, r)
}
