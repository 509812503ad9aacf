package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"spendbridge/etl"
)

// kinds are two vendors with all settings there are.
var kinds = []Kind{
	{
		Name:     "productive",
		Settings: []string{"token", "organization_id", "amount_basis", "approved_only", "minor_units", "hidden_vendor"},
		Default: Source{
			BaseURL: "https://api.productive.io/api/v2", MaxRequestsPerSecond: 8,
			AmountBasis: "gross", ApprovedOnly: true, HiddenVendor: "quarantine",
		},
	},
	{
		Name:     "procurify",
		Settings: []string{"domain", "client_id", "client_secret", "amount_unit", "cardholder_emails"},
		Default:  Source{MaxRequestsPerSecond: 4},
	},
}

// whole is a configuration without faults. Tests put other lines in.
const whole = `
sources:
  productive:
    token: ${PRODUCTIVE_TOKEN}
    organization_id: "517"
productiv:
  client_id: id
  client_secret: ${PRODUCTIV_CLIENT_SECRET}
  app_id: app-1
`

func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"PRODUCTIVE_TOKEN":        "hush-1",
		"PRODUCTIV_CLIENT_ID":     "some-id",
		"PRODUCTIV_CLIENT_SECRET": "hush-2",
		"PROCURIFY_CLIENT_ID":     "some-id",
		"PROCURIFY_CLIENT_SECRET": "hush-3",
		"SIZE":                    "250",
		"FRACTION":                "10.5",
		"NUMBER":                  "0517",
		"YES":                     "true",
		"EMPTY":                   "",
		"TWO_LINES":               "hush-4\nhush-5",
		"LATIN":                   "hush\xfc",
		"SENTENCE":                "hush hush",
		"MARKED":                  "\ufeffhush-6\r\n",
	}[name]
	return value, ok
}

func parse(t *testing.T, text string) (*Config, error) {
	t.Helper()
	return parseConfig(filepath.Join(t.TempDir(), "c.yaml"), []byte(text), kinds, environment)
}

func TestEachFaultNamesItsLineItsKeyAndTheMend(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"an unset variable": {
			strings.Replace(whole, "${PRODUCTIVE_TOKEN}", "${PRODUCTIVE_TOKN}", 1),
			"c.yaml:4:12: sources.productive.token: needs the variable PRODUCTIVE_TOKN, which is not set"},
		"an empty variable": {
			strings.Replace(whole, "${PRODUCTIVE_TOKEN}", "${EMPTY}", 1),
			"c.yaml:4:5: sources.productive.token: is missing or empty"},
		"a file that is missing": {
			strings.Replace(whole, "${PRODUCTIVE_TOKEN}", "${file:nowhere}", 1),
			"sources.productive.token: ${file:nowhere}: open "},
		"a reference that is not closed": {
			strings.Replace(whole, "${PRODUCTIVE_TOKEN}", "${hush-1", 1),
			"c.yaml:4:12: sources.productive.token: has ${ without a closing }; write ${NAME} or ${file:PATH}"},
		"a reference inside another": {
			strings.Replace(whole, "${PRODUCTIVE_TOKEN}", "${A${PRODUCTIVE_TOKEN}", 1),
			"c.yaml:4:12: sources.productive.token: has ${…} around text that is not the name of a set variable"},
		"a secret pasted as the name of a variable": {
			strings.Replace(whole, "${PRODUCTIVE_TOKEN}", "${hush_1}", 1),
			"c.yaml:4:12: sources.productive.token: has ${…} around text that is not the name of a set variable"},
		"a secret pasted with signs that no name has": {
			strings.Replace(whole, "app-1", "${hush+1/==}", 1),
			"c.yaml:9:11: productiv.app_id: has ${…} around text that is not the name of a set variable"},
		"nothing between the braces": {
			strings.Replace(whole, "app-1", "${}", 1),
			"productiv.app_id: has ${…} around text that is not the name of a set variable"},
		"a secret of two lines": {
			strings.Replace(whole, "${PRODUCTIVE_TOKEN}", "${TWO_LINES}", 1),
			"c.yaml:4:5: sources.productive.token: contains a line break or another control character"},
		"a secret that is not UTF-8": {
			strings.Replace(whole, "${PRODUCTIVE_TOKEN}", "${LATIN}", 1),
			"c.yaml:4:12: sources.productive.token: the value of ${…}: line 1: the byte 0xfc is not UTF-8"},
		"a secret where a name belongs": {
			strings.Replace(whole, `"517"`, "${SENTENCE}", 1),
			"sources.productive.organization_id: has an invalid value after variable substitution; write letters"},
		"a secret where a word belongs": {
			whole + "  on_change: ${PRODUCTIVE_TOKEN}\n",
			"productiv.on_change: has an invalid value after variable substitution; write report"},
		"a secret where a time zone belongs": {
			whole + "reporting_timezone: ${PRODUCTIVE_TOKEN}\n",
			"c.yaml:10:1: reporting_timezone: has an invalid value after variable substitution; write a time zone"},
		"a secret where a schedule belongs": {
			whole + "schedule: {load: \"${PRODUCTIVE_TOKEN}\"}\n",
			"c.yaml:10:12: schedule.load: has an invalid value after variable substitution; write minute hour"},
		"a schedule that cannot be": {
			whole + "schedule:\n  productive: 0 2 * *\n",
			`c.yaml:11:3: schedule.productive: "0 2 * *": expected exactly 5 fields`},
		"a byte that is not UTF-8": {
			"# caf\u00e9\n# f\xfcr\n" + whole,
			"c.yaml:2:1: the byte 0xfc is not UTF-8; save the file as UTF-8"},
		"UTF-16 without its mark": {
			"a\x00:\x00 \x00b\x00",
			"c.yaml:1:1: holds a zero byte; save the file as UTF-8"},
		"an unknown key": {
			whole + "  batchsize: 10\n",
			"c.yaml:10:3: productiv.batchsize: is not a known key; did you mean batch_size?"},
		"a key of the other kind of source": {
			strings.Replace(whole, "    token:", "    client_id: x\n    token:", 1),
			"sources.productive.client_id: is not a known key"},
		"text for a number": {
			whole + "  batch_size: many\n",
			"c.yaml:10:15: productiv.batch_size: must be a whole number, not text"},
		"a quoted number": {
			whole + "  batch_size: \"10\"\n",
			"productiv.batch_size: must be a whole number, not text"},
		"a number for true or false": {
			strings.Replace(whole, "    token:", "    approved_only: 1\n    token:", 1),
			"sources.productive.approved_only: must be true or false, not a whole number"},
		"a number for text": {
			strings.Replace(whole, `"517"`, "517", 1),
			"c.yaml:5:22: sources.productive.organization_id: must be text in quotes, not a whole number"},
		"a number for a secret": {
			strings.Replace(whole, "${PRODUCTIVE_TOKEN}", "0517", 1),
			"sources.productive.token: must be text in quotes, not a whole number"},
		"a number for the text of a key of one's own": {
			strings.Replace(whole, "app_id: app-1", "app_ids: {productive: 0517}", 1),
			"c.yaml:9:25: productiv.app_ids.productive: must be text in quotes, not a whole number"},
		"a quoted number for a key of one's own": {
			strings.Replace(whole, "    token:", "    minor_units: {JPY: \"2\"}\n    token:", 1),
			"sources.productive.minor_units.JPY: must be a whole number, not text"},
		"a fraction for a whole number": {
			whole + "  batch_size: 10.5\n",
			"productiv.batch_size: must be a whole number, not a decimal number"},
		"a number that is too large": {
			whole + "  batch_size: 9223372036854775808\n",
			`productiv.batch_size: is "9223372036854775808"; write a smaller number`},
		"a fraction from a variable": {
			whole + "  batch_size: ${FRACTION}\n",
			"productiv.batch_size: has an invalid value after variable substitution; write a whole number"},
		"an empty variable for a number": {
			whole + "  batch_size: ${EMPTY}\n",
			"productiv.batch_size: has an invalid value after variable substitution; write a whole number"},
		"a secret where a duration belongs": {
			whole + "  max_wait: ${SENTENCE}\n",
			"productiv.max_wait: has an invalid value after variable substitution; write a duration"},
		"keys for a duration": {
			whole + "  max_wait: {a: b}\n",
			"productiv.max_wait: must be a single value, not keys with values"},
		"a tag": {
			whole + "  token_auth: !!str body\n",
			"productiv.token_auth: must be text in quotes, not unsupported YAML (such as an anchor, an alias or a tag)"},
		"an anchor": {
			whole + "  token_auth: &a body\n",
			"productiv.token_auth: must be text in quotes, not unsupported YAML (such as an anchor, an alias or a tag)"},
		"an alias": {
			whole + "  token_auth: *a\n",
			"productiv.token_auth: must be text in quotes, not unsupported YAML (such as an anchor, an alias or a tag)"},
		"an alias for a duration": {
			whole + "  max_wait: *a\n",
			"productiv.max_wait: must be a single value, not unsupported YAML (such as an anchor, an alias or a tag)"},
		"a tag for a duration": {
			whole + "  max_wait: !!str 5m\n",
			"productiv.max_wait: must be a single value, not unsupported YAML (such as an anchor, an alias or a tag)"},
		"an alias for a source": {
			strings.Replace(whole, "productiv:\n", "  procurify: *a\nproductiv:\n", 1),
			"sources.procurify: must be keys with values, not unsupported YAML (such as an anchor, an alias or a tag)"},
		"a merge key": {
			whole + "  <<: {batch_size: 10}\n",
			"productiv.<<: is not a known key"},
		"a number as a key": {
			strings.Replace(whole, "app_id: app-1", "app_ids: {productive: a, 5: b}", 1),
			"productiv.app_ids.5: is not a known key"},
		"a list for text": {
			strings.Replace(whole, `"517"`, "[517]", 1),
			"sources.productive.organization_id: must be text in quotes, not a list"},
		"text for keys": {
			whole + "snapshots: all\n",
			"snapshots: must be keys with values, not text"},
		"batch_size 0":    {whole + "  batch_size: 0\n", "productiv.batch_size: is 0; write a number from 1 to 1000"},
		"batch_size 1001": {whole + "  batch_size: 1001\n", "productiv.batch_size: is 1001; write a number from 1 to 1000"},
		"a share that is no number": {
			whole + "quarantine: {max_share: .nan}\n",
			"quarantine.max_share: must be a decimal number, not unsupported YAML (such as an anchor, an alias or a tag)"},
		"a bad address": {
			whole + "  base_url: productiv.com\n",
			"c.yaml:10:3: productiv.base_url: is not a URL; write one like https://example.com/path"},
		"no address": {
			whole + "  base_url: \"\"\n",
			"c.yaml:10:3: productiv.base_url: is missing or empty; it is required"},
		"a password in an address": {
			whole + "  base_url: https://u:hush@productiv.com\n",
			"productiv.base_url: contains a user name or password"},
		"http to another host": {
			whole + "  base_url: http://productiv.example\n",
			"productiv.base_url: sends secrets in the clear to productiv.example; use https://"},
		"http to a host that looks like loopback": {
			whole + "  base_url: http://127.0.0.1.example\n",
			"productiv.base_url: sends secrets in the clear"},
		"a bad duration": {
			strings.Replace(whole, "    token:", "    lookback: 90\n    token:", 1),
			`sources.productive.lookback: is "90"; write a duration like 90d`},
		"a negative duration": {
			strings.Replace(whole, "    token:", "    lookback: -1h\n    token:", 1),
			`sources.productive.lookback: is "-1h"; write a duration like 90d`},
		"a bad date":         {whole + "  post_from: 2026-13-01\n", `productiv.post_from: is "2026-13-01"; write a date like 2026-01-31`},
		"a bad time zone":    {whole + "reporting_timezone: Mars\n", `reporting_timezone: is "Mars"; write a time zone like UTC`},
		"a bad memory limit": {whole + "memory_limit: lots\n", `memory_limit: is "lots"; write a size like 512MB or 1GB`},
		"resend with finance on change": {
			whole + "  on_change: resend\n",
			"productiv.on_change: is resend, but record_schema finance has no key"},
		"resend with finance in doubt": {
			whole + "  in_doubt: resend\n",
			"productiv.in_doubt: is resend, but record_schema finance has no key"},
		"a word that is none of the choices": {
			whole + "  in_doubt: maybe\n",
			`productiv.in_doubt: is "maybe"; write hold or resend`},
		"no source": {
			"productiv: {client_id: a, client_secret: b, app_id: c}",
			"sources: is missing; configure at least one source"},
		"an empty list of sources": {
			"sources: {}\nproductiv: {client_id: a, client_secret: b, app_id: c}",
			"c.yaml:1:1: sources: has no usable source"},
		"a source of no known kind": {
			strings.Replace(whole, "  productive:", "  berlin:", 1),
			"sources.berlin.kind: must be productive or procurify; set kind: under berlin"},
		"two sources of one organisation": {
			strings.Replace(whole, "productiv:\n", "  second: {kind: productive, token: x, organization_id: \"517\"}\nproductiv:\n", 1),
			"c.yaml:6:3: sources.second: is the same organisation as sources.productive"},
		"a source named like a job": {
			strings.Replace(whole, "  productive:\n", "  load:\n    kind: productive\n", 1),
			"sources.load: is not a valid source name"},
		"no productiv":       {whole[:strings.Index(whole, "productiv:")], "productiv: is missing"},
		"app_id and app_ids": {whole + "  app_ids: {productive: a}\n", "productiv.app_ids: cannot be combined with app_id"},
		"an application for each source": {
			strings.Replace(whole, "app_id: app-1", "app_ids: {productiv: a}", 1),
			"productiv.app_ids.productive: is missing"},
		"a schedule for no source": {
			whole + "schedule: {productiv: \"0 2 * * *\"}\n",
			"schedule.productiv: is neither a source nor a job; did you mean productive?"},
		"a schedule that cannot be for no source": {
			whole + "schedule: {berlin: \"0 2 31 2 *\"}\n",
			`schedule.berlin: "0 2 31 2 *" never occurs`},
		"a schedule that cannot be for a source with faults": {
			strings.Replace(whole, "productiv:\n", "  berlin: {kind: x}\nproductiv:\n", 1) + "schedule: {berlin: \"0 2 * *\"}\n",
			`schedule.berlin: "0 2 * *": expected exactly 5 fields`},
		"a probe port for everyone": {whole + "http: {listen: \":9464\"}\n", "http.listen: must be a loopback address"},
		"a store of another kind":   {whole + "store: gs://bucket/x\n", `store: is "gs://bucket/x"; write s3://bucket/spendbridge, or file:///mnt/share`},
		"a store without a scheme":  {whole + "store: /mnt/share\n", `store: is "/mnt/share"; write s3://bucket/spendbridge`},
		"a store with a secret":     {whole + "store: s3://id:hush-1@bucket/x\n", "store: is not the plain address of a store"},
		"a store with settings":     {whole + "store: s3://bucket?region=x\n", "store: is not the plain address of a store"},
		"a lake with settings":      {whole + lake("s3://bucket/lake?region=x", "s3://bucket/store"), "lake.data_path: is not the plain address of a bucket"},
		"a lake without a bucket":   {whole + lake("s3:///lake", "s3://bucket/store"), "lake.data_path: is not the plain address of a bucket"},
		"a store in the lake":       {whole + lake("s3://bucket/lake/", "s3://bucket/lake/store"), "store: must not be in lake.data_path"},
		"a folder in the lake":      {whole + lake("/mnt/share", "file:///mnt/share/store"), "store: must not be in lake.data_path"},
		"a key id without a secret": {whole + "s3: {key_id: hush-1}\n", "s3: needs both key_id and secret"},
		"a store in the clear":      {whole + "s3: {endpoint: \"http://minio.example\"}\n", "s3.endpoint: sends secrets in the clear"},
		"published in the data":     {whole + "publish: {dir: data/shared}\n", "publish.dir: must be apart from data_dir"},
		"a group without a folder":  {whole + "publish: {group: finance}\n", "publish.group: needs publish.dir"},
		"a mode for writers":        {whole + "publish: {dir: ../x, mode: \"0660\"}\n", "publish.mode: lets others change what is published"},
		"a mode of programs":        {whole + "publish: {dir: ../x, mode: \"0750\"}\n", "publish.mode: is the mode of files"},
		"a mode in letters":         {whole + "publish: {dir: ../x, mode: u=rw}\n", "publish.mode: is \"u=rw\"; write an octal mode like 0640"},
		"snapshots in a bucket":     {whole + "snapshots: {dir: \"s3://bucket/x\"}\n", "snapshots.dir: is on this machine or on a mounted folder: write a path without s3://"},
		"a data folder in a bucket": {"data_dir: s3://bucket/x\n" + whole, "data_dir: is on this machine or on a mounted folder"},
		"a warehouse in a bucket":   {"warehouse: s3://bucket/w.duckdb\n" + whole, "warehouse: is on this machine or on a mounted folder"},
		"an alias file in a bucket": {whole + "vendors: {aliases_file: \"https://example.com/a.csv\"}\n", "vendors.aliases_file: is on this machine or on a mounted folder"},
		"a key twice":               {whole + "productiv: {}\n", `is not valid YAML: mapping key "productiv" already defined`},
		"a heartbeat in the clear":  {whole + "notify: {heartbeat_url: \"http://ping.example/hush-1\"}\n", "notify.heartbeat_url: sends secrets in the clear to ping.example; use https://"},
		"no YAML":                   {"sources: [", "c.yaml:1:10: is not valid YAML"},
		"two documents":             {"a: b\n---\nc: d\n", "must be a single YAML document"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, tt.text)
			var usage *etl.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant an error of use that says %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

// lake is the configuration of a lake with its data in one place and a store in another.
func lake(data, store string) string {
	return "warehouse: \"ducklake:postgres:dbname=lake\"\n" +
		fmt.Sprintf("lake: {data_path: %q}\nstore: %s\n", data, store)
}

func TestALakeBesideItsStore(t *testing.T) {
	for data, store := range map[string]string{
		"s3://bucket/lake": "s3://bucket/lake-store",
		"/mnt/share/lake":  "file:///mnt/share",
	} {
		if _, err := parse(t, whole+lake(data, store)); err != nil {
			t.Error(err)
		}
	}
}

func TestAllFaultsAreReportedAtOnceInTheOrderOfTheFile(t *testing.T) {
	_, err := parse(t, `
data_dri: x
sources:
  productive:
    token: ${NOT_SET}
    organization_id: "517"
productiv:
  client_id: id
  batch_size: 0
`)
	want := strings.TrimSpace(`
the configuration is invalid:
  c.yaml:2:1: data_dri: is not a known key; did you mean data_dir?
  c.yaml:5:12: sources.productive.token: needs the variable NOT_SET, which is not set; set it: export NOT_SET=…, or write NOT_SET=… into .env beside this file
  c.yaml:7:1: productiv.client_secret: is missing or empty; it is required
  c.yaml:7:1: productiv.app_id: is missing or empty; it is required
  c.yaml:9:3: productiv.batch_size: is 0; write a number from 1 to 1000`)
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}

func TestAConfigurationIsReadWithDefaultsAndVariables(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "token"), []byte("hush-4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(whole, "${PRODUCTIVE_TOKEN}", "${file:token}", 1) + `
  batch_size: ${SIZE}
  post_from: 2026-01-31
schedule: {productive: "0 2 * * *", load: "0 3 * * *"}
vendors: {aliases_file: lists/vendors.csv}
categories: {file: lists/categories.csv}
`
	c, err := parseConfig(filepath.Join(folder, "c.yaml"), []byte(text), kinds, environment)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{
		"data_dir": c.DataDir, "warehouse": c.WarehouseLocation(), "aliases": c.Vendors.AliasesFile, "categories": c.Categories.File,
		"token": c.Sources[0].Token.Reveal(), "lookback": time.Duration(c.Sources[0].Lookback),
		"approved_only": c.Sources[0].ApprovedOnly, "tenant": c.Sources[0].Tenant(),
		"batch_size": c.Productiv.BatchSize, "post_from": c.Productiv.PostFrom.Format(time.DateOnly),
		"schedule": c.Schedule.Extract, "load": c.Schedule.Load, "in_doubt": c.Productiv.InDoubt,
	}
	want := map[string]any{
		"data_dir": filepath.Join(folder, "data"), "warehouse": filepath.Join(folder, "data", "warehouse.duckdb"),
		"aliases": filepath.Join(folder, "lists", "vendors.csv"), "categories": filepath.Join(folder, "lists", "categories.csv"),
		"token": "hush-4", "lookback": 90 * 24 * time.Hour, "approved_only": true, "tenant": "517",
		"batch_size": 250, "post_from": "2026-01-31",
		"schedule": map[string]string{"productive": "0 2 * * *"}, "load": "0 3 * * *", "in_doubt": "hold",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAConfigurationReadsTheSameHoweverItWasSaved(t *testing.T) {
	whole := strings.Replace(whole, "app-1", "ü-1", 1)
	want, err := parse(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	utf16 := func(order unicode.Endianness) string {
		text, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().String(whole)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, text := range map[string]string{
		"with a byte order mark":  "\ufeff" + whole,
		"by Windows":              "\ufeff" + strings.ReplaceAll(whole, "\n", "\r\n"),
		"by an old Mac":           strings.ReplaceAll(whole, "\n", "\r"),
		"UTF-16, low byte first":  utf16(unicode.LittleEndian),
		"UTF-16, high byte first": utf16(unicode.BigEndian),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(t, text)
			if err != nil {
				t.Fatal(err)
			}
			if got.Productiv.AppID != "ü-1" || got.Sources[0].Token != want.Sources[0].Token {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestVariablesComeFromAFileBesideTheConfiguration(t *testing.T) {
	text := strings.NewReplacer("${PRODUCTIVE_TOKEN}", "${TOKEN}", "${PRODUCTIV_CLIENT_SECRET}", "${SECRET}").Replace(whole)
	tests := map[string]struct {
		file          string
		token, secret string
	}{
		"as shells read it":      {"# tokens\n\nexport TOKEN=hush-7\nSECRET='hush 8 # $x \\n'\n", "hush-7", `hush 8 # $x \n`},
		"as Windows writes it":   {"\ufeffTOKEN=hush-7\r\nSECRET=hush-8\r\n", "hush-7", "hush-8"},
		"with signs of a secret": {"TOKEN=hu$sh\\7=\nSECRET=\"hush#8\" # Productiv\n", `hu$sh\7=`, "hush#8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := parseBeside(t, text, tt.file)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Sources[0].Token.Reveal(); got != tt.token {
				t.Errorf("token %q, want %q", got, tt.token)
			}
			if got := c.Productiv.ClientSecret.Reveal(); got != tt.secret {
				t.Errorf("secret %q, want %q", got, tt.secret)
			}
		})
	}
	c, err := parseBeside(t, whole, "PRODUCTIVE_TOKEN=hush-9\n")
	if err != nil || c.Sources[0].Token.Reveal() != "hush-1" {
		t.Errorf("the file wins over the environment: %v, %v", c.Sources[0].Token.Reveal(), err)
	}
}

// parseBeside parses a configuration with a file of variables beside it.
func parseBeside(t *testing.T, text, variables string) (*Config, error) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, EnvFile), []byte(variables), 0o600); err != nil {
		t.Fatal(err)
	}
	return parseConfig(filepath.Join(folder, "c.yaml"), []byte(text), kinds, environment)
}

func TestEachFaultOfTheFileWithVariablesNamesItsLine(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"no =":                   {"A=b\n\nhush\n", ".env:3:1: is not NAME=value"},
		"an open quote":          {"A='hush\n", ".env:1:1: is not NAME=value"},
		"a cut value":            {"A=hush#1\n", ".env:1:1: has a # that would end the value"},
		"a value cut at once":    {"A=#hush\n", ".env:1:1: has a # that would end the value"},
		"a cut quoted value":     {"A='hush'b#1\n", ".env:1:1: has a # that would end the value"},
		"a name twice":           {"A=hush-1\nA=hush-2\n", ".env:2:1: sets A again; remove one of the two"},
		"bytes that are no text": {"# \xfc\n", ".env:1:1: the byte 0xfc is not UTF-8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseBeside(t, whole+"  batch_size: 0\n", tt.file)
			if text := fmt.Sprint(err); !strings.Contains(text, tt.want) || !strings.Contains(text, "batch_size: is 0") || strings.Contains(text, "hush") {
				t.Errorf("got %v\nwant one that says %q", err, tt.want)
			}
		})
	}
}

func TestASecretIsReadWithoutWhatEditorsAdd(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"mark": "\ufeffhush-6", "windows": "hush-6\r\n", "lines": "hush-6\n\n", "mac": "hush-6\r",
		"wide": "\xff\xfeh\x00u\x00s\x00h\x00-\x006\x00\r\x00\n\x00",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, value := range []string{"${file:mark}", "${file:windows}", "${file:lines}", "${file:mac}", "${file:wide}", "${MARKED}", "|\n      hush-6"} {
		t.Run(value, func(t *testing.T) {
			c, err := parseConfig(filepath.Join(folder, "c.yaml"), []byte(strings.Replace(whole, "${PRODUCTIVE_TOKEN}", value, 1)), kinds, environment)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Sources[0].Token.Reveal(); got != "hush-6" {
				t.Errorf("token %q", got)
			}
		})
	}
}

func TestTheFileThatInitWritesIsWithoutFaults(t *testing.T) {
	if _, err := parse(t, string(Template)); err != nil {
		t.Error(err)
	}
}

func TestTheFileThatInitWritesExplainsEveryKey(t *testing.T) {
	for _, key := range yamlKeys(reflect.TypeFor[Config]()) {
		if !regexp.MustCompile("(?m)[ {`]" + key + ":|^" + key + ":").Match(Template) {
			t.Errorf("key %s is not explained", key)
		}
	}
}

// yamlKeys lists the keys of a struct and of the structs in it.
func yamlKeys(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		f := t.Field(i)
		if tag := f.Tag.Get("yaml"); tag != "" && tag != "-" && tag != ",rest" {
			keys = append(keys, tag)
		}
		switch {
		case f.Type == reflect.TypeFor[[]Source]():
			keys = append(keys, yamlKeys(f.Type.Elem())...)
		case f.Type.Kind() == reflect.Struct:
			keys = append(keys, yamlKeys(f.Type)...)
		}
	}
	return keys
}

func TestASecretIsNeverPrinted(t *testing.T) {
	c, err := parse(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x\n", c, c, c, c.Sources[0].Token, c.Sources[0].Token, c.Sources[0].Token)
	slog.New(slog.NewTextHandler(&out, nil)).Info("config read", "config", c, "token", c.Sources[0].Token)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("config read", "config", c, "token", c.Sources[0].Token)
	if err := json.NewEncoder(&out).Encode(c); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "hush") || strings.Contains(out.String(), fmt.Sprintf("%x", "hush")) {
		t.Errorf("a secret was printed:\n%s", out.String())
	}
}

func TestTheHashOfAConfigurationLeavesSecretsOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	hash := func(text, token string) string {
		t.Helper()
		c, err := parseConfig(path, []byte(text), kinds, func(string) (string, bool) { return token, true })
		if err != nil {
			t.Fatal(err)
		}
		return c.Hash()
	}
	if hash(whole, "a") != hash(whole, "b") {
		t.Error("another secret made another hash")
	}
	if hash(whole, "a") == hash(whole+"  batch_size: 10\n", "a") {
		t.Error("another batch size made the same hash")
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add(whole)
	f.Add(string(Template))
	f.Add("sources: {a: {kind: procurify, base_url: ${A}}}")
	f.Add("a: &x [1]\nb: *x\n<<: *x\n")
	f.Add("sources:\n  productive: !!str x\n")
	f.Add("sources:\n  productive: *x\n")
	f.Add("productiv: {max_wait: *x, post_from: &y 1, batch_size: !!int 5, app_ids: {a: *x}}\n")
	path := filepath.Join(f.TempDir(), "c.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseConfig(path, []byte(text), kinds, func(string) (string, bool) { return "hush-hush", true })
		if err != nil && strings.Contains(err.Error(), "hush-hush") && !strings.Contains(text, "hush-hush") {
			t.Errorf("the error tells a secret: %v", err)
		}
		if err == nil {
			_ = c.Hash()
			_ = c.Location()
		}
	})
}

func TestDuckDBGetsItsPartOfTheMemoryLimit(t *testing.T) {
	tests := map[string]string{"1GB": "0.650GB", "512MB": "332.800MB", "1.5 GiB": "0.975 GiB"}
	for limit, want := range tests {
		t.Run(limit, func(t *testing.T) {
			if got := (&Config{MemoryLimit: limit}).EngineMemory(); got != want {
				t.Errorf("EngineMemory() = %q, want %q", got, want)
			}
		})
	}
}

func TestEachValueIsJudgedThoughOthersHaveFaults(t *testing.T) {
	text := strings.NewReplacer("    token:", `    minor_units: {JPY: "2", KWD: 2.5}
    lookback: 90
    base_url: https://${A}/${B}
    token:`, "app_id: app-1", "app_ids: {productive: [1], procurify: 2}").Replace(whole) + `
  max_wait: 1
  post_from: soon
  batch_size: 9223372036854775808
  concurrency: two
schedule: {sweep: 5, procurify: true}
`
	_, err := parse(t, text)
	want := strings.TrimSpace(`
the configuration is invalid:
  c.yaml:4:24: sources.productive.minor_units.JPY: must be a whole number, not text
  c.yaml:4:34: sources.productive.minor_units.KWD: must be a whole number, not a decimal number
  c.yaml:5:15: sources.productive.lookback: is "90"; write a duration like 90d, 12h or 30s
  c.yaml:6:15: sources.productive.base_url: needs the variable A, which is not set; set it: export A=…, or write A=… into .env beside this file
  c.yaml:6:15: sources.productive.base_url: needs the variable B, which is not set; set it: export B=…, or write B=… into .env beside this file
  c.yaml:12:25: productiv.app_ids.productive: must be text in quotes, not a list
  c.yaml:12:41: productiv.app_ids.procurify: must be text in quotes, not a whole number
  c.yaml:14:13: productiv.max_wait: is "1"; write a duration like 90d, 12h or 30s
  c.yaml:15:14: productiv.post_from: is "soon"; write a date like 2026-01-31
  c.yaml:16:15: productiv.batch_size: is "9223372036854775808"; write a smaller number
  c.yaml:17:16: productiv.concurrency: must be a whole number, not text
  c.yaml:18:19: schedule.sweep: must be text in quotes, not a whole number
  c.yaml:18:33: schedule.procurify: must be text in quotes, not true or false`)
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}

func TestAVariableStandsForWhatItsKeyNeeds(t *testing.T) {
	text := strings.Replace(whole, `"517"`, "${NUMBER}\n    approved_only: \"${YES}\"\n    max_requests_per_second: ${FRACTION}", 1)
	c, err := parse(t, text+"  batch_size: ${SIZE}\n")
	if err != nil {
		t.Fatal(err)
	}
	s := c.Sources[0]
	if s.OrganizationID != "0517" || !s.ApprovedOnly || s.MaxRequestsPerSecond != 10.5 || c.Productiv.BatchSize != 250 {
		t.Errorf("got %+v, batch_size %d", s, c.Productiv.BatchSize)
	}
}

func TestAKeyWithoutAValueKeepsItsDefault(t *testing.T) {
	text := strings.Replace(whole, "    token:", "    base_url:\n    lookback:\n    minor_units: {JPY: }\n    token:", 1)
	c, err := parse(t, text+"  batch_size:\n  post_from:\nvendors:\nschedule: {load: , productive: , drain: 0}\n")
	if err != nil {
		t.Fatal(err)
	}
	s := c.Sources[0]
	if s.BaseURL == "" || s.Lookback.Days() != 90 || len(s.MinorUnits) != 0 || c.Productiv.BatchSize != 1000 ||
		c.Schedule.Load != "" || len(c.Schedule.Extract) != 0 || c.Schedule.Drain != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestSettingsAreKeysOfSources(t *testing.T) {
	known := shapeOf(Source{}).keys
	for _, kind := range append(kinds, Kind{Settings: commonSettings}) {
		for _, key := range kind.Settings {
			if _, ok := known[key]; !ok {
				t.Errorf("kind %q: no source has the key %s", kind.Name, key)
			}
			delete(known, key)
		}
	}
	for key := range known {
		t.Errorf("no kind has the key %s", key)
	}
}
