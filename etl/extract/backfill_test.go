package extract_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/extract"
	"spendbridge/etl/sandbox"
	"spendbridge/etl/warehouse"
)

func TestNewBackfillRefusesWhatMakesNoSense(t *testing.T) {
	tests := map[string]struct{ from, to, span, want string }{
		"reversed":             {"2026-02-01", "2026-01-01", "1mo", "--from 2026-02-01 is not before --to 2026-01-01"},
		"empty":                {"2026-02-01", "2026-02-01", "1mo", "is not before"},
		"in the future":        {"2027-01-01", "2027-02-01", "1mo", "is in the future; write --to 2026-03-11"},
		"partly in the future": {"2026-01-01", "2026-03-12", "1mo", "is in the future"},
		"no day":               {"January", "2026-01-01", "1mo", `--from "January" is not a day; write it as 2024-01-31`},
		"a day that is not":    {"2026-01-01", "2026-02-30", "1mo", `--to "2026-02-30" is not a day`},
		"no window":            {"2026-01-01", "2026-02-01", "weekly", `--window: window "weekly": write calendar months such as 1mo`},
		"an empty window":      {"2026-01-01", "2026-02-01", "0d", "--window"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := extract.NewBackfill(tt.from, tt.to, tt.span, today)
			var usage *etl.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want wrong use that says %q", err, tt.want)
			}
		})
	}
}

func backfill(t *testing.T, from, to, span string) extract.Backfill {
	t.Helper()
	b, err := extract.NewBackfill(from, to, span, today)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// lastYear is a vendor whose records lie before the look-back.
func lastYear() sandbox.Options {
	return sandbox.Options{
		Seed: 5, Expenses: 600, Transactions: 300, Plain: true,
		From: today.AddDate(0, -8, 0), To: today.AddDate(0, -3, 0),
	}
}

func TestABackfillReadsItsPeriodOnce(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, lastYear())
		s.run()
		before := s.table("check/checks.sql", warehouse.Args{"check_name": "window_complete"})
		b := backfill(t, "2025-07-01", "2026-01-01", "1mo")
		report, err := s.extractor().Backfill(t.Context(), s.source, b)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Proofs) != 6 || report.Proofs[0].Name != "2025-07-01/2025-08-01" || report.DoneAhead != 0 {
			t.Errorf("proofs %+v", report.Proofs)
		}
		versions := s.table("check/versions.sql", nil)
		requests := s.vendors.RequestCount(kind)
		again, err := s.extractor().Backfill(t.Context(), s.source, b)
		if err != nil || again.DoneAhead != 6 || len(again.Proofs) != 0 {
			t.Errorf("again: %+v, %v", again, err)
		}
		if n := s.vendors.RequestCount(kind); n != requests {
			t.Errorf("a finished backfill made %d requests", n-requests)
		}
		b.Restart = true
		anew, err := s.extractor().Backfill(t.Context(), s.source, b)
		if err != nil || len(anew.Proofs) != 6 || anew.Counts.Written != 0 {
			t.Errorf("restarted: %+v, %v", anew, err)
		}
		if diff := cmp.Diff(versions, s.table("check/versions.sql", nil)); diff != "" {
			t.Errorf("re-reading changed versions:\n%.500s", diff)
		}
		if before == "" {
			t.Error("the look-back proved nothing")
		}
	})
}

func TestABackfillThatWasStoppedGoesOn(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, lastYear())
		b := backfill(t, "2025-07-01", "2026-01-01", "1mo")
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		x := s.extractor()
		finished := 0
		x.OnProof = func(extract.Proof) {
			if finished++; finished == 2 {
				stop()
			}
		}
		if _, err := x.Backfill(ctx, s.source, b); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want cancellation", err)
		}
		s.run() // a look-back in between touches nothing of it
		s.clock.pass(40 * 24 * time.Hour)
		report, err := s.extractor().Backfill(t.Context(), s.source, b)
		if err != nil || report.DoneAhead < 2 || report.DoneAhead+len(report.Proofs) != 6 {
			t.Errorf("%d windows ahead, %d proofs, %v", report.DoneAhead, len(report.Proofs), err)
		}
		undisturbed := s.anew()
		if _, err := undisturbed.extractor().Backfill(t.Context(), s.source, b); err != nil {
			t.Fatal(err)
		}
		if got, want := len(s.living()), len(undisturbed.living()); got < want {
			t.Errorf("%d records, an undisturbed backfill finds %d", got, want)
		}
	})
}

// A look-back that was interrupted is not disturbed by a backfill.
func TestABackfillLeavesLiveCursorsAlone(t *testing.T) {
	s := newSubject(t, "productive", faults(t, small(), "productive:429-long@8"))
	if _, err := s.extractor().Run(t.Context(), s.source); err == nil {
		t.Fatal("the look-back was not interrupted")
	}
	before := s.table("check/cursors.sql", nil)
	b := backfill(t, "2025-07-01", "2025-08-01", "7d")
	report, err := s.extractor().Backfill(t.Context(), s.source, b)
	if err != nil || len(report.Proofs) != 5 {
		t.Fatalf("%d windows of seven days in July, %v", len(report.Proofs), err)
	}
	after := s.table("check/cursors.sql", nil)
	for line := range strings.Lines(before) {
		if !strings.Contains(after, line) {
			t.Errorf("cursor %q is gone", line)
		}
	}
	s.run()
	if twice := s.table("check/pages_twice.sql", nil); strings.Count(twice, "\n") > 1 {
		t.Errorf("the look-back did not go on where it stood:\n%s", twice)
	}
}

func TestPlanCountsAndStoresNothing(t *testing.T) {
	// Two counts for an empty window at Productive.io, one page at Procurify.
	tests := map[string]int{"productive": 2, "procurify": 1}
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, lastYear())
		b := backfill(t, "2024-12-01", "2026-01-01", "1mo")
		planned, err := s.extractor().Plan(t.Context(), s.source, b)
		if err != nil {
			t.Fatal(err)
		}
		requests := s.vendors.RequestCount(kind)
		if planned[0].Records != 0 || planned[0].Requests != tests[kind] {
			t.Errorf("an empty window: %+v", planned[0])
		}
		if got := s.table("check/pages.sql", nil); strings.Count(got, "\n") != 1 {
			t.Errorf("pages were stored:\n%s", got)
		}
		if _, err := s.extractor().Backfill(t.Context(), s.source, b); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, w := range planned {
			want += w.Requests
		}
		if got := s.vendors.RequestCount(kind) - requests; got > want {
			t.Errorf("%d requests, planned were %d", got, want)
		}
		done, err := s.extractor().Plan(t.Context(), s.source, b)
		if err != nil || !done[0].Done {
			t.Errorf("after it was done: %+v, %v", done[0], err)
		}
	})
}

func TestProgressReachesItsTotal(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, small())
		x := s.extractor()
		done, total := map[string]int64{}, map[string]int64{}
		x.Progress = func(unit string, d, n int64) {
			if d < done[unit] || unit != "records" && d > n {
				t.Errorf("progress %d of %d %s after %d", d, n, unit, done[unit])
			}
			done[unit], total[unit] = d, n
		}
		report, err := x.Run(t.Context(), s.source)
		if err != nil {
			t.Fatal(err)
		}
		if done["pages"] == 0 || done["pages"] != total["pages"] || done["windows"] != int64(len(report.Proofs)) || done["windows"] != total["windows"] {
			t.Errorf("ended at %v of %v", done, total)
		}
		if done["records"] == 0 {
			t.Error("no record was told of")
		}
	})
}
