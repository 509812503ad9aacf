package extract_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/store"
)

// inStore gives a subject a store in a folder, which it returns.
func (s *subject) inStore() (share string) {
	s.Helper()
	share = filepath.Join(s.TempDir(), "share")
	var err error
	s.store, err = store.Open(s.Context(), &config.Config{Store: "file://" + share, DataDir: s.folder})
	s.must(err)
	s.must(s.store.Know(s.Context()))
	return share
}

func TestPagesAndJournalsAreInTheStore(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, handful())
		s.inStore()
		s.run()
		keys, err := s.store.Keys(t.Context(), "raw/")
		s.must(err)
		var want []string
		for _, file := range slices.Concat(s.pageFiles(), s.journals()) {
			key, err := filepath.Rel(s.folder, file)
			s.must(err)
			want = append(want, key)
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, keys); diff != "" {
			t.Errorf("pages and journals in the store (-want +got):\n%s", diff)
		}
	})
}

// Without its store an extraction lands nothing and loses nothing.
func TestWithoutItsStoreNothingLands(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		s := newSubject(t, kind, handful())
		share := s.inStore()
		none := s.table("check/versions.sql", nil)
		s.must(os.Rename(share, share+".away"))
		var fault *store.Error
		if _, err := s.extractor().Run(t.Context(), s.source); !errors.As(err, &fault) {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff(none, s.table("check/versions.sql", nil)); diff != "" {
			t.Errorf("landed (-want +got):\n%.2000s", diff)
		}
		s.must(os.Rename(share+".away", share))
		s.run()

		plain := s.anew()
		plain.store = nil
		plain.run()
		if diff := cmp.Diff(plain.table("check/versions.sql", nil), s.table("check/versions.sql", nil)); diff != "" {
			t.Errorf("versions with and without a store (-without +with):\n%.2000s", diff)
		}
	})
}

// A page file that is missing or damaged here comes from the store.
func TestPagesComeFromTheStore(t *testing.T) {
	for name, harm := range map[string]func(string) error{
		"missing": os.Remove,
		"damaged": func(file string) error { return os.Truncate(file, 20) },
	} {
		eachSource(t, func(t *testing.T, kind string) {
			t.Run(name, func(t *testing.T) {
				s := newSubject(t, kind, handful())
				s.inStore()
				s.run()
				want := s.table("check/versions.sql", nil)
				s.must(harm(s.pageFiles()[0]))
				s.must(extract.CheckPages(t.Context(), s.db, s.folder, s.store))

				s.forget()
				s.must(harm(s.pageFiles()[0]))
				s.run()
				if diff := cmp.Diff(want, s.table("check/versions.sql", nil)); diff != "" {
					t.Errorf("the versions differ (-want +got):\n%.2000s", diff)
				}
			})
		})
	}
}
