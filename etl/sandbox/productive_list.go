package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"sort"
	"strconv"
)

// Page sizes of Productive.io.
const (
	defaultPage = 30
	maxPage     = 200
)

// productiveExpenses answers GET /expenses in either paging mode.
func (s *Sandbox) productiveExpenses(r *http.Request) answer {
	query := r.URL.Query()
	include, refused := s.include(query.Get("include"))
	if refused != nil {
		return *refused
	}
	q, problem := s.parseQuery(query, r.Header.Get("X-Feature-Flags"))
	if problem != nil {
		return s.productiveError(http.StatusBadRequest, problem.code, problem.title, problem.detail)
	}
	number, size, refused := s.pageNumber(query)
	if refused != nil {
		return *refused
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := s.lists.find(q.name, s.expenses.version, func() []int32 { return q.run(s.expenses) })
	if query.Has("page[after]") && !s.opt.Productive.NoCursor {
		return s.cursorPage(r, q, ids, size, include)
	}
	return s.numberedPage(r, ids, number, size, include)
}

// pageNumber reads page[number] and page[size].
func (s *Sandbox) pageNumber(query url.Values) (number, size int, refused *answer) {
	number, size = 1, defaultPage
	for name, value := range map[string]*int{"page[number]": &number, "page[size]": &size} {
		if !query.Has(name) {
			continue
		}
		n, err := strconv.Atoi(query.Get(name))
		if err != nil || n < 1 {
			a := s.productiveError(http.StatusBadRequest, "invalid_page", "Invalid Page", name)
			return 0, 0, &a
		}
		*value = n
	}
	if size > maxPage && s.opt.Productive.RefuseLargePages {
		a := s.productiveError(http.StatusBadRequest, "invalid_page", "Invalid Page", "page[size] is above 200")
		return 0, 0, &a
	}
	return number, min(size, maxPage), nil
}

// numberedPage has totals, and links to its neighbours where they exist.
func (s *Sandbox) numberedPage(r *http.Request, ids []int32, number, size int, include []string) answer {
	total := pages(len(ids), size)
	links := map[string]string{
		"first": s.link(r, "page[number]", "1"),
		"last":  s.link(r, "page[number]", itoa(max(1, total))),
	}
	if number > 1 {
		links["prev"] = s.link(r, "page[number]", itoa(number-1))
	}
	if number < total {
		links["next"] = s.link(r, "page[number]", itoa(number+1))
	}
	meta := pageMeta(number, size, len(ids))
	if !s.opt.SeedOnly {
		meta["settings"] = map[string]any{"expenses": map[string]any{"columns": []string{"name", "date"}}}
	}
	return s.expensePage(pageOf(ids, number, size), include, links, meta, size)
}

// cursorPage has no totals and leads to the next page only.
func (s *Sandbox) cursorPage(r *http.Request, q query, ids []int32, size int, include []string) answer {
	parameters := r.URL.Query()
	switch {
	case s.opt.Productive.CursorRefused:
		return s.productiveError(http.StatusBadRequest, "keyset_unsupported_sort", "Unsupported Sort", "cursor paging is off")
	case parameters.Has("page[number]"):
		return s.productiveError(http.StatusBadRequest, "keyset_conflict", "Conflicting Paging", "page[after] and page[number]")
	case !q.keyset():
		return s.productiveError(http.StatusBadRequest, "keyset_unsupported_sort", "Unsupported Sort", q.sort)
	}
	after, ok := decodeCursor(parameters.Get("page[after]"))
	if !ok {
		return s.productiveError(http.StatusBadRequest, "keyset_invalid_cursor", "Invalid Cursor", "")
	}
	if after != nil {
		ids = ids[sort.Search(len(ids), func(i int) bool { return q.position(s.expenses, ids[i]).compare(*after) > 0 }):]
	}
	links := map[string]string{}
	if len(ids) > size {
		last := q.position(s.expenses, ids[size-1])
		links["next"] = s.link(r, "page[after]", last.encode())
	}
	meta := map[string]any{"page_size": size, "max_page_size": maxPage}
	return s.expensePage(ids[:min(size, len(ids))], include, links, meta, size)
}

// A position in a sorted list: the key of a record, and its id. Both are
// negative where the list descends.
type position struct {
	Key int64 `json:"k"`
	ID  int32 `json:"i"`
}

func (p position) encode() string { return base64.RawURLEncoding.EncodeToString(encode(p)) }

// decodeCursor reads a cursor; the empty one stands for the beginning.
func decodeCursor(text string) (*position, bool) {
	if text == "" {
		return nil, true
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	var p position
	if err != nil || json.Unmarshal(data, &p) != nil {
		return nil, false
	}
	return &p, true
}

// link is this request's URL with one parameter changed. Its brackets are
// percent-encoded, as the vendor's are.
func (s *Sandbox) link(r *http.Request, name, value string) string {
	query := r.URL.Query()
	query.Set(name, value)
	base := "http://" + r.Host
	if s.opt.Productive.LinksElsewhere {
		base = s.elsewhereURL()
	}
	return base + r.URL.Path + "?" + query.Encode()
}

func (s *Sandbox) expensePage(ids []int32, include []string, links map[string]string, meta map[string]any, size int) answer {
	body := make([]byte, 0, 1024+2400*len(ids))
	body = append(body, `{"data":[`...)
	expenses, numbers := make([]Expense, len(ids)), make([]int, len(ids))
	for i, id := range ids {
		expenses[i], _ = s.expenses.get(int(id))
		numbers[i] = int(id)
		if i > 0 {
			body = append(body, ',')
		}
		body = s.catalog.appendExpense(body, &expenses[i], s.opt.Productive.Exponent, include)
	}
	body = append(body, ']')
	if len(include) > 0 {
		body = append(append(body, `,"included":`...), s.included(expenses, include)...)
	}
	body = append(append(body, `,"links":`...), encode(links)...)
	body = append(append(append(body, `,"meta":`...), encode(meta)...), '}')
	a := reply(http.StatusOK, mediaJSONAPI, body)
	if size > 1 {
		a.page = numbers
	}
	return a
}
