package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// procurifyAudience is what a token request must name, slash included.
const procurifyAudience = "https://api.procurify.com/"

// procurifyToken answers POST /oauth/token: schemas/README.md, Procurify: access.
func (s *Sandbox) procurifyToken(r *http.Request) answer {
	var body struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		Audience     string `json:"audience"`
		GrantType    string `json:"grant_type"`
	}
	switch err := json.NewDecoder(r.Body).Decode(&body); {
	case r.Method != http.MethodPost:
		return oauthError(http.StatusMethodNotAllowed, "invalid_request")
	case err != nil:
		return oauthError(http.StatusBadRequest, "invalid_request")
	case body.GrantType != "client_credentials":
		return oauthError(http.StatusBadRequest, "unsupported_grant_type")
	case body.Audience != procurifyAudience:
		return oauthError(http.StatusForbidden, "access_denied")
	case body.ClientID != ProcurifyClientID || body.ClientSecret != ProcurifyClientSecret:
		return oauthError(http.StatusUnauthorized, "invalid_client")
	}
	const scope = "urn:procurify-api:domain:acme urn:procurify-api:email:integration@acme.example"
	life := s.opt.Procurify.TokenLife
	return replyJSON(http.StatusOK, map[string]any{
		"access_token": s.tokens.issue(APIProcurify, scope, life), "scope": scope,
		"expires_in": int(life.Seconds()), "token_type": "Bearer",
	})
}

func oauthError(status int, code string) answer {
	return replyJSON(status, map[string]any{"error": code})
}

// procurify answers Procurify's API as schemas/README.md describes it.
func (s *Sandbox) procurify(r *http.Request) answer {
	_, ok := s.tokens.check(APIProcurify, r.Header.Get("Authorization"))
	list := map[string]func(*http.Request) answer{
		"/api/public/v1/pay/transactions/": s.procurifyTransactions,
		"/api/v3/users/":                   s.procurifyUsers,
	}[r.URL.Path]
	switch {
	case !ok:
		return procurifyError(http.StatusUnauthorized, "Authentication credentials were not provided or have expired.")
	case r.Header.Get("X-Procurify-Client") != "api":
		return procurifyError(http.StatusBadRequest, "X-Procurify-Client header is required.")
	case r.Method != http.MethodGet:
		return procurifyError(http.StatusMethodNotAllowed, `Method "`+r.Method+`" not allowed.`)
	case list == nil:
		return procurifyError(http.StatusNotFound, "Not found.")
	case s.opt.Procurify.NoRole:
		return procurifyError(http.StatusForbidden, "You do not have permission to perform this action.")
	}
	return list(r)
}

func procurifyError(status int, detail string) answer {
	return replyJSON(status, map[string]any{"detail": detail})
}

// procurifyTransactions lists transactions, oldest id first. Parameters that
// the vendor does not know are ignored.
func (s *Sandbox) procurifyTransactions(r *http.Request) answer {
	query := r.URL.Query()
	from, errFrom := bound(query, "start_date", -1<<62)
	to, errTo := bound(query, "end_date", 1<<62)
	if err := cmp.Or(errFrom, errTo); err != "" {
		return replyJSON(http.StatusBadRequest, map[string]any{err: []string{"Enter a valid date/time."}})
	}
	status := query.Get("reconciliation_status")

	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := s.transactions.list(fmt.Sprintf("%d %d %s", from, to, status), func() []int32 {
		return s.transactions.selectIDs(func(id int, e entry) bool {
			if inside := e.at >= from && e.at <= to; !inside || status == "" {
				return inside
			}
			t, _ := s.transactions.get(id)
			return t.ReconciliationStatus == status
		})
	})
	return s.procurifyPage(r, len(ids), func(i int) (id int, record []byte) {
		t, _ := s.transactions.get(int(ids[i]))
		return t.ID, t.encode()
	})
}

// bound reads a datetime as milliseconds; the error is the parameter's name.
func bound(query url.Values, name string, absent int64) (milliseconds int64, err string) {
	text := query.Get(name)
	if text == "" {
		return absent, ""
	}
	at, parsed := time.Parse(time.RFC3339, text)
	if parsed != nil {
		return 0, name
	}
	return at.UnixMilli(), ""
}

// procurifyPage returns one page of total records in the envelope that the
// options choose. A list whose records are read without an id does not drift.
func (s *Sandbox) procurifyPage(r *http.Request, total int, read func(i int) (id int, record []byte)) answer {
	query := r.URL.Query()
	size, _ := strconv.Atoi(query.Get("page_size"))
	if size < 1 {
		size = 10
	}
	size = min(size, s.opt.Procurify.MaxPageSize)
	number, err := strconv.Atoi(cmp.Or(query.Get("page"), "1"))
	last := max(1, pages(total, size))
	if err != nil || number < 1 || number > last {
		return procurifyError(http.StatusNotFound, "Invalid page.")
	}
	first, data := 0, []json.RawMessage{}
	for i := (number - 1) * size; i < min(number*size, total); i++ {
		id, record := read(i)
		if size > 1 {
			first = cmp.Or(first, id)
		}
		data = append(data, record)
	}
	pagination := map[string]any{
		"count": total, "page_size": size, "num_pages": last, "current_page": number, "next": nil, "previous": nil,
	}
	for name, number := range map[string]int{"next": number + 1, "previous": number - 1} {
		if number >= 1 && number <= last {
			pagination[name] = s.link(r, s.opt.Procurify.NextElsewhere, "page", itoa(number))
		}
	}
	envelope := map[string]any{"data": data, "metadata": map[string]any{"pagination": pagination}}
	if s.opt.Procurify.TopLevel {
		envelope = map[string]any{"data": data, "pagination": pagination}
	}
	a := replyJSON(http.StatusOK, envelope)
	a.first = first
	return a
}

// procurifyUsers lists people with their e-mails, but without the uuid that
// cardholders have.
func (s *Sandbox) procurifyUsers(r *http.Request) answer {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.procurifyPage(r, len(s.catalog.people), func(i int) (id int, record []byte) {
		p := s.catalog.people[i]
		return 0, encode(map[string]any{
			"id": i + 1, "firstName": p.First, "lastName": p.Last, "user": i + 1001, "email": p.Email,
			"department": "Operations", "location": "HQ", "is_active": !p.Archived,
		})
	})
}
