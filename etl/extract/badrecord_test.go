package extract_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
	"spendbridge/etl/sandbox"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
)

// A tamperer changes the bodies that a vendor sends.
type tamperer struct {
	next   http.RoundTripper
	mu     sync.Mutex               // windows are read side by side
	change func(body []byte) []byte // nil changes nothing
}

// RoundTrip implements [http.RoundTripper].
func (tr *tamperer) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := tr.next.RoundTrip(req)
	if err != nil || tr.change == nil || req.Method != http.MethodGet {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	resp.Body = io.NopCloser(bytes.NewReader(tr.change(body)))
	return resp, err
}

// tampered is a subject whose vendor's answers can be changed.
func tampered(t *testing.T, kind string, o sandbox.Options) (*subject, *tamperer) {
	t.Helper()
	s := newSubject(t, kind, o)
	tr := &tamperer{next: s.vendors.Transport()}
	client := httpretry.New(httpretry.Options{Budget: []*rate.Limiter{rate.NewLimiter(rate.Inf, 1)}, Transport: tr})
	var err error
	if kind == "procurify" {
		s.source, err = extract.NewProcurify(config.Source{
			Name: kind, BaseURL: s.vendors.ProcurifyURL(),
			ClientID: config.NewSecret(sandbox.ProcurifyClientID), ClientSecret: config.NewSecret(sandbox.ProcurifyClientSecret), Lookback: config.Duration(lookback * 24 * time.Hour),
		}, client, schemas.FS)
	} else {
		s.source, err = extract.NewProductive(config.Source{
			Name: kind, BaseURL: s.vendors.ProductiveURL(),
			Token: config.NewSecret(sandbox.ProductiveToken), OrganizationID: "517", Lookback: config.Duration(lookback * 24 * time.Hour),
		}, client, schemas.FS)
	}
	s.must(err)
	return s, tr
}

// handful is a vendor with a handful of records in three windows.
func handful() sandbox.Options {
	return sandbox.Options{Seed: 7, Expenses: 12, Transactions: 12, Plain: true, From: today.AddDate(0, 0, -38)}
}

// objectOf returns the text of an object in a list, or nil.
func objectOf(body []byte, list string, is func(id, kind string) bool) []byte {
	var page map[string]json.RawMessage
	var all []json.RawMessage
	if json.Unmarshal(body, &page) != nil || json.Unmarshal(page[list], &all) != nil {
		return nil
	}
	for _, raw := range all {
		var o struct {
			ID   any
			Type string
		}
		if json.Unmarshal(raw, &o) == nil && is(fmt.Sprint(o.ID), o.Type) {
			return raw
		}
	}
	return nil
}

// spoil changes the text of some records, by id.
func spoil(changes map[string]func(text string) string) func([]byte) []byte {
	return func(body []byte) []byte {
		spoilt := body
		for id, change := range changes {
			if raw := objectOf(body, "data", func(found, _ string) bool { return found == id }); raw != nil {
				spoilt = bytes.Replace(spoilt, raw, []byte(change(string(raw))), 1)
			}
		}
		return spoilt
	}
}

// put writes another value for the first member of that name.
func put(name, value string) func(string) string {
	return func(text string) string {
		_, rest, found := strings.Cut(text, `"`+name+`":`)
		if !found {
			panic(name + " is not in " + text)
		}
		decoder := json.NewDecoder(strings.NewReader(rest))
		var old json.RawMessage
		if err := decoder.Decode(&old); err != nil {
			panic(err)
		}
		return strings.Replace(text, `"`+name+`":`+string(old), `"`+name+`":`+value, 1)
	}
}

// also puts another member in front of all others.
func also(member string) func(string) string {
	return func(text string) string { return strings.Replace(text, "{", "{"+member+",", 1) }
}

// unquoteID makes the id a number.
func unquoteID(text string) string {
	_, rest, _ := strings.Cut(text, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return strings.Replace(text, `"id":"`+id+`"`, `"id":`+id, 1)
}

func become(text string) func(string) string { return func(string) string { return text } }

func without(name string) func(string) string {
	return func(text string) string {
		return strings.Replace(put(name, `null`)(text), `"`+name+`":null`, `"x":null`, 1)
	}
}

// badRecords are the ways in which one record may be bad, and why it is
// quarantined then.
var badRecords = map[string]struct {
	kind   string // of the source; empty: both
	change func(string) string
	want   string // begin of the fault
	noID   bool   // its id cannot be used
}{
	"a date that is null":          {"productive", put("date", `null`), "breaks_schema: at '/attributes/date': got null", false},
	"a missing date":               {"productive", without("date"), "breaks_schema: at '/attributes': missing property 'date'", false},
	"approved as text":             {"productive", put("approved", `"true"`), "breaks_schema: at '/attributes/approved': got string", false},
	"an amount as object":          {"productive", put("total_amount", `{"amount":"1"}`), "breaks_schema: at '/attributes/total_amount'", false},
	"currency as a number":         {"productive", put("currency", `840`), "breaks_schema: at '/attributes/currency': got number", false},
	"attributes as a list":         {"productive", put("attributes", `[]`), "breaks_schema: at '/attributes': got array", false},
	"a link that was not included": {"productive", put("vendor", `{"meta":{"included":false}}`), "breaks_schema: at '/relationships/vendor': missing property 'data'", false},
	"an id as a number":            {"productive", unquoteID, "breaks_schema: at '/id': got number", false},
	"an amount as number":          {"procurify", put("amount", `12.5`), "breaks_schema: at '/amount': got number", false},
	"a vendor as text":             {"procurify", put("vendor", `"Initech"`), "breaks_schema: at '/vendor': got string", false},
	"no transaction time":          {"procurify", without("transaction_datetime"), "breaks_schema: missing property 'transaction_datetime'", false},
	"an id with an exponent":       {"procurify", put("id", `1e3`), "id_unusable: 1e3", true},
	"an id with a fraction":        {"procurify", put("id", `5.5`), "id_unusable: 5.5", true},
	"an id that is null":           {"", put("id", `null`), "id_unusable: null", true},
	"an id that is empty":          {"", put("id", `""`), `id_unusable: ""`, true},
	"an id that is a path":         {"", put("id", `"5/../6"`), `id_unusable: "5/../6"`, true},
	"an id of 65 characters":       {"", put("id", `"`+strings.Repeat("5", 65)+`"`), `id_unusable: "555`, true},
	"an id that is an object":      {"", put("id", `{"id":5}`), "id_unusable: {", true},
	"no id":                        {"", without("id"), "id_unusable: it is missing", true},
	"two ids":                      {"", also(`"id":"6"`), "member_twice: /id", true},
	"a member twice":               {"", also(`"x":{"y":1,"y":2}`), "member_twice: /x/y", false},
	"a member twice, one escaped":  {"", also(`"x":{"y":1,"\u0079":1}`), "member_twice: /x/y", false},
	"half a surrogate pair":        {"", also(`"x":"\ud83d"`), "unreadable: invalid surrogate pair", false},
	"a broken escape":              {"", also(`"x":"\q"`), "unreadable: invalid escape sequence", false},
	"a line break in a text":       {"", also("\"x\":\"a\nb\""), "unreadable: invalid character", false},
	"text that is not UTF-8":       {"", also("\"x\":\"\xff\""), "unreadable: invalid UTF-8", false},
	"a NUL character":              {"", also(`"x":"a\u0000b"`), "unreadable: it has a NUL character", false},
	"NaN":                          {"", also(`"x":NaN`), "unreadable: invalid character 'N'", false},
	"brackets 65 levels deep":      {"", also(`"x":` + strings.Repeat("[", 65) + strings.Repeat("]", 65)), "unreadable: nested 66 levels deep", false},
	"brackets 20,000 levels deep":  {"", also(`"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)), "unreadable: exceeded max depth", false},
	"two megabytes":                {"", also(`"x":"` + strings.Repeat("x", 2<<20) + `"`), "unreadable: 2", false},
	"a number instead of a record": {"", become(`5`), "unreadable: not an object", true},
	"null instead of a record":     {"", become(`null`), "unreadable: not an object", true},
	"a list instead of a record":   {"", become(`[{"id":5}]`), "unreadable: not an object", true},
	"an empty object":              {"", become(`{}`), "id_unusable: it is missing", true},
}

// One bad record costs one record: its page is stored, its window proven, all
// others are landed, and it is stored with what is wrong with it. It is itself
// again when the vendor sends it so.
func TestABadRecordCostsOneRecord(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s, tr := tampered(t, kind, sandbox.Options{
			Seed: 7, Expenses: 60, Transactions: 60, Plain: true, From: today.AddDate(0, 0, -8),
		})
		s.run()
		whole := s.newest()
		s = s.anew()
		want, nameless := map[string]string{}, 0 // by id
		changes := map[string]func(string) string{}
		for name, tt := range badRecords {
			if tt.kind != "" && tt.kind != kind {
				continue
			}
			id := strconv.Itoa(len(want) + 1)
			want[id], changes[id] = tt.want, tt.change
			if tt.noID {
				nameless++
				want[id] = noID + tt.want
			}
			t.Logf("record %s has %s", id, name)
		}
		tr.change = spoil(changes)
		for range 2 { // the second run finds nothing new
			for _, p := range s.run().Proofs {
				if !p.Proven {
					t.Errorf("window %s is not proven: %s", p.Name, p.Reason)
				}
			}
			s.wantFaults(t, want)
			if n := len(s.living()); n != 60-nameless {
				t.Errorf("%d living records, %d of 60 have no id", n, nameless)
			}
			s.must(extract.CheckPages(t.Context(), s.db, s.folder, nil))
		}
		tr.change = nil
		s.run()
		if diff := cmp.Diff(whole, records(s.newest())); diff != "" {
			t.Errorf("after all was mended (-want +got):\n%s", diff)
		}
		s.wantFaults(t, nil)
	})
}

const noID = "no-id: "

// wantFaults fails the test unless exactly these records have these faults.
func (s *subject) wantFaults(t *testing.T, want map[string]string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(s.table("check/faults.sql", nil)), "\n")[1:]
	if len(lines) != len(want) {
		t.Errorf("%d records have a fault, want %d", len(lines), len(want))
	}
	for id, fault := range want {
		nameless, isNameless := strings.CutPrefix(fault, noID)
		if !slices.ContainsFunc(lines, func(line string) bool {
			if isNameless {
				return strings.HasPrefix(line, "no-id:") && strings.Contains(line, "\t"+nameless)
			}
			return strings.HasPrefix(line, id+"\t"+fault)
		}) {
			t.Errorf("record %s has not the fault %q", id, fault)
		}
	}
}

// records drops what is known of tombstones of records without an id.
func records(newest string) string {
	var kept []string
	for line := range strings.SplitSeq(newest, "\n") {
		if !strings.Contains(line, "no-id:") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// What was known before a record broke is not gone, though its id may be.
func TestARecordThatBreaksLaterIsNotGone(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s, tr := tampered(t, kind, handful())
		s.run()
		for name, change := range map[string]func(string) string{
			"its text": also(`"x":"\ud83d"`), "its id": put("id", "null"), "all of it": become("5"),
		} {
			t.Run(name, func(t *testing.T) {
				tr.change = spoil(map[string]func(string) string{"5": change})
				for range 3 {
					if report := s.run(); report.Gone > 1 { // of what broke otherwise before
						t.Errorf("%d gone", report.Gone)
					}
				}
				if alive, _ := s.lives(5); !alive {
					t.Error("record 5 is gone")
				}
			})
		}
	})
}

// In whichever way a list is paged, and wherever in it the records are bad.
func TestBadRecordsOnAnyPage(t *testing.T) {
	first := func(n int) bool { return n == 0 }
	every := func(int) bool { return true }
	const unreadable, noID = `{"id":"%s","x":"\ud83d"}`, `{}`
	tests := map[string]struct {
		kind    string
		numbers bool
		bad     func(n int) bool // of the records of page two
		change  string
	}{
		"the first of page two, by cursor":         {"productive", false, first, unreadable},
		"the first of page two, by numbers":        {"productive", true, first, noID},
		"the first of page two of transactions":    {"procurify", true, first, unreadable},
		"every record of page two, by cursor":      {"productive", false, every, noID},
		"every record of page two, by numbers":     {"productive", true, every, unreadable},
		"every record of page two of transactions": {"procurify", true, every, noID},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := oneWindow()
			o.Productive.NoCursor = tt.numbers
			s, tr := tampered(t, tt.kind, o)
			var second []string // ids of the records of page two, once they are known
			tr.change = func(body []byte) []byte { return spoilSecond(body, &second, tt.bad, tt.change) }
			s.run()
			bad := 0
			for i := range second {
				if tt.bad(i) {
					bad++
				}
			}
			if n := strings.Count(s.table("check/faults.sql", nil), "\n") - 1; bad == 0 || n != bad {
				t.Errorf("%d records with a fault, want %d", n, bad)
			}
			want := map[string]int{"productive": o.Expenses, "procurify": o.Transactions}[tt.kind]
			if tt.change == noID {
				want -= bad
			}
			// Windows of transactions overlap, so another may show them.
			if got := len(s.living()); got != want && (tt.kind == "productive" || got < want) {
				t.Errorf("%d records, want %d", got, want)
			}
		})
	}
}

// spoilSecond spoils the records of the second full page it meets, whenever
// they come.
func spoilSecond(body []byte, second *[]string, bad func(int) bool, change string) []byte {
	var page struct{ Data []json.RawMessage }
	if json.Unmarshal(body, &page) != nil || len(page.Data) < 2 {
		return body
	}
	var ids []string
	for _, raw := range page.Data {
		var o struct{ ID any }
		_ = json.Unmarshal(raw, &o)
		ids = append(ids, fmt.Sprint(o.ID))
	}
	switch {
	case *second == nil:
		*second = []string{ids[0]} // of the first page
		return body
	case len(*second) == 1 && ids[0] != (*second)[0]:
		*second = ids
	case len(*second) == 1 || ids[0] != (*second)[0]:
		return body
	}
	for i, raw := range page.Data {
		if bad(i) {
			body = bytes.Replace(body, raw, []byte(strings.Replace(change, "%s", ids[i], 1)), 1)
		}
	}
	return body
}

// What is wrong with an included object costs no expense, and the company that
// was known before stays.
func TestABadIncludedObjectCostsNoRecord(t *testing.T) {
	company := func(_, kind string) bool { return kind == "companies" }
	for name, change := range map[string]func(string) string{
		"a name as a number": put("name", "42"), "half a surrogate pair": also(`"x":"\ud83d"`), "null": become("null"),
		"no id": put("id", "null"), "a text": become(`"x"`), "no type": func(text string) string { return strings.Replace(text, `"type":"companies"`, `"type":null`, 1) }, "a name twice": also(`"attributes":{}`),
	} {
		t.Run(name, func(t *testing.T) {
			s, tr := tampered(t, "productive", handful())
			breakOne := func(body []byte) []byte {
				if raw := objectOf(body, "included", company); raw != nil {
					return bytes.Replace(body, raw, []byte(change(string(raw))), 1)
				}
				return body
			}
			tr.change = breakOne
			s.run()
			told := s.table("check/checks.sql", warehouse.Args{"check_name": "included_readable"})
			if !strings.Contains(told, "false") {
				t.Errorf("nobody is told:\n%s", told)
			}
			if n := len(s.living()); n != 12 {
				t.Errorf("%d living expenses of 12", n)
			}
			broken := strings.Count(s.newest(), "companies")
			tr.change = nil
			s.run()
			whole := s.newest()
			if n := strings.Count(whole, "companies"); n <= broken {
				t.Errorf("%d companies with a broken one, then %d", broken, n)
			}
			tr.change = breakOne
			s.run()
			s.wantNewest(whole)
		})
	}
}

// A window that the vendor cannot answer for costs that window.
func TestABadWindowCostsThatWindow(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s, tr := tampered(t, kind, small())
		s.run()
		whole := s.newest()
		s = s.anew()
		tr.change = func(body []byte) []byte {
			if objectOf(body, "data", func(id, _ string) bool { return id == "5" }) != nil {
				return []byte(`<html>`)
			}
			return body
		}
		report, err := s.extractor().Run(t.Context(), s.source)
		if !errors.Is(err, etl.ErrDrift) {
			t.Errorf("got %v, want drift", err)
		}
		if len(report.Proofs) == 0 || len(s.living()) == 0 {
			t.Errorf("%d proofs and %d records of the other windows", len(report.Proofs), len(s.living()))
		}
		tr.change = nil
		s.run()
		s.wantNewest(whole)
	})
}

// A page file that is damaged is written anew when its page is sent again, and
// keeps no other page from landing.
func TestADamagedPageFileIsWrittenAnew(t *testing.T) {
	for name, damage := range map[string]func(string) error{
		"missing":   os.Remove,
		"truncated": func(file string) error { return os.Truncate(file, 20) },
		"empty":     func(file string) error { return os.Truncate(file, 0) },
		"a bit flipped": func(file string) error {
			packed, err := os.ReadFile(file)
			if err == nil {
				packed[len(packed)/2] ^= 4
				err = os.WriteFile(file, packed, 0o600)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t, "productive", handful())
			s.run()
			files, err := filepath.Glob(filepath.Join(s.folder, "raw", "*", "*", "*.zst"))
			s.must(err)
			s.must(damage(files[0]))
			if extract.CheckPages(t.Context(), s.db, s.folder, nil) == nil {
				t.Error("the damage was not noticed")
			}
			s.run()
			s.must(extract.CheckPages(t.Context(), s.db, s.folder, nil))
		})
	}
}

func TestADamagedPageThatHadNotLandedIsReadAgain(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, handful())
		s.run()
		want := s.newest()
		s = s.anew()
		s.run()
		// As if the run had been killed before anything landed.
		for _, file := range []string{"check/forget_records.sql", "check/forget_landed.sql"} {
			if _, err := s.db.Exec(t.Context(), file, nil); err != nil {
				t.Fatal(err)
			}
		}
		files, err := filepath.Glob(filepath.Join(s.folder, "raw", "*", "*", "*.zst"))
		s.must(err)
		s.must(os.Truncate(files[0], 20))
		s.must(os.Remove(files[1]))
		s.run()
		s.wantNewest(want)
		s.must(extract.CheckPages(t.Context(), s.db, s.folder, nil))
	})
}

// Nor is its window taken for done, if a backfill remembers it so.
func TestABackfillReadsTheWindowOfADamagedPageAgain(t *testing.T) {
	b, err := extract.NewBackfill(today.AddDate(0, 0, -40).Format(time.DateOnly), today.Format(time.DateOnly), "1mo", today)
	if err != nil {
		t.Fatal(err)
	}
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, handful())
		_, err := s.extractor().Backfill(t.Context(), s.source, b)
		s.must(err)
		want := s.newest()
		for _, file := range []string{"check/forget_records.sql", "check/forget_landed.sql"} {
			if _, err := s.db.Exec(t.Context(), file, nil); err != nil {
				t.Fatal(err)
			}
		}
		files, err := filepath.Glob(filepath.Join(s.folder, "raw", "*", "*", "*.zst"))
		s.must(err)
		s.must(os.Truncate(files[0], 20))
		report, err := s.extractor().Backfill(t.Context(), s.source, b)
		s.must(err)
		if report.DoneAhead == 0 || len(report.Proofs) == 0 {
			t.Errorf("%d windows done ahead and %d read, want some of both", report.DoneAhead, len(report.Proofs))
		}
		s.wantNewest(want)
		s.must(extract.CheckPages(t.Context(), s.db, s.folder, nil))
	})
}

// A page that cannot land stops neither the pages beside it nor the reading.
func TestAPageThatCannotLandStopsNoOther(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, handful())
		s.run()
		want := s.newest()
		for _, file := range []string{"check/forget_records.sql", "check/forget_landed.sql", "check/miscount_page.sql"} {
			if _, err := s.db.Exec(t.Context(), file, nil); err != nil {
				t.Fatal(err)
			}
		}
		s.run2(t, "instead of 999")
		s.wantNewest(want)
	})
}
