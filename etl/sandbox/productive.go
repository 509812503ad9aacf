package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// productive answers Productive.io's API as schemas/README.md describes it.
func (s *Sandbox) productive(r *http.Request) answer {
	if refused := s.productiveAccess(r); refused != nil {
		return *refused
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
func (s *Sandbox) productiveAccess(r *http.Request) *answer {
	var a answer
	switch wait := s.limit(); {
	case wait > 0:
		a = s.productiveLimit("Too many requests").with("X-RateLimit-Reset", strconv.Itoa(int(wait.Seconds())+1))
	case r.Header.Get("X-Auth-Token") != ProductiveToken:
		a = s.productiveError(http.StatusUnauthorized, "unauthorized", "Unauthorized", "X-Auth-Token is missing or wrong")
	case r.Header.Get("X-Organization-Id") != s.opt.Productive.OrganizationID:
		a = s.productiveError(http.StatusForbidden, "no_person", "Forbidden", "the token's person is not in that organization")
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/vnd.api+json"):
		a = s.productiveError(http.StatusUnsupportedMediaType, "unsupported_media_type", "Unsupported Media Type",
			"Content-Type must be application/vnd.api+json")
	default:
		return nil
	}
	return &a
}

// A window counts requests within a fixed length of time.
type window struct {
	limit  int
	length time.Duration
	start  time.Time
	count  int
}

// wait counts a request and returns how long the client has to wait, or 0 if
// the request is within the limit.
func (w *window) wait(now time.Time) time.Duration {
	if now.Sub(w.start) >= w.length {
		w.start, w.count = now, 0
	}
	if w.count++; w.count <= w.limit {
		return 0
	}
	return w.start.Add(w.length).Sub(now)
}

// limit counts a request in both windows, if options ask for it.
func (s *Sandbox) limit() time.Duration {
	if !s.opt.Productive.EnforceLimits {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opt.Now()
	return max(s.windows[0].wait(now), s.windows[1].wait(now))
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

// badRequest is a 400.
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
	body := append([]byte(`{"data":`), s.catalog.appendExpense(nil, &e, s.opt.Productive.Exponent, include)...)
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
