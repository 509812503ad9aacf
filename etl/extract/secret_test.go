package extract_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"spendbridge/etl"
	"spendbridge/etl/sandbox"
)

// secretOf is what every request to a vendor carries.
func secretOf(kind string) string {
	if kind == "procurify" {
		return sandbox.SecretMark + "-procurify-access-1"
	}
	return sandbox.ProductiveToken
}

// A page that repeats a secret in a record's text is kept without it. Nothing
// comes of it, and it is asked for again.
func TestAPageThatRepeatsASecretIsDrift(t *testing.T) {
	eachSource(t, func(t *testing.T, kind string) {
		undisturbed := newSubject(t, kind, handful())
		undisturbed.run()
		s, tr := tampered(t, kind, handful())
		tr.change = spoil(map[string]func(string) string{
			undisturbed.living()[3]: func(text string) string {
				return strings.Replace(text, `{`, `{"note":"sent with `+strings.ReplaceAll(secretOf(kind), "-", `\u002d`)+`",`, 1)
			},
		})
		_, err := s.extractor().Run(t.Context(), s.source)
		if !errors.Is(err, etl.ErrDrift) || !strings.Contains(err.Error(), "it repeats ") {
			t.Fatalf("got %v, want drift", err)
		}
		file, _, _ := strings.Cut(strings.Split(s.table("check/drifts.sql", nil), "\n")[1], " ")
		if !strings.Contains(err.Error(), file) {
			t.Errorf("error %q does not name %s", err, file)
		}
		s.wantCleanPages(secretOf(kind))
		tr.change = nil
		s.run()
		s.wantNewest(undisturbed.newest())
	})
}

// What repeats a secret did not come from the vendor as agreed, so that it
// cannot say that a record is gone.
func TestA404ThatRepeatsASecretTellsNothing(t *testing.T) {
	s, tr := tampered(t, "productive", handful())
	s.run()
	id := s.insert(3)
	s.run()
	s.must(s.vendors.DeleteExpense(id))
	tr.change = func(body []byte) []byte {
		return []byte(strings.Replace(string(body), `"title":"`, `"title":"`+secretOf("productive"), 1))
	}
	report := s.run()
	if alive, _ := s.lives(id); !alive || report.Unconfirmed.Records != 1 {
		t.Errorf("the record lives: %t; report %+v", alive, report.Unconfirmed)
	}
	s.wantCleanPages(secretOf("productive"))
	tr.change = nil
	s.run()
	if alive, _ := s.lives(id); alive {
		t.Error("a 404 that repeats nothing was not believed")
	}
}

// wantCleanPages fails the test if a page file or a journal holds a secret, or
// a page file is not named for what it holds.
func (s *subject) wantCleanPages(secret string) {
	s.Helper()
	decoder, err := zstd.NewReader(nil)
	s.must(err)
	defer decoder.Close()
	pages := 0
	s.must(filepath.WalkDir(filepath.Join(s.folder, "raw"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		packed, err := os.ReadFile(path)
		s.must(err)
		if filepath.Ext(path) == ".jsonl" {
			if strings.Contains(string(packed), secret) {
				s.Errorf("journal %s holds the secret: %.500s", path, packed)
			}
			return nil
		}
		body, err := decoder.DecodeAll(packed, nil)
		s.must(err)
		sum := sha256.Sum256(body)
		if !strings.HasPrefix(entry.Name(), hex.EncodeToString(sum[:])) {
			s.Errorf("%s is named for something else", path)
		}
		if text := strings.ReplaceAll(string(body), `\u002d`, "-"); strings.Contains(text, secret) {
			s.Errorf("%s holds the secret: %.500s", path, text)
		}
		pages++
		return nil
	}))
	if pages == 0 {
		s.Error("no page is kept")
	}
}
