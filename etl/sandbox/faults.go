package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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
// more than two requests running, so that runs end. With neither, every
// request is hit.
//
// KIND is one of:
//
//	429              asks to wait a second, in the vendor's own header
//	429-server-time  the same, because server time is used up
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
//	transport        a seeded choice of what a patient client survives
//	any              a seeded choice of everything above but final refusals
//
//	firewall         403 and a web page, from something before the API
//	firewall=TEXT    productiv only: the same to every request that holds TEXT
//	poison=TEXT      productiv only: records with this vendor or key are refused
//
// and, changing the data after the Nth page of a list was read (requests for
// one record a page do not count):
//
//	insert           a record appears beside the first one of that page
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
	APIElsewhere      = "elsewhere" // the host that foreign links lead to
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
	case !f.known():
		return fmt.Errorf("unknown kind %q; one of %s, each also with %s, or %s, transport, any, firewall=TEXT, poison=TEXT",
			f.Kind, strings.Join(earlyKinds, ", "), afterStore, strings.Join(append(lateKinds, driftKinds...), ", "))
	}
	return nil
}

func (f Fault) known() bool {
	return slices.Contains(earlyKinds, strings.TrimSuffix(f.Kind, afterStore)) ||
		slices.Contains(lateKinds, f.Kind) || choices[f.Kind] != nil
}

// byContent reports whether the fault hits what a request holds, whenever it
// comes.
func (f Fault) byContent() bool { return f.Kind == poison || f.Kind == firewall && f.Arg != "" }

func (f Fault) drifts() bool { return slices.Contains(driftKinds, f.Kind) }

// String is the text that ParseFaults reads.
func (f Fault) String() string {
	s := f.API + ":" + f.Kind
	if f.Arg != "" {
		s += "=" + f.Arg
	}
	switch {
	case f.Rate > 0:
		s += "~" + strconv.FormatFloat(f.Rate, 'f', -1, 64) + "%"
	case f.Times > 1:
		s += fmt.Sprintf("@%dx%d", f.At, f.Times)
	case f.At > 0:
		s += fmt.Sprintf("@%d", f.At)
	}
	return s
}

// after reports whether the fault comes once the request took effect.
func (f Fault) after() bool { return strings.HasSuffix(f.Kind, afterStore) }
