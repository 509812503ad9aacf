package deliver_test

import (
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl/etltest"
	"spendbridge/etl/warehouse"
)

// Three batches over one connection, killed at every point of the second one.
// Each point is made of what the disk held while the second and the third
// batch were on the wire.
func TestEveryPointOfABatchCanBeTheLast(t *testing.T) {
	const second, third = "-00002.json.zst", "-00003.json.zst"
	tests := map[string]struct {
		kill    func(atSecond, atThird disk) disk
		stored  int      // records that Productiv has by then
		states  []string // of the batches that the ledger knows, after recovery
		pending int      // records that the next load posts
	}{
		"committed, and no sent file": {
			func(atSecond, _ disk) disk { return atSecond.without(second) },
			10, []string{"accepted", "pending"}, 20,
		},
		"the sent file is written": {
			func(atSecond, _ disk) disk { return atSecond },
			10, []string{"accepted", "unknown"}, 10,
		},
		"stored, and no answer in the file": {
			func(atSecond, _ disk) disk { return atSecond },
			20, []string{"accepted", "unknown"}, 10,
		},
		"the answer is in the file, and not in the ledger": {
			func(atSecond, atThird disk) disk { return atSecond.with(atThird.only(second)) },
			20, []string{"accepted", "accepted"}, 10,
		},
		"taken over, and the third not sent": {
			func(_, atThird disk) disk { return atThird.without(third) },
			20, []string{"accepted", "accepted", "pending"}, 10,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t).onDisk()
			s.Productiv.BatchSize = 10
			s.fill(30)
			disks := s.watch()
			s.mustPost()
			s.restoreDisk(tt.kill((*disks)[1], (*disks)[2]))
			s.remote.stored = s.remote.stored[:tt.stored]

			must(t, s.Recover(t.Context()))
			if diff := cmp.Diff(tt.states, s.batchStates()); diff != "" {
				t.Errorf("batches after the recovery (-want +got):\n%s", diff)
			}
			if result, err := s.post(); result.Accepted != tt.pending || result.Held > 0 {
				t.Errorf("the next load: %+v, %v; want %d accepted", result, err, tt.pending)
			}
			for key, copies := range s.remote.copies() {
				if copies > 1 {
					t.Errorf("%s is %d times at Productiv", key, copies)
				}
			}
		})
	}
}

// A disk is the files of a data folder, by their path in it.
type disk map[string]string

// readDisk is what a killed program would leave.
func (s *scene) readDisk() disk {
	files := disk{}
	must(s.t, fs.WalkDir(os.DirFS(s.Folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[name] = s.read(name)
		}
		return err
	}))
	return files
}

// restoreDisk puts the files back; each stays the file it is.
func (s *scene) restoreDisk(files disk) {
	s.t.Helper()
	s.DB.Close()
	for name := range s.readDisk() {
		if _, kept := files[name]; !kept {
			must(s.t, os.Remove(filepath.Join(s.Folder, name)))
		}
	}
	for name, text := range files {
		s.overwrite(name, text)
	}
	s.open()
}

func (d disk) without(suffix string) disk {
	rest := maps.Clone(d)
	maps.DeleteFunc(rest, func(name, _ string) bool { return strings.HasSuffix(name, suffix) })
	return rest
}

func (d disk) only(suffix string) disk {
	part := maps.Clone(d)
	maps.DeleteFunc(part, func(name, _ string) bool { return !strings.HasSuffix(name, suffix) })
	return part
}

func (d disk) with(more disk) disk {
	all := maps.Clone(d)
	maps.Copy(all, more)
	return all
}

// watch keeps what the disk holds whenever a batch is on the wire.
func (s *scene) watch() *[]disk {
	var disks []disk
	s.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(req.URL.Path, "/token") {
			disks = append(disks, s.readDisk())
		}
		return s.remote.RoundTrip(req)
	})
	return &disks
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// batchStates are the states of the batches in the ledger, in their order.
func (s *scene) batchStates() []string {
	s.t.Helper()
	var states []string
	for _, line := range strings.Split(strings.TrimSpace(s.table("batches_dump.sql", nil)), "\n")[1:] {
		states = append(states, strings.Fields(line)[1])
	}
	return states
}

// While the second batch is on the wire the ledger has the answer to the first
// one, and nothing was written in between.
func TestOneCommitTakesOverAndBegins(t *testing.T) {
	s := newScene(t).onDisk()
	s.Productiv.BatchSize = 10
	s.fill(30)
	var states [][]string
	s.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(req.URL.Path, "/token") {
			states = append(states, s.batchStates())
		}
		return s.remote.RoundTrip(req)
	})
	s.mustPost()
	want := [][]string{{"sending"}, {"accepted", "sending"}, {"accepted", "accepted", "sending"}}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("batches at each post (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"accepted", "accepted", "accepted"}, s.batchStates()); diff != "" {
		t.Errorf("batches after the load (-want +got):\n%s", diff)
	}
}

// A transaction that cannot begin the next batch leaves the answer to the one
// before to another; an answer that cannot be taken over at all waits in its
// file. Either way the load stops, and nothing is posted twice.
func TestATakeOverThatFails(t *testing.T) {
	tests := map[string]struct {
		name   string // of the statement about batches that fails
		edit   func(text string) string
		states []string // of the batches after the load that failed
	}{
		"the next batch cannot begin": {"begin", func(text string) string {
			return text + "\nwhere case when $batch_id like '%-00002' then error('as told') else true end"
		}, []string{"accepted"}},
		"nothing can be taken over": {"finish", func(text string) string {
			return strings.Replace(text, "where batch_id = $batch_id",
				"where case when batch_id = $batch_id then error('as told') else false end", 1)
		}, []string{"sending"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t).onDisk()
			s.Productiv.BatchSize = 10
			s.fill(30)
			s.openWith(tt.name, tt.edit)
			if _, err := s.post(); err == nil || !strings.Contains(err.Error(), "as told") {
				t.Errorf("error %v, want that of the statement", err)
			}
			if diff := cmp.Diff(tt.states, s.batchStates()); diff != "" {
				t.Errorf("batches after the load (-want +got):\n%s", diff)
			}
			if posts := len(s.remote.posts); posts != 1 {
				t.Errorf("%d posts, want none after the failure", posts)
			}
			s.DB.Close()
			s.open()
			if result := s.mustPost(); result.Accepted != 20 {
				t.Errorf("the next load: %+v, want the other 20 accepted", result)
			}
			for key, copies := range s.remote.copies() {
				if copies != 1 {
					t.Errorf("%s is %d times at Productiv", key, copies)
				}
			}
		})
	}
}

// openWith opens the warehouse with an edited statement about batches.
func (s *scene) openWith(name string, edit func(text string) string) {
	s.t.Helper()
	s.DB.Close()
	files := testFiles(s.t).(overlay)
	for file, edited := range etltest.EditSQL(s.t, nil, "deliver/batch."+name, edit) {
		files.top[file] = &fstest.MapFile{Data: []byte(edited)}
	}
	var err error
	s.DB, err = warehouse.Open(s.t.Context(), warehouse.Options{
		Location: s.warehouse, Files: files, MemoryLimit: "1GB", Threads: 1, TempDir: s.t.TempDir(),
	})
	must(s.t, err)
}
