package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// productive answers Productive.io's API as schemas/README.md describes it.
func (s *Sandbox) productive(r *http.Request) answer {
	if refused, ok := s.productiveAccess(r); !ok {
		return refused
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v2/")
	if !ok {
		return s.notFound()
	}
	if r.Method != http.MethodGet {
		return s.productiveError(http.StatusForbidden, "forbidden", "Forbidden", "the token may only read")
	}
	collection, id, single := strings.Cut(path, "/")
	switch {
	case collection == "expenses" && single:
		return s.productiveExpense(r, id)
	case collection == "expenses":
		return s.productiveExpenses(r)
	case collection == "deleted_items" && !single:
		return s.productiveDeleted(r)
	}
	return s.notFound()
}

// productiveAccess refuses what the vendor refuses before it looks at the
// path: too many requests, missing headers, wrong credentials.
func (s *Sandbox) productiveAccess(r *http.Request) (refused answer, ok bool) {
	switch wait := s.limit(); {
	case wait > 0:
		return s.productiveLimit("Too many requests").with("X-RateLimit-Reset", itoa(int(wait.Seconds())+1)), false
	case r.Header.Get("X-Auth-Token") != ProductiveToken:
		return s.productiveError(http.StatusUnauthorized, "unauthorized", "Unauthorized", "X-Auth-Token is missing or wrong"), false
	case r.Header.Get("X-Organization-Id") != s.opt.Productive.OrganizationID:
		return s.productiveError(http.StatusForbidden, "no_person", "Forbidden", "the token's person is not in that organization"), false
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/vnd.api+json"):
		return s.productiveError(http.StatusUnsupportedMediaType, "unsupported_media_type", "Unsupported Media Type",
			"Content-Type must be application/vnd.api+json"), false
	}
	return answer{}, true
}

// A window counts requests within a fixed length of time.
type window struct {
	limit  int
	length time.Duration
	start  time.Time
	count  int
}

// limit counts a request in both windows, if options ask for it, and returns how
// long the client has to wait.
func (s *Sandbox) limit() (wait time.Duration) {
	if !s.opt.Productive.EnforceLimits {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opt.Now()
	for i := range s.windows {
		w := &s.windows[i]
		if now.Sub(w.start) >= w.length {
			w.start, w.count = now, 0
		}
		if w.count++; w.count > w.limit {
			wait = max(wait, w.start.Add(w.length).Sub(now))
		}
	}
	return wait
}

// productiveError is an error document. The live API has the status as text and
// a code; the newer documentation shows a number and no code.
func (s *Sandbox) productiveError(status int, code, title, detail string) answer {
	problem := map[string]any{
		"status": strconv.Itoa(status), "code": code, "title": title, "detail": detail,
		"source": map[string]any{}, "meta": map[string]any{},
	}
	if s.opt.Productive.NewerSpec {
		problem = map[string]any{"status": status, "title": title, "detail": detail}
	}
	return replyJSONAPI(status, encode(map[string]any{"errors": []any{problem}}))
}

func (s *Sandbox) badRequest(code, title, detail string) *answer {
	a := s.productiveError(http.StatusBadRequest, code, title, detail)
	return &a
}

// productiveLimit is a 429 without its header.
func (s *Sandbox) productiveLimit(title string) answer {
	return replyJSONAPI(http.StatusTooManyRequests, encode(map[string]any{"errors": []any{map[string]any{
		"status": 429, "title": title, "detail": "slow down", "limit": 100, "period": 10,
	}}}))
}

func (s *Sandbox) notFound() answer {
	return s.productiveError(http.StatusNotFound, "record_not_found", "Record Not Found", "")
}

// productiveExpense answers GET /expenses/{id}. A deleted expense is not found
// unless deleted ones are listed.
func (s *Sandbox) productiveExpense(r *http.Request, text string) answer {
	include, refused := s.include(r.URL.Query().Get("include"))
	if refused != nil {
		return *refused
	}
	id, err := strconv.Atoi(text)
	if err != nil {
		return s.notFound()
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.expenses.get(id)
	if !ok || s.expenses.entries[id-1].gone {
		return s.notFound()
	}
	body := append([]byte(`{"data":`), s.catalog.appendExpense(nil, &e, s.opt.Productive.Cents, include)...)
	body = s.catalog.appendIncluded(body, []Expense{e}, include)
	return replyJSONAPI(http.StatusOK, append(body, `,"meta":{}}`...))
}

// include reads the relationships that a request wants included.
func (s *Sandbox) include(text string) (include []*relation, refused *answer) {
	if text == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		i := slices.IndexFunc(relations, func(r relation) bool { return r.name == name && r.kind != "" })
		if i < 0 {
			return nil, s.badRequest("unsupported_include", "Unsupported Include", name)
		}
		include = append(include, &relations[i])
	}
	return include, nil
}

// productiveDeleted answers GET /deleted_items, the recycle bin.
func (s *Sandbox) productiveDeleted(r *http.Request) answer {
	parameters := r.URL.Query()
	number, size, refused := s.pageNumber(parameters)
	if refused != nil {
		return *refused
	}
	kind := parameters.Get("filter[item_type]")
	s.mu.RLock()
	defer s.mu.RUnlock()
	items := []any{}
	for i := range s.expenses.entries {
		e, ok := s.expenses.get(i + 1)
		if !ok || e.DeletedAt.IsZero() || kind != "" && kind != "expense" {
			continue
		}
		items = append(items, map[string]any{"id": itoa(500_000 + e.ID), "type": "deleted_items", "attributes": map[string]any{
			"item_id": itoa(e.ID), "item_type": "expense", "item_name": e.Name,
			"created_at": e.DeletedAt.In(organizationZone).Format(instant), "recovered_at": nil,
		}})
	}
	return replyJSONAPI(http.StatusOK, encode(map[string]any{
		"data": pageOf(items, number, size), "meta": pageMeta(number, size, len(items)),
	}))
}

func pageMeta(number, size, total int) map[string]any {
	return map[string]any{
		"current_page": number, "total_pages": pages(total, size), "total_count": total,
		"page_size": size, "max_page_size": maxPage,
	}
}

// Page sizes of Productive.io.
const (
	defaultPage = 30
	maxPage     = 200
)

// productiveExpenses answers GET /expenses in either paging mode.
func (s *Sandbox) productiveExpenses(r *http.Request) answer {
	parameters := r.URL.Query()
	include, refused := s.include(parameters.Get("include"))
	if refused != nil {
		return *refused
	}
	q, refused := s.parseQuery(parameters, r.Header.Get("X-Feature-Flags"))
	if refused != nil {
		return *refused
	}
	number, size, refused := s.pageNumber(parameters)
	if refused != nil {
		return *refused
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := s.expenses.list(fmt.Sprintf("%#v", q), func() []int32 { return q.run(s.expenses) })
	if parameters.Has("page[after]") && !s.opt.Productive.NoCursor {
		return s.cursorPage(r, q, ids, size, include)
	}
	return s.numberedPage(r, ids, number, size, include)
}

func (s *Sandbox) pageNumber(parameters url.Values) (number, size int, refused *answer) {
	number, size = 1, defaultPage
	for name, value := range map[string]*int{"page[number]": &number, "page[size]": &size} {
		if !parameters.Has(name) {
			continue
		}
		n, err := strconv.Atoi(parameters.Get(name))
		if err != nil || n < 1 {
			return 0, 0, s.badRequest("invalid_page", "Invalid Page", name)
		}
		*value = n
	}
	if size > maxPage && s.opt.Productive.RefuseLargePages {
		return 0, 0, s.badRequest("invalid_page", "Invalid Page", "page[size] is above 200")
	}
	return number, min(size, maxPage), nil
}

// numberedPage has totals, and links to its neighbours where they exist.
func (s *Sandbox) numberedPage(r *http.Request, ids []int32, number, size int, include []*relation) answer {
	total := pages(len(ids), size)
	links := map[string]string{}
	for name, number := range map[string]int{"first": 1, "last": max(1, total), "prev": number - 1, "next": number + 1} {
		if number >= 1 && (name != "next" || number <= total) {
			links[name] = s.link(r, s.opt.Productive.LinksElsewhere, "page[number]", itoa(number))
		}
	}
	meta := pageMeta(number, size, len(ids))
	if !s.opt.SeedOnly {
		meta["settings"] = map[string]any{"expenses": map[string]any{"columns": []string{"name", "date"}}}
	}
	return s.expensePage(pageOf(ids, number, size), include, links, meta, size)
}

// cursorPage has no totals, and a link to the next page only.
func (s *Sandbox) cursorPage(r *http.Request, q query, ids []int32, size int, include []*relation) answer {
	parameters := r.URL.Query()
	switch {
	case s.opt.Productive.CursorRefused:
		return *s.badRequest("keyset_unsupported_sort", "Unsupported Sort", "cursor paging is off")
	case parameters.Has("page[number]"):
		return *s.badRequest("keyset_conflict", "Conflicting Paging", "page[after] and page[number]")
	case !q.keyset():
		return *s.badRequest("keyset_unsupported_sort", "Unsupported Sort", q.sort)
	}
	if cursor := parameters.Get("page[after]"); cursor != "" {
		after, err := decodePosition(cursor)
		if err != nil {
			return *s.badRequest("keyset_invalid_cursor", "Invalid Cursor", "")
		}
		ids = ids[sort.Search(len(ids), func(i int) bool { return q.position(s.expenses, ids[i]).compare(after) > 0 }):]
	}
	links := map[string]string{}
	if len(ids) > size {
		last := q.position(s.expenses, ids[size-1])
		links["next"] = s.link(r, s.opt.Productive.LinksElsewhere, "page[after]", last.encode())
	}
	meta := map[string]any{"page_size": size, "max_page_size": maxPage}
	return s.expensePage(ids[:min(size, len(ids))], include, links, meta, size)
}

func (s *Sandbox) expensePage(ids []int32, include []*relation, links map[string]string, meta map[string]any, size int) answer {
	body := make([]byte, 0, 1024+2400*len(ids))
	body = append(body, `{"data":[`...)
	expenses := make([]Expense, len(ids))
	for i, id := range ids {
		expenses[i], _ = s.expenses.get(int(id))
		if i > 0 {
			body = append(body, ',')
		}
		body = s.catalog.appendExpense(body, &expenses[i], s.opt.Productive.Cents, include)
	}
	body = s.catalog.appendIncluded(append(body, ']'), expenses, include)
	body = fmt.Appendf(body, `,"links":%s,"meta":%s}`, encode(links), encode(meta))
	a := replyJSONAPI(http.StatusOK, body)
	if size > 1 && len(ids) > 0 {
		a.first = int(ids[0])
	}
	return a
}
