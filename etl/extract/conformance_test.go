package extract_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
	"spendbridge/etl/sandbox"
	"spendbridge/etl/warehouse"
)

func TestPagesResumeAtEveryCursor(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, small())
		query := extract.Query{Window: etl.Window{From: today.AddDate(0, 0, -38)}}
		whole := bodies(t, s.source, query, "")
		if len(whole) < 3 {
			t.Fatalf("%d pages, want at least 3", len(whole))
		}
		for i, page := range whole[:len(whole)-1] {
			rest := bodies(t, s.source, query, page.next)
			if diff := cmp.Diff(texts(whole[i+1:]), texts(rest)); diff != "" {
				t.Errorf("after page %d (-want +got):\n%.500s", i+1, diff)
			}
		}
	})
}

type body struct {
	text string
	next etl.Cursor
}

func bodies(t *testing.T, s extract.Source, q extract.Query, after etl.Cursor) []body {
	t.Helper()
	var all []body
	for page, err := range s.Pages(t.Context(), q, after) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, body{string(page.Body), page.Next})
	}
	return all
}

func texts(all []body) []string {
	var out []string
	for _, b := range all {
		out = append(out, b.text)
	}
	return out
}

func TestPagesStopWithOneError(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, small())
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var pages, errs int
		for _, err := range s.source.Pages(ctx, extract.Query{}, "") {
			if err != nil {
				errs++
				continue
			}
			pages++
			cancel()
		}
		if pages != 1 || errs != 1 {
			t.Errorf("%d pages and %d errors, want one of each", pages, errs)
		}
	})
}

func TestASecondRunFindsNothingNew(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, sandbox.DemoOptions())
		first := s.run()
		if !first.First || first.Counts.Written == 0 || first.From != etl.Day(today).AddDate(0, 0, -lookback) {
			t.Errorf("first run: %+v", first)
		}
		versions := s.table("check/versions.sql", nil)
		second := s.run()
		if second.First || second.Counts.Written != 0 {
			t.Errorf("second run: %+v", second)
		}
		if diff := cmp.Diff(versions, s.table("check/versions.sql", nil)); diff != "" {
			t.Errorf("versions changed:\n%.1000s", diff)
		}
		if got := s.vendors.Strayed(); len(got) > 0 {
			t.Errorf("requests went to another host: %v", got)
		}
		if err := extract.CheckPages(t.Context(), s.db, s.folder, nil); err != nil {
			t.Error(err)
		}
	})
}

func TestEveryWayOfPagingFindsTheSame(t *testing.T) {
	tests := map[string]struct {
		kind       string
		productive sandbox.Productive
		procurify  sandbox.Procurify
	}{
		"cursors are refused":          {"productive", sandbox.Productive{CursorRefused: true}, sandbox.Procurify{}},
		"cursors are ignored":          {"productive", sandbox.Productive{NoCursor: true}, sandbox.Procurify{}},
		"no sort by id":                {"productive", sandbox.Productive{NoSortByID: true}, sandbox.Procurify{}},
		"an older server":              {"productive", sandbox.Productive{NoCursor: true, NoSortByID: true}, sandbox.Procurify{}},
		"errors without a code":        {"productive", sandbox.Productive{CursorRefused: true, NewerSpec: true}, sandbox.Procurify{}},
		"links name another host":      {"productive", sandbox.Productive{LinksElsewhere: true}, sandbox.Procurify{}},
		"pagination beside data":       {"procurify", sandbox.Productive{}, sandbox.Procurify{TopLevel: true}},
		"next names another host":      {"procurify", sandbox.Productive{}, sandbox.Procurify{NextElsewhere: true}},
		"pages of thirty":              {"procurify", sandbox.Productive{}, sandbox.Procurify{MaxPageSize: 30}},
		"filter by authorization date": {"procurify", sandbox.Productive{}, sandbox.Procurify{FilterBy: sandbox.ByAuthorization}},
	}
	usual := map[string]string{}
	for _, kind := range []string{"productive", "procurify"} {
		s := newSubject(t, kind, small())
		s.run()
		usual[kind] = s.newest()
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := small()
			o.Productive, o.Procurify = tt.productive, tt.procurify
			s := newSubject(t, tt.kind, o)
			s.run()
			s.wantNewest(usual[tt.kind])
			if got := s.vendors.Strayed(); len(got) > 0 {
				t.Errorf("requests went to another host: %v", got)
			}
		})
	}
}

func TestAnEmptyVendorEndsCleanly(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		for _, o := range []sandbox.Options{{}, {Productive: sandbox.Productive{NoCursor: true}}} {
			report := newSubject(t, kind, o).run()
			for _, p := range report.Proofs {
				if !p.Proven || p.Found != 0 {
					t.Errorf("proof %+v", p)
				}
			}
		}
	})
}

func TestTransportFaultsLoseNothing(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		synctest.Test(t, func(t *testing.T) {
			s := newSubject(t, kind, faults(t, small(), "all:transport~40%"))
			s.run()
			undisturbed := newSubject(t, kind, small())
			undisturbed.run()
			s.wantNewest(undisturbed.newest())
			if len(s.vendors.Faults()) == 0 {
				t.Error("no fault hit")
			}
		})
	})
}

// A vendor that answers 200 with something else than was agreed is believed
// nothing: the page is kept, named, and asked for again by the next run.
func TestDriftKeepsThePageAndTheCursor(t *testing.T) {
	tests := map[string]struct{ fault, want string }{
		"a web page":        {"html@4", "not a JSON object"},
		"an error document": {"error-document@4", "no data in it"},
		"an empty object":   {"no-success@4", "no data in it"},
		"truncated JSON":    {"truncated@4", "cut off"},
	}
	eachSource(t, func(t *testing.T, kind string) {
		undisturbed := newSubject(t, kind, small())
		undisturbed.run()
		want := undisturbed.newest()
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				s := newSubject(t, kind, faults(t, small(), kind+":"+tt.fault))
				_, err := s.extractor().Run(t.Context(), s.source)
				if !errors.Is(err, etl.ErrDrift) {
					t.Fatalf("got %v, want drift", err)
				}
				kept := strings.Split(strings.TrimSpace(s.table("check/drifts.sql", nil)), "\n")[1:]
				if len(kept) > 0 { // a count that drifts leaves no page
					file, _, _ := strings.Cut(kept[0], " ")
					if !strings.Contains(err.Error(), file) {
						t.Errorf("error %q does not name %s", err, file)
					}
				}
				s.run()
				s.wantNewest(want)
			})
		}
	})
}

// replace serves another value for a member of record id, or none at all.
func (s *subject) replace(id int, member, value string) {
	s.Helper()
	extra := rawMembers(member, value)
	if s.kind == "procurify" {
		s.must(s.vendors.EditTransaction(id, func(t *sandbox.Transaction) { t.Extra = extra }))
		return
	}
	s.must(s.vendors.EditExpense(id, func(e *sandbox.Expense) { e.Attributes = extra }))
}

func TestUnknownMembersAreNewsOnce(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, small())
		if report := s.run(); len(report.News) > 0 {
			t.Errorf("news before there was any: %v", report.News)
		}
		s.replace(450, "carbon_footprint", `{"kg": 1}`)
		first, second := s.run(), s.run()
		if len(first.News) != 1 || !strings.HasSuffix(first.News[0], ".carbon_footprint") {
			t.Errorf("news %v", first.News)
		}
		if len(second.News) > 0 {
			t.Errorf("the same news again: %v", second.News)
		}
		if first.Counts.Written != 1 {
			t.Errorf("%d versions written, want 1", first.Counts.Written)
		}
	})
}

func TestATokenThatEndsMidRunIsReplacedOnce(t *testing.T) {
	s := newSubject(t, "procurify", faults(t, small(), "procurify:401@5"))
	s.run()
	if n := s.vendors.RequestCount(sandbox.APIProcurifyToken); n != 2 {
		t.Errorf("%d token requests, want 2", n)
	}
}

func TestALongWaitEndsTheSourceResumably(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, faults(t, small(), kind+":429-long@5"))
		_, err := s.extractor().Run(t.Context(), s.source)
		var status *httpretry.StatusError
		if !errors.As(err, &status) || status.Code != 429 || !strings.Contains(err.Error(), "to be repeated in 1h0m0s") {
			t.Fatalf("got %v, want a 429 that says when to come again", err)
		}
		s.run()
		undisturbed := s.anew()
		undisturbed.run()
		s.wantNewest(undisturbed.newest())
	})
}

func TestRequestsAreAsFewAsPromised(t *testing.T) {
	s := newSubject(t, "productive", sandbox.Options{Seed: 3, Expenses: 1500, Plain: true})
	report := s.run()
	most := 0
	for _, p := range report.Proofs {
		most += (p.Found+199)/200 + 2
	}
	if n := s.vendors.RequestCount(sandbox.APIProductive); n > most {
		t.Errorf("%d requests, want at most %d", n, most)
	}
}

func TestProofsAreStoredAndShown(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, small())
		report := s.run()
		var want []string
		for _, p := range report.Proofs {
			if !p.Proven || p.Before != p.Found || p.After != p.Found || p.Passes == 0 {
				t.Errorf("proof %+v", p)
			}
			want = append(want, fmt.Sprintf("window_complete\t%s\ttrue\t%d\t%d", p.Name, p.After, p.Found))
		}
		stored := strings.Split(strings.TrimSpace(
			s.table("check/checks.sql", warehouse.Args{"check_name": "window_complete"})), "\n")[1:]
		slices.Sort(stored)
		slices.Sort(want)
		if diff := cmp.Diff(want, stored); diff != "" {
			t.Errorf("ops.checks (-report +stored):\n%s", diff)
		}
	})
}
