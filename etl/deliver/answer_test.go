package deliver_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
)

// An outcome is what an answer leads to.
type outcome struct {
	Batch, Item string // their states after the load
	Stop        string // what the load's error says
	Person      bool   // whether it asks for one
	Later       string // the item's state after the next load, in which all goes well for it
	Copies      int    // of the record at Productiv after that
}

// Outcomes where what is in doubt is held, and where it is sent again.
type outcomes struct{ hold, resend outcome }

// An answerTest is an answer and what it leads to.
type answerTest struct {
	name   string
	answer reply
	want   outcomes
	says   string // the load's error, where it is this answer's own
}

// both is an outcome that has nothing to do with doubt.
func both(o outcome) outcomes { return outcomes{o, o} }

const between = " from a firewall or proxy before productiv.example: "

const page = "<!doctype html><title>No</title>"

// said is Productiv's own error, see schemas/README.md, Productiv: answers.
func said(status int) reply {
	return reply{status: status, body: `{"code":"` + http.StatusText(status) + `","message":"the server's words","success":false}`}
}

// Every answer that Productiv, or what is in between, can give to a batch. The
// batches before and after it are accepted.
func TestEveryAnswerLeadsToItsOutcome(t *testing.T) {
	held := outcome{Batch: "unknown", Item: "unknown", Stop: "may or may not have arrived", Person: true, Later: "unknown"}
	again := outcome{Batch: "unknown", Item: "unknown", Stop: "the next load posts them again", Later: "accepted", Copies: 1}
	heldCopy, copies := held, again
	heldCopy.Copies, copies.Copies = 1, 7 // unless Productiv knows its key
	var (
		accepted = both(outcome{Batch: "accepted", Item: "accepted", Later: "accepted", Copies: 1})
		pending  = both(outcome{Batch: "pending", Item: "planned", Later: "accepted", Copies: 1})
		rejected = both(outcome{Batch: "rejected", Item: "rejected", Stop: " rejected by Productiv", Person: true, Later: "rejected"})
		unknown  = outcomes{held, again}
		lost     = outcomes{heldCopy, copies} // unknown, and stored each time
		refused  = both(held)                 // unknown, with the status of a refusal
	)
	tests := []answerTest{
		{"200", reply{}, accepted, ""},
		{"200 with more members", reply{body: `{"success":true,"message":"thanks","ids":[1,{"success":false}]}` + "\n", store: true}, accepted, ""},
		{"201", reply{status: 201}, accepted, ""},
		{"202", reply{status: 202, store: true}, accepted, ""},
		{"200 without success", reply{body: `{"ok":true}`}, unknown, ""},
		{"200 with success false", reply{body: `{"success":false,"message":"m"}`}, unknown, ""},
		{"200 with success as text", reply{body: `{"success":"true"}`}, unknown, ""},
		{"200 with success 1", reply{body: `{"success":1}`}, unknown, ""},
		{"200 with Success", reply{body: `{"Success":true}`}, unknown, ""},
		{"200 with success further down", reply{body: `{"data":{"success":true}}`}, unknown, ""},
		{"200 with success twice", reply{body: `{"success":true,"success":true}`}, unknown, ""},
		{"200 with success both ways", reply{body: `{"success":false,"success":true}`}, unknown, ""},
		{"200 with success twice, escaped", reply{body: `{"success":true,"succes\u0073":false}`}, unknown, ""},
		{"200 with another member twice", reply{body: `{"success":true,"message":"a","message":"b"}`}, unknown, ""},
		{"200 with a member twice below", reply{body: `{"success":true,"data":[{"id":1,"id":2}]}`}, unknown, ""},
		{"200 with text after it", reply{body: `{"success":true} ok`}, unknown, ""},
		{"200 with two documents", reply{body: `{"success":true}{"success":true}`}, unknown, ""},
		{"200 with a mark before it", reply{body: "\ufeff" + `{"success":true}`, store: true}, accepted, ""},
		{"200 with a list", reply{body: `[{"success":true}]`}, unknown, ""},
		{"200 with null", reply{body: `null`}, unknown, ""},
		{"200 cut off", reply{body: `{"success":true`}, unknown, ""},
		{"200 with a web page", reply{body: page}, unknown, ""},
		{"200 without a body", reply{status: 200, noBody: true}, unknown, ""},
		{"203", reply{status: 203}, unknown, ""},
		{"204", reply{status: 204, noBody: true}, unknown, ""},
		{"205", reply{status: 205}, unknown, ""},
		{"206", reply{status: 206}, unknown, ""},
		{"207", reply{status: 207}, unknown, ""},
		{"101", reply{status: 101}, unknown, ""},
		{"300 without an address", reply{status: 300}, pending, "productiv.example answers 300 Multiple Choices, which leads to no address"},
		{"301", leading(301, "https://user:pass@elsewhere.example/a?key=hush#b"), pending, "which leads to https://elsewhere.example/a; redirects are not followed"},
		{"302 within the host", leading(302, "/login?next=hush"), pending, "which leads to https://productiv.example/login; redirects are not followed"},
		{"303 to no address", leading(303, "http://[::1/"), pending, "303 See Other, which leads to no address"},
		{"304", reply{status: 304, noBody: true}, pending, "304 Not Modified, which leads to no address"},
		{"307", leading(307, "//elsewhere.example"), pending, "which leads to https://elsewhere.example; redirects"},
		{"308 with success", reply{status: 308, body: `{"success":true}`}, pending, "308 Permanent Redirect"},
		{"400", said(400), pending, "check productiv.base_url"},
		{"403", said(403), pending, "lack the scope https://api.productiv.com/connector.write (403 Forbidden: the server's words)"},
		{"404", said(404), pending, `knows no application "app-1"`},
		{"404 with a code alone", reply{status: 404, body: `{"success":false,"code":404}`}, pending, `knows no application "app-1" for this customer (404 Not Found: 404)`},
		{"406", said(406), unknown, ""},
		{"400 with a web page", reply{status: 400, body: page}, pending, between},
		{"403 with a web page", reply{status: 403, body: page}, pending, between},
		{"404 with a web page", reply{status: 404, body: page}, pending, between},
		{"406 with a web page", reply{status: 406, body: page}, pending, between},
		{"400 without a body", reply{status: 400, noBody: true}, pending, between},
		{"403 without a body", reply{status: 403, noBody: true}, pending, between},
		{"403 with other JSON", reply{status: 403, body: `{"error":"denied"}`}, pending, between},
		{"403 that says no more than false", reply{status: 403, body: `{"success":false}`}, pending, between},
		{"403 with success", reply{status: 403, body: `{"success":true,"message":"m"}`}, pending, between},
		{"404 with a mark before it", reply{status: 404, body: "\ufeff" + said(404).body}, pending, `knows no application "app-1"`},
		{"403 with a member twice", reply{status: 403, body: `{"success":false,"success":true,"code":"403"}`}, unknown, ""},
		{"401", said(401), pending, "check productiv.token_url and productiv.client_id"},
		{"401 with a web page", reply{status: 401, body: page}, pending, "refuses a token that was issued a moment ago"},
		{"407", said(407), pending, "asks for credentials (407"},
		{"407 with a web page", reply{status: 407, body: page}, pending, "put them into HTTPS_PROXY"},
		{"402", said(402), pending, "402 Payment Required: the server's words; nothing was stored"},
		{"405", said(405), pending, "405 Method Not Allowed"},
		{"410", said(410), pending, "410 Gone"},
		{"415", said(415), pending, "415 Unsupported Media Type"},
		{"451", said(451), pending, "451 Unavailable For Legal Reasons"},
		{"402 with a web page", reply{status: 402, body: page}, pending, "402 Payment Required: " + page},
		{"405 without a body", reply{status: 405, noBody: true}, pending, "405 Method Not Allowed: no body"},
		{"410 with a web page", reply{status: 410, body: page}, pending, "410 Gone"},
		{"415 with a web page", reply{status: 415, body: page}, pending, "415 Unsupported"},
		{"451 with a web page", reply{status: 451, body: page}, pending, "451 Unavailable"},
		{"413", said(413), rejected, ""},
		{"413 with a web page", reply{status: 413, body: page}, rejected, ""},
		{"413 with a member twice", reply{status: 413, body: `{"message":"a","message":"b"}`}, refused, ""},
		{"422", said(422), rejected, ""},
		{"422 with a web page", reply{status: 422, body: page}, rejected, ""},
		{"422 without a body", reply{status: 422, noBody: true}, rejected, ""},
		{"422 with a member twice", reply{status: 422, body: `{"success":false,"success":true}`}, refused, ""},
		{"429", said(429), pending, "asks to slow down, after 6 tries: the server's words"},
		{"429 with a web page", reply{status: 429, body: page}, pending, "asks to slow down"},
		{"429 for an hour", reply{status: 429, header: http.Header{"Retry-After": {"3600"}}}, pending, "asks to wait 1h0m0s"},
		{"408", said(408), unknown, ""},
		{"408 with a web page", reply{status: 408, body: page}, unknown, ""},
		{"409", said(409), unknown, ""},
		{"418", said(418), unknown, ""},
		{"500", said(500), unknown, ""},
		{"500 with a web page", reply{status: 500, body: page}, unknown, ""},
		{"501", said(501), unknown, ""},
		{"502 with a web page", reply{status: 502, body: page}, unknown, ""},
		{"503 with Retry-After", reply{status: 503, header: http.Header{"Retry-After": {"1"}}}, unknown, ""},
		{"504 without a body", reply{status: 504, noBody: true}, unknown, ""},
		{"503 after storing", reply{status: 503, store: true}, lost, ""},
		{"a reset while sending", reply{fault: errReset}, unknown, ""},
		{"a reset while reading", reply{cut: true, store: true}, lost, ""},
		{"no answer in time", reply{fault: errTimeout}, unknown, ""},
		{"no connection", reply{fault: errDial}, pending, "nothing was sent after 6 tries"},
		{"a certificate that is not verified", reply{fault: errCertificate}, pending, "nothing was sent: POST productiv.example"},
	}
	for class, want := range map[string]outcomes{
		"accepted": accepted, "pending": pending, "rejected": rejected, "unknown": unknown, "lost": lost, "refused": refused,
	} {
		rows := slices.DeleteFunc(slices.Clone(tests), func(tt answerTest) bool { return tt.want != want })
		loads := [][]answerTest{rows}
		if want == pending { // each stops its load
			loads = slices.Collect(slices.Chunk(rows, 1))
		}
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				newScene(t).tryAnswers(loads, want.hold)
				if want == pending { // what is certain has nothing to do with doubt
					return
				}
				s := newScene(t)
				s.Productiv.RecordSchema, s.Productiv.InDoubt = config.SchemaSpend, config.InDoubtResend
				s.tryAnswers(loads, want.resend)
			})
		})
	}
}

func leading(status int, location string) reply {
	return reply{status: status, header: http.Header{"Location": {location}}, body: page}
}

// tryAnswers makes one load for each group of answers, then one in which all
// goes well. Each answer is to a record that is posted alone, after one that
// is accepted.
func (s *scene) tryAnswers(loads [][]answerTest, want outcome) {
	s.t.Helper()
	s.Productiv.BatchSize = 1
	var before map[string]answerTest // by the record of the last load that met it
	for i, tests := range append(loads, nil) {
		s.Productiv.Concurrency = max(1, len(tests)) // an unknown outcome ends its connection
		s.remote.byKey = map[string]reply{}
		met := map[string]answerTest{}
		for j, tt := range tests {
			first, second := fmt.Sprintf("%03d-%03d-first", i, j), fmt.Sprintf("%03d-%03d-second", i, j)
			s.put(spend{id: first, amount: "1"}, spend{id: second, amount: "2"})
			s.remote.byKey[second], met[second] = tt.answer, tt
		}
		_, err := s.post()
		states, copies := s.states(), s.remote.copies()
		for key, tt := range before {
			if states[key] != want.Later || copies[key] != want.Copies {
				s.t.Errorf("%s: %s after the next load, %d times at Productiv; want %s, %d", tt.name, states[key], copies[key], want.Later, want.Copies)
			}
		}
		for key, tt := range met {
			if batch := s.batchState(key); batch != want.Batch || states[key] != want.Item {
				s.t.Errorf("%s: batch %s, item %s; want %s and %s", tt.name, batch, states[key], want.Batch, want.Item)
			}
			if first := strings.Replace(key, "second", "first", 1); states[first] != "accepted" || copies[first] != 1 {
				s.t.Errorf("%s: the record before it is %s, %d times at Productiv", tt.name, states[first], copies[first])
			}
			checkError(s.t, err, cmp.Or(tt.says, want.Stop), want.Person)
			if strings.Contains(fmt.Sprint(err), "hush") {
				s.t.Errorf("%s: the error tells a secret: %v", tt.name, err)
			}
		}
		before = met
	}
}

// batchState is the state of the batch that a record is in.
func (s *scene) batchState(spendID string) string {
	s.t.Helper()
	return strings.Fields(s.table("batch_state.sql", warehouse.Args{"spend_id": spendID}))[1]
}

// What Productiv said to an accepted batch is kept, and no secret with it.
func TestTheAnswerToAnAcceptedBatchIsKept(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a-1", amount: "1"})
	s.remote.replies = []reply{{body: "{\"success\":true,\n\"token\":\"tx\",\"text\":\"" + strings.Repeat("é", 1000) + `"}`, store: true}}
	s.mustPost()
	lines := strings.Split(strings.TrimSpace(string(unzip(t, s.sentFiles()[0]))), "\n")
	if want := `"body":"{\"success\":true, \"token\":\"tx\",\"text\":\"ééé`; !strings.Contains(lines[2], want) || len(lines[2]) > 800 {
		t.Errorf("%d bytes: %s\nwant at most 800, with %s", len(lines[2]), lines[2], want)
	}
}
