package extract

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/httpretry"
)

// procurify describes Procurify.
var procurify = Vendor{
	Kind: config.Kind{
		Name:     "procurify",
		Settings: []string{"domain", "client_id", "client_secret", "amount_unit", "cardholder_emails"},
		Default:  config.Source{MaxRequestsPerSecond: 4},
	},
	Budget: ProcurifyBudget,
	Client: func(s config.Source, client *httpretry.Client, schemas fs.FS) (Source, error) {
		return NewProcurify(s, client, schemas)
	},
}

// Procurify reads card transactions from Procurify, by page numbers: there is
// nothing else (schemas/README.md, Procurify: paging).
type Procurify struct {
	source config.Source
	client *httpretry.Client
	shapes *shapes
	token  *httpretry.TokenCache
}

const (
	transactionsPath    = "/api/public/v1/pay/transactions/"
	transactionPageSize = 100

	// It is unknown which of a transaction's datetimes the filter compares
	// (schemas/README.md, Procurify: paging), so a window is asked for with
	// this margin on both sides.
	transactionMargin = 48 * time.Hour
)

// NewProcurify returns the client of one domain.
func NewProcurify(s config.Source, client *httpretry.Client, schemas fs.FS) (*Procurify, error) {
	shapes, err := compileShapes(schemas, "procurify", "/vendor", "/cardholder")
	if err != nil {
		return nil, err
	}
	s.BaseURL = strings.TrimRight(s.BaseURL, "/")
	return &Procurify{source: s, client: client, shapes: shapes, token: httpretry.NewTokenCache(client, httpretry.Credentials{
		URL: s.BaseURL + "/oauth/token", ClientID: s.ClientID.Reveal(), ClientSecret: s.ClientSecret.Reveal(),
		Style: httpretry.JSONBody, Audience: "https://api.procurify.com/",
	})}, nil
}

// ProcurifyBudget limits requests to perSecond. The vendor publishes no limit
// (schemas/README.md, Procurify: access).
func ProcurifyBudget(perSecond float64) []*rate.Limiter {
	return []*rate.Limiter{rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond)))}
}

// About implements [Source].
func (p *Procurify) About() About {
	return About{
		Name: p.source.Name, Stream: "transactions", PageSize: transactionPageSize, Lookback: p.source.Lookback.Days(),
		Parallel: 1, CountsPages: true, // one request at a time, schemas/README.md, Procurify: access
		shapes: p.shapes,
	}
}

// Pages implements [Source].
func (p *Procurify) Pages(ctx context.Context, q Query, after etl.Cursor) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		for {
			page, err := p.page(ctx, q, after)
			if !yield(page, err) || err != nil || page.Next == "" {
				return
			}
			after = page.Next
		}
	}
}

// page reads one page. A position is the query that the vendor's link to the
// next page holds: nothing else of that link is used, so that it cannot lead
// the token to another host.
func (p *Procurify) page(ctx context.Context, q Query, after etl.Cursor) (Page, error) {
	query := string(after)
	if after == "" {
		query = p.filter(q, transactionPageSize).Encode()
	}
	page, pages, err := p.get(ctx, query, p.shapes)
	if after != "" && statusOf(err) == http.StatusNotFound {
		return Page{}, fmt.Errorf("%w: %w", errShifted, err) // "Invalid page.": there are fewer pages now
	}
	if err != nil {
		return page, err
	}
	if page.single {
		return page, drift(errors.New("data is not a list"))
	}
	page.Numbered, page.Unsteady, page.Expected = true, true, *pages.Count
	if pages.Next == "" {
		return page, nil
	}
	next, err := url.Parse(pages.Next)
	if err != nil || next.RawQuery == "" {
		return page, drift(errors.New("pagination.next is not a URL with a query"))
	}
	page.Next = etl.Cursor(next.RawQuery)
	return page, nil
}

// Count implements [Source].
func (p *Procurify) Count(ctx context.Context, q Query) (int, error) {
	_, pages, err := p.get(ctx, p.filter(q, 1).Encode(), nil)
	if err != nil {
		return 0, err
	}
	return *pages.Count, nil
}

func (p *Procurify) filter(q Query, size int) url.Values {
	params := url.Values{"page": {"1"}, "page_size": {strconv.Itoa(size)}}
	if !q.From.IsZero() {
		params.Set("start_date", q.From.Add(-transactionMargin).Format(time.RFC3339))
	}
	if !q.To.IsZero() {
		params.Set("end_date", q.To.Add(transactionMargin).Format(time.RFC3339))
	}
	return params
}

// A pagination says how many records there are and where the list goes on.
type pagination struct {
	Count *int   `json:"count"`
	Next  string `json:"next"`
}

// paginationOf reads both envelopes the vendor is known to use
// (schemas/README.md, Procurify: paging): pagination below metadata, or beside
// data.
func paginationOf(e envelope) (pagination, error) {
	var metadata struct {
		Pagination pagination `json:"pagination"`
	}
	if err := e.member("metadata", &metadata); err != nil {
		return pagination{}, err
	}
	pages := metadata.Pagination
	if pages.Count == nil {
		if err := e.member("pagination", &pages); err != nil {
			return pages, err
		}
	}
	if pages.Count == nil {
		return pages, drift(errors.New("no pagination with a count"))
	}
	return pages, nil
}

// get requests one page. A token that the server rejects is replaced once.
func (p *Procurify) get(ctx context.Context, query string, shapes *shapes) (Page, pagination, error) {
	target := transactionsPath + "?" + query
	resp, err := p.send(ctx, target)
	if resp != nil && resp.Status == http.StatusUnauthorized {
		resp, err = p.send(ctx, target)
	}
	if err != nil {
		return wholePage(target, resp), pagination{}, explain(err, p.source.Name, "client_id and client_secret", "domain")
	}
	page, e, err := newPage(target, resp, "transactions", shapes)
	if err != nil {
		return page, pagination{}, err
	}
	pages, err := paginationOf(e)
	return page, pages, err
}

// send sends one request, and drops a token that was rejected.
func (p *Procurify) send(ctx context.Context, target string) (*httpretry.Response, error) {
	token, err := p.token.Get(ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.source.BaseURL+target, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("X-Procurify-Client", "api") // required: schemas/README.md, Procurify: access
	req.Header.Set("Accept", "application/json")
	resp, err := p.client.Do(req)
	if resp != nil && resp.Status == http.StatusUnauthorized {
		err = errors.Join(err, p.token.Refuse(ctx, token))
	}
	return resp, err
}

// Examine implements [Examiner]. It asks for a token and for one transaction.
func (p *Procurify) Examine(ctx context.Context) (e Examination) {
	name := p.source.Name
	e.Mends = map[int]string{
		http.StatusUnauthorized: "correct sources." + name + ".client_id and client_secret; the user who made them must be active",
		http.StatusForbidden:    "give the user who made the credentials a role that may see card transactions",
		http.StatusNotFound:     "correct base_url; it is https://DOMAIN.procurify.com",
	}
	resp, err := p.send(ctx, transactionsPath+"?page=1&page_size=1")
	if e.Err = err; resp != nil {
		e.Header = resp.Header
	}
	if err != nil {
		return e
	}
	e.Findings.OK(name, "lets this client in and shows transactions")
	if p.source.AmountUnit == "" {
		e.Findings.Warn(name+" amounts", "set sources."+name+".amount_unit to major or minor if records are quarantined for it",
			"amount_unit is not set: amounts without a decimal point are quarantined")
	}
	return e
}
