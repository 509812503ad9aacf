package extract_test

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/etltest"
	"spendbridge/etl/extract"
	"spendbridge/etl/job"
	"spendbridge/etl/sandbox"
	"spendbridge/schemas"
	sqlfiles "spendbridge/sql"
)

// A vendor is a set of files: this one has its client in tabbly_test.go and all
// else in testdata/thirdvendor. Its claims go the whole way to Productiv.
func TestAThirdVendorIsASetOfFiles(t *testing.T) {
	vendors := sandbox.New(sandbox.Options{Expenses: 2, Transactions: 2, Plain: true})
	if err := vendors.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer vendors.Close()
	api := httptest.NewServer(serveClaims(t))
	defer api.Close()
	now := func() time.Time { return time.Date(2026, 6, 15, 2, 0, 0, 0, time.UTC) }
	text, err := vendors.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "c.yaml")
	source := "sources:\n  tabbly: {base_url: " + api.URL + ", token: hush-hush-token, organization_id: \"7\"}\n"
	yaml := strings.Replace(string(text), "sources:\n", source, 1) + "quarantine: {max_share: 0.5}\n"
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	all := append(slices.Clone(extract.Vendors), extract.Tabbly)
	c, err := config.Read(path, extract.Kinds(all))
	if err != nil {
		t.Fatal(err)
	}
	o := job.Options{
		Log: slog.New(slog.DiscardHandler), Redact: &etl.Redactor{}, Now: now,
		Progress: func(string) (etl.Progress, func()) { return nil, func() {} },
		Vendors:  all,
		SQL:      with(t, sqlfiles.FS, "sql"), Schemas: with(t, schemas.FS, "schemas"),
	}
	for _, plan := range []job.Plan{job.Whole(c), job.Whole(c), job.Rebuild(false)} {
		if result, err := job.Do(t.Context(), c, o, plan); err != nil {
			t.Fatalf("%s: %v\n%s", plan.Command, err, result.Verdict)
		}
	}
	var posted []string
	for _, r := range vendors.Records() {
		var record struct{ Identifier, Vendor string }
		if err := json.Unmarshal(r.Record, &record); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(record.Identifier, "@example.com") {
			posted = append(posted, record.Identifier+" "+record.Vendor)
		}
	}
	slices.Sort(posted)
	if diff := cmp.Diff([]string{"ada@example.com Figma", "grace@example.com Hôtel du Nord"}, posted); diff != "" {
		t.Errorf("posted (-want +got):\n%s", diff)
	}
}

// with returns files of the program and those of the third vendor.
func with(t *testing.T, program fs.FS, folder string) fs.FS {
	return etltest.Files(t, program, os.DirFS(etltest.Data("thirdvendor", folder)))
}

// serveClaims is Tabbly: claims from a day up to another, two on a page.
func serveClaims(t *testing.T) http.HandlerFunc {
	var all []json.RawMessage
	if err := json.Unmarshal(etltest.Read(t, "thirdvendor", "claims.json"), &all); err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		from, to := r.FormValue("from"), r.FormValue("to")
		found := []json.RawMessage{}
		for _, claim := range all {
			var one struct{ Day string }
			if err := json.Unmarshal(claim, &one); err == nil && one.Day >= from && (to == "" || one.Day < to) {
				found = append(found, claim)
			}
		}
		page, _ := strconv.Atoi(r.FormValue("page")) // the client writes a number
		first, next := min(2*page-2, len(found)), ""
		if 2*page < len(found) {
			next = strconv.Itoa(page + 1)
		}
		json.NewEncoder(w).Encode(map[string]any{"data": found[first:min(2*page, len(found))], "total": len(found), "next": next})
	}
}
