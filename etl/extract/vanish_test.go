package extract_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
	"spendbridge/etl/sandbox"
	"spendbridge/schemas"
)

// few is a vendor with n records of the last month, 1 to n, whose first read
// is done.
func few(t *testing.T, kind string, n int) *subject {
	t.Helper()
	s := newSubject(t, kind, sandbox.Options{})
	for i := range n {
		s.insert(3 + i%30)
	}
	s.run()
	return s
}

func (s *subject) deleteAll(from, to int) {
	s.Helper()
	for id := from; id <= to; id++ {
		s.delete(id)
	}
}

// runs reads the look-back as often as a tombstone takes, and returns what the
// last read says.
func (s *subject) runs() (extract.Report, error) {
	s.Helper()
	if s.kind == "procurify" { // two reads in a row
		if report, err := s.extractor().Run(s.Context(), s.source); err != nil {
			return report, err
		}
	}
	return s.extractor().Run(s.Context(), s.source)
}

func (s *subject) wantHeld(err error, want string) {
	s.Helper()
	if etl.Status(err) != etl.StatusNeedsPerson || !strings.Contains(err.Error(), want) {
		s.Errorf("got %v, want a hold that says %q", err, want)
	}
}

func (s *subject) wantLiving(want int) {
	s.Helper()
	if got := len(s.living()); got != want {
		s.Errorf("%d living, want %d", got, want)
	}
}

func TestTheGuardCountsAllWindowsOfARun(t *testing.T) {
	tests := map[string]struct {
		records, deleted int
		held             string
	}{
		"all of three":          {3, 3, "all of its 3 records have vanished"},
		"ten of twelve":         {12, 10, "10 of 12 records have vanished"},
		"three of twelve":       {12, 3, ""},
		"more than two percent": {250, 6, "6 of 250 records have vanished"}, // in two windows
	}
	eachSource(t, func(t *testing.T, kind string) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				s := few(t, kind, tt.records)
				s.deleteAll(1, tt.deleted)
				report, err := s.runs()
				if tt.held == "" {
					s.must(err)
					s.wantLiving(tt.records - tt.deleted)
					return
				}
				s.wantHeld(err, tt.held)
				if s.wantLiving(tt.records); report.Held != tt.deleted || report.Gone != 0 {
					t.Errorf("%d held and %d gone, want %d and none", report.Held, report.Gone, tt.deleted)
				}
			})
		}
	})
}

// Two a day are believed for five days. On the sixth a person has to look.
func TestTheGuardCountsAWeek(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := few(t, kind, 100)
		day := func(n int) error {
			s.clock.pass(24 * time.Hour)
			s.deleteAll(2*n+1, 2*n+2)
			_, err := s.runs()
			return err
		}
		for n := range 5 {
			s.must(day(n))
		}
		s.wantLiving(90)
		s.wantHeld(day(5), "2 records have vanished, and 12 of 100 within seven days")
		s.wantLiving(90)

		// The first days leave the week, without anybody's help.
		s.clock.pass(3 * 24 * time.Hour)
		_, err := s.runs()
		s.must(err)
		s.wantLiving(88)
	})
}

// What somebody accepted is no reason to doubt what goes after it.
func TestAnAcceptanceDoesNotCountForTheWeek(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := few(t, kind, 100)
		s.deleteAll(1, 40)
		_, err := s.runs()
		s.wantHeld(err, "40 of 100 records have vanished")
		s.acceptVanished = true
		s.run()
		s.acceptVanished = false
		s.delete(50)
		_, err = s.runs()
		s.must(err)
		s.wantLiving(59)
	})
}

func TestAnAcceptanceCoversWhatWasListed(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := few(t, kind, 12)
		s.deleteAll(1, 10)
		_, err := s.runs()
		s.wantHeld(err, "10 of 12")
		s.delete(11) // after the list was made
		s.acceptVanished = true
		report, err := s.extractor().Run(t.Context(), s.source)
		if kind == "productive" {
			s.wantHeld(err, "11 of 12")
			if alive, _ := s.lives(11); !alive {
				t.Error("a record that vanished later is gone with the accepted ones")
			}
		}
		if report.Accepted != 10 || report.Gone != 10 {
			t.Errorf("%d accepted and %d gone, want 10", report.Accepted, report.Gone)
		}
		s.acceptVanished = false
		if _, err := s.runs(); err != nil { // one of two
			t.Error(err)
		}
		s.wantLiving(1)
		want := "who note records closed ada we moved 10 10"
		if got := strings.Join(strings.Fields(s.table("check/accepted.sql", nil)), " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAnAcceptanceOfNothingCoversNothing(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := few(t, kind, 12)
		s.deleteAll(1, 10)
		s.acceptVanished = true
		for range 2 { // each time only what the run before has listed
			report, err := s.extractor().Run(t.Context(), s.source)
			if report.Accepted == 0 {
				s.wantHeld(err, "10 of 12")
				s.wantLiving(12)
			}
		}
		s.wantLiving(2)
	})
}

// Whoever accepted a disappearance has not accepted the next one.
func TestAReturnEndsAnAcceptance(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := few(t, kind, 12)
		s.deleteAll(1, 10)
		_, err := s.runs()
		s.wantHeld(err, "10 of 12")
		for id := 1; id <= 10; id++ {
			s.restore(id)
		}
		s.acceptVanished = true
		s.run()
		s.acceptVanished = false
		s.deleteAll(1, 10)
		_, err = s.runs()
		s.wantHeld(err, "10 of 12")
		s.wantLiving(12)
	})
}

// A sweep and a backfill are held as a look-back is, and what they listed can
// be accepted like the rest.
func TestEveryJobIsHeld(t *testing.T) {
	b, err := extract.NewBackfill("2025-10-01", "2026-01-01", "1mo", today)
	if err != nil {
		t.Fatal(err)
	}
	jobs := map[string]func(*extract.Extractor, context.Context, extract.Source) (extract.Report, error){
		"a sweep": (*extract.Extractor).Sweep,
		"a backfill": func(x *extract.Extractor, ctx context.Context, s extract.Source) (extract.Report, error) {
			b := b
			b.Restart = true
			return x.Backfill(ctx, s, b)
		},
	}
	eachSource(t, func(t *testing.T, kind string) {
		for name, read := range jobs {
			t.Run(name, func(t *testing.T) {
				s := newSubject(t, kind, sandbox.Options{})
				for i := range 12 {
					s.insert(75 + 6*i) // October to December
				}
				_, err := s.extractor().Backfill(t.Context(), s.source, b)
				s.must(err)
				s.deleteAll(1, 10)
				for range 2 {
					_, err = read(s.extractor(), t.Context(), s.source)
					s.wantHeld(err, "10 of 12")
				}
				s.wantLiving(12)
				s.acceptVanished = true
				s.run()
				if kind == "procurify" { // the look-back does not read those days
					_, err = read(s.extractor(), t.Context(), s.source)
					s.must(err)
				}
				s.wantLiving(2)
			})
		}
	})
}

// A backfill that was held reads what waits again, and nothing else.
func TestAHeldBackfillReadsOnlyWhatWaitsAgain(t *testing.T) {
	b, err := extract.NewBackfill("2025-10-01", "2026-01-01", "1mo", today)
	if err != nil {
		t.Fatal(err)
	}
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, sandbox.Options{})
		for range 5 {
			s.insert(100) // 2025-11-30
		}
		_, err := s.extractor().Backfill(t.Context(), s.source, b)
		s.must(err)
		s.deleteAll(1, 5)
		b := b
		b.Restart = true
		_, err = s.extractor().Backfill(t.Context(), s.source, b)
		s.wantHeld(err, "all of its 5 records")
		b.Restart = false
		report, err := s.extractor().Backfill(t.Context(), s.source, b)
		s.wantHeld(err, "all of its 5 records")
		if report.DoneAhead != 2 || len(report.Proofs) != 1 {
			t.Errorf("%d windows done ahead and %d read, want 2 and 1", report.DoneAhead, len(report.Proofs))
		}
	})
}

// What an interrupted run has read counts when the next one decides.
func TestTheGuardCountsWhatAnInterruptedRunHasRead(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, sandbox.Options{})
		for i := range 12 {
			s.insert(20 + i) // in January and February
		}
		s.run()
		s.deleteAll(1, 10)
		whole := s.source
		f, _ := whole.(finder)
		s.source = broken{whole, f}
		if f == nil {
			s.source = brokenList{whole}
		}
		s.run2(t, "March is out of order")
		s.source = whole
		report, err := s.extractor().Run(t.Context(), s.source)
		s.wantHeld(err, "10 of 12")
		if len(report.Proofs) != 1 {
			t.Errorf("%d windows read, want March alone", len(report.Proofs))
		}
		s.wantLiving(12)
	})
}

var errOutOfOrder = errors.New("March is out of order")

// A broken source cannot list March.
type broken struct {
	extract.Source
	finder
}

func (b broken) About() extract.About { return brokenList{b.Source}.About() }

func (b broken) Pages(ctx context.Context, q extract.Query, after etl.Cursor) iter.Seq2[extract.Page, error] {
	return brokenList{b.Source}.Pages(ctx, q, after)
}

type brokenList struct{ extract.Source }

func (b brokenList) About() extract.About {
	about := b.Source.About()
	about.Parallel = 1
	return about
}

func (b broken) Count(ctx context.Context, q extract.Query) (int, error) {
	return brokenList{b.Source}.Count(ctx, q)
}

func (b brokenList) Count(ctx context.Context, q extract.Query) (int, error) {
	if q.From.Month() == time.March {
		return 0, errOutOfOrder
	}
	return b.Source.Count(ctx, q)
}

func (b brokenList) Pages(ctx context.Context, q extract.Query, after etl.Cursor) iter.Seq2[extract.Page, error] {
	if q.From.Month() == time.March {
		return func(yield func(extract.Page, error) bool) {
			yield(extract.Page{}, errOutOfOrder)
		}
	}
	return b.Source.Pages(ctx, q, after)
}

// A record that moves into a window which is done sooner was seen first where
// it came from, whichever window lands first.
func TestWhatWasSeenLastIsTheNewestVersion(t *testing.T) {
	s := newSubject(t, "productive", sandbox.Options{})
	for range 201 { // two pages, so that the first one is kept before the move
		s.insert(15) // in February
	}
	moved := make(chan struct{})
	march := make(chan struct{})
	s.source = mover{s.source, s.source.(finder), moved, func() {
		s.must(s.vendors.EditExpense(1, func(e *sandbox.Expense) { e.Date = today.Format(time.DateOnly) }))
		s.insert(15) // so that the vendor counts the same
		close(moved)
		<-march
	}}
	x := s.extractor()
	x.OnProof = func(p extract.Proof) {
		if p.Purpose == "window" && p.Window.From.Month() == time.March {
			close(march)
		}
	}
	if _, err := x.Run(t.Context(), s.source); err != nil {
		t.Fatal(err)
	}
	if got := s.days(1); got != "2026-02-23 2026-03-10" {
		t.Errorf("the versions are of %s", got)
	}
}

// A mover moves a record once February is read, and before March is.
type mover struct {
	extract.Source
	finder
	moved <-chan struct{}
	move  func()
}

func (m mover) Count(ctx context.Context, q extract.Query) (int, error) {
	if q.From.Month() == time.March {
		<-m.moved
	}
	return m.Source.Count(ctx, q)
}

func (m mover) Pages(ctx context.Context, q extract.Query, after etl.Cursor) iter.Seq2[extract.Page, error] {
	return func(yield func(extract.Page, error) bool) {
		for page, err := range m.Source.Pages(ctx, q, after) {
			if !yield(page, err) {
				return
			}
		}
		if q.From.Month() == time.February {
			m.move()
		}
	}
}

// days lists the days of an expense's versions.
func (s *subject) days(id int) string {
	s.Helper()
	lines := strings.Fields(s.table("check/days.sql", map[string]any{"record_id": strconv.Itoa(id)}))
	return strings.Join(lines[1:], " ")
}

func TestMovedDatesAreNoDisappearances(t *testing.T) {
	s := few(t, "productive", 30)
	for id := 1; id <= 20; id++ {
		s.must(s.vendors.EditExpense(id, func(e *sandbox.Expense) { e.Date = "2024-05-05" }))
	}
	if report := s.run(); report.Gone != 0 || report.Held != 0 || report.Counts.Written != 20 {
		t.Errorf("%+v", report)
	}
	s.wantLiving(30)
}

// A record of which nobody can say whether it is gone stays, and the others
// do not wait for it.
func TestARecordThatCannotBeConfirmedStays(t *testing.T) {
	answers := []struct {
		name   string
		status int // 0 ends the connection
		body   string
	}{
		{"not found", 404, `{"errors":[{"status":"404"}]}`}, // records 1 and 2 are gone
		{"gone", 410, `{"errors":[{"status":"410"}]}`},
		{"forbidden", 403, `{"errors":[{"status":"403"}]}`},
		{"unprocessable", 422, `{}`},
		{"a redirect", 302, ``},
		{"broken", 500, `{}`},
		{"unavailable", 503, `<html>`},
		{"no answer", 0, ``},
		{"a web page", 200, `<html>`},
		{"an error document", 200, `{"errors":[{"status":"404"}]}`},
		{"a list", 200, expensePage("", "", 11)},
		{"another record", 200, `{"data":{"id":"60","type":"expenses","attributes":{"date":"2026-03-01"}}}`},
		{"nothing", 200, `{"data":null}`},
	}
	synctest.Test(t, func(t *testing.T) { // a 500 is repeated
		s := few(t, "productive", 60)
		s.deleteAll(1, len(answers))
		s.source = overTransport(t, s.vendors, func(req *http.Request) (*http.Response, error) {
			_, text, asked := strings.Cut(req.URL.Path, "/expenses/")
			if !asked {
				return s.vendors.Transport().RoundTrip(req)
			}
			id, err := strconv.Atoi(text)
			if err != nil {
				t.Error(err)
			}
			a := answers[id-1]
			if a.status == 0 {
				return nil, io.ErrUnexpectedEOF
			}
			return &http.Response{
				StatusCode: a.status, Header: http.Header{}, Request: req, Body: io.NopCloser(strings.NewReader(a.body)),
			}, nil
		})
		report := s.run()
		for i, a := range answers {
			if alive, versions := s.lives(i + 1); alive != (i > 1) || alive && versions != 1 {
				t.Errorf("%s: alive %t with %d versions", a.name, alive, versions)
			}
		}
		if report.Gone != 2 || report.Unconfirmed.Records != len(answers)-2 || len(report.Unconfirmed.First) != 5 {
			t.Errorf("%d gone, unconfirmed %+v", report.Gone, report.Unconfirmed)
		}

		// Once they can be answered they are asked for again, and are too many.
		s.source = newSource(t, "productive", s.vendors)
		_, err := s.extractor().Run(t.Context(), s.source)
		s.wantHeld(err, "11 of 58")
	})
}

func TestAnOldExpenseThatDoesNotAnswerHoldsNobodyUp(t *testing.T) {
	s := newSubject(t, "productive", sandbox.Options{})
	var open []int
	for range 3 {
		open = append(open, s.typeIn(200))
		s.must(s.vendors.UnapproveExpense(open[len(open)-1]))
	}
	s.run()
	s.clock.pass(100 * 24 * time.Hour)
	for _, id := range open {
		s.must(s.vendors.ApproveExpense(id))
	}
	refused := fmt.Sprintf("/expenses/%d", open[0])
	s.source = overTransport(t, s.vendors, func(req *http.Request) (*http.Response, error) {
		if strings.HasSuffix(req.URL.Path, refused) {
			return &http.Response{StatusCode: 403, Header: http.Header{}, Request: req, Body: http.NoBody}, nil
		}
		return s.vendors.Transport().RoundTrip(req)
	})
	report := s.run()
	if report.Rechecked != 3 || report.Counts.Written != 2 || report.Unconfirmed.Records != 1 {
		t.Errorf("%d asked, %d written, %d unconfirmed, want 3, 2 and 1", report.Rechecked, report.Counts.Written, report.Unconfirmed.Records)
	}
}

// overTransport is Productive.io of a sandbox by way of another transport.
func overTransport(t *testing.T, vendors *sandbox.Sandbox, transport func(*http.Request) (*http.Response, error)) extract.Source {
	t.Helper()
	source, err := extract.NewProductive(config.Source{
		Name: "productive", BaseURL: vendors.ProductiveURL(),
		Token: config.NewSecret(sandbox.ProductiveToken), OrganizationID: "517", Lookback: config.Duration(lookback * 24 * time.Hour),
	}, httpretry.New(httpretry.Options{
		Budget: []*rate.Limiter{rate.NewLimiter(rate.Inf, 1)}, Transport: roundTrip(transport),
	}), schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

func TestAnOddIDIsNeverPutIntoAURL(t *testing.T) {
	source := server(func(req *http.Request) (int, string) {
		t.Errorf("asked %s", req.URL)
		return 404, `{}`
	}).productive(t)
	for _, id := range []string{"", ".", "..", "../27", "a/b", "a b", "27?x=1", "27#", "ü", strings.Repeat("9", 65)} {
		if _, err := source.(finder).Find(t.Context(), id); err == nil || !strings.Contains(err.Error(), strconv.Quote(id)) {
			t.Errorf("got %v, want an error that names %q", err, id)
		}
	}
}

// A vendor that answers nothing about single records is not asked about each
// of thousands.
func TestASourceThatConfirmsNothingIsLeftAlone(t *testing.T) {
	s := few(t, "productive", 120)
	s.deleteAll(1, 110)
	asked := 0
	s.source = overTransport(t, s.vendors, func(req *http.Request) (*http.Response, error) {
		if !strings.Contains(req.URL.Path, "/expenses/") {
			return s.vendors.Transport().RoundTrip(req)
		}
		serving.Lock()
		defer serving.Unlock()
		asked++
		return &http.Response{StatusCode: 403, Header: http.Header{}, Request: req, Body: http.NoBody}, nil
	})
	report := s.run()
	if report.Unconfirmed.Records != 110 || asked > 30 {
		t.Errorf("%d unconfirmed after %d requests, want 110 and few", report.Unconfirmed.Records, asked)
	}
	s.wantLiving(120)
}

// The first pass shows a list that the second one corrects: only what the
// second one shows counts.
func TestWhatOnlyAnEarlierPassSaidIsIgnored(t *testing.T) {
	answers := map[string]struct {
		status int
		body   string
		want   string // the versions of record 3
	}{
		"it is gone":        {404, `{}`, "v1"},
		"nobody knows":      {403, `{}`, "v1"},
		"it has an amount":  {200, `{"data":` + expense(3, "now") + `}`, "v1 now"},
		"another is listed": {200, `{"data":` + expense(4, "now") + `}`, "v1"},
	}
	eachSource(t, func(t *testing.T, kind string) {
		for name, tt := range answers {
			if kind == "procurify" && name != "it is gone" {
				continue // nobody asks
			}
			t.Run(name, func(t *testing.T) {
				s := newSubject(t, kind, sandbox.Options{})
				v := &rewriter{lists: [][]string{{"1 v1", "2 v1", "3 v1"}}, status: tt.status, body: tt.body}
				s.source = v.source(t, kind)
				s.run()
				v.lists = [][]string{{"1 early", "2 v1", "3 early", "4 early"}, {"1 v2", "2 v1"}}
				v.read = 0
				report := s.run()
				if i := slices.IndexFunc(report.Proofs, func(p extract.Proof) bool { return p.Passes == 2 }); i < 0 {
					t.Errorf("no window took two passes: %+v", report.Proofs)
				}
				for id, want := range map[int]string{1: "v1 v2", 2: "v1", 3: tt.want, 4: ""} {
					if got := s.notes(id); got != want {
						t.Errorf("record %d has versions %q, want %q", id, got, want)
					}
				}
				if alive, _ := s.lives(3); !alive {
					t.Error("record 3 is gone, and an earlier pass has seen it")
				}
				into := s.anew()
				if _, err := extract.Rebuild(t.Context(), s.db, into.db, s.folder); err != nil {
					t.Fatal(err)
				}
				if got, want := into.table("check/versions.sql", nil), s.table("check/versions.sql", nil); got != want {
					t.Errorf("rebuilt %s, want %s", got, want)
				}
			})
		}
	})
}

// A rewriter shows another list each time it is read, and the last one from
// then on. A record is written as its id and its note.
type rewriter struct {
	lists  [][]string
	read   int
	status int // of the answer about one record
	body   string
}

func (v *rewriter) list() []string { return v.lists[min(v.read, len(v.lists)-1)] }

func (v *rewriter) source(t *testing.T, kind string) extract.Source {
	s := server(func(req *http.Request) (int, string) {
		query := req.URL.Query()
		switch {
		case req.URL.Path == "/oauth/token":
			return 200, `{"access_token":"x"}`
		case strings.HasSuffix(req.URL.Path, "/expenses/3"):
			return v.status, v.body
		case strings.Contains(req.URL.Path, "/expenses/"):
			return 404, `{}`
		case query.Has("filter[created_at][gt_eq]"):
			return 200, expensePage(`"total_count":0`, "")
		case query.Get("page[size]") == "1":
			return 200, expensePage(fmt.Sprintf(`"total_count":%d`, len(v.list())), "")
		}
		shown, count := v.list(), len(v.list())
		if v.read < len(v.lists)-1 {
			count++ // so that the pass proves nothing
		}
		v.read++
		var records []string
		for _, one := range shown {
			id, note, _ := strings.Cut(one, " ")
			n, _ := strconv.Atoi(id)
			if kind == "procurify" {
				records = append(records, fmt.Sprintf(`{"id":%d,"note":%q,"vendor":null,"currency":"USD","transaction_datetime":"2026-03-10T00:00:00Z"}`, n, note))
				continue
			}
			records = append(records, expense(n, note))
		}
		if kind == "procurify" {
			return 200, fmt.Sprintf(`{"data":[%s],"metadata":{"pagination":{"count":%d,"next":null}}}`, strings.Join(records, ","), count)
		}
		return 200, fmt.Sprintf(`{"data":[%s]}`, strings.Join(records, ","))
	})
	if kind == "procurify" {
		return s.procurify(t)
	}
	return s.productive(t)
}

func expense(id int, note string) string {
	return fmt.Sprintf(`{"id":"%d","type":"expenses","attributes":{"date":"2026-03-10","note":%q}}`, id, note)
}

// notes lists the notes of a record's versions.
func (s *subject) notes(id int) string {
	s.Helper()
	lines := strings.Fields(s.table("check/notes.sql", map[string]any{"record_id": strconv.Itoa(id)}))
	return strings.Join(lines[1:], " ")
}
