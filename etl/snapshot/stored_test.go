package snapshot

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
)

// storeIn opens a store in a folder.
func storeIn(t *testing.T, share string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), &config.Config{Store: "file://" + share, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func storedKeys(t *testing.T, s *store.Store, prefix string) []string {
	t.Helper()
	keys, err := s.Keys(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// A snapshot in the store is a complete folder, that of the files here.
func TestASnapshotInTheStoreIsComplete(t *testing.T) {
	db := snapshotDB(t, 100, twoMonths, 1, nil)
	s := storeIn(t, filepath.Join(t.TempDir(), "share"))
	opts := snapshotOptions(t.TempDir(), firstRun)
	for _, run := range []string{firstRun, secondRun} {
		opts.RunID = etl.RunID(run)
		runFile(t, db, "test/spend_change.sql", warehouse.Args{"day": firstDay}) // other months stay
		taken := takeOne(t, db, opts)
		if err := errors.Join(Store(t.Context(), db, s, taken, snapshotTime), Store(t.Context(), db, s, taken, snapshotTime)); err != nil {
			t.Fatal(err)
		}
		want := []string{"snapshots/" + run + "/manifest.json"}
		for _, file := range taken.Manifest.Files {
			key := "snapshots/" + run + "/" + file.Path
			want = append(want, key)
			here, err := os.ReadFile(filepath.Join(taken.Path, file.Path))
			if err != nil {
				t.Fatal(err)
			}
			there, err := s.Get(t.Context(), key)
			if err != nil || string(there) != string(here) {
				t.Errorf("%s differs, %v", key, err)
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, storedKeys(t, s, "snapshots/"+run)); diff != "" {
			t.Errorf("objects (-want +got):\n%s", diff)
		}
		latest, err := s.Get(t.Context(), "snapshots/latest.json")
		if err != nil || !strings.Contains(string(latest), `"snapshot_id":"`+run+`"`) {
			t.Errorf("latest.json says %s, %v", latest, err)
		}
	}
}

// Until all of a snapshot was read back, readers see the one before.
func TestLatestNamesWhatIsComplete(t *testing.T) {
	db := snapshotDB(t, 100, twoMonths, 1, nil)
	s := storeIn(t, filepath.Join(t.TempDir(), "share"))
	opts := snapshotOptions(t.TempDir(), firstRun)
	first := takeOne(t, db, opts)
	if err := Store(t.Context(), db, s, first, snapshotTime); err != nil {
		t.Fatal(err)
	}
	runFile(t, db, "test/spend_change.sql", warehouse.Args{"day": firstDay})
	opts.RunID = secondRun
	second := takeOne(t, db, opts)
	key := "snapshots/" + secondRun + "/" + second.Manifest.Files[0].Path
	if err := s.Put(t.Context(), key, []byte("half")); err != nil {
		t.Fatal(err)
	}
	err := Store(t.Context(), db, s, second, snapshotTime)
	if err == nil || !strings.Contains(err.Error(), key+" is not what was written; delete it there") {
		t.Errorf("got %v", err)
	}
	latest, _, err := readLatest(t.Context(), s)
	if latest.SnapshotID != firstRun || err != nil {
		t.Errorf("latest.json names %s, %v", latest.SnapshotID, err)
	}
	if err := errors.Join(s.Delete(t.Context(), key), Store(t.Context(), db, s, second, snapshotTime)); err != nil {
		t.Fatal(err)
	}
	if latest, _, err = readLatest(t.Context(), s); latest.SnapshotID != secondRun || err != nil {
		t.Errorf("latest.json names %s, %v", latest.SnapshotID, err)
	}
}

// What is pruned here is pruned there, never what latest.json names, nor what this
// folder does not know.
func TestSnapshotsInTheStoreArePruned(t *testing.T) {
	db := snapshotDB(t, 10, twoMonths, 1, nil)
	s := storeIn(t, filepath.Join(t.TempDir(), "share"))
	opts := snapshotOptions(t.TempDir(), firstRun)
	opts.Keep, opts.Now = 1, func() time.Time { return snapshotTime.AddDate(0, 1, 0) }
	if err := s.Put(t.Context(), "snapshots/20200101T000000Z-aaaaaa/manifest.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	take := func(run string) Snapshot {
		opts.RunID = etl.RunID(run)
		runFile(t, db, "test/spend_change.sql", warehouse.Args{"day": firstDay})
		return takeOne(t, db, opts)
	}
	if err := Store(t.Context(), db, s, take(firstRun), snapshotTime); err != nil {
		t.Fatal(err)
	}
	take(secondRun) // the store was not there, and the first one is pruned here
	if err := pruneStored(t.Context(), db, s, firstRun); err != nil {
		t.Fatal(err)
	}
	if len(storedKeys(t, s, "snapshots/"+firstRun)) == 0 {
		t.Error("what latest.json names was pruned")
	}
	if err := Store(t.Context(), db, s, take(thirdRun), snapshotTime); err != nil {
		t.Fatal(err)
	}
	folders, err := s.Folders(t.Context(), "snapshots/")
	if diff := cmp.Diff([]string{"20200101T000000Z-aaaaaa", thirdRun}, folders); diff != "" || err != nil {
		t.Errorf("snapshots in the store (-want +got):\n%s%v", diff, err)
	}
}
