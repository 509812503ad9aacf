// Package config reads spendbridge.yaml: its types and defaults, strict
// decoding that reports every fault with its line, and the rules for values.
package config

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Template is the commented file that init writes.
//
//go:embed spendbridge.yaml
var Template []byte

// A Config is the content of spendbridge.yaml, with defaults filled in,
// variables replaced and paths made absolute.
type Config struct {
	DataDir           string     `yaml:"data_dir"`
	Warehouse         string     `yaml:"warehouse"`
	Lake              Lake       `yaml:"lake"`
	Extensions        string     `yaml:"extensions"`
	Store             string     `yaml:"store"`
	S3                S3         `yaml:"s3"`
	MemoryLimit       string     `yaml:"memory_limit"`
	ReportingCurrency string     `yaml:"reporting_currency"`
	ReportingTimezone string     `yaml:"reporting_timezone"`
	RulesFile         string     `yaml:"rules_file"`
	TypesFile         string     `yaml:"types_file"`
	Sources           []Source   `yaml:"-"`
	Productiv         Productiv  `yaml:"productiv"`
	FX                FX         `yaml:"fx"`
	Vendors           Vendors    `yaml:"vendors"`
	Categories        Categories `yaml:"categories"`
	Quarantine        Quarantine `yaml:"quarantine"`
	Snapshots         Snapshots  `yaml:"snapshots"`
	Publish           Publish    `yaml:"publish"`
	Schedule          Schedule   `yaml:"schedule"`
	HTTP              HTTP       `yaml:"http"`
	Notify            Notify     `yaml:"notify"`
}

// A Source is one organisation at one vendor. Its name and tenant are part
// of every key, so they never change.
type Source struct {
	Name    string `yaml:"-"` // the key under sources
	Kind    string `yaml:"kind"`
	BaseURL string `yaml:"base_url"`

	Token          Secret         `yaml:"token"`
	OrganizationID string         `yaml:"organization_id"`
	AmountBasis    string         `yaml:"amount_basis"`
	ApprovedOnly   bool           `yaml:"approved_only"`
	MinorUnits     map[string]int `yaml:"minor_units"`
	HiddenVendor   string         `yaml:"hidden_vendor"`

	Domain           string `yaml:"domain"`
	ClientID         Secret `yaml:"client_id"`
	ClientSecret     Secret `yaml:"client_secret"`
	AmountUnit       string `yaml:"amount_unit"`
	CardholderEmails string `yaml:"cardholder_emails"`

	Lookback             Duration `yaml:"lookback"`
	MaxRequestsPerSecond float64  `yaml:"max_requests_per_second"`
	MaxWait              Duration `yaml:"max_wait"`
}

// Tenant is the organisation, which is part of every key of the source.
func (s Source) Tenant() string { return cmp.Or(s.OrganizationID, s.Domain) }

// SourceNames returns the names of sources, in their order.
func SourceNames(sources []Source) []string {
	names := make([]string, 0, len(sources))
	for _, s := range sources {
		names = append(names, s.Name)
	}
	return names
}

// Lake says where a warehouse that is a lake keeps its data.
type Lake struct {
	DataPath string `yaml:"data_path"`
	Password Secret `yaml:"-"` // of the catalog, if warehouse has it
}

// S3 says how to reach the buckets that store and lake name. What is not set comes from the
// environment, the files and the role that the AWS SDK looks at.
type S3 struct {
	Endpoint  string `yaml:"endpoint"`
	Region    string `yaml:"region"`
	KeyID     Secret `yaml:"key_id"`
	Secret    Secret `yaml:"secret"`
	PathStyle bool   `yaml:"path_style"`
}

// Productiv says where and how spend is posted.
type Productiv struct {
	BaseURL          string            `yaml:"base_url"`
	TokenURL         string            `yaml:"token_url"`
	TokenAuth        string            `yaml:"token_auth"`
	ClientID         Secret            `yaml:"client_id"`
	ClientSecret     Secret            `yaml:"client_secret"`
	AppID            string            `yaml:"app_id"`
	AppIDs           map[string]string `yaml:"app_ids"` // by source
	RecordSchema     string            `yaml:"record_schema"`
	BatchSize        int               `yaml:"batch_size"`
	OnChange         string            `yaml:"on_change"`
	InDoubt          string            `yaml:"in_doubt"`
	AssumeAtomic422  bool              `yaml:"assume_atomic_422"`
	PostFrom         Date              `yaml:"post_from"`
	FirstLoad        string            `yaml:"first_load"`
	Concurrency      int               `yaml:"concurrency"`
	HoldChangesAbove int               `yaml:"hold_changes_above"` // 0 = off
	HoldVolumeAbove  float64           `yaml:"hold_volume_above"`  // times the median, 0 = off
	MaxWait          Duration          `yaml:"max_wait"`
}

// FX says where reference rates come from.
type FX struct {
	RatesFile string `yaml:"rates_file"`
	URL       string `yaml:"url"`
}

// Vendors names the file that gives vendors their canonical names.
type Vendors struct {
	AliasesFile string `yaml:"aliases_file"`
	Assumed     bool   `yaml:"-"` // the configuration does not name the file
}

// Categories names the file that says which categories are one; empty = none.
type Categories struct {
	File string `yaml:"file"`
}

// Quarantine says how much of a run may be quarantined before it needs
// attention.
type Quarantine struct {
	MaxShare float64 `yaml:"max_share"`
}

// Snapshots says where Parquet snapshots go and how many are kept.
type Snapshots struct {
	Dir     string   `yaml:"dir"`
	Keep    int      `yaml:"keep"`
	KeepFor Duration `yaml:"keep_for"` // younger ones are kept even beyond keep
}

// Publish says where others find spend.duckdb, the snapshots and the reports,
// and who may read them. Without a folder they are in the data folder, for this
// user alone.
type Publish struct {
	Dir   string `yaml:"dir"`
	Group string `yaml:"group"` // empty = the group of this user
	Mode  string `yaml:"mode"`  // of files, octal
}

// FileMode is the mode as a number.
func (p Publish) FileMode() fs.FileMode {
	mode, err := strconv.ParseUint(p.Mode, 8, 9)
	if err != nil {
		panic(err) // check refuses every other text
	}
	return fs.FileMode(mode)
}

// Schedule says when the daemon runs which job. An empty expression is a
// job that is not scheduled.
type Schedule struct {
	Timezone string            `yaml:"timezone"`
	Load     string            `yaml:"load"`
	Sweep    string            `yaml:"sweep"`
	CatchUp  string            `yaml:"catch_up"`
	Drain    Duration          `yaml:"drain"`
	Extract  map[string]string `yaml:"-"` // by source: every other key of the section
}

// HTTP says where the daemon answers probes; empty = nowhere.
type HTTP struct {
	Listen string `yaml:"listen"`
}

// Notify names what to call on failures, and after scheduled loads that did not
// fail; empty = nothing. Such an address is its own password.
type Notify struct {
	Webhook      Secret `yaml:"webhook"`
	HeartbeatURL Secret `yaml:"heartbeat_url"`
}

// Default is what an empty file means.
func Default() *Config {
	return &Config{
		DataDir:           "data",
		MemoryLimit:       "1GB",
		ReportingCurrency: "USD",
		ReportingTimezone: "UTC",
		Productiv: Productiv{
			BaseURL:          "https://public-api.productiv.com",
			TokenURL:         "https://login.api.productiv.com/oauth2/token",
			TokenAuth:        "body",
			RecordSchema:     SchemaFinance,
			BatchSize:        1000,
			OnChange:         OnChangeReport,
			InDoubt:          InDoubtHold,
			AssumeAtomic422:  true,
			FirstLoad:        FirstLoadHold,
			Concurrency:      2,
			HoldChangesAbove: 100,
			MaxWait:          Duration(5 * time.Minute),
		},
		Vendors:    Vendors{AliasesFile: "vendors.csv"},
		Quarantine: Quarantine{MaxShare: 0.05},
		Snapshots:  Snapshots{Keep: 30},
		Publish:    Publish{Mode: "0640"},
		Schedule:   Schedule{Timezone: "UTC", CatchUp: "once", Drain: Duration(5 * time.Minute)},
	}
}

// The schemes of a warehouse that is not a file, and of a bucket.
const (
	schemeLake       = "ducklake:postgres:"
	schemeMotherDuck = "md:"
	schemeS3         = "s3://"
)

// HasLake reports whether the warehouse is a lake, which several machines share.
func (c *Config) HasLake() bool { return strings.HasPrefix(c.Warehouse, schemeLake) }

// HasLakeInBucket reports whether the lake's data is in a bucket.
func (c *Config) HasLakeInBucket() bool { return strings.HasPrefix(c.Lake.DataPath, schemeS3) }

// LakeCatalog is how PostgreSQL's clients name the database of the lake's catalog.
func (c *Config) LakeCatalog() string { return strings.TrimPrefix(c.Warehouse, schemeLake) }

// WarehouseLocation is where the warehouse is.
func (c *Config) WarehouseLocation() string {
	return cmp.Or(c.Warehouse, filepath.Join(c.DataDir, "warehouse.duckdb"))
}

// EngineMemory is DuckDB's share of memory_limit. The rest is for Go, and for memory
// that DuckDB does not account for: reading back Parquet, writing long texts, and
// what its allocator keeps.
func (c *Config) EngineMemory() string {
	number := strings.TrimRight(c.MemoryLimit, " KMGTiB")
	size, err := strconv.ParseFloat(number, 64)
	if err != nil {
		panic(err) // check refuses every other text
	}
	return strconv.FormatFloat(size*0.65, 'f', 3, 64) + c.MemoryLimit[len(number):]
}

// publishedDir is the folder of what others may read.
func (c *Config) publishedDir() string { return cmp.Or(c.Publish.Dir, c.DataDir) }

// SnapshotsDir is the folder of the Parquet snapshots.
func (c *Config) SnapshotsDir() string {
	return cmp.Or(c.Snapshots.Dir, filepath.Join(c.publishedDir(), "snapshots"))
}

// RatesFile is the file of reference rates: the user's, or where the download
// of fx.url is kept. Empty means none.
func (c *Config) RatesFile() string {
	if c.FX.URL == "" {
		return c.FX.RatesFile
	}
	return filepath.Join(c.DataDir, "rates", "reference-rates")
}

// TempDir is the folder for files that no run needs once it has ended.
func (c *Config) TempDir() string { return filepath.Join(c.DataDir, "tmp") }

// PublishedFile is the read-only copy for analysts.
func (c *Config) PublishedFile() string { return filepath.Join(c.publishedDir(), "spend.duckdb") }

// ReportsDir is the folder of the run reports.
func (c *Config) ReportsDir() string { return filepath.Join(c.publishedDir(), "reports") }

// StateFile is what status shows while a run holds the warehouse.
func (c *Config) StateFile() string { return filepath.Join(c.DataDir, "state.json") }

// Location is the reporting time zone, which decides the day and with it the
// month of a record.
func (c *Config) Location() *time.Location { return Location(c.ReportingTimezone) }

// Location returns a time zone that check has accepted.
func Location(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// Hash identifies the configuration that a run used. Secrets are not part of
// it.
func (c *Config) Hash() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // plain data always encodes
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

const day = 24 * time.Hour

// unmarshal passes the text of a scalar to one of the types below. goccy
// itself would pass the text of the file, before variables were replaced.
func unmarshal(node ast.Node, v encoding.TextUnmarshaler) error {
	if err := v.UnmarshalText([]byte(node.GetToken().Value)); err != nil {
		return &yaml.SyntaxError{Message: err.Error(), Token: node.GetToken()}
	}
	return nil
}

// A Duration is written 90d, 12h, 30m or 10s.
type Duration time.Duration

// UnmarshalYAML implements [yaml.NodeUnmarshaler].
func (d *Duration) UnmarshalYAML(node ast.Node) error { return unmarshal(node, d) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.ParseUint(days, 10, 15)
		*d = Duration(time.Duration(n) * day)
		if err == nil {
			return nil
		}
	} else if parsed, err := time.ParseDuration(string(text)); err == nil && parsed >= 0 {
		*d = Duration(parsed)
		return nil
	}
	return errors.New("a duration like 90d, 12h or 30s")
}

// Days is the duration in days, rounded up.
func (d Duration) Days() int { return int((time.Duration(d) + day - 1) / day) }

// String is the form the configuration is written in.
func (d Duration) String() string {
	if t := time.Duration(d); t%day == 0 && t > 0 {
		return fmt.Sprintf("%dd", t/day)
	}
	return time.Duration(d).String()
}

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// A Date is written 2026-01-31; the zero Date is no date.
type Date struct {
	time.Time
}

// UnmarshalYAML implements [yaml.NodeUnmarshaler].
func (d *Date) UnmarshalYAML(node ast.Node) error { return unmarshal(node, d) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return errors.New("a date like 2026-01-31")
	}
	*d = Date{t}
	return nil
}

// MarshalText implements [encoding.TextMarshaler].
func (d Date) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.Format(time.DateOnly)), nil
}

// The shapes of a record: finance as the vendor's older page documents it, spend
// as on the newer one with signatureId (schemas/README.md, Productiv: the record).
const (
	SchemaFinance = "finance"
	SchemaSpend   = "spend"
)

// What happens to a record that changes after it was delivered.
const (
	OnChangeReport     = "report"     // it is listed
	OnChangeResend     = "resend"     // it is posted again under its key
	OnChangeCompensate = "compensate" // it is reversed and posted under a new key
)

// What happens to the first load of a source to a target.
const (
	FirstLoadHold = "hold" // it waits for an approval
	FirstLoadPost = "post" // it goes out; for a target on this machine only
)

// What happens to a batch whose outcome is unknown.
const (
	InDoubtHold   = "hold"   // it waits for a decision
	InDoubtResend = "resend" // the same body is posted again
)

// AppFor returns the application that a source's records go to, "" for none.
func (p Productiv) AppFor(source string) string {
	return cmp.Or(p.AppIDs[source], p.AppID)
}
