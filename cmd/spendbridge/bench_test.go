package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/etltest"
)

// What the benchmark is told by its environment.
const (
	benchRecords    = "SPENDBRIDGE_BENCH_RECORDS"    // how many expenses there are
	benchPeaks      = "SPENDBRIDGE_BENCH_PEAKS"      // further numbers, for the peak memory of a first run
	benchVolumes    = "SPENDBRIDGE_BENCH_VOLUMES"    // numbers for large first runs
	benchStatements = "SPENDBRIDGE_BENCH_STATEMENTS" // 1: list the statements that take longest
)

// BenchmarkTargets measures the program as it is built, and prints what it costs
// beside what it may cost. The unit is the CPU time (user and system) of one
// bare DuckDB statement that reads the page files of the first run into nine
// columns of Parquet. All is measured in one run on one machine, each piece as
// a process of its own; the vendors are played by further processes, which are
// not counted.
func BenchmarkTargets(b *testing.B) {
	for b.Loop() {
		m := newMeter(b)
		records := numbers(b, benchRecords, "100000")[0]
		vendors := m.start(records)
		m.targets(vendors, records)
		if os.Getenv(benchStatements) != "" {
			m.statements(vendors)
		}
		vendors.stop()
	}
}

func (m *meter) targets(vendors *vendors, records int) {
	load := loadAverage()
	home := m.install(vendors, vendors.Productiv, 2)
	m.note("first run")
	first := home.run(records)
	size, pages := home.sizes()
	bares := []cost{m.bare(home)}
	stored := m.stored(vendors, records)
	m.note("run that finds nothing new")
	began := time.Now()
	second := home.run(0)
	written := fmt.Sprintf("%.1f MB in ", mega(second.written)) + home.writtenSince(began)
	bares = append(bares, m.bare(home))
	m.note("script")
	script, version := m.script(vendors)
	m.note("run that finds 0.1 % new")
	added := records / 1000
	vendors.insert(added)
	third := home.run(added)
	held := records + added
	bare := middle(append(bares, m.bare(home)))

	t := newTargets()
	cpu := func(c cost) float64 { return c.cpu.Seconds() / bare.cpu.Seconds() }
	t.add("bare DuckDB statement", bare.String(), "1.00 × bare", "", "")
	t.atMost("first run", first.String(), cpu(first.cost), 5, "× bare")
	if version == "" {
		t.add("script by hand", "left out: no python3 with duckdb and requests", "", "", "")
	} else {
		t.add("script by hand, "+version, script.String(), short(cpu(script))+" × bare", "", "")
		t.atMost("first run against the script", "", first.cpu.Seconds()/script.cpu.Seconds(), 1, "× script")
	}
	t.atMost("nothing new", second.String(), cpu(second.cost), 1.5, "× bare")
	t.add("  and writes", written, "", "bookkeeping", "")
	t.atMost("0.1 % new", third.String(), cpu(third.cost), 1.8, "× bare")
	m.empty(t)
	t.atLeast("HTTP to acknowledged", first.wall.Round(10*time.Millisecond).String(), float64(records)/first.wall.Seconds(), 20_000, "/s")
	if stored == nil {
		t.add("with a store", "left out: no bucket; .ci/store make bench has one", "", "", "")
	} else {
		t.atMost("with a store 20 ms away, less 3 s", stored.String(), (stored.wall-3*time.Second).Seconds()/first.wall.Seconds(), 1.5, "× wall without")
	}
	m.lake(t, vendors, held, first.cost, second.cost)
	m.posting(t, vendors, held, 4, 200*time.Millisecond)
	m.posting(t, vendors, held, 2, 50*time.Millisecond)
	m.memory(t, map[int]cost{records: first.cost})
	t.atMost("warehouse, less 25 MB", fmt.Sprintf("%.1f MB of %.1f MB of pages", mega(size), mega(pages)),
		(mega(size)-25)/mega(pages), 1.5, "× pages")

	fmt.Printf("\n%s expenses, %d processors, load %s before and %s after\n\n", etl.Number(records), runtime.NumCPU(), load, loadAverage())
	t.print(&screen{Writer: os.Stdout, width: columns(os.Stdout)})
}

// empty runs twice where there is nothing.
func (m *meter) empty(t *targets) {
	m.note("empty sources")
	vendors := m.start(0)
	defer vendors.stop()
	home := m.install(vendors, vendors.Productiv, 2)
	for _, what := range []string{"empty sources, first run", "empty sources, again"} {
		spent := home.run(0)
		t.atMost(what, spent.String(), spent.cpu.Seconds(), 0.5, "s CPU")
	}
}

// stored makes a first run with a store whose answers take 20 ms more, if there is a
// server for tests.
func (m *meter) stored(vendors *vendors, records int) *benchRun {
	endpoint := os.Getenv(etltest.TestBucket)
	if endpoint == "" {
		return nil
	}
	m.note("first run with a store")
	target, err := url.Parse(endpoint)
	if err != nil {
		m.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		time.Sleep(20 * time.Millisecond)
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	server := httptest.NewServer(proxy)
	defer server.Close()
	home := m.install(vendors, vendors.Productiv, 2)
	home.append(bucketConfiguration(server.URL))
	run := home.run(records)
	return &run
}

// lake makes the first run and the second one on a lake, if there is a PostgreSQL for
// tests. Its data and its store are folders.
func (m *meter) lake(t *targets, vendors *vendors, records int, first, second cost) {
	if !etltest.HasLakes() {
		t.add("on a lake", "left out: no PostgreSQL; .ci/lake make bench has one", "", "", "")
		return
	}
	home := m.install(vendors, vendors.Productiv, 2)
	home.append(etltest.NewLake(m).Configuration() + "store: file://" + m.TempDir() + "\n")
	for _, run := range []struct {
		what                 string
		posted               int
		ofFile, times, above float64
	}{
		{"first run", records, first.cpu.Seconds(), 2, 5},
		{"nothing new", 0, second.cpu.Seconds(), 1, 3},
	} {
		m.note(run.what, " on a lake")
		before := postgresCPU(m.B)
		spent := home.run(run.posted)
		t.atMost(run.what+" on a lake, less "+short(run.above)+" s", spent.String(),
			(spent.cpu.Seconds()-run.above)/run.ofFile, run.times, "× on a file")
		t.add("  and PostgreSQL's", fmt.Sprintf("%.2f s CPU", (postgresCPU(m.B)-before).Seconds()), "", "", "")
	}
}

// posting posts to a Productiv that takes its time to answer. What connections
// and latency allow is a thousand records for each.
func (m *meter) posting(t *targets, vendors *vendors, records, connections int, latency time.Duration) {
	m.note("posting at ", latency)
	slow := startPatient(latency)
	defer slow.Close()
	run := m.install(vendors, slow.URL, connections).run(records)
	bound := float64(connections) * 1000 / latency.Seconds()
	row := func(what string, took time.Duration) {
		rate := float64(records) / took.Seconds()
		t.atLeast(what, fmt.Sprintf("%.2f s, %.0f /s", took.Seconds(), rate), rate/bound, 0.9, "of the bound")
	}
	row(fmt.Sprintf("posting, %d at a time, %s each", connections, latency), slow.took())
	row("  with all of the stage", run.stage("deliver"))
}

// memory compares the peaks of first runs.
func (m *meter) memory(t *targets, firsts map[int]cost) {
	for _, records := range numbers(m.B, benchPeaks, "30000,300000") {
		m.note("first run of ", records)
		vendors := m.start(records)
		firsts[records] = m.install(vendors, vendors.Productiv, 2).run(records).cost
		vendors.stop()
	}
	sizes := slices.Sorted(maps.Keys(firsts))
	for _, records := range sizes {
		c := firsts[records]
		t.atMost("peak memory of "+etl.Number(records), fmt.Sprintf("%.0f MB, %s", mega(c.peak), c), mega(c.peak)-memoryLimit, 150, "MB over memory_limit")
	}
	t.atMost("  largest against smallest", "", mega(firsts[sizes[len(sizes)-1]].peak)/mega(firsts[sizes[0]].peak), 1.1, "× (flat)")
}

// BenchmarkVolume makes first runs of many records, each followed by one that finds
// nothing new, and prints what they cost and how much they keep.
func BenchmarkVolume(b *testing.B) {
	for b.Loop() {
		m := newMeter(b)
		t := &table{head: []string{"EXPENSES", "RUN", "CPU", "WALL", "CPU PER MILLION", "PEAK", "WAREHOUSE", "PAGES", "SENT", "SNAPSHOT", "PUBLISHED"}}
		for _, records := range numbers(b, benchVolumes, "1000000,3000000") {
			m.volume(t, records)
		}
		fmt.Printf("\n%d processors, memory_limit %d MB, load %s\n\n", runtime.NumCPU(), memoryLimit, loadAverage())
		t.print(&screen{Writer: os.Stdout, width: columns(os.Stdout)})
	}
}

func (m *meter) volume(t *table, records int) {
	vendors := m.start(records)
	defer vendors.stop()
	home := m.install(vendors, vendors.Productiv, 2)
	for i, run := range []string{"first", "nothing new"} {
		m.note(run, " run of ", records)
		spent := home.run(records * (1 - i))
		row := []string{
			etl.Number(records), run, fmt.Sprintf("%.0f s", spent.cpu.Seconds()), fmt.Sprintf("%.0f s", spent.wall.Seconds()),
			fmt.Sprintf("%.0f s", spent.cpu.Seconds()*1e6/float64(records)), fmt.Sprintf("%.0f MB", mega(spent.peak)),
		}
		for _, kept := range []string{"warehouse.duckdb", "raw", "sent", "snapshots", "spend.duckdb"} {
			size := folderSize(m.B, filepath.Join(home.folder, kept), func(string, fs.FileInfo) bool { return true })
			row = append(row, fmt.Sprintf("%.0f MB", mega(size)))
		}
		t.add(row...)
	}
}

// statements prints where the time of statements goes. Its runs are its own:
// writing the log takes time as well.
func (m *meter) statements(vendors *vendors) {
	home := m.install(vendors, vendors.Productiv, 2)
	for _, run := range []string{"first run", "run that finds nothing new"} {
		m.note("statements of the ", run)
		took := map[string][]time.Duration{}
		for line := range strings.Lines(home.log()) {
			var entry struct {
				Msg, File string
				Duration  time.Duration
			}
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				m.Fatalf("%v: %s", err, line)
			}
			if entry.Msg == "statement" {
				took[entry.File] = append(took[entry.File], entry.Duration)
			}
		}
		fmt.Printf("\nStatements of a %s\n\n", run)
		longest(took).print(&screen{Writer: os.Stdout, width: columns(os.Stdout)})
	}
}

// longest lists the statements that take longest.
func longest(took map[string][]time.Duration) *table {
	t := &table{head: []string{"STATEMENT", "TIMES", "SECONDS"}}
	times, all := 0, time.Duration(0)
	sums := map[string]time.Duration{}
	for file, each := range took {
		for _, d := range each {
			sums[file] += d
		}
		times, all = times+len(each), all+sums[file]
	}
	t.add("all", strconv.Itoa(times), short(all.Seconds()))
	files := slices.SortedFunc(maps.Keys(sums), func(a, b string) int { return cmp.Compare(sums[b], sums[a]) })
	for _, file := range files[:min(30, len(files))] {
		t.add(file, strconv.Itoa(len(took[file])), short(sums[file].Seconds()))
	}
	return t
}

// Targets are figures beside what they may be.
type targets struct{ table }

func newTargets() *targets {
	return &targets{table{head: []string{"WHAT", "MEASURED", "RATIO", "TARGET", "VERDICT"}}}
}

func (t *targets) atMost(what, measured string, value, target float64, unit string) {
	t.judge(what, measured, value, unit, "≤ ", target, value-target)
}

func (t *targets) atLeast(what, measured string, value, target float64, unit string) {
	t.judge(what, measured, value, unit, "≥ ", target, target-value)
}

func (t *targets) judge(what, measured string, value float64, unit, sign string, target, missed float64) {
	verdict := "met"
	if missed > 0 {
		verdict = "missed by " + short(missed)
	}
	t.add(what, measured, short(value)+" "+unit, sign+strconv.FormatFloat(target, 'f', -1, 64), verdict)
}

func short(f float64) string {
	if f >= 100 || f <= -100 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}

// numbers reads a list of numbers from the environment.
func numbers(b *testing.B, name, otherwise string) []int {
	b.Helper()
	var all []int
	for text := range strings.SplitSeq(cmp.Or(os.Getenv(name), otherwise), ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		all = append(all, n)
	}
	return all
}

// loadAverage is how busy the machine was in the last minute, where it says so.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

func mega(bytes int64) float64 { return float64(bytes) / 1e6 }

// folderSize adds up the files in a folder that are counted.
func folderSize(b *testing.B, folder string, counts func(path string, file fs.FileInfo) bool) (bytes int64) {
	b.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		file, err := entry.Info()
		if err == nil && counts(path, file) {
			bytes += file.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return bytes
}
