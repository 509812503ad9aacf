package extract_test

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/etltest"
	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
	"spendbridge/etl/sandbox"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
	sqlfiles "spendbridge/sql"
)

// today is when the tests run.
var today = time.Date(2026, 3, 10, 2, 0, 0, 0, time.UTC)

// lookback reaches into three months.
const lookback = 40 // days

// A subject is one source of a sandbox with a warehouse of its own.
type subject struct {
	testing.TB
	kind    string // productive or procurify
	vendors *sandbox.Sandbox
	db      *warehouse.DB
	folder  string
	clock   *clock
	source  extract.Source

	acceptVanished bool
	store          *store.Store
}

// A clock that never stands still, so that the order of events is the order
// of their times.
type clock struct{ ticks atomic.Int64 }

func (c *clock) Now() time.Time {
	return today.Add(time.Duration(c.ticks.Add(1)) * time.Millisecond)
}

func (c *clock) pass(d time.Duration) { c.ticks.Add(d.Milliseconds()) }

// eachSource runs a test for both sources.
func eachSource(t *testing.T, test func(t *testing.T, kind string)) {
	for _, kind := range []string{"productive", "procurify"} {
		t.Run(kind, func(t *testing.T) { test(t, kind) })
	}
}

func newSubject(t testing.TB, kind string, o sandbox.Options) *subject {
	t.Helper()
	s := &subject{TB: t, kind: kind, db: openDB(t, ""), folder: t.TempDir(), clock: &clock{}}
	o.Now = s.clock.Now
	s.vendors = sandbox.New(o)
	s.source = newSource(t, kind, s.vendors)
	return s
}

// openDB opens a warehouse with the tests' own queries beside the program's.
func openDB(t testing.TB, location string) *warehouse.DB {
	t.Helper()
	db, err := warehouse.Open(t.Context(), etltest.Place(t, warehouse.Options{
		Location: location, MemoryLimit: "1GB", Threads: 1, TempDir: t.TempDir(),
		Files: overlay{sqlfiles.FS, os.DirFS("testdata")},
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// overlay is a file system with further files.
type overlay struct {
	fs.FS
	more fs.FS
}

func (o overlay) Open(name string) (fs.File, error) {
	if f, err := o.more.Open(name); err == nil {
		return f, nil
	}
	return o.FS.Open(name)
}

func newSource(t testing.TB, kind string, vendors *sandbox.Sandbox) extract.Source {
	t.Helper()
	client := httpretry.New(httpretry.Options{
		Budget:    []*rate.Limiter{rate.NewLimiter(rate.Inf, 1)},
		Transport: vendors.Transport(),
	})
	if kind == "procurify" {
		s, err := extract.NewProcurify(config.Source{
			Name: kind, BaseURL: vendors.ProcurifyURL(),
			ClientID: config.NewSecret(sandbox.ProcurifyClientID), ClientSecret: config.NewSecret(sandbox.ProcurifyClientSecret), Lookback: config.Duration(lookback * 24 * time.Hour),
		}, client, schemas.FS)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s, err := extract.NewProductive(config.Source{
		Name: kind, BaseURL: vendors.ProductiveURL(),
		Token: config.NewSecret(sandbox.ProductiveToken), OrganizationID: "517", Lookback: config.Duration(lookback * 24 * time.Hour),
	}, client, schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *subject) extractor() *extract.Extractor {
	x := &extract.Extractor{
		DB: s.db, Folder: s.folder, Log: slog.New(slog.DiscardHandler), Now: s.clock.Now,
		RunID: etl.NewRunID(s.clock.Now()), Store: s.store,
	}
	if s.acceptVanished {
		x.Accept = &extract.Acceptance{Who: "ada", Note: "we moved"}
	}
	return x
}

// run reads the look-back and fails the test if that fails.
func (s *subject) run() extract.Report {
	s.Helper()
	report, err := s.extractor().Run(s.Context(), s.source)
	if err != nil {
		s.Fatal(err)
	}
	return report
}

// anew is the same vendor with an empty warehouse, and no faults.
func (s *subject) anew() *subject {
	s.Helper()
	fresh := *s
	fresh.db, fresh.folder = openDB(s.TB, ""), s.TempDir()
	return &fresh
}

// newest lists what is known last of every record.
func (s *subject) newest() string {
	s.Helper()
	return s.table("check/newest.sql", warehouse.Args{"source": s.kind})
}

// living lists the spend records that are not gone, by id.
func (s *subject) living() []string {
	s.Helper()
	ids, err := warehouse.Strings(s.Context(), s.db, "check/living_ids.sql", warehouse.Args{
		"source": s.kind, "stream": s.source.About().Stream, "window_from": nil, "window_to": nil,
	})
	if err != nil {
		s.Fatal(err)
	}
	return ids
}

func (s *subject) table(file string, args warehouse.Args) string {
	s.Helper()
	rows, err := s.db.Query(s.Context(), file, args)
	if err != nil {
		s.Fatal(err)
	}
	return etltest.Table(s.TB, rows)
}

// wantNewest fails the test unless this is what is known last of every record.
func (s *subject) wantNewest(want string) {
	s.Helper()
	if diff := cmp.Diff(want, s.newest()); diff != "" {
		s.Errorf("records differ (-want +got):\n%.2000s", diff)
	}
}

// lives reports whether a record is stored and not gone, and how many
// versions it has.
func (s *subject) lives(id int) (alive bool, versions int) {
	s.Helper()
	lines := strings.Fields(s.table("check/versions_of.sql", warehouse.Args{
		"stream": s.source.About().Stream, "record_id": strconv.Itoa(id),
	}))[1:]
	return len(lines) > 0 && lines[len(lines)-1] == "false", len(lines)
}

// The changes that both vendors know. Days are counted back from today.

func (s *subject) insert(daysAgo int) int {
	s.Helper()
	day := today.AddDate(0, 0, -daysAgo)
	if s.kind == "procurify" {
		return s.vendors.InsertTransaction(func(t *sandbox.Transaction) {
			at := day.Format(time.RFC3339)
			t.TransactionDatetime, t.AuthorizationDatetime, t.AllocationDatetime = &at, at, at
		})
	}
	return s.vendors.InsertExpense(func(e *sandbox.Expense) {
		e.Date, e.CreatedAt = day.Format(time.DateOnly), day
	})
}

// typeIn inserts an expense that is typed in today.
func (s *subject) typeIn(daysAgo int) int {
	return s.vendors.InsertExpense(func(e *sandbox.Expense) {
		e.Date = today.AddDate(0, 0, -daysAgo).Format(time.DateOnly)
	})
}

func (s *subject) delete(id int) {
	s.Helper()
	s.must(s.pick(s.vendors.DeleteTransaction, s.vendors.DeleteExpense)(id))
}

func (s *subject) restore(id int) {
	s.Helper()
	s.must(s.pick(s.vendors.RestoreTransaction, s.vendors.RestoreExpense)(id))
}

func (s *subject) edit(id int) {
	s.Helper()
	if s.kind == "procurify" {
		s.must(s.vendors.EditTransaction(id, func(t *sandbox.Transaction) { t.Note += "!" }))
		return
	}
	s.must(s.vendors.EditExpense(id, func(e *sandbox.Expense) { e.Name += "!" }))
}

func (s *subject) pick(procurify, productive func(int) error) func(int) error {
	if s.kind == "procurify" {
		return procurify
	}
	return productive
}

func (s *subject) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// small is a vendor with a few pages of plain records in three windows.
func small() sandbox.Options {
	return sandbox.Options{
		Seed: 7, Expenses: 900, Transactions: 450, Plain: true, From: today.AddDate(0, 0, -38),
	}
}

// oneWindow is a vendor whose records are almost all of this month.
func oneWindow() sandbox.Options {
	return sandbox.Options{
		Seed: 7, Expenses: 450, Transactions: 230, Plain: true, From: today.AddDate(0, 0, -8),
	}
}

func faults(t testing.TB, o sandbox.Options, text string) sandbox.Options {
	t.Helper()
	var err error
	if o.Faults, err = sandbox.ParseFaults(text); err != nil {
		t.Fatal(err)
	}
	return o
}

func rawMembers(name, value string) map[string]json.RawMessage {
	if value == "" {
		return map[string]json.RawMessage{name: nil}
	}
	return map[string]json.RawMessage{name: json.RawMessage(value)}
}
