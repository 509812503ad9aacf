package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"spendbridge/etl/config"
	"spendbridge/etl/store"
)

// endpoint is where an S3 server for tests answers; see make test-store.
var endpoint = os.Getenv("SPENDBRIDGE_TEST_S3")

// places are the configurations of the stores that every test runs on.
func places(t *testing.T) map[string]*config.Config {
	t.Helper()
	found := map[string]*config.Config{"folder": {Store: "file://" + filepath.Join(t.TempDir(), "share")}}
	if endpoint == "" {
		t.Log("the tests of the bucket are skipped; make test-store runs them")
		return found
	}
	found["bucket"] = bucket("test-bucket")
	return found
}

// bucket is a place of its own in a bucket of the server for tests.
func bucket(name string) *config.Config {
	return &config.Config{
		Store: "s3://" + name + "/" + uuid.NewString(),
		S3: config.S3{
			Endpoint: endpoint, Region: "us-east-1", PathStyle: true,
			KeyID: config.NewSecret("test"), Secret: config.NewSecret("testsecret"),
		},
	}
}

// everywhere runs a test on each kind of store.
func everywhere(t *testing.T, test func(t *testing.T, s *store.Store, folder string)) {
	for name, c := range places(t) {
		t.Run(name, func(t *testing.T) {
			c.DataDir = t.TempDir()
			test(t, open(t, c), c.DataDir)
		})
	}
}

func open(t *testing.T, c *config.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestAnObjectIsWrittenOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store, _ string) {
		ctx := t.Context()
		if _, err := s.Get(ctx, "loads/1"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("reading what is not there: %v", err)
		}
		if err := s.Put(ctx, "loads/1", []byte("mine")); err != nil {
			t.Fatal(err)
		}
		if err := s.Put(ctx, "loads/1", []byte("mine")); err != nil {
			t.Errorf("the same again: %v", err)
		}
		if err := s.Put(ctx, "loads/1", []byte("other")); !errors.Is(err, store.ErrTaken) {
			t.Errorf("something else: %v", err)
		}
		if got, err := s.Get(ctx, "loads/1"); err != nil || string(got) != "mine" {
			t.Errorf("got %q, %v", got, err)
		}
		if err := s.Replace(ctx, "latest.json", []byte("a")); err != nil {
			t.Fatal(err)
		}
		if err := s.Replace(ctx, "latest.json", []byte("b")); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(ctx, "latest.json"); err != nil || string(got) != "b" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestOfManyWritersOneWins(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store, _ string) {
		for round := range 20 {
			var won atomic.Int32
			var writers sync.WaitGroup
			for i := range 8 {
				writers.Go(func() {
					err := s.Put(t.Context(), fmt.Sprintf("loads/%d", round), fmt.Append(nil, i))
					switch {
					case err == nil:
						won.Add(1)
					case !errors.Is(err, store.ErrTaken):
						t.Error(err)
					}
				})
			}
			writers.Wait()
			if won.Load() != 1 {
				t.Errorf("round %d: %d writers were told that they had won", round, won.Load())
			}
		}
	})
}

func TestKeysAndFolders(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store, _ string) {
		for _, key := range []string{"a/2/x", "a/1/y", "a/1/x", "b"} {
			if err := s.Put(t.Context(), key, []byte(key)); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := s.Keys(t.Context(), "a/")
		if diff := cmp.Diff([]string{"a/1/x", "a/1/y", "a/2/x"}, keys); diff != "" || err != nil {
			t.Errorf("keys (-want +got):\n%s%v", diff, err)
		}
		folders, err := s.Folders(t.Context(), "a/")
		if diff := cmp.Diff([]string{"1", "2"}, folders); diff != "" || err != nil {
			t.Errorf("folders (-want +got):\n%s%v", diff, err)
		}
		if err := errors.Join(s.Delete(t.Context(), "a/1/x"), s.Delete(t.Context(), "a/1/x")); err != nil {
			t.Error(err)
		}
		if err := s.Copy(t.Context(), "a/3/x", "a/2/x"); err != nil {
			t.Error(err)
		}
		keys, err = s.Keys(t.Context(), "a/")
		if diff := cmp.Diff([]string{"a/1/y", "a/2/x", "a/3/x"}, keys); diff != "" || err != nil {
			t.Errorf("keys afterwards (-want +got):\n%s%v", diff, err)
		}
		if none, err := s.Keys(t.Context(), "z/"); len(none) > 0 || err != nil {
			t.Errorf("keys of nothing: %v, %v", none, err)
		}
	})
}

func TestFilesGoThereAndComeBack(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store, folder string) {
		big := strings.Repeat("0123456789abcdef", 1<<20) // several parts of an upload
		write(t, filepath.Join(folder, "raw/a/1.json.zst"), "one")
		write(t, filepath.Join(folder, "raw/a/2.json.zst"), big)
		write(t, filepath.Join(folder, "raw/a/.2.json.zst123"), "half")
		for range 2 {
			if err := s.PutMissing(t.Context(), "raw"); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := s.Keys(t.Context(), "raw/")
		if diff := cmp.Diff([]string{"raw/a/1.json.zst", "raw/a/2.json.zst"}, keys); diff != "" || err != nil {
			t.Fatalf("keys (-want +got):\n%s%v", diff, err)
		}
		if err := os.Remove(filepath.Join(folder, keys[1])); err != nil {
			t.Fatal(err)
		}
		n, err := s.Fetch(t.Context(), keys...)
		if n != 1 || err != nil {
			t.Errorf("fetched %d, %v", n, err)
		}
		if got, err := os.ReadFile(filepath.Join(folder, keys[1])); err != nil || string(got) != big {
			t.Errorf("%d bytes came back, %v", len(got), err)
		}
		var read bytes.Buffer
		if err := s.ReadTo(t.Context(), &read, keys[0]); err != nil || read.String() != "one" {
			t.Errorf("read %q, %v", read.String(), err)
		}
	})
}

func TestWhatIsOwedIsPutLater(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store, folder string) {
		for _, key := range []string{"sent/b/001.json", "sent/a.json"} {
			if err := s.Owe(key, []byte(key)); err != nil {
				t.Fatal(err)
			}
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if err := s.PutOwed(stopped); err == nil {
			t.Error("put although it was stopped")
		}
		owed, err := store.Owed(folder)
		if diff := cmp.Diff([]string{"sent/a.json", "sent/b/001.json"}, owed); diff != "" || err != nil {
			t.Errorf("owed (-want +got):\n%s%v", diff, err)
		}
		if err := errors.Join(s.PutOwed(t.Context(), "sent/a.json"), s.PutOwed(t.Context())); err != nil {
			t.Fatal(err)
		}
		keys, err := s.Keys(t.Context(), "sent/")
		if diff := cmp.Diff(owed, keys); diff != "" || err != nil {
			t.Errorf("keys (-want +got):\n%s%v", diff, err)
		}
		if owed, err := store.Owed(folder); len(owed) > 0 || err != nil {
			t.Errorf("still owed: %v, %v", owed, err)
		}
	})
}

func TestAStoreIsKnownByItsAddress(t *testing.T) {
	c := &config.Config{Store: "file://" + t.TempDir(), DataDir: t.TempDir()}
	s := open(t, c)
	if s.IsKnown() {
		t.Error("known before anything is there")
	}
	if err := s.Know(t.Context()); err != nil || !s.IsKnown() {
		t.Errorf("not known: %v", err)
	}
	c.Store = "file://" + t.TempDir()
	if open(t, c).IsKnown() {
		t.Error("another one is known")
	}
}

func TestWithoutAStoreNothingIsKept(t *testing.T) {
	s, err := store.Open(t.Context(), &config.Config{DataDir: t.TempDir()})
	if s != nil || err != nil {
		t.Fatalf("got %v, %v", s, err)
	}
	if err := errors.Join(
		s.Put(t.Context(), "a", nil), s.PutFiles(t.Context(), "b"), s.Owe("c", nil), s.PutOwed(t.Context()), s.Close(),
	); err != nil {
		t.Error(err)
	}
	if keys, err := s.Keys(t.Context(), ""); len(keys) > 0 || err != nil {
		t.Errorf("keys %v, %v", keys, err)
	}
}

// A folder that is not mounted any more is not a place to write to.
func TestAFolderThatIsGone(t *testing.T) {
	root := filepath.Join(t.TempDir(), "share")
	c := &config.Config{Store: "file://" + root, DataDir: t.TempDir()}
	if err := open(t, c).Know(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, leave := range map[string]func() error{
		"a folder that is empty": func() error { return os.Mkdir(root, 0o700) },
		"a file":                 func() error { return os.WriteFile(root, nil, 0o600) },
	} {
		if err := errors.Join(os.RemoveAll(root), os.Mkdir(root, 0o700)); err != nil {
			t.Fatal(err)
		}
		s := open(t, c)
		if err := errors.Join(os.RemoveAll(root), leave()); err != nil {
			t.Fatal(err)
		}
		_, listed := s.Keys(t.Context(), "loads/")
		for _, err := range []error{s.Put(t.Context(), "loads/1", []byte("x")), listed} {
			var fault *store.Error
			if !errors.As(err, &fault) || !strings.Contains(fault.Fix, "mount") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestAProbeTriesEverything(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store, _ string) {
		if err := s.Probe(t.Context(), "x"); err != nil {
			t.Error(err)
		}
		if keys, err := s.Keys(t.Context(), ""); len(keys) > 0 || err != nil {
			t.Errorf("it left %v, %v", keys, err)
		}
	})
}
