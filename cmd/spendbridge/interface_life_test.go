package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"spendbridge/etl/etltest"
	"spendbridge/etl/sandbox"
)

// A life is a folder in which every command has run, on vendors that gave each
// something to say.
type life struct {
	*testing.T
	folder    string
	vendors   *sandbox.Sandbox
	codes     []string         // which command ended with which exit code
	documents map[string]shape // what each command printed with --json
	last      any              // the document printed last
	metrics   []string         // of the daemon
	schemas   map[string]*jsonschema.Schema
}

// live runs every command that prints JSON, except demo, whose document is
// that of run.
func live(t *testing.T) *life {
	faults, err := sandbox.ParseFaults("productiv:poison=productive-517-expense-61,productiv:503-after-store@2")
	if err != nil {
		t.Fatal(err)
	}
	l := &life{T: t, folder: t.TempDir(), documents: map[string]shape{}, schemas: outputSchemas(t)}
	l.vendors = sandbox.New(sandbox.Options{Seed: 1, Expenses: 60, Transactions: 30, Faults: faults})
	l.must(l.vendors.Start(context.Background(), "127.0.0.1:0"))
	defer l.vendors.Close()
	l.trouble()
	l.configure()
	l.fail()
	l.begin()
	l.load()
	l.settle()
	l.look()
	l.must(l.vendors.Close())
	l.serve()
	return l
}

// trouble adds an expense that Productiv rejects, one in the future, one that
// was paid by card as well, and one that only a backfill finds. The second
// response of Productiv is lost.
func (l *life) trouble() {
	l.vendors.InsertExpense(nil)
	l.vendors.InsertExpense(func(e *sandbox.Expense) { e.Date = daysAgo(-30) })
	l.vendors.InsertExpense(func(e *sandbox.Expense) { e.Vendor, e.Currency, e.Amount, e.TaxPercent = 20001, "USD", 1234, 0 })
	l.vendors.InsertExpense(func(e *sandbox.Expense) {
		e.Date, e.CreatedAt, e.ApprovedAt = daysAgo(105), e.CreatedAt.AddDate(0, 0, -105), e.ApprovedAt.AddDate(0, 0, -105)
	})
	l.must(l.vendors.RenameVendor(20001, "Twice"))
	l.vendors.InsertTransaction(func(t *sandbox.Transaction) {
		t.Vendor.Name, t.Amount, t.VendorAmount = "Twice", "12.34", nil
	})
}

func daysAgo(n int) string { return time.Now().UTC().AddDate(0, 0, -n).Format(time.DateOnly) }

// configure writes the configuration of these vendors, one with a wrong token,
// and one that posts to another application.
func (l *life) configure() {
	text := os.Expand(string(etltest.Read(l.T, "interface", "spendbridge.yaml")), func(name string) string {
		return map[string]string{
			"PRODUCTIVE_URL": l.vendors.ProductiveURL(), "PRODUCTIVE_TOKEN": sandbox.ProductiveToken,
			"PROCURIFY_URL": l.vendors.ProcurifyURL(), "PROCURIFY_CLIENT_ID": sandbox.ProcurifyClientID,
			"PROCURIFY_CLIENT_SECRET": sandbox.ProcurifyClientSecret,
			"PRODUCTIV_URL":           l.vendors.ProductivURL(), "PRODUCTIV_CLIENT_ID": sandbox.ProductivClientID,
			"PRODUCTIV_CLIENT_SECRET": sandbox.ProductivClientSecret,
		}[name]
	})
	l.write("spendbridge.yaml", text)
	l.write("refused.yaml", strings.Replace(text, sandbox.ProductiveToken, "wrong", 1))
	l.write("moved.yaml", strings.Replace(text, "app-1", "app-2", 1))
}

func (l *life) write(name, text string) { l.must(os.WriteFile(l.path(name), []byte(text), 0o600)) }

// fail shows the exit codes of wrong use, a wrong configuration and a source
// that refuses.
func (l *life) fail() {
	for _, line := range []string{"version --unknown", "status --config missing.yaml", "extract productive --config refused.yaml"} {
		args := strings.Fields(strings.Replace(line, "--config ", "--config "+l.folder+"/", 1))
		code, document, _ := command(l.T, append(args, "--json")...)
		if document != "" {
			l.validate(strings.Fields(line)[0], []byte(document))
		}
		l.codes = append(l.codes, fmt.Sprint(code, " ", line))
	}
}

// begin looks around before the first run.
func (l *life) begin() {
	l.do("init", "--config", l.path("written.yaml"))
	l.do("version")
	l.do("doctor --offline")
	l.do("schedule --next", "2")
	l.sandbox()
	l.do("backfill --dry-run", "--from", daysAgo(300), "--to", daysAgo(200))
}

// load makes the first load and leaves a batch in doubt; then an expense
// changes and others vanish.
func (l *life) load() {
	l.do("run")
	l.do("status")
	l.missSlot()
	l.do("load --dry-run", "--payload", l.path("posted.jsonl"))
	l.do("explain", "productive-517-expense-10")
	l.do("load", "--approve", "--note", "checked")
	l.must(l.vendors.EditExpense(10, func(e *sandbox.Expense) { e.Amount++ }))
	for id := 40; id < 46; id++ {
		l.must(l.vendors.DeleteExpense(id))
	}
	l.do("extract")
	l.do("status")
}

// settle decides what the first load left open.
func (l *life) settle() {
	l.do("settle", l.text("unknown_batches", 0, "batch_id"), "--accepted", "--note", "seen at Productiv")
	l.do("load --dry-run", "--config", l.path("moved.yaml"))
	l.do("extract", "productive", "--accept-vanished", "--note", "the trial was deleted")
	l.do("backfill", "--source", "productive", "--from", daysAgo(110), "--to", daysAgo(100))
	l.do("transform")
	l.do("run --dry-run")
	l.do("load")
	l.do("load --snapshot-only --as-of", l.text("run_id"), "--out", l.path("past"))
	l.do("settle", "productive-517-expense-61", "--dismiss", "--note", "too small")
}

// look asks what there is to ask of it all.
func (l *life) look() {
	l.do("status")
	l.do("explain", "productive-517-expense-10")
	l.do("explain", "productive-517-expense-40")
	l.do("quarantine list")
	l.do("quarantine show", l.text("quarantine", 0, "spend_id"))
	l.do("vendors list")
	l.do("vendors suggest", "--least", "0.5")
	vendor, other := l.text("suggestions", 0, "vendor"), l.text("suggestions", 0, "into_vendor")
	l.do("vendors approve", vendor, "Another Name")
	l.do("vendors reject", vendor, other)
	l.do("categories list")
	l.do("categories suggest", "--least", "0.5")
	category, another := l.text("suggestions", 0, "category"), l.text("suggestions", 0, "into_category")
	l.do("categories approve", category, "Another Name")
	l.do("categories reject", category, another)
	l.do("verify")
	l.do("verify --rebuild")
	l.do("report")
	l.do("report --ledger", l.path("ledger.parquet"))
	l.do("query", "select 42 as answer")
	l.do("prune", "--older-than", "400d")
	l.do("doctor")
}

// do runs a command with --json and notes its exit code and the members of its
// document.
func (l *life) do(name string, args ...string) {
	l.Helper()
	line := slices.Concat([]string{"--config", l.path("spendbridge.yaml"), "--json", "--quiet"}, strings.Fields(name), args)
	code, document, errs := command(l.T, line...)
	if code != 0 && code != 3 {
		l.Fatalf("%s %s: exit code %d: %s", name, args, code, errs)
	}
	if line := fmt.Sprint(code, " ", name); !slices.Contains(l.codes, line) {
		l.codes = append(l.codes, line)
	}
	l.read(name, []byte(document))
}

func (l *life) read(name string, document []byte) {
	l.Helper()
	l.must(json.Unmarshal(document, &l.last))
	l.validate(name, document)
	if l.documents[name] == nil {
		l.documents[name] = shape{}
	}
	l.documents[name].add("", l.last)
}

// text is a text in the document printed last.
func (l *life) text(way ...any) string {
	l.Helper()
	at := l.last
	for _, step := range way {
		switch step := step.(type) {
		case string:
			object, _ := at.(map[string]any)
			at = object[step]
		case int:
			if array, _ := at.([]any); step < len(array) {
				at = array[step]
			}
		}
	}
	text, ok := at.(string)
	if !ok {
		l.Fatalf("the last document has no text at %v", way)
	}
	return text
}

// sandbox starts other vendors and stops them once they have said where they
// are.
func (l *life) sandbox() {
	ctx, stop := context.WithCancel(l.Context())
	defer stop()
	out, in := io.Pipe()
	go func() {
		execute(ctx, []string{"sandbox", "--seed-only", "--json", "--quiet"}, in, io.Discard)
		in.Close()
	}()
	var document json.RawMessage
	l.must(json.NewDecoder(out).Decode(&document))
	stop()
	io.Copy(io.Discard, out)
	l.read("sandbox", document)
}

// missSlot records that a job last ran long ago.
func (l *life) missSlot() {
	db, err := sql.Open("duckdb", l.path("data/warehouse.duckdb"))
	l.must(err)
	defer db.Close()
	_, err = db.Exec(string(etltest.Read(l.T, "interface", "slot_miss.sql")))
	l.must(err)
}

// serve runs the daemon until it shows its metrics. The slot that was missed
// makes it ask a vendor that is gone, so that retries are among them.
func (l *life) serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	l.must(err)
	address := listener.Addr().String()
	l.must(listener.Close())
	text, err := os.ReadFile(l.path("spendbridge.yaml"))
	l.must(err)
	l.write("daemon.yaml", string(text)+"http:\n  listen: "+address+"\n")

	ctx, stop := context.WithTimeout(l.Context(), time.Minute)
	defer stop()
	done := make(chan int)
	go func() {
		done <- execute(ctx, []string{"schedule", "--config", l.path("daemon.yaml"), "--quiet"}, io.Discard, io.Discard)
	}()
	var page string
	for ctx.Err() == nil && !strings.Contains(page, "spendbridge_api_retries_total{") {
		time.Sleep(20 * time.Millisecond)
		page = l.get("http://" + address + "/metrics")
	}
	stop()
	<-done
	l.metrics = metricNames(page)
}

// get returns an answer, nothing as long as nobody is there.
func (l *life) get(url string) string {
	response, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	l.must(err)
	return string(text)
}

func (l *life) path(name string) string { return filepath.Join(l.folder, filepath.FromSlash(name)) }

func (l *life) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}
