package sandbox

import (
	"net/http"
	"strconv"
	"strings"
)

// productive plays Productive.io as schemas/README.md describes it.
func (s *Sandbox) productive(r *http.Request) answer {
	if a, refused := s.productiveAccess(r); refused {
		return a
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v2/")
	if !ok {
		return s.notFound("")
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
	return s.notFound("")
}

// productiveAccess refuses what the vendor refuses before it looks at the
// path: too many requests, missing headers, wrong credentials.
func (s *Sandbox) productiveAccess(r *http.Request) (answer, bool) {
	if wait := s.limit.wait(); s.opt.Productive.EnforceLimits && wait > 0 {
		seconds := strconv.Itoa(int(wait.Seconds()) + 1)
		return s.productiveLimit("Too many requests").with("X-RateLimit-Reset", seconds), true
	}
	switch {
	case r.Header.Get("X-Auth-Token") != ProductiveToken:
		return s.productiveError(http.StatusUnauthorized, "unauthorized", "Unauthorized", "X-Auth-Token is missing or wrong"), true
	case r.Header.Get("X-Organization-Id") != s.opt.Productive.OrganizationID:
		return s.productiveError(http.StatusForbidden, "no_person", "Forbidden", "the token's person is not in that organization"), true
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/vnd.api+json"):
		return s.productiveError(http.StatusUnsupportedMediaType, "unsupported_media_type", "Unsupported Media Type",
			"Content-Type must be application/vnd.api+json"), true
	}
	return answer{}, false
}

// productiveError is an error document. The live API says its status as text
// and adds a code; the newer documentation shows a number and no code.
func (s *Sandbox) productiveError(status int, code, title, detail string) answer {
	problem := map[string]any{
		"status": strconv.Itoa(status), "code": code, "title": title, "detail": detail,
		"source": map[string]any{}, "meta": map[string]any{},
	}
	if s.opt.Productive.NewerSpec {
		problem = map[string]any{"status": status, "title": title, "detail": detail}
	}
	return reply(status, mediaJSONAPI, encode(map[string]any{"errors": []any{problem}}))
}

// productiveLimit is a 429 without its header.
func (s *Sandbox) productiveLimit(title string) answer {
	return reply(http.StatusTooManyRequests, mediaJSONAPI, encode(map[string]any{"errors": []any{map[string]any{
		"status": 429, "title": title, "detail": "slow down", "limit": 100, "period": 10,
	}}}))
}

func (s *Sandbox) notFound(detail string) answer {
	return s.productiveError(http.StatusNotFound, "record_not_found", "Record Not Found", detail)
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
		return s.notFound("")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.expenses.get(id)
	if !ok || s.expenses.entries[id-1].gone {
		return s.notFound("")
	}
	body := append([]byte(`{"data":`), s.catalog.appendExpense(nil, &e, s.opt.Productive.Exponent, include)...)
	if len(include) > 0 {
		body = append(body, `,"included":`...)
		body = append(body, s.included([]Expense{e}, include)...)
	}
	return reply(http.StatusOK, mediaJSONAPI, append(body, `,"meta":{}}`...))
}

// include reads the relationships that a request wants included.
func (s *Sandbox) include(text string) ([]string, *answer) {
	if text == "" {
		return nil, nil
	}
	names := strings.Split(text, ",")
	for _, name := range names {
		if relatedTypes[name] == "" {
			a := s.productiveError(http.StatusBadRequest, "unsupported_include", "Unsupported Include", name)
			return nil, &a
		}
	}
	return names, nil
}

// included is the array of objects that expenses refer to, each once.
func (s *Sandbox) included(expenses []Expense, include []string) []byte {
	seen := map[reference]bool{}
	b := []byte{'['}
	for i := range expenses {
		for _, name := range include {
			ref := reference{relatedTypes[name], expenses[i].related(name)}
			if ref.id == 0 || seen[ref] {
				continue
			}
			seen[ref] = true
			if object := s.catalog.object(ref); object != nil {
				if len(b) > 1 {
					b = append(b, ',')
				}
				b = append(b, object...)
			}
		}
	}
	return append(b, ']')
}

// productiveDeleted answers GET /deleted_items, the recycle bin.
func (s *Sandbox) productiveDeleted(r *http.Request) answer {
	if kind := r.URL.Query().Get("filter[item_type]"); kind != "" && kind != "expense" {
		return s.deletedPage(r, nil)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var items []any
	for id := range s.expenses.entries {
		e, ok := s.expenses.get(id + 1)
		if !ok || e.DeletedAt.IsZero() {
			continue
		}
		items = append(items, map[string]any{"id": itoa(500_000 + e.ID), "type": "deleted_items", "attributes": map[string]any{
			"item_id": itoa(e.ID), "item_type": "expense", "item_name": e.Name,
			"created_at": e.DeletedAt.In(organizationZone).Format(instant), "recovered_at": nil,
		}})
	}
	return s.deletedPage(r, items)
}

func (s *Sandbox) deletedPage(r *http.Request, items []any) answer {
	number, size, refused := s.pageNumber(r.URL.Query())
	if refused != nil {
		return *refused
	}
	from := min((number-1)*size, len(items))
	page := append([]any{}, items[from:min(from+size, len(items))]...)
	return reply(http.StatusOK, mediaJSONAPI, encode(map[string]any{
		"data": page, "meta": pageMeta(number, size, len(items)),
	}))
}

func pageMeta(number, size, total int) map[string]any {
	return map[string]any{
		"current_page": number, "total_pages": pages(total, size), "total_count": total,
		"page_size": size, "max_page_size": maxPage,
	}
}
