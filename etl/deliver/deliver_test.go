package deliver_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/config"
)

func TestPayloadIsExactAndValidJSON(t *testing.T) {
	s := newScene(t)
	s.put(
		spend{id: "a-1", amount: "200.15", text: "quote \" back \\ slash \u2028 é 😀"},
		spend{id: "a-2", amount: "-0.05"},
		spend{id: "a-3", amount: "5000", currency: "JPY"},
		spend{id: "a-4", amount: "12.345", currency: "KWD", exponent: 3},
		spend{id: "a-5", amount: "99999999999999.9900", currency: "EUR", exponent: 2},
		spend{id: "a-6", amount: "1", vendor: strings.Repeat("ü", 300)},
	)
	s.mustPost()
	want := `{"records":[` +
		`{"created":1772323200000,"amount":200.15,"currency":"USD","identifier":"user@example.com","type":"expense","vendor":"GitHub","name":"quote \" back \\ slash ` + "\u2028" + ` é 😀","description":"quote \" back \\ slash ` + "\u2028" + ` é 😀","transactionNumber":"a-1"},` +
		`{"created":1772323200000,"amount":-0.05,"currency":"USD","identifier":"user@example.com","type":"expense","vendor":"GitHub","name":"Example User","description":"Licences","transactionNumber":"a-2"},` +
		`{"created":1772323200000,"amount":5000,"currency":"JPY","identifier":"user@example.com","type":"expense","vendor":"GitHub","name":"Example User","description":"Licences","transactionNumber":"a-3"},` +
		`{"created":1772323200000,"amount":12.345,"currency":"KWD","identifier":"user@example.com","type":"expense","vendor":"GitHub","name":"Example User","description":"Licences","transactionNumber":"a-4"},` +
		`{"created":1772323200000,"amount":99999999999999.99,"currency":"EUR","identifier":"user@example.com","type":"expense","vendor":"GitHub","name":"Example User","description":"Licences","transactionNumber":"a-5"},` +
		`{"created":1772323200000,"amount":1.00,"currency":"USD","identifier":"user@example.com","type":"expense","vendor":"` + strings.Repeat("ü", 255) + `","name":"Example User","description":"Licences","transactionNumber":"a-6"}` +
		`]}`
	if diff := cmp.Diff([]string{want}, s.remote.posts); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
}

func TestSpendSchemaCarriesTheKeyAsSignatureID(t *testing.T) {
	s := newScene(t)
	s.Productiv.RecordSchema = config.SchemaSpend
	s.put(spend{id: "a-1", amount: "200.15"})
	s.mustPost()
	want := `{"records":[{"signatureId":"a-1","created":1772323200000,"amount":200.15,"currency":"USD","identifier":"user@example.com","type":"expense","vendor":"GitHub","name":"Example User","additionalData1":"Licences","additionalData3":"productive:expenses:a-1"}]}`
	if diff := cmp.Diff([]string{want}, s.remote.posts); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
}

// What passes by itself, or never let anything out.
func TestATroubleBeforeThePostLeavesNoDoubt(t *testing.T) {
	denied := reply{status: 401, body: `{"code":"401","message":"Invalid access_token","success":false}`}
	tests := map[string]struct {
		replies []reply
		tokens  []reply
		state   string // of the one item
		posts   int    // that reached the server
		err     string // "" for none
	}{
		"401 once":                         {replies: []reply{denied}, state: "accepted", posts: 2},
		"407 once":                         {replies: []reply{{status: 407}}, state: "accepted", posts: 2},
		"429 with Retry-After":             {replies: []reply{{status: 429, header: http.Header{"Retry-After": {"60"}}}}, state: "accepted", posts: 2},
		"429 without headers":              {replies: repeated(reply{status: 429}, 2), state: "accepted", posts: 3},
		"a failing dial":                   {replies: []reply{{fault: errDial}}, state: "accepted", posts: 1},
		"a certificate, not tried again":   {replies: []reply{{fault: errCertificate}}, state: "planned", err: "name its file in SSL_CERT_FILE"},
		"wrong credentials":                {tokens: []reply{{status: 400, body: `{"error":"invalid_client"}`}}, state: "planned", err: "check productiv.client_id"},
		"a page instead of a token":        {tokens: []reply{{status: 403, body: page}}, state: "planned", err: "a firewall or proxy answered in its place"},
		"a page, as if all were well":      {tokens: []reply{{body: page}}, state: "planned", err: "a firewall or proxy answered in its place"},
		"a proxy before the endpoint":      {tokens: []reply{{status: 407}}, state: "planned", err: "HTTPS_PROXY"},
		"a token endpoint that moved":      {tokens: []reply{{status: 301}}, state: "planned", err: "check productiv.token_url"},
		"no such token endpoint":           {tokens: []reply{{status: 404, body: `{}`}}, state: "planned", err: "check productiv.token_url"},
		"the token endpoint down":          {tokens: repeated(reply{status: 503}, 99), state: "planned", err: "nothing was sent"},
		"the token endpoint out of reach":  {tokens: repeated(reply{fault: errDial}, 99), state: "planned", err: "nothing was sent"},
		"the token endpoint down for once": {tokens: []reply{{status: 503}}, state: "accepted", posts: 1},
		"a token that cannot be sent":      {tokens: []reply{{body: `{"access_token":"a\nb"}`}}, state: "planned", err: "nothing was sent"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.put(spend{id: "a-1", amount: "1"})
				s.remote.replies, s.remote.tokens = tt.replies, tt.tokens
				_, err := s.post()
				checkError(t, err, tt.err, false)
				if got := s.state("a-1"); got != tt.state {
					t.Errorf("state %s, want %s", got, tt.state)
				}
				if got := len(s.remote.posts); got != tt.posts {
					t.Errorf("%d posts, want %d", got, tt.posts)
				}
			})
		})
	}
}

func repeated(r reply, times int) []reply {
	var all []reply
	for range times {
		all = append(all, r)
	}
	return all
}

// checkError wants an error that says text, none for "", and that it asks for
// a person or does not.
func checkError(t testing.TB, err error, text string, person bool) {
	t.Helper()
	if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want one that says %q", err, text)
	}
	var needs *etl.NeedsPersonError
	if errors.As(err, &needs) != person {
		t.Errorf("error %v, asks for a person: %v, want %v", err, !person, person)
	}
}

// state is the state of the newest item of a key.
func (s *scene) state(key string) string {
	s.t.Helper()
	return s.states()[key]
}

// states are the states of the newest items of all keys.
func (s *scene) states() map[string]string {
	s.t.Helper()
	states := map[string]string{}
	for line := range strings.Lines(s.table("items_dump.sql", nil)) {
		fields := strings.Split(line, "\t")
		states[fields[0]] = fields[3]
	}
	delete(states, "key") // the line of names
	return states
}
