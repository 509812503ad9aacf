package sandbox

import (
	"cmp"
	"encoding/json"
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

// procurify plays Procurify as schemas/README.md describes it.
func (s *Sandbox) procurify(r *http.Request) answer {
	if _, ok := s.tokens.check(APIProcurify, r.Header.Get("Authorization")); !ok {
		return procurifyError(http.StatusUnauthorized, "Authentication credentials were not provided or have expired.")
	}
	if r.Header.Get("X-Procurify-Client") != "api" {
		return procurifyError(http.StatusBadRequest, "X-Procurify-Client header is required.")
	}
	if r.Method != http.MethodGet {
		return procurifyError(http.StatusMethodNotAllowed, `Method "`+r.Method+`" not allowed.`)
	}
	switch r.URL.Path {
	case "/api/public/v1/pay/transactions/":
		return s.procurifyTransactions(r)
	case "/api/v3/users/":
		return s.procurifyUsers(r)
	}
	return procurifyError(http.StatusNotFound, "Not found.")
}

func procurifyError(status int, detail string) answer {
	return replyJSON(status, map[string]any{"detail": detail})
}

const noPermission = "You do not have permission to perform this action."

// procurifyTransactions lists transactions, oldest id first. Parameters that
// the vendor does not know are ignored.
func (s *Sandbox) procurifyTransactions(r *http.Request) answer {
	if s.opt.Procurify.NoRole {
		return procurifyError(http.StatusForbidden, noPermission)
	}
	query := r.URL.Query()
	from, errFrom := bound(query, "start_date", -1<<62)
	to, errTo := bound(query, "end_date", 1<<62)
	if err := cmp.Or(errFrom, errTo); err != "" {
		return replyJSON(http.StatusBadRequest, map[string]any{err: []string{"Enter a valid date/time."}})
	}
	reviewed := query.Get("reconciliation_status")

	s.mu.RLock()
	defer s.mu.RUnlock()
	name := "transactions " + query.Get("start_date") + " " + query.Get("end_date") + " " + reviewed
	ids := s.lists.find(name, s.transactions.version, func() []int32 {
		return s.transactions.selectIDs(func(id int, e entry) bool {
			return e.at >= from && e.at <= to && s.reconciled(id, reviewed)
		})
	})
	return s.procurifyPage(r, len(ids), func(from, to int) (data []json.RawMessage, page []int) {
		for _, id := range ids[from:to] {
			t, _ := s.transactions.get(int(id))
			data, page = append(data, t.encode()), append(page, int(id))
		}
		return data, page
	})
}

func (s *Sandbox) reconciled(id int, status string) bool {
	if status == "" {
		return true
	}
	t, _ := s.transactions.get(id)
	return t.ReconciliationStatus == status
}

// bound reads a datetime, or a date, as milliseconds; the error is the
// parameter's name.
func bound(query url.Values, name string, absent int64) (int64, string) {
	text := query.Get(name)
	if text == "" {
		return absent, ""
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UnixMilli(), ""
		}
	}
	return 0, name
}

// procurifyPage wraps one page in the envelope that the options chose.
func (s *Sandbox) procurifyPage(r *http.Request, total int, read func(from, to int) ([]json.RawMessage, []int)) answer {
	size, _ := strconv.Atoi(r.URL.Query().Get("page_size"))
	if size < 1 {
		size = 10
	}
	size = min(size, s.opt.Procurify.MaxPageSize)
	number, last := 1, max(1, pages(total, size))
	if text := r.URL.Query().Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > last {
			return procurifyError(http.StatusNotFound, "Invalid page.")
		}
		number = n
	}
	data, page := read((number-1)*size, min(number*size, total))
	pagination := map[string]any{
		"count": total, "page_size": size, "num_pages": last, "current_page": number,
		"next": s.neighbour(r, number+1, last), "previous": s.neighbour(r, number-1, last),
	}
	if data == nil {
		data = []json.RawMessage{}
	}
	envelope := map[string]any{"data": data, "metadata": map[string]any{"pagination": pagination}}
	if s.opt.Procurify.TopLevel {
		envelope = map[string]any{"data": data, "pagination": pagination}
	}
	a := replyJSON(http.StatusOK, envelope)
	if size > 1 {
		a.page = page
	}
	return a
}

// neighbour is the absolute URL of another page, or null.
func (s *Sandbox) neighbour(r *http.Request, number, last int) any {
	if number < 1 || number > last {
		return nil
	}
	query := r.URL.Query()
	query.Set("page", itoa(number))
	base := "http://" + r.Host
	if s.opt.Procurify.NextElsewhere {
		base = s.elsewhereURL()
	}
	return base + r.URL.Path + "?" + query.Encode()
}

// procurifyUsers lists people with their e-mails, but without the uuid that
// cardholders have.
func (s *Sandbox) procurifyUsers(r *http.Request) answer {
	if s.opt.Procurify.NoUserList {
		return procurifyError(http.StatusForbidden, noPermission)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.procurifyPage(r, len(s.catalog.people), func(from, to int) (data []json.RawMessage, page []int) {
		for i, p := range s.catalog.people[from:to] {
			data = append(data, encode(map[string]any{
				"id": from + i + 1, "firstName": p.First, "lastName": p.Last, "user": from + i + 1001, "email": p.Email,
				"department": "Operations", "location": "HQ", "is_active": !p.Archived,
			}))
		}
		return data, nil
	})
}
