package doctor

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/job"
)

// visit lets a doctor examine a Productive.io that answers every request with
// the status and body, and whose clock is off.
func visit(t *testing.T, status int, body string, clock time.Duration) *doctor {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(clock).UTC().Format(http.TimeFormat))
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	d := &doctor{Options: Options{Job: job.Options{Now: time.Now}}}
	source := config.Source{Name: "productive", Kind: "productive", BaseURL: server.URL, OrganizationID: "517", Token: config.NewSecret("hush-hush-token")}
	d.examineSource(t.Context(), source)
	return d
}

// expenses is a page of n expenses that all have the same relationships.
func expenses(n int, relationships string) string {
	one := fmt.Sprintf(`{"type": "expenses", "relationships": {%s}}`, relationships)
	return `{"data": [` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + `]}`
}

const (
	somePerson = `"person": {"data": {"type": "people", "id": "1"}}`
	someVendor = `"vendor": {"data": {"type": "companies", "id": "2"}}`
)

// wanted is a finding of which texts are parts.
type wanted struct{ Check, Level, Message, Fix string }

func TestTheDoctorSaysWhatIsWrongWithAnAPI(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		clock  time.Duration
		want   wanted
	}{
		"all is well":              {200, expenses(20, somePerson+","+someVendor), 0, wanted{"productive", etl.LevelOK, "20 expenses", ""}},
		"vendors are hidden":       {200, expenses(20, somePerson+`,"vendor": {"data": null}`), 0, wanted{"productive permission", etl.LevelError, "none of 20 expenses shows a vendor", "view companies"}},
		"people are hidden":        {200, expenses(20, someVendor), 0, wanted{"productive permission", etl.LevelError, "shows a person", "people"}},
		"too few to judge":         {200, expenses(3, somePerson), 0, wanted{"productive", etl.LevelOK, "3 expenses", ""}},
		"the token is wrong":       {401, `{}`, 0, wanted{"productive", etl.LevelError, "401", "make a new token"}},
		"the token may not":        {403, `{}`, 0, wanted{"productive", etl.LevelError, "403", "organization_id 517"}},
		"the address is wrong":     {404, `{}`, 0, wanted{"productive", etl.LevelError, "404", "/api/v2"}},
		"a firewall is before it":  {403, `<html>`, 0, wanted{"productive", etl.LevelError, "403", "a firewall or proxy answered in its place"}},
		"it is another server":     {200, `<html>`, 0, wanted{"productive", etl.LevelError, "not with a list", "base_url"}},
		"it is down":               {503, `{}`, 0, wanted{"productive", etl.LevelError, "503", "may recover by itself"}},
		"the clock is a bit off":   {200, expenses(1, ""), 2 * time.Minute, wanted{"clock", etl.LevelWarning, "apart", "set the clock"}},
		"the clock is far off":     {200, expenses(1, ""), -time.Hour, wanted{"clock", etl.LevelError, "apart", "set the clock"}},
		"the clock is right":       {200, expenses(1, ""), 0, wanted{"clock", etl.LevelOK, "agrees", ""}},
		"clock of a refusal is ok": {401, `{}`, 0, wanted{"clock", etl.LevelOK, "agrees", ""}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := visit(t, tt.status, tt.body, tt.clock)
			for _, f := range d.Findings {
				if f.Check == tt.want.Check && f.Level == tt.want.Level &&
					strings.Contains(f.Message, tt.want.Message) && strings.Contains(f.Fix, tt.want.Fix) {
					return
				}
			}
			t.Errorf("got %+v, want one like %+v", d.Findings, tt.want)
		})
	}
}

func TestTheDoctorWarnsOfSecretsThatAreTooShort(t *testing.T) {
	d := &doctor{Options: Options{Config: &config.Config{
		Sources: []config.Source{
			{Name: "a", Token: config.NewSecret("hush-12")},
			{Name: "b", ClientID: config.NewSecret(" hush-3 "), ClientSecret: config.NewSecret("hush-hush")},
		},
		Productiv: config.Productiv{ClientID: config.NewSecret("hüsh-123")},
		Notify:    config.Notify{Webhook: config.NewSecret("https://example.com/x")},
	}}}
	d.examineSecrets()
	var warned []string
	for _, f := range d.Findings {
		if f.Level != etl.LevelWarning || f.Check != "secrets" || strings.Contains(f.Message+f.Fix, "hush") {
			t.Errorf("got %+v", f)
		}
		key, _, _ := strings.Cut(f.Message, " ")
		warned = append(warned, key)
	}
	if diff := cmp.Diff([]string{"sources.a.token", "sources.b.client_id"}, warned); diff != "" {
		t.Errorf("warned of (-want +got):\n%s", diff)
	}
}

func TestTheDoctorGivesNoCredentialsToAnExample(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("it was asked for %s", r.URL)
	}))
	defer server.Close()
	d := &doctor{Options: Options{Job: job.Options{Now: time.Now}}, examples: []config.Example{{Source: "productive"}}}
	d.examineSource(t.Context(), config.Source{Name: "productive", Kind: "productive", BaseURL: server.URL, Token: config.NewSecret("hush-hush-token")})
	if len(d.Findings) != 1 || !strings.Contains(d.Findings[0].Message, "not asked") {
		t.Errorf("got %+v", d.Findings)
	}
}

func TestTheDoctorKeepsSecrets(t *testing.T) {
	d := visit(t, 401, `{"errors": [{"detail": "token hush-hush-token is unknown"}]}`, 0)
	if text := fmt.Sprint(d.Findings); strings.Contains(text, "hush") {
		t.Errorf("the token is in %s", text)
	}
}

func TestTheDoctorSaysWhatALakeLacks(t *testing.T) {
	c := &config.Config{
		DataDir: t.TempDir(), Warehouse: "ducklake:postgres:dbname=lake host=127.0.0.1 port=1", Store: "file://" + t.TempDir(),
		Lake: config.Lake{DataPath: t.TempDir()}, Extensions: t.TempDir(), MemoryLimit: "1GB",
	}
	d := &doctor{Options: Options{Config: c, Job: job.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)}}}
	d.examineWarehouse(t.Context())
	if len(d.Findings) != 1 {
		t.Fatalf("got %+v", d.Findings)
	}
	f := d.Findings[0]
	if !strings.Contains(f.Message, "duckdb-extension-ducklake==") || !strings.Contains(f.Fix, c.Extensions) {
		t.Errorf("got %+v", f)
	}
}

func TestTheDoctorProbesTheDataOfALake(t *testing.T) {
	mounted, gone := t.TempDir(), filepath.Join(t.TempDir(), "gone")
	if err := os.WriteFile(gone, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]etl.Finding{
		mounted: {Level: etl.LevelOK, Message: mounted + " can be written to, read"},
		gone:    {Level: etl.LevelError, Message: "lake.data_path " + gone, Fix: "make sure that"},
	}
	for path, want := range tests {
		c := &config.Config{DataDir: t.TempDir(), Warehouse: "ducklake:postgres:dbname=lake"}
		c.Lake.DataPath = path
		d := &doctor{Options: Options{Config: c}}
		d.examineLakeData(t.Context())
		if len(d.Findings) != 1 {
			t.Fatalf("got %+v", d.Findings)
		}
		f := d.Findings[0]
		said := strings.HasPrefix(f.Message, want.Message) && strings.HasPrefix(f.Fix, want.Fix)
		if f.Level != want.Level || !said {
			t.Errorf("got %+v, want %+v", f, want)
		}
	}
}
