package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"spendbridge/etl/sandbox"
)

// A parrot stands between the program and the sandbox. As long as it is told
// to, it repeats in its answers every secret and every access token that it
// has seen, in several encodings.
type parrot struct {
	http.Handler // the vendor

	gossip *gossip
	mu     sync.Mutex
	kinds  []kind // of the next answers
	path   string // of the requests it is for
	always bool   // the kinds begin again after the last one
	next   int
}

// A kind is a way to repeat text.
type kind func(w http.ResponseWriter, r *http.Request, vendor http.Handler, text string)

// A gossip is what the parrots know. A token of an earlier command's they keep
// to themselves: this one cannot know it.
type gossip struct {
	mu      sync.Mutex
	secrets []string
	old     []string
}

func (g *gossip) forgetTokens() {
	g.mu.Lock()
	defer g.mu.Unlock()
	isToken := func(secret string) bool { return strings.Contains(secret, "-access-") }
	for _, secret := range g.secrets {
		if isToken(secret) {
			g.old = append(g.old, secret)
		}
	}
	g.secrets = slices.DeleteFunc(g.secrets, isToken)
}

func (g *gossip) hear(secret string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Contains(g.secrets, secret) {
		g.secrets = append(g.secrets, secret)
	}
}

// forms are what a secret looks like to whoever searches for it.
func forms(secret string) []string {
	var escaped, percent strings.Builder
	for _, b := range []byte(secret) {
		fmt.Fprintf(&escaped, `\u%04x`, b)
		fmt.Fprintf(&percent, "%%%02X", b)
	}
	return []string{
		secret, escaped.String(), percent.String(),
		base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte("id:" + secret)),
	}
}

func (g *gossip) text() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []string
	for _, secret := range g.secrets {
		all = append(all, forms(secret)...)
	}
	return strings.Join(all, " ")
}

// found returns the forms of secrets that are in content.
func (g *gossip) found(content []byte) []string {
	var found []string
	for _, secret := range slices.Concat(g.secrets, g.old) {
		for _, form := range forms(secret) {
			if bytes.Contains(content, []byte(form)) {
				found = append(found, form)
			}
		}
	}
	return found
}

// say makes a parrot answer the next requests for a path in some ways.
func (p *parrot) say(path string, always bool, kinds ...kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.path, p.always, p.kinds, p.next = path, always, kinds, 0
}

func (p *parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	var answer kind
	if strings.Contains(r.URL.Path, p.path) && len(p.kinds) > 0 && (p.always || p.next < len(p.kinds)) {
		answer = p.kinds[p.next%len(p.kinds)]
		p.next++
	}
	p.mu.Unlock()
	if answer != nil {
		answer(w, r, p.Handler, p.gossip.text())
		return
	}
	recorded := httptest.NewRecorder()
	p.Handler.ServeHTTP(recorded, r)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if json.Unmarshal(recorded.Body.Bytes(), &token) == nil && token.AccessToken != "" {
		p.gossip.hear(token.AccessToken)
	}
	for name, values := range recorded.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorded.Code)
	w.Write(recorded.Body.Bytes())
}

func inText(member string) kind {
	return func(w http.ResponseWriter, r *http.Request, vendor http.Handler, text string) {
		recorded := httptest.NewRecorder()
		vendor.ServeHTTP(recorded, r)
		w.WriteHeader(recorded.Code)
		w.Write(regexp.MustCompile(`"`+member+`": ?"?`).ReplaceAll(recorded.Body.Bytes(), []byte(`"echo":"`+strings.ReplaceAll(text, "$", "$$")+`",$0`)))
	}
}

func inError(status int) kind {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler, text string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"errors":[{"title":"%[1]s"}],"error":"%[1]s","code":"%[1]s","message":"%[1]s","success":false}`, text)
	}
}

func inPage(status int) kind {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler, text string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html><body>%s</body></html>", text)
	}
}

func inHeader(w http.ResponseWriter, _ *http.Request, _ http.Handler, text string) {
	w.Header().Set("X-Request-Id", text)
	w.WriteHeader(http.StatusBadRequest)
}

func inLocation(w http.ResponseWriter, _ *http.Request, _ http.Handler, text string) {
	w.Header().Set("Location", "https://elsewhere.example.com/"+url.PathEscape(text)+"/"+strings.ReplaceAll(text, " ", "/"))
	w.WriteHeader(http.StatusFound)
}

func inNoHTTP(w http.ResponseWriter, _ *http.Request, _ http.Handler, text string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s\r\n\r\n", text)
}

func inSuccess(w http.ResponseWriter, _ *http.Request, _ http.Handler, text string) {
	w.Header().Set("X-Request-Id", text)
	fmt.Fprintf(w, `{"success":true,"message":"%s"}`, text)
}

// A leakyHouse is an installation whose vendors are parrots.
type leakyHouse struct {
	t                                      *testing.T
	vendors                                *sandbox.Sandbox
	productive, procurify, productiv, hook *parrot
	gossip                                 *gossip
	folder, config                         string
	heard                                  bytes.Buffer // by the webhook
	out, errs                              bytes.Buffer
}

func newLeakyHouse(t *testing.T) *leakyHouse {
	t.Helper()
	const webhookPath = "/hooks/sandbox-secret-webhook"
	h := &leakyHouse{t: t, folder: t.TempDir(), gossip: &gossip{secrets: []string{
		sandbox.ProductiveToken, sandbox.ProcurifyClientID, sandbox.ProcurifyClientSecret,
		sandbox.ProductivClientID, sandbox.ProductivClientSecret, webhookPath,
	}}}
	h.vendors = sandbox.New(sandbox.Options{Expenses: 20, Transactions: 20, Plain: true})
	serve := func(handler http.Handler) (*parrot, string) {
		p := &parrot{Handler: handler, gossip: h.gossip}
		server := httptest.NewServer(p)
		t.Cleanup(server.Close)
		return p, server.URL
	}
	var productive, procurify, productiv, hook string
	h.productive, productive = serve(h.vendors.ProductiveHandler())
	h.procurify, procurify = serve(h.vendors.ProcurifyHandler())
	h.productiv, productiv = serve(h.vendors.ProductivHandler())
	h.hook, hook = serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(&h.heard, r.Body) }))
	h.config = filepath.Join(h.folder, "config", "spendbridge.yaml")
	text := fmt.Sprintf(`
data_dir: ../data
sources:
  productive: {base_url: %s/api/v2, token: %s, organization_id: "517", max_requests_per_second: 1000}
  procurify: {base_url: %s, domain: acme, client_id: %s, client_secret: %s, max_requests_per_second: 1000}
productiv:
  {base_url: %[6]s, token_url: %[6]s/oauth2/token, client_id: %[7]s, client_secret: %[8]s,
   app_id: app-1, first_load: post, batch_size: 1, concurrency: 4}
notify: {webhook: %[9]s%[10]s}
`, productive, sandbox.ProductiveToken, procurify, sandbox.ProcurifyClientID, sandbox.ProcurifyClientSecret,
		productiv, sandbox.ProductivClientID, sandbox.ProductivClientSecret, hook, webhookPath)
	if err := os.MkdirAll(filepath.Dir(h.config), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

// do runs a command that writes to the house's output, and has to write some
// texts.
func (h *leakyHouse) do(code int, args []string, says ...string) {
	h.t.Helper()
	h.gossip.forgetTokens()
	var out, errs bytes.Buffer
	got := execute(h.t.Context(), append(args, "--config", h.config), &out, &errs)
	written := out.String() + errs.String()
	if got != code {
		h.t.Errorf("%s ended with code %d, want %d:\n%s", args, got, code, written)
	}
	for _, text := range says {
		if !strings.Contains(written, text) {
			h.t.Errorf("%s does not say %q:\n%s", args, text, written)
		}
	}
	h.out.Write(out.Bytes())
	h.errs.Write(errs.Bytes())
}

// search looks for secrets in all that was written.
func (h *leakyHouse) search() {
	h.t.Helper()
	look := func(place string, content []byte) {
		h.t.Helper()
		for _, form := range h.gossip.found(content) {
			h.t.Errorf("%s holds %s", place, form)
		}
	}
	look("stdout", h.out.Bytes())
	look("stderr", h.errs.Bytes())
	look("the webhook's body", h.heard.Bytes())
	data := filepath.Join(h.folder, "data")
	err := filepath.WalkDir(data, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		place, _ := filepath.Rel(data, path)
		look(place, content)
		switch filepath.Ext(path) {
		case ".zst":
			look(place+", unpacked", unzstd(h.t, content))
		case ".duckdb":
			for table, rows := range h.rows(path) {
				look(place+", "+table, rows)
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if h.heard.Len() == 0 {
		h.t.Error("the webhook heard nothing")
	}
}

func unzstd(t *testing.T, packed []byte) []byte {
	t.Helper()
	decoder, err := zstd.NewReader(bufio.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	text, err := io.ReadAll(decoder)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rows returns the rows of every table of a DuckDB file as text.
func (h *leakyHouse) rows(path string) map[string][]byte {
	h.t.Helper()
	db, err := sql.Open("duckdb", path+"?access_mode=read_only")
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	texts := func(statement string) []string {
		rows, err := db.Query(statement)
		if err != nil {
			h.t.Fatal(err)
		}
		defer rows.Close()
		var all []string
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				h.t.Fatal(err)
			}
			all = append(all, text)
		}
		return all
	}
	all := map[string][]byte{}
	for _, table := range texts("select format('{}.{}', schema_name, table_name) from duckdb_tables() where database_name = current_database()") {
		all[table] = []byte(strings.Join(texts("select one::varchar from "+table+" as one"), "\n"))
	}
	if len(all) == 0 {
		h.t.Errorf("%s has no tables", path)
	}
	return all
}

func TestWhatServersRepeatIsWrittenNowhere(t *testing.T) {
	h := newLeakyHouse(t)
	run := []string{"run", "--json", "--log-level", "debug"}
	const finance, token = "/finance", "token"

	h.productiv.say(finance, false, inSuccess, inError(422), inPage(422), inError(200), inNoHTTP, inError(500), inPage(413))
	h.do(3, run, `"rejected": 3`, `"unknown": 3`)

	h.productive.say("/expenses", true, inText("type"), inPage(200), inError(200), inHeader, inLocation)
	h.procurify.say("/transactions", true, inText("id"), inError(200), inPage(404))
	h.do(1, run, "it repeats sources.productive.token")

	h.productive.say("", false)
	h.procurify.say("", false)
	h.vendors.InsertExpense(nil)
	h.productiv.say(finance, true, inLocation)
	h.do(1, run, "leads to https://elsewhere.example.com/")

	h.productive.say("", true, inError(401))
	h.procurify.say(token, true, inError(400))
	h.productiv.say(token, true, inError(401))
	h.hook.say("", true, inNoHTTP)
	h.do(1, run, "check productiv.client_id", "notify.webhook")
	h.do(1, []string{"doctor"}, "make a new token")

	h.productive.say("", true, inPage(403))
	h.procurify.say(token, true, inPage(403))
	h.productiv.say(token, true, inPage(403))
	h.do(1, []string{"load"}, "a firewall or proxy answered in its place")
	h.do(1, []string{"doctor", "--json"}, "a firewall or proxy answered in its place")

	h.do(1, []string{"status"}, "…")
	h.do(0, []string{"query", "--json", "from deliveries"}, "…")
	h.search()
}

func TestASecretThatAServerRepeatsIsNotRepeated(t *testing.T) {
	const token = `hush-"quoted"-token`
	h := newLeakyHouse(t)
	text, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(text), "token: "+sandbox.ProductiveToken, "token: '"+token+"'")
	if err := os.WriteFile(h.config, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	h.productive.say("", true, func(w http.ResponseWriter, r *http.Request, _ http.Handler, _ string) {
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, "unknown token "+r.Header.Get("X-Auth-Token"))
	})
	h.gossip.hear(token)
	h.do(1, []string{"extract", "productive", "--json"}, "unknown token …")
	h.gossip.hear("hush-")
	h.heard.WriteString("nothing")
	h.search()
}
