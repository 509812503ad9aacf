// Package sandbox plays the three vendors on loopback: Productive.io and
// Procurify, which spend is read from, and Productiv, which it is posted to.
// The demo and the tests run against it.
//
// It is written from schemas/README.md and the vendors' own examples, and shares
// no code with the clients, so that a misreading cannot hide on both sides. Where
// the vendors' documents are silent, [Options] choose the answer.
//
// Beside the vendors' paths every listener answers, as no vendor does:
//
//	GET  /_sandbox/records   what Productiv accepted, in order
//	GET  /_sandbox/requests  how often each path was asked, and which faults hit
//	POST /_sandbox/mutate    changes data while it is being read
package sandbox

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// A Sandbox is the three vendors. All its methods may be called while it
// serves.
type Sandbox struct {
	opt      Options
	plan     *plan
	requests *requestLog
	tokens   *tokens
	accepted *ledger

	mu           sync.RWMutex // guards catalog and the books
	catalog      *catalog
	generator    *generator
	expenses     *book[Expense]
	transactions *book[Transaction]
	lists        *lists

	limit   *rateLimit
	servers *servers
}

// New makes vendors. It takes about a second per million records.
func New(o Options) *Sandbox {
	o = o.withDefaults()
	for _, f := range o.Faults {
		switch {
		case f.Kind == poison:
			o.Productiv.Poison = append(o.Productiv.Poison, f.Arg)
		case f.byContent():
			o.Productiv.Firewall = append(o.Productiv.Firewall, f.Arg)
		}
	}
	s := &Sandbox{
		opt:      o,
		plan:     newPlan(o.Seed, o.Faults),
		requests: newRequestLog(),
		tokens:   newTokens(o.Now),
		accepted: newLedger(o.Productiv),
		catalog:  newCatalog(o.Productive.OrganizationID),
		lists:    newLists(),
		limit:    &rateLimit{now: o.Now},
	}
	s.generator = newGenerator(o, s.catalog)
	s.expenses = newBook(o.Expenses, s.generator.expense, s.indexExpense)
	s.transactions = newBook(o.Transactions, s.generator.transaction, s.indexTransaction)
	if o.SeedOnly {
		for _, e := range seedExpenses() {
			s.expenses.put(e.ID, e)
		}
	}
	return s
}

func (s *Sandbox) indexExpense(e Expense) entry {
	i := e.entry()
	i.gone = !e.DeletedAt.IsZero() && !e.Listed && !s.opt.Productive.ListDeleted
	return i
}

func (s *Sandbox) indexTransaction(t Transaction) entry { return t.entry(s.opt.Procurify.FilterBy) }

// Handlers of the APIs, for tests that serve them themselves. Each answers
// /_sandbox/ as well.

// ProductiveHandler serves Productive.io below /api/v2/.
func (s *Sandbox) ProductiveHandler() http.Handler {
	return s.mux("/", s.serve(APIProductive, s.productive))
}

// ProcurifyHandler serves Procurify and its token endpoint.
func (s *Sandbox) ProcurifyHandler() http.Handler {
	mux := s.mux("/", s.serve(APIProcurify, s.procurify))
	mux.Handle("/oauth/token", s.serve(APIProcurifyToken, s.procurifyToken))
	return mux
}

// ProductivHandler serves Productiv and its token endpoint.
func (s *Sandbox) ProductivHandler() http.Handler {
	mux := s.mux("/", s.serve(APIProductiv, s.productiv))
	mux.Handle("/oauth2/token", s.serve(APIProductivToken, s.productivToken))
	return mux
}

// ElsewhereHandler is the other host that redirects and foreign links lead to.
// A client that sends anything there has strayed; see [Sandbox.Strayed].
func (s *Sandbox) ElsewhereHandler() http.Handler {
	return s.mux("/", s.serve(APIElsewhere, func(*http.Request) answer {
		return replyJSON(http.StatusOK, map[string]any{"data": []any{}})
	}))
}

func (s *Sandbox) mux(path string, h http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle(path, h)
	mux.Handle("/_sandbox/", s.adminHandler())
	return mux
}

// maxRequest bounds what is read of a request, in bytes.
const maxRequest = 64 << 20

// serve turns a vendor's answers into responses. All faults, the latency and
// the counting happen here and nowhere else.
func (s *Sandbox) serve(api string, vendor func(*http.Request) answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := s.plan.request(api)
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

// respond asks the vendor, or the fault that stands before it.
func (s *Sandbox) respond(api string, fault Fault, r *http.Request, vendor func(*http.Request) answer) answer {
	instead, early := s.early(api, fault)
	if early && !fault.after() {
		return instead
	}
	a := vendor(r)
	if len(a.page) > 0 {
		s.drift(api, s.plan.page(api).Kind, a.page)
	}
	if early {
		return instead
	}
	return fault.damage(a, r)
}
