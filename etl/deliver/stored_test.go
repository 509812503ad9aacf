package deliver_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// unmount lets the store's folder disappear, and returns what brings it back.
func (s *scene) unmount() (mount func()) {
	s.t.Helper()
	away := s.share + ".away"
	if err := errors.Join(os.Rename(s.share, away), os.WriteFile(s.share, nil, 0o600)); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if err := errors.Join(os.Remove(s.share), os.Rename(away, s.share)); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *scene) keys(prefix string) []string {
	s.t.Helper()
	keys, err := s.Store.Keys(s.t.Context(), prefix)
	if err != nil {
		s.t.Fatal(err)
	}
	return keys
}

// lose deletes all that this machine has of the ledger, and restores it from the
// store.
func (s *scene) lose() {
	s.t.Helper()
	for _, name := range []string{"sent", ".ledger", "unstored"} {
		if err := os.RemoveAll(filepath.Join(s.Folder, name)); err != nil {
			s.t.Fatal(err)
		}
	}
	_, err := s.FetchFromStore(s.t.Context())
	if err == nil {
		_, err = s.RebuildLedger(s.t.Context())
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// A recovery lists the store once, however many batches were decided or are open.
func TestARecoveryListsTheStoreOnce(t *testing.T) {
	s := newScene(t)
	s.happen()
	var lists atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		switch {
		case strings.HasPrefix(query.Get("prefix"), "sent/"):
			lists.Add(1)
			fallthrough
		case query.Has("list-type"):
			_, _ = io.WriteString(w, "<ListBucketResult></ListBucketResult>")
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	access := config.S3{Endpoint: server.URL, PathStyle: true}
	access.KeyID, access.Secret = config.NewSecret("id"), config.NewSecret("secret")
	opened, err := store.Open(t.Context(), &config.Config{
		Store: "s3://bucket", DataDir: s.Folder, S3: access,
	})
	must(t, err)
	s.Store = opened
	must(t, s.Recover(t.Context()))
	if n := lists.Load(); n != 1 {
		t.Errorf("it was listed %d times", n)
	}
}

// A history with everything that can happen to a batch, restored from the store.
func TestTheLedgerIsRebuiltFromTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t).inStore(filepath.Join(t.TempDir(), "share"))
		s.happen()
		want := s.histories()
		s.lose()
		if diff := cmp.Diff(want, s.histories()); diff != "" {
			t.Errorf("restored (-before +after):\n%s", diff)
		}
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		posts := len(s.remote.posts)
		s.post()
		if len(s.remote.posts) != posts {
			t.Errorf("the restored folder posts %d batches again", len(s.remote.posts)-posts)
		}
	})
}

// Before the POST the store has the batch, and before the next batch the answer.
func TestTheStoreIsNeverBehind(t *testing.T) {
	s := newScene(t).inStore(filepath.Join(t.TempDir(), "share"))
	s.Productiv.BatchSize = 10
	s.fill(30)
	var seen []int
	s.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, "/token") {
			seen = append(seen, len(s.keys("sent/"))*10+len(s.keys("loads/")))
		}
		return s.remote.RoundTrip(r)
	})
	s.mustPost()
	if diff := cmp.Diff([]int{11, 31, 51}, seen); diff != "" {
		t.Errorf("objects of sent files and claims at each POST (-want +got):\n%s", diff)
	}
	if got := len(s.keys("sent/")); got != 6 {
		t.Errorf("the store has %d objects of sent files in the end, want 6", got)
	}
}

func TestWithoutItsStoreNothingIsPosted(t *testing.T) {
	s := newScene(t).inStore(filepath.Join(t.TempDir(), "share"))
	s.fill(10)
	mount := s.unmount()
	_, err := s.post()
	var fault *store.Error
	if !errors.As(err, &fault) || !strings.Contains(err.Error(), "nothing is posted") || len(s.remote.posts) > 0 {
		t.Errorf("%d posts, %v", len(s.remote.posts), err)
	}
	mount()
	if result := s.mustPost(); result.Accepted != 10 {
		t.Errorf("%+v, want 10 accepted", result)
	}
}

// The answer counts, no further batch begins, and the next load puts the answer
// into the store first.
func TestAStoreThatGoesBetweenPostAndAnswer(t *testing.T) {
	s := newScene(t).inStore(filepath.Join(t.TempDir(), "share"))
	s.Productiv.BatchSize = 10
	s.fill(30)
	var mount func()
	s.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, "/token") && mount == nil {
			mount = s.unmount()
		}
		return s.remote.RoundTrip(r)
	})
	result, err := s.post()
	if etl.Status(err) != etl.StatusFailed || result.Accepted != 10 || len(s.remote.posts) != 1 {
		t.Errorf("%d posts, %+v, %v", len(s.remote.posts), result, err)
	}
	owed, err := store.Owed(s.Folder)
	if len(owed) != 1 || err != nil {
		t.Errorf("owed %v, %v", owed, err)
	}
	mount()
	if result := s.mustPost(); result.Accepted != 20 {
		t.Errorf("%+v, want the other 20 accepted", result)
	}
	if got := len(s.keys("sent/")); got != 6 {
		t.Errorf("the store has %d objects of sent files, want 6", got)
	}
	s.lose()
	if result := s.mustPost(); result.Accepted != 0 || len(s.remote.posts) != 3 {
		t.Errorf("%+v after it was restored", result)
	}
}

// A machine that was rolled back, whatever it looks like from inside, knows less
// than the store.
func TestARolledBackMachineIsHeld(t *testing.T) {
	s := newScene(t).onDisk().inStore(filepath.Join(t.TempDir(), "share"))
	disks := s.watch()
	s.fill(10)
	s.mustPost()
	s.put(spend{id: "b-1", amount: "1"})
	s.mustPost()
	s.restoreDisk((*disks)[0])
	posts := len(s.remote.posts)
	if _, err := s.post(); etl.Status(err) != etl.StatusNeedsPerson || !strings.Contains(err.Error(), "the ledger is older than what was sent") {
		t.Errorf("got %v", err)
	}
	if _, err := s.FetchFromStore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RebuildLedger(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.mustPost(); len(s.remote.posts) != posts {
		t.Errorf("%d posts more", len(s.remote.posts)-posts)
	}
}

// Two folders of one store: the one that claims second is held.
func TestOfTwoFoldersOnePosts(t *testing.T) {
	share := filepath.Join(t.TempDir(), "share")
	first, second := newScene(t).inStore(share), newScene(t).inStore(share)
	for _, s := range []*scene{first, second} {
		s.put(spend{id: "a-1", amount: "1"})
	}
	first.mustPost()
	_, err := second.post()
	if etl.Status(err) != etl.StatusNeedsPerson || len(second.remote.posts) > 0 {
		t.Errorf("%d posts, %v", len(second.remote.posts), err)
	}
}

func TestAClaimIsTakenOnce(t *testing.T) {
	share := filepath.Join(t.TempDir(), "share")
	first, second := newScene(t).inStore(share), newScene(t).inStore(share)
	for _, s := range []*scene{first, second} {
		s.put(spend{id: "a-1", amount: "1"})
	}
	raced := false
	second.SettingsHash = func(context.Context, warehouse.Runner) (string, error) {
		if !raced {
			raced = true
			first.mustPost() // after the second one has looked
		}
		return "first", nil
	}
	_, err := second.post()
	if etl.Status(err) != etl.StatusNeedsPerson || !strings.Contains(err.Error(), "another copy of this folder posts") || len(second.remote.posts) > 0 {
		t.Errorf("%d posts, %v", len(second.remote.posts), err)
	}
	if _, err := second.post(); etl.Status(err) != etl.StatusNeedsPerson || len(second.remote.posts) > 0 {
		t.Errorf("the next load: %d posts, %v", len(second.remote.posts), err)
	}
}

// After a restore, the folder before it is the one that is held.
func TestARestoredFolderTakesOver(t *testing.T) {
	s := newScene(t).onDisk().inStore(filepath.Join(t.TempDir(), "share"))
	disks := s.watch()
	s.fill(10)
	s.mustPost()
	before := (*disks)[0]
	s.lose()
	s.put(spend{id: "b-1", amount: "1"})
	if result := s.mustPost(); result.Accepted != 1 {
		t.Errorf("%+v, want the new record accepted", result)
	}
	s.restoreDisk(before)
	s.put(spend{id: "b-1", amount: "1"})
	posts := len(s.remote.posts)
	if _, err := s.post(); etl.Status(err) != etl.StatusNeedsPerson || len(s.remote.posts) != posts {
		t.Errorf("%d posts more, %v", len(s.remote.posts)-posts, err)
	}
}

// A decision needs a look at what the store has, and is there at once.
func TestADecisionNeedsItsStore(t *testing.T) {
	s := newScene(t).inStore(filepath.Join(t.TempDir(), "share"))
	s.fill(3)
	s.remote.refuse = func(r map[string]any) bool { return keyOf(r) == "productive-2" }
	s.post()
	mount := s.unmount()
	settle := func() error {
		return s.SettleRetry(t.Context(), "productive-2", deliver.Decision{By: "Jo", Note: "fixed"})
	}
	checkError(t, settle(), "make sure that the folder is mounted", false)
	mount()
	must(t, settle())
	s.remote.refuse = nil
	s.mustPost()
	want := s.table("decisions_history.sql", nil)
	s.lose()
	if diff := cmp.Diff(want, s.table("decisions_history.sql", nil)); diff != "" {
		t.Errorf("decisions (-before +after):\n%s", diff)
	}
}

// What was sent before there was a store is put into it.
func TestAStoreThatIsConfiguredLater(t *testing.T) {
	s := newScene(t)
	s.fill(10)
	s.mustPost()
	s.inStore(filepath.Join(t.TempDir(), "share"))
	for range 2 {
		if err := s.CopyToStore(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.lose()
	if result := s.mustPost(); result.Accepted != 0 {
		t.Errorf("%+v after it was restored", result)
	}
}

// However often a load is killed and its machine lost, nothing is lost or doubled.
func TestKilledLoadsOnLostMachines(t *testing.T) {
	kills := 2
	if os.Getenv("SPENDBRIDGE_SOAK") != "" {
		kills = 64
	}
	killLoads(newScene(t).onDisk(), kills, config.OnChangeReport, config.SchemaFinance, (*scene).lose)
}
