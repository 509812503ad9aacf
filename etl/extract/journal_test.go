package extract_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/extract"
	"spendbridge/etl/warehouse"
)

// journals lists the journals of a subject, oldest first.
func (s *subject) journals() []string {
	s.Helper()
	files, err := filepath.Glob(filepath.Join(s.folder, "raw", s.kind, "journal", "*.jsonl"))
	s.must(err)
	return files
}

// pageFiles lists its page files.
func (s *subject) pageFiles() []string {
	s.Helper()
	files, err := filepath.Glob(filepath.Join(s.folder, "raw", s.kind, "??", "*.zst"))
	s.must(err)
	return files
}

// forget empties the warehouse of what the journals hold.
func (s *subject) forget() {
	s.Helper()
	for _, file := range []string{"check/forget_pages.sql", "check/forget_records.sql", "check/forget_journals.sql"} {
		_, err := s.db.Exec(s.Context(), file, nil)
		s.must(err)
	}
}

// A run that was killed between its journal and the warehouse is landed by the
// next one, whatever the kill made of the journal's end and of the page files.
func TestWhatAJournalHoldsIsLandedFirst(t *testing.T) {
	for name, kill := range map[string]func(s *subject){
		"between journal and landing": func(*subject) {},
		"in the middle of a line": func(s *subject) {
			last := s.journals()[0]
			info, err := os.Stat(last)
			s.must(err)
			s.must(os.Truncate(last, info.Size()-40))
		},
		"with zeros behind the last line": func(s *subject) {
			file, err := os.OpenFile(s.journals()[0], os.O_APPEND|os.O_WRONLY, 0)
			s.must(err)
			_, err = file.Write(append(make([]byte, 100), '\n'))
			s.must(err)
			s.must(file.Close())
		},
		"between a file and its line": func(s *subject) {
			text, err := os.ReadFile(s.journals()[0])
			s.must(err)
			end := bytes.LastIndexByte(text[:len(text)-1], '\n')
			s.must(os.Truncate(s.journals()[0], int64(end+1)))
		},
		"and a file is missing": func(s *subject) { s.must(os.Remove(s.pageFiles()[0])) },
		"and a file is cut off": func(s *subject) { s.must(os.Truncate(s.pageFiles()[0], 20)) },
	} {
		eachSource(t, func(t *testing.T, kind string) {
			t.Run(name, func(t *testing.T) {
				s := newSubject(t, kind, handful())
				s.run()
				want := s.table("check/versions.sql", nil)
				s.forget()
				kill(s)
				s.run()
				if diff := cmp.Diff(want, s.table("check/versions.sql", nil)); diff != "" {
					t.Errorf("the versions differ (-want +got):\n%.2000s", diff)
				}
				s.must(extract.CheckPages(t.Context(), s.db, s.folder, nil))
				into := s.anew()
				if _, err := extract.Rebuild(t.Context(), s.db, into.db, s.folder); err != nil {
					t.Fatal(err)
				}
				if got := into.table("check/versions.sql", nil); got != want {
					t.Errorf("rebuilt %d bytes of versions instead of %d", len(got), len(want))
				}
			})
		})
	}
}

// What is read of a journal that lines were torn out of would be less than was
// kept, so nothing is.
func TestAJournalThatIsDamagedInTheMiddleStopsTheRun(t *testing.T) {
	s := newSubject(t, "productive", handful())
	s.run()
	s.forget()
	text, err := os.ReadFile(s.journals()[0])
	s.must(err)
	text[0] = 'x'
	s.must(os.WriteFile(s.journals()[0], text, 0o600))
	s.run2(t, "restore it from a backup")
}

// Tombstones outlive the warehouse: they are lines of their journals.
func TestTombstonesAreLandedFromTheJournal(t *testing.T) {
	s := newSubject(t, "productive", small())
	s.run()
	s.delete(20)
	s.run()
	s.restore(20)
	s.run()
	want := s.table("check/versions.sql", nil)
	if alive, versions := s.lives(20); !alive || versions != 3 {
		t.Fatalf("record 20 lives: %v, with %d versions", alive, versions)
	}
	s.forget()
	s.run()
	if diff := cmp.Diff(want, s.table("check/versions.sql", nil)); diff != "" {
		t.Errorf("the versions differ (-want +got):\n%.2000s", diff)
	}
}

// A run that finds nothing new keeps a line about every page, and no file.
func TestPagesWithoutNewsHaveALineOnly(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, small())
		s.run()
		files := len(s.pageFiles())
		pages := func() (kept, lines int) {
			t.Helper()
			x := s.extractor()
			report, err := x.Run(t.Context(), s.source)
			s.must(err)
			table := s.table("check/files.sql", warehouse.Args{"run_id": string(x.RunID)})
			for _, row := range strings.Split(strings.TrimSpace(table), "\n")[1:] {
				var is bool
				var n int
				_, err := fmt.Sscan(row, &is, &n)
				s.must(err)
				if is {
					kept = n
				} else {
					lines = n
				}
			}
			if report.Counts.Read == 0 {
				t.Error("nothing was read")
			}
			return kept, lines
		}
		if kept, lines := pages(); kept != 0 || lines == 0 {
			t.Errorf("%d pages are kept, and %d as lines only", kept, lines)
		}
		if n := len(s.pageFiles()); n != files {
			t.Errorf("%d page files, there were %d", n, files)
		}
		s.edit(30) // shown by up to two passes of two windows
		kept, lines := pages()
		if kept == 0 || kept > 4 || lines == 0 {
			t.Errorf("of one edit %d pages are kept, and %d as lines only", kept, lines)
		}
	})
}

// What a lost page showed last is stored again as soon as the vendor sends it,
// though nothing of it has changed.
func TestWhatALostPageShowedIsStoredAgain(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, small())
		s.run()
		before := s.table("check/versions.sql", nil)
		files := s.pageFiles()
		for _, file := range files {
			s.must(os.Remove(file))
		}
		if extract.CheckPages(t.Context(), s.db, s.folder, nil) == nil {
			t.Fatal("the loss was not noticed")
		}
		s.run()
		s.must(extract.CheckPages(t.Context(), s.db, s.folder, nil))
		if got := s.table("check/versions.sql", nil); got != before {
			t.Error("records have other versions now")
		}
		s.run()
		if n := len(s.pageFiles()); n != len(files) {
			t.Errorf("%d page files, there were %d", n, len(files))
		}
	})
}

// What a warehouse held is made again of the journals if it is lost.
func TestALostWarehouseIsLandedFromItsJournals(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, handful())
		s.run()
		s.edit(3)
		s.run()
		lost := *s
		lost.db = openDB(t, "")
		counts, err := extract.Land(t.Context(), lost.db, s.folder, nil, slog.New(slog.DiscardHandler))
		s.must(err)
		if diff := cmp.Diff(s.table("check/versions.sql", nil), lost.table("check/versions.sql", nil)); diff != "" {
			t.Errorf("the versions differ (-want +got):\n%.2000s", diff)
		}
		if counts.Written == 0 {
			t.Error("nothing was written")
		}
		if report := lost.run(); report.Counts.Written != 0 {
			t.Errorf("the next run writes %d versions", report.Counts.Written)
		}
		counts, err = extract.Land(t.Context(), lost.db, s.folder, nil, slog.New(slog.DiscardHandler))
		s.must(err)
		if counts.Written != 0 {
			t.Errorf("landed %d versions twice", counts.Written)
		}
	})
}

// A folder of a version without journals goes on: its pages are written into a
// journal once, and no record gets another version by it.
func TestAFolderWithoutJournalsGoesOn(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, handful())
		s.run()
		s.edit(3)
		s.run()
		want := s.table("check/versions.sql", nil)
		for _, file := range []string{"check/older_pages.sql", "check/older_records.sql", "check/forget_journals.sql"} {
			_, err := s.db.Exec(t.Context(), file, nil)
			s.must(err)
		}
		s.must(os.RemoveAll(filepath.Join(s.folder, "raw", kind, "journal")))
		for _, when := range []string{"first", "second"} {
			if report := s.run(); report.Counts.Written != 0 {
				t.Errorf("the %s run writes %d versions", when, report.Counts.Written)
			}
		}
		if diff := cmp.Diff(want, s.table("check/versions.sql", nil)); diff != "" {
			t.Errorf("the versions differ (-want +got):\n%.2000s", diff)
		}
		if n := len(s.journals()); n != 3 {
			t.Errorf("%d journals, want one of the pages before and one of each run", n)
		}
		into := s.anew()
		if _, err := extract.Rebuild(t.Context(), s.db, into.db, s.folder); err != nil {
			t.Fatal(err)
		}
		if got := into.table("check/versions.sql", nil); got != want {
			t.Errorf("rebuilt %d bytes of versions instead of %d", len(got), len(want))
		}
	})
}
