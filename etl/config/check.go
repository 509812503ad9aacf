package config

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"spendbridge/etl"
)

var (
	sourceName   = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
	currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)
	memoryLimit  = regexp.MustCompile(`^[1-9][0-9]*(\.[0-9]+)? ?([KMGT]i?B)$`)
	fileMode     = regexp.MustCompile(`^0[0-7]{3}$`)
	tenantName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$`)

	address        = regexp.MustCompile(`^(https?://.+)?$`)
	cronExpression = regexp.MustCompile(`^((\S+ +){4}\S+|@[a-z]+)?$`)
)

// A rule says what one value must be.
type rule struct {
	choices     []string       // one of these texts, or
	form        *regexp.Regexp // a text of this form,
	want        string         // which is this, or
	least, most float64        // a number from least to most
}

// rules are applied by check and stated by the schema. A * stands for a key that
// the user chooses.
var rules = map[string]rule{
	"memory_limit":                 {form: memoryLimit, want: "a size like 512MB or 1GB"},
	"reporting_currency":           {form: currencyCode, want: "an ISO 4217 code like USD"},
	"sources.*.organization_id":    {form: tenantName, want: "letters, digits, dots, - and _ only, at most 40"},
	"sources.*.domain":             {form: tenantName, want: "letters, digits, dots, - and _ only, at most 40"},
	"sources.*.amount_basis":       {choices: []string{"gross", "net"}},
	"sources.*.amount_unit":        {choices: []string{"", "major", "minor"}},
	"sources.*.hidden_vendor":      {choices: []string{"quarantine", "title"}},
	"sources.*.minor_units.*":      {least: 0, most: 4},
	"productiv.token_auth":         {choices: []string{"body", "basic"}},
	"productiv.record_schema":      {choices: []string{SchemaFinance, SchemaSpend}},
	"productiv.on_change":          {choices: []string{OnChangeReport, OnChangeResend, OnChangeCompensate}},
	"productiv.in_doubt":           {choices: []string{InDoubtHold, InDoubtResend}},
	"productiv.first_load":         {choices: []string{FirstLoadHold, FirstLoadPost}},
	"productiv.batch_size":         {least: 1, most: 1000},
	"productiv.concurrency":        {least: 1, most: 16},
	"productiv.hold_changes_above": {least: 0, most: 1e9},
	"productiv.hold_volume_above":  {least: 0, most: 1e9},
	"quarantine.max_share":         {least: 0, most: 1},
	"snapshots.keep":               {least: 1, most: 100000},
	"publish.mode":                 {form: fileMode, want: "an octal mode like 0640"},
	"schedule.catch_up":            {choices: []string{"none", "once"}},

	// These forms are for the schema: check is stricter.
	"productiv.post_from":  {form: regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})?$`)},
	"sources.*.base_url":   {form: address},
	"productiv.base_url":   {form: address},
	"productiv.token_url":  {form: address},
	"s3.endpoint":          {form: address},
	"fx.url":               {form: address},
	"notify.webhook":       {form: address},
	"notify.heartbeat_url": {form: address},
	"schedule.load":        {form: cronExpression},
	"schedule.sweep":       {form: cronExpression},
	"schedule." + anyKey:   {form: cronExpression},
}

// ruleOf returns the rule for a key of the file. The key of a source, and those
// below a section of chosen keys, stand for any.
func ruleOf(key string) rule {
	parts := strings.Split(key, ".")
	if len(parts) > 2 && parts[0] == "sources" {
		parts[1] = "*"
		if len(parts) > 3 {
			parts[3] = "*"
		}
	}
	return rules[strings.Join(parts, ".")]
}

// jobNames are the keys of the schedule that are not sources.
var jobNames = []string{"load", "sweep", "timezone", "catch_up", "drain"}

// check applies the rules for single values and for values that depend on
// each other, and makes paths absolute.
func check(c *Config, r *reader) {
	c.Vendors.Assumed = r.at["vendors.aliases_file"] == nil
	paths := map[string]*string{
		"data_dir": &c.DataDir, "rules_file": &c.RulesFile, "types_file": &c.TypesFile, "fx.rates_file": &c.FX.RatesFile,
		"vendors.aliases_file": &c.Vendors.AliasesFile, "categories.file": &c.Categories.File, "snapshots.dir": &c.Snapshots.Dir,
		"publish.dir": &c.Publish.Dir,
	}
	for i := range c.Sources {
		paths["sources."+c.Sources[i].Name+".cardholder_emails"] = &c.Sources[i].CardholderEmails
	}
	if !strings.HasPrefix(c.Warehouse, "ducklake:") && !strings.HasPrefix(c.Warehouse, schemeMotherDuck) {
		paths["warehouse"] = &c.Warehouse
	}
	if !c.HasLakeInBucket() {
		paths["lake.data_path"] = &c.Lake.DataPath
	}
	paths["extensions"] = &c.Extensions
	for key, p := range paths {
		if scheme, _, remote := strings.Cut(*p, "://"); remote {
			r.faultAt(key, "is on this machine or on a mounted folder: write a path without %s://; an object store goes into store", scheme)
		}
		*p = r.path(*p)
	}
	r.general(c)
	r.checkStore(c)
	r.checkLake(c)
	r.checkPublish(c)
	r.checkSources(c)
	r.checkProductiv(c)
	r.checkSchedule(c)
}

// checkStore makes sure that the store is a bucket or a folder.
func (r *reader) checkStore(c *Config) {
	if c.S3.Endpoint != "" {
		r.url("s3.endpoint", c.S3.Endpoint)
	}
	if c.S3.KeyID.IsSet() != c.S3.Secret.IsSet() {
		r.faultAt("s3", "needs both key_id and secret, or neither")
	}
	if c.Store == "" {
		return
	}
	u, err := url.Parse(c.Store)
	switch {
	case err != nil || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		r.faultAt("store", "is not the plain address of a store; write one like s3://bucket/spendbridge, and the rest under s3")
	case u.Scheme == "s3" && u.Host != "":
	case u.Scheme == "file" && u.Host == "" && u.Path != "":
	default:
		r.faultAt("store", "%s; write s3://bucket/spendbridge, or file:///mnt/share for a mounted folder", r.is("store", c.Store))
	}
}

// checkPublish makes sure that those who read what is published cannot change
// it, and see nothing of the data folder.
func (r *reader) checkPublish(c *Config) {
	p := c.Publish
	r.text("publish.mode", p.Mode)
	if fileMode.MatchString(p.Mode) {
		switch mode := p.FileMode(); {
		case mode&0o022 != 0:
			r.faultAt("publish.mode", "lets others change what is published; write 0640, or 0644 for everybody on this machine")
		case mode&0o600 != 0o600 || mode&0o111 != 0:
			r.faultAt("publish.mode", "is the mode of files; write 0640, or 0644 for everybody on this machine")
		}
	}
	if p.Dir == "" {
		if p.Group != "" {
			r.faultAt("publish.group", "needs publish.dir, a folder that the group can reach; the data folder is for this user alone")
		}
		return
	}
	if isBelow(p.Dir, c.DataDir) || isBelow(c.DataDir, p.Dir) {
		r.faultAt("publish.dir", "must be apart from data_dir, which is for this user alone")
	}
}

// isBelow reports whether a path is a folder or in it.
func isBelow(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// password is that of a catalog, in both forms of its address.
var password = regexp.MustCompile(`\s*\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S+)`)

// checkLake makes sure that a lake has all that several machines need, and takes the
// password out of its address, which is shown and stored.
func (r *reader) checkLake(c *Config) {
	if !c.HasLake() {
		if strings.HasPrefix(c.Warehouse, "ducklake:") {
			r.faultAt("warehouse", "must have its catalog in PostgreSQL, which lets one machine work at a time: ducklake:postgres:dbname=… host=…")
		}
		if c.Lake.DataPath != "" {
			r.faultAt("lake.data_path", "is for a lake only; set warehouse to ducklake:postgres:dbname=… host=…, or remove it")
		}
		return
	}
	r.checkLakeData(c)
	if c.Store == "" {
		r.faultAt("warehouse", "is a lake and needs a store, from which another machine takes over: store: s3://bucket/spendbridge")
	}
	catalog := c.LakeCatalog()
	if u, err := url.Parse(catalog); err == nil && u.User != nil {
		if text, ok := u.User.Password(); ok {
			c.Lake.Password, u.User = NewSecret(text), url.User(u.User.Username())
			c.Warehouse = schemeLake + u.String()
		}
	} else if found := password.FindStringSubmatch(catalog); found != nil {
		text := found[1]
		if quoted, ok := strings.CutPrefix(text, "'"); ok {
			text = strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(strings.TrimSuffix(quoted, "'"))
		}
		c.Lake.Password, c.Warehouse = NewSecret(text), schemeLake+strings.TrimSpace(password.ReplaceAllString(catalog, ""))
	}
}

// checkLakeData makes sure that a lake's data has a place of its own: prune deletes the
// Parquet files there that the lake does not know.
func (r *reader) checkLakeData(c *Config) {
	path := c.Lake.DataPath
	if path == "" {
		r.faultAt("warehouse",
			"is a lake and needs lake.data_path: s3://bucket/lake, or a folder that all machines mount")
		return
	}
	if strings.HasPrefix(path, schemeS3) && !isPlainAddress(path) {
		r.faultAt("lake.data_path",
			"is not the plain address of a bucket; write one like s3://bucket/lake, and the rest under s3")
	}
	for other, place := range map[string]string{
		"store": strings.TrimPrefix(c.Store, "file://"), "data_dir": c.DataDir,
		"snapshots.dir": c.Snapshots.Dir, "publish.dir": c.Publish.Dir,
	} {
		if strings.HasPrefix(place+"/", strings.TrimRight(path, "/")+"/") {
			r.faultAt(other,
				"must not be in lake.data_path, where prune deletes the Parquet files that are not the lake's")
		}
	}
}

// isPlainAddress reports whether an address names a bucket and what is in it, no more.
func isPlainAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

func (r *reader) general(c *Config) {
	r.required("data_dir", c.DataDir != "")
	r.text("memory_limit", c.MemoryLimit)
	r.text("reporting_currency", c.ReportingCurrency)
	r.zone("reporting_timezone", c.ReportingTimezone)
	r.number("quarantine.max_share", c.Quarantine.MaxShare)
	r.number("snapshots.keep", float64(c.Snapshots.Keep))
	if c.FX.URL != "" {
		r.url("fx.url", c.FX.URL)
		if c.FX.RatesFile != "" {
			r.faultAt("fx.url", "cannot be combined with rates_file; set one of them")
		}
	}
	if c.Notify.Webhook.IsSet() {
		r.url("notify.webhook", c.Notify.Webhook.Reveal())
	}
	if c.Notify.HeartbeatURL.IsSet() {
		r.url("notify.heartbeat_url", c.Notify.HeartbeatURL.Reveal())
	}
	if c.HTTP.Listen != "" {
		host, _, err := net.SplitHostPort(c.HTTP.Listen)
		if err != nil || !IsLoopback(host) {
			r.faultAt("http.listen", "must be a loopback address like 127.0.0.1:9464")
		}
	}
}

func (r *reader) checkSources(c *Config) {
	switch {
	case r.at["sources"] == nil:
		r.faultAt("sources", "is missing; configure at least one source: %s", r.kindNames())
	case len(c.Sources) == 0:
		r.faultAt("sources", "has no usable source; configure at least one: %s", r.kindNames())
	}
	tenants := map[string]string{}
	for _, s := range c.Sources {
		key := "sources." + s.Name
		r.checkSource(s, key)
		tenant := s.Kind + " " + s.Tenant()
		if other, ok := tenants[tenant]; ok && s.Tenant() != "" {
			r.faultAt(key, "is the same organisation as sources.%s; remove one of them", other)
		}
		tenants[tenant] = s.Name
	}
}

func (r *reader) checkSource(s Source, key string) {
	if !sourceName.MatchString(s.Name) || slices.Contains(jobNames, s.Name) {
		r.faultAt(key, "is not a valid source name; use lower-case letters, digits, - and _, but none of %s", strings.Join(jobNames, ", "))
	}
	r.url(key+".base_url", s.BaseURL)
	r.above(key+".max_requests_per_second", s.MaxRequestsPerSecond, 0)
	r.above(key+".lookback", float64(s.Lookback), 0)
	kind, _ := r.kind(s.Kind) // it was read as one of that kind
	for _, name := range kind.Settings {
		if check := settingChecks[name]; check != nil {
			check(r, key+"."+name, s)
		}
	}
}

func (r *reader) checkProductiv(c *Config) {
	p := c.Productiv
	if r.at["productiv"] == nil {
		r.faultAt("productiv", "is missing; set where spend is posted: client_id, client_secret and app_id")
		return
	}
	r.url("productiv.base_url", p.BaseURL)
	r.url("productiv.token_url", p.TokenURL)
	r.secret("productiv.client_id", p.ClientID)
	r.secret("productiv.client_secret", p.ClientSecret)
	r.checkApps(c)
	r.text("productiv.token_auth", p.TokenAuth)
	r.text("productiv.record_schema", p.RecordSchema)
	r.text("productiv.on_change", p.OnChange)
	r.text("productiv.in_doubt", p.InDoubt)
	r.text("productiv.first_load", p.FirstLoad)
	if u, err := url.Parse(p.BaseURL); p.FirstLoad == FirstLoadPost && err == nil && !onThisMachine(p.BaseURL) {
		r.faultAt("productiv.first_load", "is post, but %s is not on this machine; write hold: the first load waits for spendbridge load --approve", u.Hostname())
	}
	r.number("productiv.batch_size", float64(p.BatchSize))
	r.number("productiv.concurrency", float64(p.Concurrency))
	r.number("productiv.hold_changes_above", float64(p.HoldChangesAbove))
	r.number("productiv.hold_volume_above", p.HoldVolumeAbove)
	for key, resends := range map[string]bool{"on_change": p.OnChange == OnChangeResend, "in_doubt": p.InDoubt == InDoubtResend} {
		if resends && p.RecordSchema == SchemaFinance {
			r.faultAt("productiv."+key, "is resend, but record_schema finance has no key that lets Productiv recognise a repeated record; write record_schema: spend, or another %s", key)
		}
	}
}

// checkApps makes sure that each source has an application to post to.
func (r *reader) checkApps(c *Config) {
	p := c.Productiv
	switch {
	case p.AppID != "" && len(p.AppIDs) > 0:
		r.faultAt("productiv.app_ids", "cannot be combined with app_id; set one of them")
	case p.AppID != "":
		return
	case r.at["productiv.app_ids"] == nil:
		r.required("productiv.app_id", false)
		return
	}
	names := SourceNames(c.Sources)
	for _, s := range c.Sources {
		if p.AppIDs[s.Name] == "" {
			r.faultAt("productiv.app_ids."+s.Name, "is missing; set the Productiv application id of this source")
		}
	}
	for name := range p.AppIDs {
		// A source that was removed from the configuration may keep its application.
		if near := etl.Nearest(name, names); near != "" && near != name && p.AppIDs[near] == "" {
			r.faultAt("productiv.app_ids."+name, "is not a source; did you mean %s?", near)
		}
	}
}

func (r *reader) checkSchedule(c *Config) {
	r.zone("schedule.timezone", c.Schedule.Timezone)
	r.text("schedule.catch_up", c.Schedule.CatchUp)
	r.cron("load", c.Schedule.Load)
	r.cron("sweep", c.Schedule.Sweep)
	known := slices.Clone(jobNames)
	for _, s := range r.sources { // one with faults is a source as well
		known = append(known, s.Key.GetToken().Value)
	}
	for name, text := range c.Schedule.Extract {
		key := "schedule." + name
		r.cron(name, text)
		if !slices.Contains(known, name) {
			r.fault(r.at[key], key, "is neither a source nor a job%s", etl.DidYouMean(name, known))
		}
	}
}

// cron checks the schedule of a job. An empty text means never.
func (r *reader) cron(job, text string) {
	if text == "" {
		return
	}
	key := "schedule." + job
	_, err := ParseCron(text)
	switch {
	case err != nil && r.expanded[key]:
		r.faultAt(key, "%s; write minute hour day month weekday", r.is(key, text))
	case err != nil:
		r.faultAt(key, "%s", err)
	}
}

func (r *reader) required(key string, given bool) {
	if !given {
		r.faultAt(key, "is missing or empty; it is required")
	}
}

func (r *reader) secret(key string, s Secret) {
	r.required(key, s.IsSet())
	if strings.ContainsFunc(s.Reveal(), unicode.IsControl) {
		r.faultAt(key, "contains a line break or another control character, which cannot be sent; put the secret alone on one line")
	}
}

// text applies the rule for a text.
func (r *reader) text(key, value string) {
	rule := ruleOf(key)
	want := rule.want
	if rule.form == nil {
		want = strings.Join(slices.DeleteFunc(slices.Clone(rule.choices), func(s string) bool { return s == "" }), " or ")
	}
	if rule.form != nil && !rule.form.MatchString(value) || rule.form == nil && !slices.Contains(rule.choices, value) {
		r.faultAt(key, "%s; write %s", r.is(key, value), want)
	}
}

// number applies the rule for a number.
func (r *reader) number(key string, value float64) {
	if rule := ruleOf(key); !(value >= rule.least && value <= rule.most) { // also catches NaN
		r.faultAt(key, "is %v; write a number from %v to %v", value, rule.least, rule.most)
	}
}

// is quotes a value, unless it came from a variable: that may be a secret in
// the wrong place.
func (r *reader) is(key, value string) string {
	if r.expanded[key] {
		return "has an invalid value after variable substitution"
	}
	return fmt.Sprintf("is %q", value)
}

func (r *reader) tenant(key, value string) {
	r.required(key, value != "")
	r.text(key, value)
}

func (r *reader) above(key string, value, least float64) {
	if !(value > least) {
		r.faultAt(key, "must be more than %v", least)
	}
}

func (r *reader) zone(key, name string) {
	if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
		r.faultAt(key, "%s; write a time zone like UTC or Europe/Paris", r.is(key, name))
	}
}

// url checks a URL without ever quoting it: it may contain a secret.
func (r *reader) url(key, text string) {
	r.required(key, text != "")
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		r.faultAt(key, "is not a URL; write one like https://example.com/path")
	case u.User != nil:
		r.faultAt(key, "contains a user name or password; remove it")
	case u.Fragment != "":
		r.faultAt(key, "contains a #fragment; remove it")
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		r.faultAt(key, "sends secrets in the clear to %s; use https:// (http:// is for this machine only)", u.Hostname())
	}
}

// IsLoopback reports whether a host is this machine by a name of its own.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// A Kind is what the configuration knows of a vendor.
type Kind struct {
	Name     string
	Settings []string // the keys of its sources, beside those of all sources
	Default  Source   // what holds if the file does not say otherwise
}

// commonSettings are the keys of a source of any kind.
var commonSettings = []string{"kind", "base_url", "lookback", "max_requests_per_second", "max_wait"}

// settingChecks check the keys that not every kind has.
var settingChecks = map[string]func(r *reader, key string, s Source){
	"token":           func(r *reader, key string, s Source) { r.secret(key, s.Token) },
	"client_id":       func(r *reader, key string, s Source) { r.secret(key, s.ClientID) },
	"client_secret":   func(r *reader, key string, s Source) { r.secret(key, s.ClientSecret) },
	"organization_id": func(r *reader, key string, s Source) { r.tenant(key, s.OrganizationID) },
	"domain":          func(r *reader, key string, s Source) { r.tenant(key, s.Domain) },
	"amount_basis":    func(r *reader, key string, s Source) { r.text(key, s.AmountBasis) },
	"amount_unit":     func(r *reader, key string, s Source) { r.text(key, s.AmountUnit) },
	"hidden_vendor":   func(r *reader, key string, s Source) { r.text(key, s.HiddenVendor) },
	"minor_units": func(r *reader, key string, s Source) {
		for currency, exponent := range s.MinorUnits {
			if !currencyCode.MatchString(currency) {
				r.faultAt(key+"."+currency, "is not an ISO 4217 code; write one like JPY")
			}
			r.number(key+"."+currency, float64(exponent))
		}
	},
}

// kind returns the kind of that name.
func (r *reader) kind(name string) (Kind, bool) {
	for _, k := range r.kinds {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// kindNames lists the kinds in a sentence.
func (r *reader) kindNames() string {
	var names []string
	for _, k := range r.kinds {
		names = append(names, k.Name)
	}
	return strings.Join(names, " or ")
}

// source returns a source that has no settings of its own.
func (k Kind) source(name string) Source {
	s := k.Default
	s.Name, s.Kind, s.Lookback, s.MaxWait = name, k.Name, Duration(90*day), Duration(5*time.Minute)
	return s
}
