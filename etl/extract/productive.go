package extract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/time/rate"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/httpretry"
)

// productive describes Productive.io.
var productive = Vendor{
	Kind: config.Kind{
		Name:     "productive",
		Settings: []string{"token", "organization_id", "amount_basis", "approved_only", "minor_units", "hidden_vendor"},
		Default: config.Source{
			BaseURL: "https://api.productive.io/api/v2", MaxRequestsPerSecond: 8,
			AmountBasis: "gross", ApprovedOnly: true, HiddenVendor: "quarantine",
		},
	},
	Budget: ProductiveBudget,
	Client: func(s config.Source, client *httpretry.Client, schemas fs.FS) (Source, error) {
		return NewProductive(s, client, schemas)
	},
}

// Productive reads expenses from Productive.io. It reads by cursor, and by
// page numbers once a server turns out not to know cursors (schemas/README.md,
// Productive.io: paging).
type Productive struct {
	source config.Source
	client *httpretry.Client
	shapes *shapes
	mode   atomic.Int32 // of paging: the best that the server is known to allow
}

const (
	expensePageSize = 200 // the vendor's largest: schemas/README.md, Productive.io: paging

	// Without them not even their ids come: schemas/README.md, Productive.io:
	// relationships.
	expenseInclude = "person,vendor,service_type,purchase_order,creator"
)

// NewProductive returns the client of one organization.
func NewProductive(s config.Source, client *httpretry.Client, schemas fs.FS) (*Productive, error) {
	shapes, err := compileShapes(schemas, "productive",
		"/relationships/vendor/data", "/relationships/person/data")
	if err != nil {
		return nil, err
	}
	s.BaseURL = strings.TrimRight(s.BaseURL, "/")
	return &Productive{source: s, client: client, shapes: shapes}, nil
}

// ProductiveBudget limits requests to perSecond, and to 4000 in 30 minutes
// (schemas/README.md, Productive.io: limits). An account that may send more than
// the documented ten a second has other limits, so the long-term one grows in
// proportion.
func ProductiveBudget(perSecond float64) []*rate.Limiter {
	long := 4000 * max(1, perSecond/10)
	return []*rate.Limiter{
		rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond))),
		rate.NewLimiter(rate.Limit(long/2/(30*60)), int(long/2)),
	}
}

// About implements [Source].
func (p *Productive) About() About {
	return About{
		Name: p.source.Name, Stream: "expenses", PageSize: expensePageSize, Lookback: p.source.Lookback.Days(),
		Parallel: 4, CreatedFilter: true, CountsPages: p.mode.Load() >= numbersByID,
		shapes: p.shapes,
	}
}

// Pages implements [Source].
func (p *Productive) Pages(ctx context.Context, q Query, after etl.Cursor) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		for {
			mode := p.mode.Load()
			page, err := p.page(ctx, q, mode, after)
			if after == "" && p.fallBack(mode, page, err) {
				continue
			}
			if !yield(page, err) || err != nil || page.Next == "" {
				return
			}
			after = page.Next
		}
	}
}

// The ways to page, from the best to the one that every server knows. Ids
// only grow, so nothing can appear before a cursor that follows them; in any
// other order something may.
const (
	cursorByID int32 = iota
	cursorInAnyOrder
	numbersByID
	numbersByDate
)

// fallBack reports that the first page has to be asked for in the next mode:
// the server refused this one, or ignored the cursor. All later reads begin
// in that mode.
func (p *Productive) fallBack(mode int32, page Page, err error) bool {
	next := mode + 1
	switch {
	case err == nil && page.Numbered && mode < numbersByID:
		next = numbersByID // the cursor was ignored
	case err == nil || mode == numbersByDate || !refusesPaging(page, err):
		return false
	}
	p.mode.CompareAndSwap(mode, next)
	return true
}

// refusesPaging recognises the vendor's own complaint about a cursor or a
// sort order (schemas/README.md, Productive.io: paging), whose code newer
// servers leave out.
func refusesPaging(page Page, err error) bool {
	if statusOf(err) != http.StatusBadRequest {
		return false
	}
	e, err := readEnvelope(page.Body, "", nil)
	return err == nil && e.has("errors") && !strings.Contains(strings.ToLower(e.complaint()), "filter")
}

// A position in Productive.io's list is a page number or a cursor.
const (
	numberMark = "number="
	afterMark  = "after="
)

func (p *Productive) page(ctx context.Context, q Query, mode int32, after etl.Cursor) (Page, error) {
	params := filter(q)
	params.Set("include", expenseInclude)
	params.Set("page[size]", strconv.Itoa(expensePageSize))
	if mode < numbersByID {
		params.Set("page[after]", strings.TrimPrefix(string(after), afterMark))
	} else {
		params.Set("page[number]", cmp.Or(strings.TrimPrefix(string(after), numberMark), "1"))
	}
	if sort := sorts[mode]; sort != "" {
		params.Set("sort", sort)
	}
	page, e, err := p.get(ctx, "/expenses", params, p.shapes)
	if after != "" && statusOf(err) == http.StatusBadRequest {
		return page, fmt.Errorf("%w: %w", errShifted, err) // the server no longer knows the cursor
	}
	if err != nil {
		return page, err
	}
	if page.single {
		return page, drift(errors.New("data is not a list"))
	}
	page.Unsteady = mode != cursorByID
	page.Next, err = turn(e, &page)
	return page, err
}

var sorts = [...]string{cursorByID: "id", numbersByID: "id", numbersByDate: "date"}

// expenseMeta is what a page tells of its list.
type expenseMeta struct {
	CurrentPage *int `json:"current_page"`
	TotalPages  *int `json:"total_pages"`
	TotalCount  *int `json:"total_count"`
}

// turn finds where the list goes on. Of a link only the position counts, so
// that no link can lead the token to another host.
func turn(e envelope, page *Page) (etl.Cursor, error) {
	var meta expenseMeta
	if err := e.member("meta", &meta); err != nil {
		return "", err
	}
	if meta.TotalCount != nil {
		page.Expected = *meta.TotalCount
	}
	page.Numbered = meta.TotalPages != nil
	switch {
	case !page.Numbered:
		return nextCursor(e)
	case meta.CurrentPage == nil:
		return "", drift(errors.New("meta has total_pages and no current_page"))
	case meta.TotalCount == nil:
		return "", drift(errors.New("meta has total_pages and no total_count"))
	case *meta.CurrentPage >= *meta.TotalPages:
		return "", nil
	}
	return etl.Cursor(numberMark + strconv.Itoa(*meta.CurrentPage+1)), nil
}

func nextCursor(e envelope) (etl.Cursor, error) {
	var links struct {
		Next string `json:"next"`
	}
	if err := e.member("links", &links); err != nil || links.Next == "" {
		return "", err
	}
	next, err := url.Parse(links.Next)
	if err != nil {
		return "", drift(errors.New("links.next is not a URL"))
	}
	after := next.Query().Get("page[after]")
	if after == "" || !utf8.ValidString(after) {
		return "", drift(errors.New("links.next has no page[after]"))
	}
	return etl.Cursor(afterMark + after), nil
}

// Count implements [Source].
func (p *Productive) Count(ctx context.Context, q Query) (int, error) {
	params := filter(q)
	params.Set("page[number]", "1")
	params.Set("page[size]", "1")
	_, e, err := p.get(ctx, "/expenses", params, nil)
	if err != nil {
		return 0, err
	}
	var meta expenseMeta
	if err := e.member("meta", &meta); err != nil {
		return 0, err
	}
	if meta.TotalCount == nil {
		return 0, drift(errors.New("meta has no total_count"))
	}
	return *meta.TotalCount, nil
}

// Find implements finder.
func (p *Productive) Find(ctx context.Context, id string) (Page, error) {
	if !isPlainID(id) {
		return Page{}, fmt.Errorf("%w: %q", errOddID, id)
	}
	page, _, err := p.get(ctx, "/expenses/"+id, url.Values{"include": {expenseInclude}}, p.shapes)
	switch {
	case err != nil:
	case !page.single:
		err = drift(errors.New("data is not one expense"))
	case page.objects[0].nameless():
		page.objects[0].id = id // it was asked for by its id
	}
	return page, err
}

// filter writes a query in operators whose meaning is explicit
// (schemas/README.md, Productive.io: filters and changes).
func filter(q Query) url.Values {
	params := url.Values{}
	set := func(name string, day time.Time) {
		if !day.IsZero() {
			params.Set(name, day.Format(time.DateOnly))
		}
	}
	set("filter[date][gt_eq]", q.From)
	set("filter[date][lt]", q.To)
	set("filter[created_at][gt_eq]", q.CreatedFrom)
	return params
}

// get asks for one page.
func (p *Productive) get(ctx context.Context, path string, params url.Values, shapes *shapes) (Page, envelope, error) {
	target := path + "?" + params.Encode()
	resp, err := p.send(ctx, target)
	if err != nil {
		return wholePage(target, resp), envelope{}, explain(err, p.source.Name, "token", "organization_id")
	}
	return newPage(target, resp, "expenses", shapes)
}

// send sends a request. The token goes to the configured host only.
func (p *Productive) send(ctx context.Context, target string) (*httpretry.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.source.BaseURL+target, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Auth-Token", p.source.Token.Reveal())
	req.Header.Set("X-Organization-Id", p.source.OrganizationID)
	req.Header.Set("Content-Type", "application/vnd.api+json") // else 415: schemas/README.md, Productive.io: access
	return p.client.Do(req)
}

// enoughToJudge is how many expenses must lack a vendor or a person before the
// token is suspected.
const enoughToJudge = 10

// Examine implements [Examiner]. It reads one page with the vendors and people
// of its expenses: a token without the permission sees the expenses and not
// those (schemas/README.md, Productive.io: access).
func (p *Productive) Examine(ctx context.Context) Examination {
	params := url.Values{"page[number]": {"1"}, "page[size]": {"200"}, "include": {"person,vendor"}}
	resp, err := p.send(ctx, "/expenses?"+params.Encode())
	e := Examination{Err: err, Mends: map[int]string{
		http.StatusUnauthorized: "make a new token (Productive.io, Settings, API integrations) and set sources." + p.source.Name + ".token",
		http.StatusForbidden:    "the token's owner must be an active member of organization_id " + p.source.OrganizationID + " who may see expenses",
		http.StatusNotFound:     "correct base_url; it ends in /api/v2",
	}}
	if resp != nil {
		e.Header = resp.Header
	}
	if err == nil {
		e.Findings = findHidden(p.source.Name, resp.Body)
	}
	return e
}

// findHidden looks for relationships that no expense shows.
func findHidden(check string, body []byte) (found etl.Findings) {
	var page struct {
		Data []struct {
			Relationships map[string]struct {
				Data jsontext.Value `json:"data"`
			} `json:"relationships"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &page); err != nil || page.Data == nil {
		found.Fail(check, "correct base_url", "answered, but not with a list of expenses")
		return found
	}
	n := len(page.Data)
	found.OK(check, "lets this token in; it sees %d expenses on the first page", n)
	for _, name := range []string{"vendor", "person"} {
		hidden := 0
		for _, expense := range page.Data {
			if data := expense.Relationships[name].Data; len(data) == 0 || string(data) == "null" {
				hidden++
			}
		}
		if n >= enoughToJudge && hidden == n {
			found.Fail(check+" permission", "give the token's owner the right to view companies and people, then make a new token",
				"none of %d expenses shows a %s; the token may not see them", n, name)
		}
	}
	return found
}
