package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// connectorWrite is the scope that publishing needs.
const connectorWrite = "https://api.productiv.com/connector.write"

// What one request may carry at most.
const (
	maxRecords = 1000
	maxBody    = 10 << 20 // bytes
)

// appID is the only application that exists.
const appID = "app-1"

// productivToken answers POST /oauth2/token in both documented styles:
// credentials as form fields, or as Basic authentication with the rest as
// form fields or in the query: schemas/README.md, Productiv: access.
func (s *Sandbox) productivToken(r *http.Request) answer {
	err := r.ParseForm()
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	switch {
	case r.Method != http.MethodPost:
		return oauthError(http.StatusMethodNotAllowed, "invalid_request")
	case err != nil:
		return oauthError(http.StatusBadRequest, "invalid_request")
	case id != ProductivClientID || secret != ProductivClientSecret:
		return oauthError(http.StatusBadRequest, "invalid_client")
	case r.Form.Get("grant_type") != "client_credentials":
		return oauthError(http.StatusBadRequest, "unsupported_grant_type")
	}
	life := s.opt.Productiv.TokenLife
	return replyJSON(http.StatusOK, map[string]any{
		"access_token": s.tokens.issue(APIProductiv, r.Form.Get("scope"), life),
		"expires_in":   int(life.Seconds()), "token_type": "Bearer",
	})
}

// productivError has the documented shape; its code is a string.
func productivError(status int, message string) answer {
	return replyJSON(status, map[string]any{"code": itoa(status), "message": message, "success": false})
}

// productiv answers the publish endpoint (schemas/README.md, Productiv: posting),
// and the firewall in front of it.
func (s *Sandbox) productiv(r *http.Request) answer {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return answer{send: drop}
	}
	for _, f := range s.opt.Faults {
		if f.Kind == firewall && f.byContent() && bytes.Contains(body, []byte(f.Arg)) {
			return barred()
		}
	}
	path, isPush := strings.CutPrefix(r.URL.Path, "/services/push/v1/customer/apps/")
	app, isFinance := strings.CutSuffix(path, "/finance")
	if !isPush || !isFinance || r.Method != http.MethodPost {
		return productivError(http.StatusNotFound, "Not found")
	}
	scope, ok := s.tokens.check(APIProductiv, r.Header.Get("Authorization"))
	switch {
	case r.URL.RawQuery != "":
		return productivError(http.StatusBadRequest, "Unexpected query parameter")
	case !ok:
		return productivError(http.StatusUnauthorized, "Invalid access_token")
	case !slices.Contains(strings.Fields(scope), connectorWrite):
		return productivError(http.StatusForbidden, "access_token does not have the required scope")
	case app != appID:
		return productivError(http.StatusNotFound, "Customer or application does not exist")
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return productivError(http.StatusBadRequest, "Content-Type must be application/json")
	}
	return s.publish(body)
}

// publish stores a batch if all of its records are valid.
func (s *Sandbox) publish(body []byte) answer {
	if len(body) > maxBody {
		return productivError(http.StatusRequestEntityTooLarge, "Payload too large")
	}
	var batch struct {
		Records []json.RawMessage `json:"records"`
	}
	switch err := json.Unmarshal(body, &batch); {
	case err != nil || len(batch.Records) == 0:
		return productivError(http.StatusUnprocessableEntity, "records must be a non-empty array")
	case len(batch.Records) > maxRecords:
		return productivError(http.StatusRequestEntityTooLarge, "No more than 1000 records at a time")
	}
	var good []Record
	problem := "" // of the first bad record; the vendor does not say which record it is
	for _, body := range batch.Records {
		r, err := s.opt.Productiv.validate(body)
		if err == "" {
			good = append(good, r)
		}
		problem = cmp.Or(problem, err)
	}
	if problem == "" || s.opt.Productiv.Partial422 {
		s.accepted.add(good)
	}
	if problem != "" {
		return productivError(http.StatusUnprocessableEntity, problem)
	}
	return replyJSON(http.StatusOK, map[string]any{"success": true})
}

// A Record is what Productiv holds of one posted record.
type Record struct {
	AppID  string          `json:"app_id"`
	Key    string          `json:"key"`    // signatureId or transactionNumber
	Record json.RawMessage `json:"record"` // as it arrived

	signature string // signatureId, if it has one
}

// A ledger is what Productiv accepted, in order.
type ledger struct {
	opt Productiv

	mu       sync.Mutex
	records  []Record
	places   map[string]int // of signatures, in records
	received map[string]int // by key: how often it was accepted
	batches  int
	count    int
}

// add stores records as the signature mode says. A record without signatureId
// is always new: the older schema has no identity.
func (l *ledger) add(records []Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batches++
	l.count += len(records)
	if l.opt.CountOnly {
		return
	}
	for _, r := range records {
		l.received[r.Key]++
		place, known := l.places[r.signature]
		switch {
		case r.signature == "" || !known || l.opt.Signatures == Append:
			l.places[r.signature] = len(l.records)
			l.records = append(l.records, r)
		case l.opt.Signatures == Upsert:
			l.records[place] = r
		}
	}
}

// Records returns what Productiv holds, in the order of arrival. A record that
// replaces another takes its place.
func (s *Sandbox) Records() []Record {
	s.accepted.mu.Lock()
	defer s.accepted.mu.Unlock()
	return append([]Record{}, s.accepted.records...)
}

// Received returns how often each key was accepted, stored again or not.
func (s *Sandbox) Received() map[string]int {
	s.accepted.mu.Lock()
	defer s.accepted.mu.Unlock()
	return maps.Clone(s.accepted.received)
}

// Accepted returns how many records and batches were accepted, repeated ones
// included.
func (s *Sandbox) Accepted() (records, batches int) {
	s.accepted.mu.Lock()
	defer s.accepted.mu.Unlock()
	return s.accepted.count, s.accepted.batches
}

// Fields of the older record, finance, and the newer one, spend.
var (
	required      = []string{"created", "amount", "currency", "identifier", "type", "vendor"}
	optional      = []string{"name", "category"}
	financeFields = slices.Concat(required, optional, []string{"description", "transactionNumber"})
	spendFields   = slices.Concat(required, optional, []string{"signatureId", "additionalData1", "additionalData2", "additionalData3"})
)

// oldestCreated tells milliseconds from seconds: it is in 1973 as milliseconds
// and in the year 5138 as seconds.
const oldestCreated = 100_000_000_000

// validate reads one record, or returns what is wrong with it.
func (p Productiv) validate(body json.RawMessage) (r Record, problem string) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return r, "record must be an object"
	}
	for name, value := range fields {
		if problem := p.checkField(name, value); problem != "" {
			return r, problem
		}
	}
	for _, name := range required {
		if value := string(fields[name]); value == "" || value == "null" || value == `""` {
			return r, name + " is required"
		}
	}
	text := func(name string) (s string) {
		json.Unmarshal(fields[name], &s) // checkField has read it
		return s
	}
	signature := text("signatureId")
	r = Record{AppID: appID, Key: cmp.Or(signature, text("transactionNumber")), Record: body, signature: signature}
	if slices.Contains(p.Poison, text("vendor")) || slices.Contains(p.Poison, r.Key) {
		return r, "Invalid payload"
	}
	return r, ""
}

// checkField checks the type and value of one field. Fields that are not known
// are ignored, unless the server is strict.
func (p Productiv) checkField(name string, value json.RawMessage) (problem string) {
	known := map[string][]string{"finance": financeFields, "spend": spendFields}[p.Strict]
	if known != nil && !slices.Contains(known, name) {
		return name + " is not expected"
	}
	switch name {
	case "created":
		ms, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || ms < oldestCreated {
			return "created must be a Unix timestamp in milliseconds"
		}
		return ""
	case "amount":
		if _, err := strconv.ParseFloat(string(value), 64); err != nil {
			return "amount must be a number"
		}
		return ""
	}
	var text string
	switch {
	case !slices.Contains(financeFields, name) && !slices.Contains(spendFields, name):
		return ""
	case json.Unmarshal(value, &text) != nil:
		return name + " must be a string"
	case name == "currency" && !isCurrency(text):
		return "currency must be an ISO 4217 code"
	case name == "type" && text != "expense" && text != "invoice":
		return "type must be expense or invoice"
	}
	return ""
}

func isCurrency(code string) bool { return len(code) == 3 && strings.Contains(iso4217, " "+code+" ") }

// iso4217 are the active codes, and HRK, which was one until 2023.
const iso4217 = " AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF" +
	" CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK" +
	" HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA" +
	" MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB" +
	" RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU" +
	" UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "
