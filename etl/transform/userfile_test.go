package transform_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"spendbridge/etl"
	"spendbridge/etl/transform"
	"spendbridge/etl/warehouse"
)

// purchases are two card transactions that each of the user's files says
// something about.
const purchases = `{"data": [
	{"id": 1, "type": "spend", "status": "capture", "authorization_status": "closed", "currency": "EUR", "amount": "25.00", "transaction_datetime": "2026-01-05T10:00:00Z", "vendor": {"name": "ZOOM", "category": "video_calls"}, "cardholder": {"uuid": "c-1"}},
	{"id": 2, "type": "spend", "status": "capture", "authorization_status": "closed", "currency": "EUR", "amount": "90.00", "transaction_datetime": "2026-01-05T10:00:00Z", "vendor": {"name": "Payroll"}, "cardholder": {"uuid": "c-1"}}
]}`

// withFiles is what the purchases are while all files are in use.
var withFiles = []string{"procurify-acme-txn-1\tZoom Inc\tCalls\tann@example.com\tinvoice\t30.0000"}

// shownOfPurchases are the columns that the files decide.
var shownOfPurchases = []string{"spend_id", "vendor", "category", "identifier", "type", "amount_reporting"}

// userFiles are what each file holds, by its key.
var userFiles = map[string]string{
	"vendors.aliases_file":                "match,vendor,who,when,decision\nzoom,Zoom Inc,ann,2026-01-01,\n",
	"categories.file":                     "source,match,category,who,when\n,video calls,Calls,ann,2026-01-01\n",
	"rules_file":                          "source,field,pattern,reason\n,vendor,payroll,payroll\n",
	"types_file":                          "kind,value,type\nprocurify,spend,invoice\n",
	"sources.procurify.cardholder_emails": "cardholder_uuid,email\nc-1,ann@example.com\n",
	"fx.rates_file":                       "Date,USD\n2026-01-05,1.2\n",
}

// a setting is a warehouse with the purchases, and the user's files.
type setting struct {
	db   *warehouse.DB
	opts transform.Options
	path map[string]*string // where the options name a file, by key
}

func newSetting(t *testing.T) *setting {
	t.Helper()
	files := testFiles(t)
	files["test/drop_staging.sql"] = &fstest.MapFile{Data: []byte("drop schema staging cascade")}
	files["test/drop_canonical.sql"] = &fstest.MapFile{Data: []byte("drop schema canonical cascade")}
	s := &setting{db: openWith(t, warehouse.Options{Files: files, Threads: 1, TempDir: t.TempDir()}), opts: testOptions()}
	landPage(t, s.db, "procurify", purchases, day(6))
	s.path = map[string]*string{
		"vendors.aliases_file": &s.opts.AliasesFile, "categories.file": &s.opts.CategoriesFile, "rules_file": &s.opts.RulesFile, "types_file": &s.opts.TypesFile,
		"sources.procurify.cardholder_emails": &s.opts.Sources[1].CardholderEmails, "fx.rates_file": &s.opts.RatesFile,
	}
	folder := t.TempDir()
	for key, text := range userFiles {
		*s.path[key] = filepath.Join(folder, key)
		write(t, *s.path[key], text)
	}
	return s
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// spend transforms and returns the spend, and what needs attention.
func (s *setting) spend(t *testing.T) (spend []string, attention string) {
	t.Helper()
	result, err := transform.Run(t.Context(), s.db, s.opts)
	if err != nil {
		t.Fatal(err)
	}
	spend = dump(t, s.db, "test/spend.sql", shownOfPurchases)
	return spend, errorText(errors.Join(result.Attention...))
}

// drop removes everything that is derived.
func (s *setting) drop(t *testing.T) {
	t.Helper()
	for _, file := range []string{"test/drop_staging.sql", "test/drop_canonical.sql"} {
		if _, err := s.db.Exec(t.Context(), file, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// damage is what happens to a file, and what is said of it.
var damage = map[string]struct {
	do   func(path string) error
	want string
}{
	"missing":   {os.Remove, " is missing; "},
	"empty":     {func(path string) error { return os.Truncate(path, 0) }, " is empty; "},
	"blank":     {func(path string) error { return os.WriteFile(path, []byte("\ufeff \r\n"), 0o600) }, " is empty; "},
	"a folder":  {func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, " cannot be read: is a directory; "},
	"another's": {func(path string) error { return os.WriteFile(path, []byte("<html>Sign in</html>\n"), 0o600) }, ": line 1: "},
}

// TestFilesThatAreLostAreNotFilesWithoutLines: the last good copies are used,
// also in a rebuild, and the run needs attention until the files are back.
func TestFilesThatAreLostAreNotFilesWithoutLines(t *testing.T) {
	s := newSetting(t)
	if spend, attention := s.spend(t); !cmp.Equal(spend, withFiles) || attention != "" {
		t.Fatalf("before: %q, attention %q", spend, attention)
	}
	for name, tt := range damage {
		for key := range userFiles {
			if err := tt.do(*s.path[key]); err != nil {
				t.Fatal(err)
			}
		}
		if name == "missing" {
			s.drop(t)
		}
		spend, attention := s.spend(t)
		if diff := cmp.Diff(withFiles, spend); diff != "" {
			t.Errorf("%s: spend (-want +got):\n%s", name, diff)
		}
		for key, path := range s.path {
			what := key + ": " + filepath.Base(*path) + tt.want
			if !strings.Contains(attention, what) || !strings.Contains(attention, "remove "+key) {
				t.Errorf("%s: attention %q does not say %q", name, attention, what)
			}
			os.Remove(*path)
			write(t, *path, userFiles[key])
		}
		if n := strings.Count(attention, "; the copy read at 2026-01-31T02:00:00Z is used"); n != len(userFiles) {
			t.Errorf("%s: attention for %d files, want all: %s", name, n, attention)
		}
	}
	if spend, attention := s.spend(t); !cmp.Equal(spend, withFiles) || attention != "" {
		t.Errorf("files are back: %q, attention %q", spend, attention)
	}
	for _, path := range s.path {
		*path = ""
	}
	want := []string{
		"procurify-acme-txn-1\tZOOM\tvideo_calls\tprocurify:cardholder:c-1\texpense\t",
		"procurify-acme-txn-2\tPayroll\t\tprocurify:cardholder:c-1\texpense\t",
	}
	if spend, attention := s.spend(t); !cmp.Equal(spend, want) || attention != "" {
		t.Errorf("keys removed: %q, attention %q; want %q", spend, attention, want)
	}
}

func TestAHeaderAloneIsAFileWithoutLines(t *testing.T) {
	s := newSetting(t)
	s.spend(t)
	for key, text := range userFiles {
		if key != "fx.rates_file" { // its rates stay, see TestABadDayOfRates
			header, _, _ := strings.Cut(text, "\n")
			write(t, *s.path[key], header+"\n")
		}
	}
	want := []string{
		"procurify-acme-txn-1\tZOOM\tvideo_calls\tprocurify:cardholder:c-1\texpense\t30.0000",
		"procurify-acme-txn-2\tPayroll\t\tprocurify:cardholder:c-1\texpense\t108.0000",
	}
	if spend, attention := s.spend(t); !cmp.Equal(spend, want) || attention != "" {
		t.Errorf("spend %q, attention %q; want %q and no attention", spend, attention, want)
	}
}

// TestAFileThatWasNeverGood is a configuration to correct, but for the files
// that the first decision creates.
func TestAFileThatWasNeverGood(t *testing.T) {
	s := newSetting(t)
	for key := range userFiles {
		for name, tt := range damage {
			path := filepath.Join(t.TempDir(), "file.csv")
			write(t, path, "x")
			if err := tt.do(path); err != nil {
				t.Fatal(err)
			}
			for other := range userFiles {
				*s.path[other] = ""
			}
			*s.path[key] = path
			_, err := transform.Run(t.Context(), s.db, s.opts)
			decisions := key == "vendors.aliases_file" || key == "categories.file"
			if decisions && strings.Contains("missing empty blank", name) {
				if err != nil {
					t.Errorf("%s, %s: error %v, want none", key, name, err)
				}
				continue
			}
			var usage *etl.UsageError
			if want := key + ": " + path + tt.want; !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, %s: error %v, want a usage error that says %q", key, name, err, want)
			}
		}
	}
}

// TestAnotherAliasFileThatIsNotThere: aliases end when the key goes, not when
// it names a file that is not there.
func TestAnotherAliasFileThatIsNotThere(t *testing.T) {
	s := newSetting(t)
	s.spend(t)
	s.opts.AliasesFile = filepath.Join(t.TempDir(), "vendors.csv")
	if spend, attention := s.spend(t); !cmp.Equal(spend, withFiles) || !strings.Contains(attention, "vendors.csv is missing; the copy") {
		t.Errorf("chosen: spend %q, attention %q", spend, attention)
	}
	if aliases, err := transform.ReadAliasFile(t.Context(), s.db, s.opts.AliasesFile); err != nil || len(aliases) != 1 {
		t.Errorf("for a decision: %v, %v; want the alias in use", aliases, err)
	}
	s.opts.AliasesAssumed = true
	if spend, attention := s.spend(t); cmp.Equal(spend, withFiles) || attention != "" {
		t.Errorf("assumed: spend %q, attention %q", spend, attention)
	}
}

// A source that left the configuration keeps its addresses, also in a rebuild.
func TestASourceThatLeftKeepsItsAddresses(t *testing.T) {
	s := newSetting(t)
	s.spend(t)
	s.opts.Sources = s.opts.Sources[:1]
	s.drop(t)
	if spend, attention := s.spend(t); !cmp.Equal(spend, withFiles) || attention != "" {
		t.Errorf("spend %q, attention %q", spend, attention)
	}
}

// A past state is built with the files in use, whatever became of them.
func TestAPastStateIsBuiltWithTheGoodCopies(t *testing.T) {
	s := newSetting(t)
	s.spend(t)
	for key := range userFiles {
		if err := os.Remove(*s.path[key]); err != nil {
			t.Fatal(err)
		}
	}
	past := openWarehouse(t)
	if _, err := transform.AsOf(t.Context(), s.db, past, day(7), t.TempDir(), s.opts); err != nil {
		t.Fatal(err)
	}
	got := dump(t, past, "test/spend.sql", shownOfPurchases)
	if diff := cmp.Diff(withFiles, got); diff != "" {
		t.Errorf("spend (-want +got):\n%s", diff)
	}
}

// TestABadDayOfRates: whatever is wrong with a file of rates, those before
// stay in use.
func TestABadDayOfRates(t *testing.T) {
	const before = "Date,USD,JPY\n2026-01-05,1.2,160\n2026-01-02,1.15,150\n"
	tests := map[string]struct{ file, want string }{
		"a dash":             {"Date,USD,JPY\n2026-01-06,-,160\n2026-01-05,1.3,160\n", `line 2: "-" is not a rate`},
		"a short line":       {"Date,USD,JPY\n2026-01-05,1.3\n", "wrong number of fields"},
		"a day twice":        {before + "2026-01-05,1.3,160\n", "2026-01-05 is already on line 2"},
		"only a header":      {"Date,USD,JPY\n", "has no rate of JPY, USD"},
		"a currency lost":    {"Date,USD\n2026-01-05,1.3\n", "has no rate of JPY"},
		"a column emptied":   {"Date,USD,JPY\n2026-01-05,1.3,N/A\n", "has no rate of JPY"},
		"a currency renamed": {strings.Replace(before, "USD", "AUD", 1), "has no rate of USD"},
		"a line cut off":     {"Date,USD,JPY\n2026-01-05,1.3,160\n2026-01-02,1.15,15", "line 3 is cut off: the rate of JPY is 15, before it was 150"},
		"a broken archive":   {"PK\x03\x04", "zip: not a valid zip file"},
	}
	s := newSetting(t)
	write(t, s.opts.RatesFile, before)
	s.spend(t)
	for name, tt := range tests {
		write(t, s.opts.RatesFile, tt.file)
		spend, attention := s.spend(t)
		if diff := cmp.Diff(withFiles, spend); diff != "" {
			t.Errorf("%s: spend (-want +got):\n%s", name, diff)
		}
		if !strings.Contains(attention, "fx.rates_file: ") || !strings.Contains(attention, tt.want) {
			t.Errorf("%s: attention %q, want %q", name, attention, tt.want)
		}
		if err := transform.CheckRates(t.Context(), s.db, []byte(tt.file)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: a download would be kept: %v", name, err)
		}
	}
}

// TestRatesThatANewFileLacksStay: days, and currencies that ended.
func TestRatesThatANewFileLacksStay(t *testing.T) {
	s := newSetting(t)
	s.spend(t)
	write(t, s.opts.RatesFile, "Date,USD,JPY\n2026-02-05,1.3,160\n")
	for _, moment := range []string{"at once", "rebuilt"} {
		if spend, attention := s.spend(t); !cmp.Equal(spend, withFiles) || attention != "" {
			t.Errorf("%s: spend %q, attention %q", moment, spend, attention)
		}
		s.drop(t)
	}
}

// A download that is not there yet leaves amounts without a rate.
func TestADownloadNeedNotBeThereYet(t *testing.T) {
	s := newSetting(t)
	kept := s.opts.RatesFile
	s.opts.RatesFetched, s.opts.RatesFile = true, filepath.Join(t.TempDir(), "none")
	unpriced := []string{strings.TrimSuffix(withFiles[0], "30.0000")}
	if spend, attention := s.spend(t); !cmp.Equal(spend, unpriced) || attention != "" {
		t.Errorf("before the first download: spend %q, attention %q", spend, attention)
	}
	write(t, s.opts.RatesFile, "<html>")
	if spend, attention := s.spend(t); !cmp.Equal(spend, unpriced) || !strings.Contains(attention, "fx.url: ") {
		t.Errorf("a bad file: spend %q, attention %q", spend, attention)
	}
	s.opts.RatesFile = kept
	s.spend(t)
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	if spend, attention := s.spend(t); !cmp.Equal(spend, withFiles) || attention != "" {
		t.Errorf("the download is lost: spend %q, attention %q", spend, attention)
	}
}
