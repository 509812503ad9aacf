package config

import (
	"fmt"
	"net"
	"net/url"
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
	tenantName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$`)
)

// jobNames are the keys of the schedule that are not sources.
var jobNames = []string{"load", "sweep", "timezone", "catch_up", "drain"}

// check applies the rules for single values and for values that depend on
// each other, and makes paths absolute.
func check(c *Config, r *reader) {
	r.paths(c)
	c.Vendors.Assumed = r.at["vendors.aliases_file"] == nil
	r.general(c)
	r.checkSources(c)
	r.checkProductiv(c)
	r.checkSchedule(c)
}

func (r *reader) paths(c *Config) {
	paths := []*string{&c.DataDir, &c.RulesFile, &c.TypesFile, &c.FX.RatesFile, &c.Vendors.AliasesFile, &c.Categories.File, &c.Snapshots.Dir}
	for i := range c.Sources {
		paths = append(paths, &c.Sources[i].CardholderEmails)
	}
	if !strings.HasPrefix(c.Warehouse, "ducklake:") && !strings.HasPrefix(c.Warehouse, "md:") {
		paths = append(paths, &c.Warehouse)
	}
	for _, p := range paths {
		*p = r.path(*p)
	}
}

func (r *reader) general(c *Config) {
	r.required("data_dir", c.DataDir != "")
	r.matches("memory_limit", c.MemoryLimit, memoryLimit, "a size like 512MB or 1GB")
	r.matches("reporting_currency", c.ReportingCurrency, currencyCode, "an ISO 4217 code like USD")
	r.zone("reporting_timezone", c.ReportingTimezone)
	r.between("quarantine.max_share", c.Quarantine.MaxShare, 0, 1)
	r.between("snapshots.keep", float64(c.Snapshots.Keep), 1, 100000)
	if c.FX.URL != "" {
		r.url("fx.url", c.FX.URL)
		if c.FX.RatesFile != "" {
			r.faultAt("fx.url", "cannot be combined with rates_file; set one of them")
		}
	}
	if c.Notify.Webhook.IsSet() {
		r.url("notify.webhook", c.Notify.Webhook.Reveal())
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
	r.oneOf("productiv.token_auth", p.TokenAuth, "body", "basic")
	r.oneOf("productiv.record_schema", p.RecordSchema, SchemaFinance, SchemaSpend)
	r.oneOf("productiv.on_change", p.OnChange, OnChangeReport, OnChangeResend, OnChangeCompensate)
	r.oneOf("productiv.in_doubt", p.InDoubt, InDoubtHold, InDoubtResend)
	r.oneOf("productiv.first_load", p.FirstLoad, FirstLoadHold, FirstLoadPost)
	if u, err := url.Parse(p.BaseURL); p.FirstLoad == FirstLoadPost && err == nil && !IsLoopback(u.Hostname()) {
		r.faultAt("productiv.first_load", "is post, but %s is not on this machine; write hold: the first load waits for spendbridge load --approve", u.Hostname())
	}
	r.between("productiv.batch_size", float64(p.BatchSize), 1, 1000)
	r.between("productiv.concurrency", float64(p.Concurrency), 1, 16)
	r.between("productiv.hold_changes_above", float64(p.HoldChangesAbove), 0, 1e9)
	r.between("productiv.hold_volume_above", p.HoldVolumeAbove, 0, 1e9)
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
	r.oneOf("schedule.catch_up", c.Schedule.CatchUp, "none", "once")
	r.cron(c, "load", c.Schedule.Load)
	r.cron(c, "sweep", c.Schedule.Sweep)
	known := slices.Concat(jobNames, SourceNames(c.Sources))
	for name, text := range c.Schedule.Extract {
		if !slices.Contains(known, name) {
			r.faultAt("schedule."+name, "is neither a source nor a job%s", etl.DidYouMean(name, known))
		}
		r.cron(c, name, text)
	}
}

// cron checks the schedule of a job. An empty text means never.
func (r *reader) cron(c *Config, job, text string) {
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

func (r *reader) matches(key, value string, pattern *regexp.Regexp, want string) {
	if !pattern.MatchString(value) {
		r.faultAt(key, "%s; write %s", r.is(key, value), want)
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
	r.matches(key, value, tenantName, "letters, digits, dots, - and _ only, at most 40")
}

func (r *reader) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		words := slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == "" })
		r.faultAt(key, "%s; write %s", r.is(key, value), strings.Join(words, " or "))
	}
}

func (r *reader) between(key string, value, least, most float64) {
	if !(value >= least && value <= most) { // also catches NaN
		r.faultAt(key, "is %v; write a number from %v to %v", value, least, most)
	}
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
