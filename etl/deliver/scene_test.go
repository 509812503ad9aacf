package deliver_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/deliver"
	"spendbridge/etl/etltest"
	"spendbridge/etl/store"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
	sqlfiles "spendbridge/sql"
)

// A scene is a warehouse, a data folder and a Productiv that answers as told.
type scene struct {
	deliver.Delivery
	t         testing.TB
	remote    *remote
	warehouse string
	lake      etltest.Lake // instead, if it has a location
	share     string       // the folder of its store, if it has one
	runs      int
}

// inStore gives the scene a store in a folder.
func (s *scene) inStore(share string) *scene {
	s.t.Helper()
	opened, err := store.Open(s.t.Context(), &config.Config{Store: "file://" + share, DataDir: s.Folder})
	if err != nil {
		s.t.Fatal(err)
	}
	if !opened.IsKnown() {
		must(s.t, opened.Know(s.t.Context()))
	}
	s.share, s.Store = share, opened
	return s
}

// newScene opens an empty scene. It speaks finance, holds what is in doubt
// and reports changes, as the defaults of the configuration do.
func newScene(t testing.TB) *scene {
	t.Helper()
	folder := t.TempDir()
	s := &scene{t: t, remote: &remote{}}
	s.Delivery = deliver.Delivery{
		Folder:  folder,
		Schemas: schemas.FS,
		Productiv: config.Productiv{
			BaseURL: "https://productiv.example", TokenURL: "https://login.example/oauth2/token",
			TokenAuth: "body", ClientID: config.NewSecret("id"), ClientSecret: config.NewSecret("secret"), AppID: "app-1",
			RecordSchema: config.SchemaFinance, BatchSize: 1000, Concurrency: 1,
			OnChange: config.OnChangeReport, InDoubt: config.InDoubtHold, AssumeAtomic422: true,
			FirstLoad: config.FirstLoadPost,
		},
		Transport:      s.remote,
		Today:          date("2026-11-21"),
		Now:            func() time.Time { return date("2026-11-21").Add(3 * time.Hour) },
		Log:            slog.New(slog.DiscardHandler),
		SettingsHash:   settings("first"),
		ModelsHash:     models("first"),
		MaxQuarantined: 1,
	}
	s.open()
	t.Cleanup(func() { s.DB.Close() })
	s.nextRun()
	return s
}

// settings are those that decide what is due.
func settings(hash string) func(context.Context, warehouse.Runner) (string, error) {
	return func(context.Context, warehouse.Runner) (string, error) { return hash, nil }
}

// models are the SQL that made spend.
func models(hash string) func(warehouse.Runner) (string, error) {
	return func(warehouse.Runner) (string, error) { return hash, nil }
}

// onDisk moves an empty scene into a file, for tests that copy or kill it.
func (s *scene) onDisk() *scene {
	s.t.Helper()
	s.DB.Close()
	s.warehouse = filepath.Join(s.Folder, "warehouse.duckdb")
	s.open()
	return s
}

// onLake moves an empty scene into a lake, for tests in which another machine takes over.
func (s *scene) onLake(lake etltest.Lake) *scene {
	s.t.Helper()
	s.DB.Close()
	s.lake = lake
	s.open()
	return s
}

func (s *scene) open() {
	s.t.Helper()
	opts := warehouse.Options{Location: s.warehouse, MemoryLimit: "1GB", Threads: 1, TempDir: s.t.TempDir()}
	if s.lake.Location != "" {
		opts = s.lake.Options(s.t)
	}
	opts.Files = testFiles(s.t)
	ctx := context.Background()
	db, err := warehouse.Open(ctx, opts)
	for locked := new(warehouse.LockedError); errors.As(err, &locked); { // until PostgreSQL notices that the other has died
		db, err = warehouse.Open(ctx, opts)
	}
	if err == nil {
		by := warehouse.Holder{Host: "test", PID: os.Getpid(), Started: s.Now()}
		err = db.TakeOver(ctx, by, func(tx *warehouse.Tx) error { return deliver.Abandon(ctx, tx) })
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.DB = db
}

// testFiles are the program's SQL files and those of testdata/delivery, which
// put canonical into the state a test wants.
func testFiles(t testing.TB) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	for _, path := range etltest.Glob(t, "delivery/*.sql") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files["test/"+filepath.Base(path)] = &fstest.MapFile{Data: text}
	}
	return overlay{files}
}

// An overlay is sqlfiles.FS with more files on top.
type overlay struct{ top fstest.MapFS }

func (o overlay) Open(name string) (fs.File, error) {
	if f, err := o.top.Open(name); err == nil && name != "." {
		return f, nil
	}
	return sqlfiles.FS.Open(name)
}

func (s *scene) nextRun() {
	s.runs++
	s.RunID = etl.NewRunID(date("2026-11-21").Add(time.Duration(s.runs) * time.Minute))
}

// post is one load.
func (s *scene) post() (deliver.Result, error) {
	s.nextRun()
	return s.Post(s.t.Context())
}

func (s *scene) mustPost() deliver.Result {
	s.t.Helper()
	result, err := s.post()
	if err != nil {
		s.t.Fatal(err)
	}
	return result
}

// postTelling is a load that ends well and tells of something for the first
// time, such as a refused record.
func (s *scene) postTelling() deliver.Result {
	s.t.Helper()
	result, err := s.post()
	if etl.Status(err) != etl.StatusNeedsPerson {
		s.t.Fatalf("%v, want something that needs attention", err)
	}
	return result
}

func (s *scene) exec(file string, args warehouse.Args) {
	s.t.Helper()
	if _, err := s.DB.Exec(context.Background(), "test/"+file, args); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) table(file string, args warehouse.Args) string {
	s.t.Helper()
	rows, err := s.DB.Query(context.Background(), "test/"+file, args)
	if err != nil {
		s.t.Fatal(err)
	}
	return etltest.Table(s.t, rows)
}

func (s *scene) totals() string {
	s.t.Helper()
	return s.table("totals_dump.sql", warehouse.Args{"run_id": string(s.RunID)})
}

// A spend is a record of canonical, with what tests care about.
type spend struct {
	id, source, amount, currency, vendor, day string
	exponent                                  int
	text                                      string // of name and description
}

func (s *scene) put(records ...spend) {
	s.t.Helper()
	for _, r := range records {
		s.drop(r.id)
		s.exec("spend_put.sql", warehouse.Args{
			"spend_id": r.id, "source": or(r.source, "productive"), "amount": r.amount,
			"currency": or(r.currency, "USD"), "exponent": exponent(r), "vendor": or(r.vendor, "GitHub"),
			"identifier": "user@example.com", "name": or(r.text, "Example User"),
			"description": or(r.text, "Licences"), "department": nil,
			"occurred_on": or(r.day, "2026-03-01"),
		})
	}
}

func (s *scene) drop(id string) {
	s.t.Helper()
	s.exec("spend_drop.sql", warehouse.Args{"spend_id": id})
}

func (s *scene) fill(records int) {
	s.t.Helper()
	s.exec("spend_fill.sql", warehouse.Args{"records": records})
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

func exponent(r spend) int {
	if r.exponent == 0 && r.currency == "" {
		return 2
	}
	return r.exponent
}

func date(text string) time.Time {
	day, err := time.Parse("2006-01-02", text)
	if err != nil {
		panic(err)
	}
	return day
}

// A reply is what the remote does with one post.
type reply struct {
	status int // 0 means 200
	header http.Header
	body   string // "" means the documented success
	noBody bool
	fault  error // no answer at all
	store  bool  // although it does not say so
	cut    bool  // the connection breaks while it is read
}

var (
	errDial    = errors.New("no such host")             // before anything was sent
	errReset   = errors.New("connection reset by peer") // while it was being sent
	errTimeout = errors.New("no complete answer within 2m0s")

	errCertificate = &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}} // before anything was sent
)

// A remote is a Productiv in memory: it answers by its list of replies, then
// with success, and keeps what it stored.
type remote struct {
	mu      sync.Mutex
	replies []reply
	byKey   map[string]reply                 // for posts of that record alone, each time
	refuse  func(record map[string]any) bool // makes it answer 422
	refusal int                              // instead of 422
	words   string                           // instead of Productiv's JSON
	tokens  []reply                          // for the token endpoint

	posts  []string // bodies, in the order received
	stored []map[string]any
	asked  []string // Authorization headers of the posts
	issued int
}

func (r *remote) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
		trace.GetConn(req.URL.Host)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(req.URL.Path, "/token") {
		return r.token(req)
	}
	return r.finance(req, body)
}

func (r *remote) token(req *http.Request) (*http.Response, error) {
	if len(r.tokens) > 0 {
		next := r.tokens[0]
		r.tokens = r.tokens[1:]
		return answer(req, next)
	}
	r.issued++
	return answer(req, reply{body: `{"access_token":"t` + strings.Repeat("x", r.issued) + `","expires_in":3600}`})
}

func (r *remote) finance(req *http.Request, body []byte) (*http.Response, error) {
	var next reply
	records := decode(string(body))
	if told, ok := r.byKey[keyOf(records[0])]; ok && len(records) == 1 {
		next = told
	} else if len(r.replies) > 0 {
		next, r.replies = r.replies[0], r.replies[1:]
	}
	if errors.Is(next.fault, errDial) || errors.Is(next.fault, errCertificate) {
		return nil, next.fault
	}
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
		trace.WroteHeaders()
	}
	r.posts = append(r.posts, string(body))
	r.asked = append(r.asked, req.Header.Get("Authorization"))
	if r.refuse != nil && (next.status == 0 && next.fault == nil) {
		for _, record := range records {
			if r.refuse(record) {
				return answer(req, reply{
					status: cmp.Or(r.refusal, 422),
					body:   cmp.Or(r.words, `{"code":"422","message":"vendor is cursed","success":false}`),
				})
			}
		}
	}
	if next.store || next.fault == nil && next.status == 0 && next.body == "" || next.status == 201 {
		r.stored = append(r.stored, records...)
	}
	return answer(req, next)
}

// decode reads the records of a body, their numbers as they are spelt.
func decode(body string) []map[string]any {
	var sent struct {
		Records []map[string]any `json:"records"`
	}
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&sent); err != nil {
		panic(err) // no client of ours sends such a body
	}
	return sent.Records
}

func answer(req *http.Request, r reply) (*http.Response, error) {
	if r.fault != nil {
		return nil, r.fault
	}
	if r.status == 0 {
		r.status = 200
	}
	if r.body == "" && !r.noBody {
		r.body = `{"success":true}`
	}
	if r.header == nil {
		r.header = http.Header{}
	}
	body := io.Reader(strings.NewReader(r.body))
	if r.cut {
		body = io.MultiReader(strings.NewReader(r.body[:5]), iotest.ErrReader(errReset))
	}
	return &http.Response{
		StatusCode: r.status, Header: r.header, Request: req, Body: io.NopCloser(body),
	}, nil
}

// copies counts how often each key was stored.
func (r *remote) copies() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := map[string]int{}
	for _, record := range r.stored {
		counts[keyOf(record)]++
	}
	return counts
}
