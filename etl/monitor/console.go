package monitor

import (
	"bytes"
	"context"
	"errors"
	"html"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"sync"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
	"spendbridge/etl/report"
)

// A Console is the page that shows people how the installation stands, and the
// reports below it. It is made of what the last run left, state.json and the
// analysts' copy, and never of the warehouse, so it waits for no run.
type Console struct {
	Config *config.Config
	Next   func() []etl.Slot // the next slots of the schedule
	Now    func() time.Time
	Log    *slog.Logger

	mu        sync.Mutex
	published *report.Published
	copied    os.FileInfo // the copy that published is of
}

func (c *Console) page(rw http.ResponseWriter, req *http.Request) {
	state, err := job.SavedState(c.Config)
	if errors.Is(err, fs.ErrNotExist) { // no run has ended yet
		state, err = &report.State{}, nil
	}
	if err != nil {
		c.fail(rw, req, err)
		return
	}
	console := report.Console{Next: c.Next(), Published: c.readPublished(req.Context())}
	text, err := console.Render(state, c.Config.ReportsDir())
	if err != nil {
		c.fail(rw, req, err)
		return
	}
	serve(rw, req, text)
}

// readPublished reads the analysts' copy if it is another one than before. What
// cannot be read is left out: the state is worth having without it.
func (c *Console) readPublished(ctx context.Context) *report.Published {
	c.mu.Lock()
	defer c.mu.Unlock()
	path := c.Config.PublishedFile()
	info, err := os.Stat(path)
	if err == nil && c.copied != nil && os.SameFile(info, c.copied) &&
		info.ModTime().Equal(c.copied.ModTime()) {
		return c.published
	}
	c.published, c.copied = nil, nil
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no load has published one yet
	}
	published, err := job.ReadPublished(ctx, c.Config, c.Now())
	if err != nil {
		c.Log.WarnContext(ctx, "analysts' copy not read", etl.Err(err))
		return nil
	}
	c.published, c.copied = published, info
	return published
}

// reportName is what reports are called: no path, and no hidden file.
var reportName = regexp.MustCompile(`^[0-9A-Za-z][-0-9A-Za-z]*\.html$`)

// report serves one report.
func (c *Console) report(rw http.ResponseWriter, req *http.Request) {
	name := req.PathValue("name")
	if !reportName.MatchString(name) {
		http.NotFound(rw, req)
		return
	}
	text, err := readIn(c.Config.ReportsDir(), name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.NotFound(rw, req)
	case err != nil:
		c.fail(rw, req, err)
	default:
		serve(rw, req, text)
	}
}

// readIn reads a file of a folder, and nothing that a link leads to.
func readIn(folder, name string) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	return root.ReadFile(name)
}

func (c *Console) fail(rw http.ResponseWriter, req *http.Request, err error) {
	c.Log.WarnContext(req.Context(), "page not served", etl.Err(err))
	http.Error(rw, "This page cannot be made now; the log of the daemon says why.",
		http.StatusInternalServerError)
}

func serve(rw http.ResponseWriter, req *http.Request, page []byte) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Content-Security-Policy", policy(page))
	http.ServeContent(rw, req, "", time.Time{}, bytes.NewReader(page))
}

var ownPolicy = regexp.MustCompile(
	`<meta http-equiv="Content-Security-Policy" content="(default-src 'none'; [^"]*)">`)

// policy is what a page says that it needs, by the hashes of its style and
// scripts; here no other page may frame it either. A page that says nothing
// may load and run nothing.
func policy(page []byte) string {
	own := "default-src 'none'; base-uri 'none'; form-action 'none'"
	if found := ownPolicy.FindSubmatch(page); found != nil {
		own = html.UnescapeString(string(found[1]))
	}
	return own + "; frame-ancestors 'none'"
}
