package sandbox

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Fault is one thing that goes wrong. Its text, which [ParseFaults] reads, is
//
//	API:KIND[=ARGUMENT][@N[xTIMES] | ~RATE%]
//
// such as productive:429@3, productiv:5xx-after-store@2x3, all:transport~5%
// or productiv:poison=Initech.
//
// API is productive, procurify, productiv, one of the token endpoints
// procurify-token and productiv-token, or all.
//
// @N is the Nth request to that API, counted from 1; xTIMES that many requests
// in a row. ~RATE% is a share of requests, chosen by the seed; it never hits
// more than two requests in a row, so that runs end. With neither, every
// request is hit.
//
// KIND is one of:
//
//	429              asks to wait a second, in the vendor's own header
//	429-server-time  the same, because the server time is used up
//	429-date         the same, as a date
//	429-bare         does not say how long
//	429-long         asks to wait an hour
//	5xx              503; 500, 502, 503 and 504 are kinds of their own as well
//	400 401 403 404 413 422
//	                 refused, with the vendor's error body; unless it comes by
//	                 rate, 401 also ends all access tokens of that API
//	drop             the connection closes before the answer
//	drop-unread      the same, before the request was read to its end
//	redirect         307 to another host
//	html             200 and a web page
//	error-document   200 and the vendor's error body
//	no-success       200 and an empty object
//	NAME-after-store any of the above, once the request took effect
//
//	201              takes effect, with status 201
//	drop-mid-body    takes effect, the connection closes within the answer
//	slow             takes effect, the body takes ARGUMENT, or a second
//	truncated        takes effect, the JSON is cut in half
//	gzip             takes effect, the body is compressed
//
//	transport        a seeded choice of what a client that retries survives
//	any              a seeded choice of everything above but final refusals
//
//	firewall         403 and a web page, from a firewall in front of the API
//	firewall=TEXT    productiv only: the same for every request that contains TEXT
//	poison=TEXT      productiv only: records with this vendor or key are refused
//
// and, to change the data after the Nth page of a list was read (requests for
// one record a page do not count):
//
//	insert           a record appears next to the first one of that page
//	delete           the first record of that page disappears
//	swap             both: the count stays the same
type Fault struct {
	API   string
	Kind  string
	Arg   string
	At    int // first request hit; 0 with Rate 0 is every request
	Times int // requests hit in a row, from At
	Rate  float64
}

// The names of the APIs, as faults and request counts know them.
const (
	APIProductive     = "productive"
	APIProcurify      = "procurify"
	APIProcurifyToken = "procurify-token"
	APIProductiv      = "productiv"
	APIProductivToken = "productiv-token"
	apiElsewhere      = "elsewhere" // the host that foreign links lead to
	everyAPI          = "all"
)

const (
	afterStore = "-after-store"
	dropUnread = "drop-unread"
	firewall   = "firewall"
	poison     = "poison"
)

var (
	faultAPIs = []string{APIProductive, APIProcurify, APIProcurifyToken, APIProductiv, APIProductivToken, everyAPI}

	// early kinds answer instead of the vendor, or after it with -after-store.
	earlyKinds = []string{
		"429", "429-server-time", "429-date", "429-bare", "429-long", "5xx", "500", "502", "503", "504",
		"400", "401", "403", "404", "413", "422", "drop", dropUnread, "redirect", "html", "error-document", "no-success", firewall,
	}
	lateKinds  = []string{"201", "drop-mid-body", "slow", "truncated", "gzip"}
	driftKinds = []string{"insert", "delete", "swap"}
	choices    = map[string][]string{
		"transport": {"429", "429-date", "429-bare", "5xx", "5xx" + afterStore, "drop", dropUnread, "drop" + afterStore, "drop-mid-body", "slow", "gzip"},
		"any": {
			"429", "429-server-time", "429-date", "429-bare", "5xx", "5xx" + afterStore, "drop", dropUnread, "drop" + afterStore,
			"drop-mid-body", "slow", "gzip", "truncated", "html", "html" + afterStore, "error-document", "no-success" + afterStore,
			"no-success", "redirect", "201", "401",
		},
	}
)

// ParseFaults reads faults that are separated by commas. Its errors name the
// word that is wrong.
func ParseFaults(text string) ([]Fault, error) {
	var faults []Fault
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		f, err := parseFault(word)
		if err != nil {
			return nil, fmt.Errorf("fault %q: %w", word, err)
		}
		faults = append(faults, f)
	}
	return faults, nil
}

func parseFault(word string) (Fault, error) {
	api, rest, found := strings.Cut(word, ":")
	if !found {
		return Fault{}, fmt.Errorf("no colon; write api:kind, such as productive:429@3")
	}
	if !slices.Contains(faultAPIs, api) {
		return Fault{}, fmt.Errorf("unknown API %q; one of %s", api, strings.Join(faultAPIs, ", "))
	}
	f := Fault{API: api}
	rest, err := f.cutPosition(rest)
	if err != nil {
		return Fault{}, err
	}
	f.Kind, f.Arg, _ = strings.Cut(rest, "=")
	return f, f.check()
}

// cutPosition takes @NxTIMES or ~RATE% off the end of a fault's text.
func (f *Fault) cutPosition(text string) (string, error) {
	if kind, rate, ok := strings.Cut(text, "~"); ok {
		percent, err := strconv.ParseFloat(strings.TrimSuffix(rate, "%"), 64)
		if err != nil || !strings.HasSuffix(rate, "%") || !(percent > 0 && percent <= 100) {
			return "", fmt.Errorf("rate %q is not a percentage such as 5%%", rate)
		}
		f.Rate = percent
		return kind, nil
	}
	kind, position, ok := strings.Cut(text, "@")
	if !ok {
		return text, nil
	}
	at, times, repeated := strings.Cut(position, "x")
	if !repeated {
		times = "1"
	}
	var errAt, errTimes error
	f.At, errAt = strconv.Atoi(at)
	f.Times, errTimes = strconv.Atoi(times)
	if errAt != nil || errTimes != nil || f.At < 1 || f.Times < 1 {
		return "", fmt.Errorf("position %q is not a request such as 3, or 3x2 for two in a row", position)
	}
	return kind, nil
}

func (f Fault) check() error {
	switch {
	case f.byContent():
		if f.API != APIProductiv || f.Arg == "" || f.At+f.Times > 0 || f.Rate > 0 {
			return fmt.Errorf("%s needs productiv and a text, and no position: productiv:%[1]s=Initech", f.Kind)
		}
	case f.Kind == "slow":
		if _, err := f.slowness(); err != nil {
			return err
		}
	case f.Arg != "":
		return fmt.Errorf("kind %q takes no argument", f.Kind)
	case f.drifts():
		if f.API != APIProductive && f.API != APIProcurify {
			return fmt.Errorf("%s happens at productive or procurify only", f.Kind)
		}
	case !slices.Contains(earlyKinds, strings.TrimSuffix(f.Kind, afterStore)) && !slices.Contains(lateKinds, f.Kind) && choices[f.Kind] == nil:
		return fmt.Errorf("unknown kind %q; one of %s, each also with %s, or %s, transport, any, firewall=TEXT, poison=TEXT",
			f.Kind, strings.Join(earlyKinds, ", "), afterStore, strings.Join(append(lateKinds, driftKinds...), ", "))
	}
	return nil
}

// byContent reports whether the fault hits requests by what they contain.
func (f Fault) byContent() bool { return f.Kind == poison || f.Kind == firewall && f.Arg != "" }

func (f Fault) drifts() bool { return slices.Contains(driftKinds, f.Kind) }

// after reports whether the fault hits once the request took effect.
func (f Fault) after() bool { return strings.HasSuffix(f.Kind, afterStore) }

// A plan decides which fault hits which request.
type plan struct {
	seed   uint64
	faults []Fault

	mu      sync.Mutex
	seen    map[string]int // requests to an API and, under its name and -pages, pages of its lists
	running map[string]int // faults by rate that hit in a row
	fired   map[string]int
}

// next counts one more request to an API and returns the fault that hits it, or
// none. For drift it counts pages, and returns the change of data after one.
func (p *plan) next(api string, drift bool) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	sequence := api + choice(drift, "-pages", "")
	p.seen[sequence]++
	for i, f := range p.faults {
		if f.API != api && f.API != everyAPI || f.drifts() != drift || f.byContent() {
			continue
		}
		if f.Kind = p.decide(f, api, p.seen[sequence], i); f.Kind != "" {
			p.fired[api+":"+f.Kind]++
			return f
		}
	}
	if !drift {
		p.running[api] = 0
	}
	return Fault{}
}

// decide returns the kind of fault that the ith fault of the plan is for the
// nth request, or nothing. A rate's outcome depends on the seed, the API and n,
// and on what hit the two requests before.
func (p *plan) decide(f Fault, api string, n, i int) string {
	h := fnv.New64a()
	h.Write([]byte(api))
	r := rand.New(rand.NewPCG(p.seed^h.Sum64(), uint64(n)<<8|uint64(i)))
	switch {
	case f.At > 0 && (n < f.At || n >= f.At+f.Times):
		return ""
	case f.Rate > 0 && (r.Float64()*100 >= f.Rate || p.running[api] == 2):
		return ""
	}
	kind := f.Kind
	if kinds := choices[kind]; kinds != nil {
		kind = kinds[r.IntN(len(kinds))]
	}
	if f.Rate > 0 {
		if kind == "401" && (p.running[api] > 0 || api != APIProcurify && api != APIProductiv) {
			return "" // final, where there is no other token to try
		}
		p.running[api]++
	}
	return kind
}

// Faults returns how often each fault hit, by API and kind, such as
// "productiv:5xx-after-store".
func (s *Sandbox) Faults() map[string]int {
	s.plan.mu.Lock()
	defer s.plan.mu.Unlock()
	return maps.Clone(s.plan.fired)
}
