package main

import (
	"bytes"
	"cmp"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"spendbridge/etl/etltest"
	"spendbridge/etl/sandbox"
)

// memoryLimit is the memory_limit of all runs, in MB.
const memoryLimit = 1000

// A meter starts processes and measures them.
type meter struct {
	*testing.B
	program string
}

// newMeter builds the program.
func newMeter(b *testing.B) *meter {
	b.Helper()
	m := &meter{B: b, program: filepath.Join(b.TempDir(), "spendbridge")}
	m.note("build")
	m.measure(exec.CommandContext(b.Context(), "go", "build", "-o", m.program, "."))
	return m
}

// note says on stderr what is measured now, for it takes minutes.
func (m *meter) note(what ...any) {
	fmt.Fprintln(os.Stderr, time.Now().Format("15:04:05"), fmt.Sprint(what...))
}

// A cost is what a process took.
type cost struct {
	cpu, wall time.Duration
	peak      int64 // bytes of memory
	written   int64 // bytes, where the system counts them
}

func (c cost) String() string {
	return fmt.Sprintf("%.2f s CPU, %.2f s", c.cpu.Seconds(), c.wall.Seconds())
}

// measure runs a command to its end. The kernel counts the memory of this
// process, from which it was started, as the least of its peak: so nothing
// large is done in this one.
func (m *meter) measure(cmd *exec.Cmd) cost {
	m.Helper()
	var errs bytes.Buffer
	if cmd.Stderr == nil {
		cmd.Stderr = &errs
	}
	began := time.Now()
	if err := cmd.Run(); err != nil {
		m.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, errs.String())
	}
	wall := time.Since(began)
	state, usage := cmd.ProcessState, cmd.ProcessState.SysUsage().(*syscall.Rusage)
	kilobyte := int64(1024)
	if runtime.GOOS == "darwin" {
		kilobyte = 1 // it counts bytes
	}
	return cost{state.UserTime() + state.SystemTime(), wall, usage.Maxrss * kilobyte, usage.Oublock * 512}
}

// bare measures the statement that is the unit.
func (m *meter) bare(home *home) cost {
	self, err := os.Executable()
	if err != nil {
		m.Fatal(err)
	}
	return m.measure(&exec.Cmd{Path: self, Args: []string{"bare", home.folder, filepath.Join(m.TempDir(), "bare.parquet")}})
}

// middle returns the second best of three costs that are spread over the time
// of measuring: another load makes another unit.
func middle(costs []cost) cost {
	slices.SortFunc(costs, func(a, b cost) int { return cmp.Compare(a.cpu, b.cpu) })
	return costs[1]
}

// bareStatement is what this binary does under the name bare: see TestMain.
func bareStatement() {
	folder, target := os.Args[1], os.Args[2]
	text, err := os.ReadFile(etltest.Data("bench", "bare.sql"))
	if err != nil {
		log.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "raw", "productive", "*", "*.zst"))
	if err != nil || len(files) == 0 {
		log.Fatal("no page files: ", err)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec(string(text), sql.Named("files", files), sql.Named("target", target)); err != nil {
		log.Fatal(err)
	}
	db.Close()
}

// script measures what one would write by hand, if its Python is here.
func (m *meter) script(vendors *vendors) (spent cost, version string) {
	// The python3 of a path may be a script that looks for the one to use.
	out, err := exec.CommandContext(m.Context(), "python3", "-c",
		"import sys, platform, duckdb, requests; print(sys.executable); print('Python', platform.python_version(), 'DuckDB', duckdb.__version__)").Output()
	python, version, found := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil || !found {
		return cost{}, ""
	}
	return m.measure(exec.CommandContext(m.Context(), python, etltest.Data("bench", "script.py"), m.TempDir(),
		vendors.Productive, sandbox.ProductiveToken, vendors.Productiv, sandbox.ProductivClientID, sandbox.ProductivClientSecret)), version
}

// vendors are a process that plays them.
type vendors struct {
	m                                       *meter
	process                                 *exec.Cmd
	Productive, Productiv, Accepted, Config string
}

func (m *meter) start(expenses int) *vendors {
	m.Helper()
	v := &vendors{m: m}
	v.process = exec.CommandContext(m.Context(), m.program, "sandbox", "--json", "--quiet", "--plain",
		"--expenses", strconv.Itoa(expenses), "--transactions", "0")
	out, err := v.process.StdoutPipe()
	if err == nil {
		err = v.process.Start()
	}
	if err == nil {
		err = json.NewDecoder(out).Decode(v)
	}
	if err != nil {
		m.Fatal(err)
	}
	return v
}

func (v *vendors) stop() {
	v.process.Process.Kill()
	v.process.Wait() // reports the kill
}

// insert adds expenses of today.
func (v *vendors) insert(n int) {
	for range n {
		resp, err := http.Post(strings.Replace(v.Accepted, "records", "mutate", 1), "application/json",
			strings.NewReader(`{"op": "insert", "stream": "expenses"}`))
		if err != nil {
			v.m.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			v.m.Fatal(resp.Status)
		}
	}
}

// A patientProductiv takes its time to answer, and knows when the first batch came
// and when the last one was answered.
type patientProductiv struct {
	*httptest.Server
	mu          sync.Mutex
	first, last time.Time
}

func startPatient(latency time.Duration) *patientProductiv {
	answers := sandbox.New(sandbox.Options{
		SeedOnly: true, Latency: latency, Productiv: sandbox.Productiv{CountOnly: true},
	}).ProductivHandler()
	s := &patientProductiv{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came := time.Now()
		answers.ServeHTTP(w, r)
		if !strings.HasSuffix(r.URL.Path, "/finance") {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.first.IsZero() || came.Before(s.first) {
			s.first = came
		}
		s.last = time.Now()
	}))
	return s
}

// took is valid once the client has ended.
func (s *patientProductiv) took() time.Duration { return s.last.Sub(s.first) }

// A home is a data folder with its configuration.
type home struct {
	m              *meter
	folder, config string
}

// install makes a data folder whose target is the Productiv at an address.
func (m *meter) install(vendors *vendors, productiv string, connections int) *home {
	m.Helper()
	folder := m.TempDir()
	h := &home{m, folder, filepath.Join(folder, "spendbridge.yaml")}
	text := strings.ReplaceAll(vendors.Config, vendors.Productiv, productiv) +
		fmt.Sprintf("  concurrency: %d\nmemory_limit: %dMB\n", connections, memoryLimit)
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
	return h
}

// append adds lines to the configuration.
func (h *home) append(lines string) {
	h.m.Helper()
	text, err := os.ReadFile(h.config)
	if err == nil {
		err = os.WriteFile(h.config, append(text, lines...), 0o600)
	}
	if err != nil {
		h.m.Fatal(err)
	}
}

// postgresCPU is what all processes of PostgreSQL have taken so far, those that have
// ended included. Only Linux tells.
func postgresCPU(b *testing.B) (spent time.Duration) {
	b.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte("(postgres)")) {
			continue // or it has just ended
		}
		_, after, _ := bytes.Cut(text, []byte(") "))
		fields := strings.Fields(string(after))
		for _, ticks := range fields[11:15] { // of its own, then of children that have ended
			n, err := strconv.Atoi(ticks)
			if err != nil {
				b.Fatalf("%s: %v", file, err)
			}
			spent += time.Duration(n) * time.Second / 100
		}
	}
	return spent
}

// A benchRun is a whole run, with what its JSON tells.
type benchRun struct {
	cost
	Stages []struct {
		Name       string
		Counts     struct{ Written int }
		DurationMS int `json:"duration_ms"`
	}
}

// run runs everything once, and fails if another number of records is posted.
func (h *home) run(posted int) benchRun {
	h.m.Helper()
	var out bytes.Buffer
	cmd := exec.CommandContext(h.m.Context(), h.m.program, "run", "--config", h.config, "--json", "--quiet")
	cmd.Stdout = &out
	r := benchRun{cost: h.m.measure(cmd)}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		h.m.Fatal(err)
	}
	for _, s := range r.Stages {
		if s.Name == "deliver" && s.Counts.Written != posted {
			h.m.Fatalf("%d records were posted, want %d", s.Counts.Written, posted)
		}
	}
	return r
}

// stage returns how long a stage took.
func (r benchRun) stage(name string) time.Duration {
	for _, s := range r.Stages {
		if s.Name == name {
			return time.Duration(s.DurationMS) * time.Millisecond
		}
	}
	return 0
}

// log returns all that a run logs.
func (h *home) log() string {
	var log bytes.Buffer
	cmd := exec.CommandContext(h.m.Context(), h.m.program, "run", "--config", h.config, "--log-level", "debug", "--log-format", "json")
	cmd.Stderr = &log
	h.m.measure(cmd)
	return log.String()
}

// sizes returns the bytes of the warehouse and of the compressed pages.
func (h *home) sizes() (warehouse, pages int64) {
	warehouse = folderSize(h.m.B, h.folder, func(path string, _ fs.FileInfo) bool {
		return strings.HasPrefix(filepath.Base(path), "warehouse.duckdb")
	})
	pages = folderSize(h.m.B, filepath.Join(h.folder, "raw"), func(path string, _ fs.FileInfo) bool {
		return filepath.Ext(path) == ".zst"
	})
	return warehouse, pages
}

// writtenSince names what was written at the top of the folder, or in which
// folder there.
func (h *home) writtenSince(began time.Time) string {
	var names []string
	folderSize(h.m.B, h.folder, func(path string, file fs.FileInfo) bool {
		name, err := filepath.Rel(h.folder, path)
		if err != nil {
			h.m.Fatal(err)
		}
		name, _, inFolder := strings.Cut(name, string(filepath.Separator))
		if inFolder {
			name += "/"
		}
		if file.ModTime().After(began) && !slices.Contains(names, name) {
			names = append(names, name)
		}
		return false
	})
	return strings.Join(names, " ")
}
