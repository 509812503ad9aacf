package deliver_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spendbridge/etl/config"
)

// The marker tells the folder that posted last from every other one.
func TestTheFolderThatPostedLast(t *testing.T) {
	number := func(s *scene, change int64) {
		text := s.read(".ledger")
		var no int64
		at := strings.Index(text, "load ") + len("load ")
		fmt.Sscan(text[at:], &no)
		s.overwrite(".ledger", text[:at]+fmt.Sprintf("%012d\n", no+change))
	}
	tests := map[string]struct {
		change func(*scene)
		holds  string // "" for does not hold
	}{
		"nothing happened": {change: func(*scene) {}},
		"renamed": {change: func(s *scene) {
			s.Folder = s.Folder + "-renamed"
			must(s.t, os.Rename(strings.TrimSuffix(s.Folder, "-renamed"), s.Folder))
		}},
		"chmod":                 {change: func(s *scene) { must(s.t, os.Chmod(filepath.Join(s.Folder, ".ledger"), 0o640)) }},
		"a killed run":          {change: func(s *scene) { number(s, -1) }},
		"copied":                {change: func(s *scene) { s.copyFile(".ledger") }, holds: "is a copy, or was restored"},
		"missing":               {change: func(s *scene) { must(s.t, os.Remove(filepath.Join(s.Folder, ".ledger"))) }, holds: "the marker .ledger is missing; the last load that posted was number 2"},
		"an older ledger":       {change: func(s *scene) { number(s, 1) }, holds: "the ledger is older than what was posted"},
		"two behind":            {change: func(s *scene) { number(s, -2) }, holds: "is older than the ledger"},
		"no marker of ours":     {change: func(s *scene) { s.overwrite(".ledger", "hello") }, holds: "is not readable"},
		"a ledger that is gone": {change: func(s *scene) { s.exec("marker_clear.sql", nil) }, holds: "the ledger knows of none"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.put(spend{id: "a", amount: "1"})
			s.mustPost()
			s.put(spend{id: "b", amount: "2"})
			s.mustPost()
			tt.change(s)
			s.put(spend{id: "c", amount: "3"})
			result, err := s.post()
			checkError(t, err, tt.holds, tt.holds != "")
			if tt.holds == "" {
				s.wantOnce("a", "b", "c")
				return
			}
			if result.Held != 1 || len(s.remote.stored) != 2 {
				t.Errorf("%+v, want the record held", result)
			}
		})
	}
}

// A copied folder stays closed until a person approves what it would post,
// and a load that has nothing to post neither is held nor opens it.
func TestAnApprovalMakesTheFolderTheOneThatPosts(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a", amount: "1"})
	s.mustPost()
	s.copyFile(".ledger")
	s.mustPost()
	s.put(spend{id: "b", amount: "2"})
	for range 2 { // it does not pass by waiting
		if result, _ := s.post(); result.Held != 1 {
			t.Fatalf("%+v, want the record held", result)
		}
	}
	s.approve()
	s.put(spend{id: "c", amount: "3"})
	s.mustPost()
	s.wantOnce("a", "b", "c")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *scene) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Folder, name))
	must(s.t, err)
	return string(text)
}

// overwrite changes a file and leaves it the file it is.
func (s *scene) overwrite(name, text string) {
	s.t.Helper()
	must(s.t, os.WriteFile(filepath.Join(s.Folder, name), []byte(text), 0o600))
}

// copyFile puts a copy in the place of a file, as tar, rsync and cp do.
func (s *scene) copyFile(name string) {
	s.t.Helper()
	path := filepath.Join(s.Folder, name)
	must(s.t, os.WriteFile(path+".copy", []byte(s.read(name)), 0o600))
	must(s.t, os.Rename(path+".copy", path))
}

// A batch in doubt is not sent again from a folder that is not trusted.
func TestAnAlienFolderSendsNothingAgain(t *testing.T) {
	s := newScene(t)
	s.put(spend{id: "a", amount: "1"})
	s.remote.replies = []reply{{status: 503, store: true}}
	s.post()
	teller := &teller{scene: s}
	must(t, s.SettleResend(t.Context(), teller.batchOf("a"), jo))
	s.copyFile(".ledger")
	posts := len(s.remote.posts)
	s.post()
	if len(s.remote.posts) != posts {
		t.Error("the batch was sent from a copy of the folder")
	}
}

// A file exported from Productiv tells a restored folder what was posted.
func TestDeliveredKeysAreBooked(t *testing.T) {
	s := newScene(t)
	s.Productiv.OnChange = config.OnChangeCompensate
	s.put(spend{id: "a", amount: "1"})
	s.mustPost()
	for _, id := range []string{"b", "c", "d", "e"} {
		s.put(spend{id: id, amount: "2"})
	}
	must(t, os.Remove(filepath.Join(s.Folder, ".ledger")))
	s.post()
	file := filepath.Join(t.TempDir(), "export.csv")
	must(t, os.WriteFile(file, []byte("\xef\xbb\xbftransactionNumber,Amount,currency\r\na,1.00,USD\r\nb,2.00,USD\r\nc,,\r\nd,9.00,USD\r\nx,1,USD\r\n"), 0o600))
	s.nextRun()
	booked, err := s.SettleDelivered(t.Context(), file, jo)
	checkError(t, err, "x (not a spend record)", true)
	if booked.Booked != 3 || booked.Unverified != 1 || booked.Unlisted != 1 {
		t.Errorf("%+v, want three booked, one of them unverified, and one that stays held", booked)
	}
	s.post()
	if got := s.remote.copies(); got["b"]+got["c"]+got["d"]+got["e"] != 0 || got["d-rev1"] != 1 || got["d-v2"] != 1 {
		t.Errorf("stored %v, want nothing twice, e held, and d compensated: Productiv has it with 9.00", got)
	}
	s.approve()
	s.wantOnce("a", "d-rev1", "d-v2", "e")
}

func TestAFileOfDeliveredKeysWithAFaultNamesItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "line 1: write a column transactionNumber or signatureId",
		"id,amount\n1,2\n":                     "line 1: write a column transactionNumber",
		"transactionNumber,amount\na,1\nb,x\n": "line 3: amount \"x\" is not a number",
	} {
		s := newScene(t)
		file := filepath.Join(t.TempDir(), "export.csv")
		must(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := s.SettleDelivered(t.Context(), file, jo)
		checkError(t, err, want, false)
	}
}
