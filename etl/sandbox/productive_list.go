package sandbox

import (
	"fmt"
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

// pageNumber reads page[number] and page[size].
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
		body = s.catalog.appendExpense(body, &expenses[i], s.opt.Productive.Exponent, include)
	}
	body = s.catalog.appendIncluded(append(body, ']'), expenses, include)
	body = fmt.Appendf(body, `,"links":%s,"meta":%s}`, encode(links), encode(meta))
	a := replyJSONAPI(http.StatusOK, body)
	if size > 1 && len(ids) > 0 {
		a.first = int(ids[0])
	}
	return a
}
