package extract_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/extract"
	"spendbridge/etl/sandbox"
)

// Every way to read meets every way the list may shift once under it.
func TestPageDriftIsSeenAndReadAgain(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		for _, change := range []string{"insert", "delete", "swap"} {
			for _, numbered := range []bool{false, true} {
				if numbered && (kind == "procurify" || change != "swap") {
					continue // Procurify always is, and the count tells the others
				}
				t.Run(fmt.Sprintf("%s, numbered %t", change, numbered), func(t *testing.T) {
					// Whichever window is first, the first page of the long one is among these.
					o := faults(t, oneWindow(), kind+":"+change+"@1x4")
					o.Productive.NoCursor = numbered
					s := newSubject(t, kind, o)
					report := s.run()
					passes := 0
					for _, p := range report.Proofs {
						passes = max(passes, p.Passes)
					}
					if passes < 2 {
						t.Errorf("no window took a second pass: %+v", report.Proofs)
					}
					s.run() // what an earlier pass saw is gone only for the next read
					if kind == "procurify" {
						s.run() // or the one after that
					}
					undisturbed := s.anew()
					undisturbed.run()
					if got, want := s.living(), undisturbed.living(); len(got) != len(want) {
						t.Errorf("%d living records, the vendor has %d", len(got), len(want))
					}
				})
			}
		}
	})
}

func TestAWindowThatNeverHoldsStillIsNotProven(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, faults(t, oneWindow(), kind+":insert"))
		gone := 11
		s.run2(t, "is not proven after 4 passes")
		s.delete(gone)
		report := s.run2(t, "is not proven after 4 passes")
		if report.Gone != 0 {
			t.Errorf("%d records marked as gone by an unproven read", report.Gone)
		}
		if alive, _ := s.lives(gone); !alive {
			t.Error("an unproven read marked a record as gone")
		}
		if len(s.living()) < map[string]int{"productive": 450, "procurify": 230}[kind] {
			t.Error("the records of an unproven window were not landed")
		}
	})
}

// run2 reads the look-back and wants an error that says want.
func (s *subject) run2(t *testing.T, want string) extract.Report {
	t.Helper()
	report, err := s.extractor().Run(t.Context(), s.source)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error that says %q", err, want)
	}
	return report
}

func TestOnlyWhatChangedBecomesAVersion(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, small())
		s.run()
		s.edit(20)
		if report := s.run(); report.Counts.Written != 1 {
			t.Errorf("%d versions written, want 1", report.Counts.Written)
		}
		added := s.insert(3)
		s.run()
		if _, versions := s.lives(20); versions != 2 {
			t.Errorf("the edited record has %d versions, want 2", versions)
		}
		if alive, _ := s.lives(added); !alive {
			t.Error("the new record is missing")
		}
	})
}

func TestAVanishedRecordIsGoneAndMayReturn(t *testing.T) {
	// Procurify has no way to ask for one record, so there it takes two reads.
	tests := map[string]struct{ aliveAfterOne bool }{
		"productive": {false},
		"procurify":  {true},
	}
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, small())
		s.run()
		s.delete(20)
		s.run()
		if alive, _ := s.lives(20); alive != tests[kind].aliveAfterOne {
			t.Errorf("alive is %t after one proven read without it", alive)
		}
		s.run()
		if alive, _ := s.lives(20); alive {
			t.Error("alive after two proven reads without it")
		}
		_, before := s.lives(20)
		s.run()
		if _, after := s.lives(20); after != before {
			t.Error("a further tombstone was written")
		}
		s.restore(20)
		s.run()
		if alive, versions := s.lives(20); !alive || versions != before+1 {
			t.Errorf("after its return: alive %t, %d versions", alive, versions)
		}
	})
}

func TestASightingSettlesAnAbsence(t *testing.T) {
	s := newSubject(t, "procurify", small())
	s.run()
	s.delete(20)
	s.run()
	s.restore(20)
	s.run()
	s.delete(20)
	s.run()
	if alive, _ := s.lives(20); !alive {
		t.Error("two absences that are not consecutive made a tombstone")
	}
}

func TestAnExpenseThatMovedOutOfTheWindowIsNotGone(t *testing.T) {
	tests := map[string]string{
		"into the past":                  "2024-05-05",
		"into another window":            "2026-02-10",
		"into the future":                "2026-12-24",
		"to where the created pass sees": "2026-01-20",
	}
	for name, date := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t, "productive", small())
			s.run()
			s.must(s.vendors.EditExpense(20, func(e *sandbox.Expense) { e.Date = date }))
			s.run()
			if alive, versions := s.lives(20); !alive || versions != 2 {
				t.Errorf("alive %t with %d versions, want alive with 2", alive, versions)
			}
		})
	}
}

func TestATransactionNearTheEdgeOfItsWindowIsNotGone(t *testing.T) {
	s := newSubject(t, "procurify", small())
	at := today.AddDate(0, 0, -20)
	id := s.insert(20)
	s.must(s.vendors.EditTransaction(id, func(tx *sandbox.Transaction) {
		tx.AuthorizationDatetime = at.AddDate(0, -2, 0).Format(time.RFC3339) // in another window
	}))
	s.run()
	s.delete(id)
	s.run()
	s.run()
	if alive, _ := s.lives(id); !alive {
		t.Error("gone, although the vendor may list it elsewhere")
	}
}

func TestTooMuchGoneNeedsAPerson(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, small())
		s.run()
		before := len(s.living())
		for id := 100; id < 200; id++ {
			s.delete(id)
		}
		for range 3 {
			report, err := s.extractor().Run(t.Context(), s.source)
			var person *etl.NeedsPersonError
			if !errors.As(err, &person) || etl.Status(err) != etl.StatusNeedsPerson ||
				!strings.Contains(err.Error(), "extract "+kind+" --accept-vanished") {
				t.Errorf("got %v, want a person to be needed", err)
			}
			if report.Gone != 0 || len(s.living()) != before {
				t.Errorf("%d marked as gone", report.Gone)
			}
		}
		s.acceptVanished = true
		s.run()
		s.run() // Procurify: the second proven read
		if n := len(s.living()); n != before-100 {
			t.Errorf("%d living after a person accepted it, want %d", n, before-100)
		}
	})
}

// A token that may no longer see companies makes every vendor null. Nothing
// vanishes, but what else is read by it is not to be believed.
func TestLinksThatDisappearNeedAPerson(t *testing.T) {
	s := newSubject(t, "productive", small())
	s.run()
	s.eachExpense(300, func(e *sandbox.Expense) { e.Vendor = 0 })
	s.delete(800)
	for range 2 {
		_, err := s.extractor().Run(t.Context(), s.source)
		if etl.Status(err) != etl.StatusNeedsPerson || !strings.Contains(err.Error(), "/relationships/vendor/data") {
			t.Errorf("got %v, want a person to be needed", err)
		}
	}
	s.acceptVanished = true
	s.run()
	s.acceptVanished = false
	s.run()
	if alive, _ := s.lives(800); alive {
		t.Error("the record that was gone beside it is still alive")
	}
}

func (s *subject) eachExpense(upTo int, change func(*sandbox.Expense)) {
	s.Helper()
	for id := 1; id <= upTo; id++ {
		s.must(s.vendors.EditExpense(id, change))
	}
}

func TestBackDatedEntriesAreFound(t *testing.T) {
	s := newSubject(t, "productive", small())
	s.run()
	id := s.typeIn(400)
	s.run()
	if alive, _ := s.lives(id); !alive {
		t.Error("an expense of last year that was typed in today is missing")
	}
}

func TestOldUnsettledExpensesAreAskedOneByOne(t *testing.T) {
	s := newSubject(t, "productive", small())
	var open []int
	for range 3 {
		open = append(open, s.typeIn(200))
	}
	for _, id := range open {
		s.must(s.vendors.UnapproveExpense(id))
	}
	s.run()
	s.clock.pass(100 * 24 * time.Hour)
	s.must(s.vendors.ApproveExpense(open[1]))
	if report := s.run(); report.Rechecked != 3 || report.Counts.Written != 1 {
		t.Errorf("%d asked and %d written, want 3 and 1", report.Rechecked, report.Counts.Written)
	}
	if report := s.run(); report.Rechecked != 2 {
		t.Errorf("%d asked after one was settled, want 2", report.Rechecked)
	}
}

func TestASweepReadsEverythingAgain(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, small())
		old := s.insert(300)
		b, err := extract.NewBackfill("2025-01-01", "2026-01-01", "1mo", today)
		s.must(err)
		if _, err := s.extractor().Backfill(t.Context(), s.source, b); err != nil {
			t.Fatal(err)
		}
		s.edit(old)
		if s.run(); s.versions(old) != 1 {
			t.Error("the look-back reaches further than it should")
		}
		report, err := s.extractor().Sweep(t.Context(), s.source)
		s.must(err)
		if s.versions(old) != 2 {
			t.Error("the sweep missed an edit of last year")
		}
		if want := etl.Day(today).AddDate(0, 0, -300); report.From.After(want) {
			t.Errorf("swept from %s, want %s or earlier", report.From, want)
		}
		s.delete(old)
		for range 2 {
			_, err = s.extractor().Sweep(t.Context(), s.source)
			s.must(err)
		}
		if alive, _ := s.lives(old); alive {
			t.Error("two sweeps did not notice that a record is gone")
		}
	})
}

func (s *subject) versions(id int) int {
	s.Helper()
	_, versions := s.lives(id)
	return versions
}

// Rebuilding from the page files gives the same versions, whatever happened
// in between, a clock that was ahead or behind for a while included.
func TestRebuildAgrees(t *testing.T) {
	for name, wrong := range map[string]time.Duration{"": 0, " with a clock ahead": 3 * time.Hour, " with a clock behind": -time.Hour} {
		eachSource(t, func(t *testing.T, kind string) {
			t.Run(kind+name, func(t *testing.T) {
				s := newSubject(t, kind, faults(t, oneWindow(), kind+":swap@2"))
				s.run()
				s.edit(30)
				s.delete(20)
				s.clock.pass(wrong)
				s.run()
				s.edit(30)
				s.run()
				s.clock.pass(-wrong)
				s.restore(20)
				s.edit(20)
				s.run()
				into := s.anew()
				if _, err := extract.Rebuild(t.Context(), s.db, into.db, s.folder); err != nil {
					t.Fatal(err)
				}
				if got, want := into.table("check/versions.sql", nil), s.table("check/versions.sql", nil); got != want {
					t.Errorf("%d bytes of versions instead of %d", len(got), len(want))
				}
			})
		})
	}
}

func TestNothingIsBelievedOfADamagedPageFile(t *testing.T) {
	s := newSubject(t, "productive", small())
	s.run()
	s.damageOnePage(t)
	err := extract.CheckPages(t.Context(), s.db, s.folder, nil)
	var failed *etl.CheckError
	if !errors.As(err, &failed) || failed.Rows != 1 || len(failed.First) != 1 {
		t.Errorf("got %v, want one damaged file", err)
	}
	into := s.anew()
	if _, err := extract.Rebuild(t.Context(), s.db, into.db, s.folder); err == nil {
		t.Error("a damaged page file was landed")
	}
}

// damageOnePage puts other bytes into a page file.
func (s *subject) damageOnePage(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.folder, "raw", "*", "*", "*.zst"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no page files: %v", err)
	}
	s.must(os.WriteFile(files[0], nil, 0o600))
}
