package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
)

// connectorWrite is the scope that publishing needs.
const connectorWrite = "https://api.productiv.com/connector.write"

// maxRecords is the most that one request may carry.
const maxRecords = 1000

// productivToken answers POST /oauth2/token in both documented styles:
// credentials as form fields, or as Basic authentication with the rest as
// form fields or in the query: schemas/README.md, Productiv: access.
func (s *Sandbox) productivToken(r *http.Request) answer {
	if r.Method != http.MethodPost {
		return oauthError(http.StatusMethodNotAllowed, "invalid_request")
	}
	if err := r.ParseForm(); err != nil {
		return oauthError(http.StatusBadRequest, "invalid_request")
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	switch {
	case id != ProductivClientID || secret != ProductivClientSecret:
		return oauthError(http.StatusBadRequest, "invalid_client")
	case r.Form.Get("grant_type") != "client_credentials":
		return oauthError(http.StatusBadRequest, "unsupported_grant_type")
	}
	scope := r.Form.Get("scope")
	if s.opt.Productiv.NoScope {
		scope = strings.ReplaceAll(scope, connectorWrite, "")
	}
	life := s.opt.Productiv.TokenLife
	reply := map[string]any{"access_token": s.tokens.issue(APIProductiv, scope, life), "token_type": "Bearer"}
	if !s.opt.Productiv.NoExpiry {
		reply["expires_in"] = int(life.Seconds())
	}
	return replyJSON(http.StatusOK, reply)
}

// productivError has the documented shape; its code is a string.
func productivError(status int, message string) answer {
	return replyJSON(status, map[string]any{"code": itoa(status), "message": message, "success": false})
}

// productiv answers the publish endpoint (schemas/README.md, Productiv: posting),
// or the firewall before it does.
func (s *Sandbox) productiv(r *http.Request) answer {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return answer{send: nothing}
	}
	for _, text := range s.opt.Productiv.Firewall {
		if bytes.Contains(body, []byte(text)) {
			return barred()
		}
	}
	path, isPush := strings.CutPrefix(r.URL.Path, "/services/push/v1/customer/apps/")
	app, isFinance := strings.CutSuffix(path, "/finance")
	if !isPush || !isFinance || r.Method != http.MethodPost {
		return productivError(http.StatusNotFound, "Not found")
	}
	token, ok := s.tokens.check(APIProductiv, r.Header.Get("Authorization"))
	switch {
	case r.URL.RawQuery != "":
		return productivError(http.StatusBadRequest, "Unexpected query parameter")
	case !ok:
		return productivError(http.StatusUnauthorized, "Invalid access_token")
	case !slices.Contains(strings.Fields(token.scope), connectorWrite):
		return productivError(http.StatusForbidden, "access_token does not have the required scope")
	case !slices.Contains(s.opt.Productiv.AppIDs, app):
		return productivError(http.StatusNotFound, "Customer or application does not exist")
	case !strings.HasPrefix(r.Header.Get("Content-Type"), mediaJSON):
		return productivError(http.StatusBadRequest, "Content-Type must be application/json")
	}
	return s.publish(app, body)
}

// publish stores a batch if all of its records are valid.
func (s *Sandbox) publish(app string, body []byte) answer {
	if int64(len(body)) > s.opt.Productiv.MaxBody {
		return productivError(http.StatusRequestEntityTooLarge, "Payload too large")
	}
	var batch struct {
		Records []json.RawMessage `json:"records"`
	}
	switch err := json.Unmarshal(body, &batch); {
	case err != nil || len(batch.Records) == 0:
		return productivError(http.StatusUnprocessableEntity, "records must be a non-empty array")
	case len(batch.Records) > maxRecords:
		return productivError(s.opt.Productiv.TooMany, "No more than 1000 records at a time")
	}
	good, problem := s.sift(batch.Records)
	if problem == "" || s.opt.Productiv.Partial422 {
		s.accepted.add(app, good)
	}
	if problem != "" {
		return productivError(http.StatusUnprocessableEntity, problem)
	}
	return replyJSON(http.StatusOK, map[string]any{"success": true})
}

// sift validates records and says what is wrong with the first bad one, but
// not which one that is: the contract has no such detail.
func (s *Sandbox) sift(records []json.RawMessage) (good []spend, problem string) {
	for _, record := range records {
		r, err := s.opt.Productiv.validate(record)
		if err != "" {
			if problem == "" {
				problem = err
			}
			continue
		}
		good = append(good, r)
	}
	return good, problem
}
