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
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"text/template"
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
		plan:     &plan{seed: o.Seed, faults: o.Faults, seen: map[string]int{}, running: map[string]int{}, fired: map[string]int{}},
		tokens:   &tokens{now: o.Now, issued: map[string]token{}},
		accepted: &ledger{opt: o.Productiv, places: map[string]int{}, received: map[string]int{}},
		catalog:  newCatalog(o.Productive.OrganizationID),
		windows:  [2]window{{limit: 100, length: 10 * time.Second}, {limit: 4000, length: 30 * time.Minute}},
		urls: []string{
			"http://productive.invalid", "http://procurify.invalid", "http://productiv.invalid", "http://elsewhere.invalid",
		},
	}
	s.generator = &generator{Options: o, catalog: s.catalog, days: max(1, int(o.To.Sub(o.From).Hours()/24))}
	if o.Months > 0 {
		s.generator.company = newCompany(s.generator)
	}
	s.expenses = newBook(o.Expenses, streamOf[Expense]{
		kind: "expense", generate: s.generator.expense, ofNow: s.expenseOfNow, index: s.indexExpense,
		id: func(e *Expense) *int { return &e.ID }, remove: s.bin,
	})
	s.transactions = newBook(o.Transactions, streamOf[Transaction]{
		kind: "transaction", generate: s.generator.transaction, ofNow: s.transactionOfNow, index: s.indexTransaction,
		id: func(t *Transaction) *int { return &t.ID }, remove: vanish,
	})
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
		a, instead := s.early(api, fault)
		if !instead || fault.after() {
			vendors := vendor(r)
			if vendors.first > 0 {
				s.drift(api, s.plan.next(api, true).Kind, vendors.first)
			}
			if !instead {
				a = fault.damage(vendors, r)
			}
		}
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

// Start serves the vendors on loopback, each on its own port: addr and the
// three ports after it, or any free ones for port 0. It returns once all of
// them listen. The end of ctx stops them like [Sandbox.Close].
func (s *Sandbox) Start(ctx context.Context, addr string) error {
	listeners, err := listen(ctx, addr, len(s.urls))
	if err != nil {
		return err
	}
	for i, l := range listeners {
		s.urls[i] = "http://" + l.Addr().String()
	}
	for i, h := range s.handlers() {
		server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
		s.servers = append(s.servers, server)
		s.serving.Go(func() { server.Serve(listeners[i]) })
	}
	context.AfterFunc(ctx, func() { s.Close() })
	return nil
}

// listen opens n listeners on loopback, or none.
func listen(ctx context.Context, addr string, n int) (listeners []net.Listener, err error) {
	host, first, err := loopback(addr)
	if err != nil {
		return nil, err
	}
	for i := range n {
		port := choice(first == 0, 0, first+i)
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			for _, l := range listeners {
				l.Close()
			}
			return nil, fmt.Errorf("sandbox: %w", err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func loopback(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("sandbox address %q: %w; write 127.0.0.1:0", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", 0, fmt.Errorf("sandbox address %q: not loopback; write 127.0.0.1:0", addr)
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 0 || port > 65_532 {
		return "", 0, fmt.Errorf("sandbox address %q: bad port; 0 takes any free one", addr)
	}
	return host, port, nil
}

// Close stops the servers. Answers in progress have a second to finish.
func (s *Sandbox) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, server := range s.servers {
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}
	s.serving.Wait()
	return nil
}

// ProductiveURL is the base_url of a Productive.io source.
func (s *Sandbox) ProductiveURL() string { return s.urls[0] + "/api/v2" }

// ProcurifyURL is the base_url of a Procurify source.
func (s *Sandbox) ProcurifyURL() string { return s.urls[1] }

// ProductivURL is Productiv's base_url.
func (s *Sandbox) ProductivURL() string { return s.urls[2] }

// ProductivTokenURL is Productiv's token_url.
func (s *Sandbox) ProductivTokenURL() string { return s.urls[2] + "/oauth2/token" }

// AdminURL is where /_sandbox/ is.
func (s *Sandbox) AdminURL() string { return s.urls[2] }

func (s *Sandbox) elsewhereURL() string { return s.urls[3] }

//go:embed config.yaml.tmpl
var configText string

var configTemplate = template.Must(template.New("config").Parse(configText))

// Configuration returns the text of a spendbridge.yaml for the sandbox. Its
// secrets are invented.
func (s *Sandbox) Configuration() ([]byte, error) {
	var out bytes.Buffer
	err := configTemplate.Execute(&out, map[string]string{
		"Productive": s.ProductiveURL(), "Procurify": s.ProcurifyURL(),
		"Productiv": s.ProductivURL(), "Token": s.ProductivTokenURL(), "Accepted": s.AdminURL() + "/_sandbox/records",
		"Lookback":          s.opt.lookback(),
		"ProductiveToken":   ProductiveToken,
		"ProcurifyClientID": ProcurifyClientID, "ProcurifyClientSecret": ProcurifyClientSecret,
		"ProductivClientID": ProductivClientID, "ProductivClientSecret": ProductivClientSecret,
	})
	if err != nil {
		return nil, fmt.Errorf("sandbox configuration: %w", err)
	}
	return out.Bytes(), nil
}

// Transport reaches the vendors without a network, by the URLs of a sandbox that
// was not started. It works inside testing/synctest, where a loopback
// connection would not.
func (s *Sandbox) Transport() http.RoundTripper {
	t := transport{}
	for i, h := range s.handlers() {
		t[strings.TrimPrefix(s.urls[i], "http://")] = h
	}
	return t
}

// A transport has the handlers by host.
type transport map[string]http.Handler

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	handler := t[r.URL.Host]
	if handler == nil {
		return nil, errors.New("no such host: " + r.URL.Host)
	}
	in := r.Clone(r.Context())
	in.Host = r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()

	out := httptest.NewRecorder()
	out.Code = 0 // until the handler says otherwise
	dropped := drops(handler, out, in)
	if err := context.Cause(r.Context()); err != nil {
		return nil, err
	}
	if dropped && out.Code == 0 {
		return nil, errors.New("connection reset by sandbox")
	}
	response := out.Result()
	response.Request, response.ContentLength = r, -1
	if dropped {
		response.Body = io.NopCloser(io.MultiReader(response.Body, broken{}))
	}
	return response, nil
}

// drops runs a handler and reports whether it dropped the connection.
func drops(h http.Handler, w http.ResponseWriter, r *http.Request) (dropped bool) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			dropped = true
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

// broken is the end of a body whose connection is dropped.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
