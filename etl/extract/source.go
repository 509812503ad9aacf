// Package extract copies what the vendors know into raw.pages and
// raw.records, and proves that nothing is missing.
//
// A source turns a window of days into pages. The extractor keeps every page
// that brings news as a file, then a line about every page in the job's
// journal, and only then does the next request count. It counts and compares
// until a window is proven, lets DuckDB split the pages with news into versions
// of records, many at a time, and marks what a proven read no longer found.
package extract

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/time/rate"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/httpretry"
)

// A Source reads one vendor's API.
type Source interface {
	// About describes the source and the limits of its API.
	About() About

	// Pages yields the pages of a query that follow after. Iteration stops
	// at the first error. An [etl.ErrDrift] comes with the page that breaks
	// the contract, any other error with a zero Page.
	Pages(ctx context.Context, q Query, after etl.Cursor) iter.Seq2[Page, error]

	// Count asks the vendor how many records the query has.
	Count(ctx context.Context, q Query) (int, error)
}

// A finder can also be asked for one record by its id. An unknown id is a
// [*httpretry.StatusError] with code 404 or 410, which comes with the page.
type finder interface {
	Find(ctx context.Context, id string) (Page, error)
}

// About describes a source.
type About struct {
	Name     string // its key in the configuration
	Stream   string // of the records it is read for: expenses, transactions
	PageSize int
	Lookback int // days that every run reads again
	Parallel int // windows read side by side

	// CreatedFilter says that records can be asked for by the day they were
	// typed in, so that back-dated ones are found.
	CreatedFilter bool

	// CountsPages says that every page tells how many records the query has.
	// It may become true while a source is used, when it falls back to page
	// numbers.
	CountsPages bool

	shapes *shapes // what its objects must look like
}

// A Query is what one read asks for. A zero From has no lower bound.
type Query struct {
	etl.Window
	CreatedFrom time.Time // only what was typed in on this day or later; zero means whenever
}

// A Page is one vendor response, kept byte for byte.
type Page struct {
	URL    string // path and query
	Status int
	Body   []byte
	Next   etl.Cursor // where to go on once this page is stored; empty: it was the last

	// Numbered says that the page was asked for by number, so that Next is
	// worth nothing in a later run.
	Numbered bool

	// Unsteady says that what is inserted or deleted meanwhile may hide
	// without changing the count, so that one pass proves nothing.
	Unsteady bool

	Expected int // records of the query as the vendor counts them, or unknown
	objects  []object
	included []object
	blank    map[string]int // how many objects lack each link, where the objects themselves do not say
	single   bool
	echoes   []string // the names of secrets that were in the body
}

// unknown is an expectation the vendor did not state.
const unknown = -1

// errShifted reports a list that changed while it was read so that the read
// cannot go on: its next page is gone, or its cursor is no longer known.
var errShifted = errors.New("the list changed while it was read")

// errOddID reports an id that cannot be part of a URL.
var errOddID = errors.New("the id cannot be put into a URL")

// errEndless reports a list that goes on far beyond what the vendor
// announced: its links lead in a circle, or to ever new pages.
var errEndless = errors.New("the list has no end")

// newPage parses a response. One that breaks the contract is an [etl.ErrDrift],
// returned with the page.
func newPage(url string, r *httpretry.Response, stream string, shapes *shapes) (Page, envelope, error) {
	page := wholePage(url, r)
	if err := page.echo(); err != nil {
		return page, envelope{}, err
	}
	e, err := readEnvelope(r.Body, stream, shapes)
	switch {
	case err != nil:
	case e.has("errors"):
		err = fmt.Errorf("an error document with status %d: %s", r.Status, e.complaint())
	case !e.hasData:
		err = fmt.Errorf("no data in it: %s", e.complaint())
	case e.has("included"):
		err = errors.New("included is not a list")
	}
	if err != nil {
		return page, e, drift(err)
	}
	page.objects, page.included, page.single = e.data, e.included, e.single
	return page, e, nil
}

// wholePage is a response that was not parsed, if there was any.
func wholePage(url string, r *httpretry.Response) Page {
	if r == nil {
		return Page{}
	}
	return Page{URL: url, Status: r.Status, Body: r.Body, Expected: unknown, echoes: r.Echoes}
}

// echo reports a page that repeats a secret: it is stored without the secret and
// yields no records.
func (p Page) echo() error {
	if len(p.echoes) == 0 {
		return nil
	}
	return drift(fmt.Errorf("it repeats %s, which is left out of what is kept", strings.Join(p.echoes, " and ")))
}

func drift(err error) error { return fmt.Errorf("%w: %w", etl.ErrDrift, err) }

// member decodes a member of the top level into dest, and drift if it is not
// of that kind. A missing one leaves dest as it is.
func (e envelope) member(name string, dest any) error {
	if !e.has(name) {
		return nil
	}
	if err := json.Unmarshal(e.rest[name], dest); err != nil { // a name that is there twice is an error
		return drift(fmt.Errorf("member %s: %w", name, err))
	}
	return nil
}

func (e envelope) has(name string) bool {
	value := e.rest[name]
	return value != nil && value.Kind() != 'n'
}

// explain adds to a refused request which settings of the source to check.
func explain(err error, source, credentials, tenant string) error {
	var status *httpretry.StatusError
	if !errors.As(err, &status) {
		return err
	}
	switch {
	case httpretry.InBetween(err):
		return fmt.Errorf("%w; a proxy or firewall answered in place of source %s: have this machine let through", err, source)
	case status.Code == http.StatusUnauthorized:
		return fmt.Errorf("%w; check %s of source %s", err, credentials, source)
	case status.Code == http.StatusForbidden:
		return fmt.Errorf("%w; check what the credentials of source %s may see, and its %s", err, source, tenant)
	}
	return err
}

// Vendors are the kinds of sources.
var Vendors = []Vendor{productive, procurify}

// A Vendor is a kind of sources, and how to read them.
type Vendor struct {
	config.Kind

	// Budget limits the requests of a source that may send so many a second.
	Budget func(perSecond float64) []*rate.Limiter

	// Client makes the client of a source.
	Client func(config.Source, *httpretry.Client, fs.FS) (Source, error)
}

// Kinds returns what the configuration knows of vendors.
func Kinds(vendors []Vendor) []config.Kind {
	kinds := make([]config.Kind, len(vendors))
	for i, v := range vendors {
		kinds[i] = v.Kind
	}
	return kinds
}

// Open makes the client of a source, whose vendor is one of those given.
// schemas holds the JSON Schemas of what the vendors send.
func Open(vendors []Vendor, s config.Source, o httpretry.Options, schemas fs.FS) (Source, error) {
	for _, v := range vendors {
		if v.Name == s.Kind {
			o.Budget = v.Budget(s.MaxRequestsPerSecond)
			return v.Client(s, httpretry.New(o), schemas)
		}
	}
	return nil, fmt.Errorf("source %s is of no known kind: %s", s.Name, s.Kind)
}

// An Examiner is a client that can find out whether its source can be read.
type Examiner interface {
	Examine(context.Context) Examination
}

// An Examination is what a client found out.
type Examination struct {
	Header   http.Header    // of the vendor's last answer
	Err      error          // why the source cannot be read
	Mends    map[int]string // fixes of that, by HTTP status
	Findings etl.Findings
}
