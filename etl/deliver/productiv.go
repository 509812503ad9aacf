package deliver

import (
	"errors"
	"net/url"
	"slices"
	"time"

	"spendbridge/etl"
)

// The shapes of a record: finance as in the documented seed, spend as on the
// newer page with signatureId (contracts.md 1.4).
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
	FirstLoadHold = "hold" // a person looks at it first
	FirstLoadPost = "post" // it goes out; for a target on this machine only
)

// What happens to a batch whose outcome is unknown.
const (
	InDoubtHold   = "hold"   // it waits for a person
	InDoubtResend = "resend" // the same body is posted again
)

// MaxBatchSize is the documented limit of records in one request.
const MaxBatchSize = 1000

// Scope is what posting needs (contracts.md 1.2).
const Scope = "https://api.productiv.com/connector.write"

// A Productiv says where and how spend is posted.
type Productiv struct {
	BaseURL      string
	TokenURL     string
	TokenAuth    string // body, basic
	ClientID     string
	ClientSecret string
	AppID        string
	AppIDs       map[string]string // by source, goes before AppID

	RecordSchema    string
	BatchSize       int
	OnChange        string
	InDoubt         string
	AssumeAtomic422 bool      // whether a refused batch stored nothing
	PostFrom        time.Time // the first day that is posted; zero means every day
	Concurrency     int       // connections

	FirstLoad        string  // hold, post: the first load of a source to a target
	HoldChangesAbove int     // 0 means off
	HoldVolumeAbove  float64 // times the median of the last ten loads; 0 means off

	Timeout time.Duration // for one answer; 0 means two minutes
	MaxWait time.Duration // the longest pause the server may ask for; 0 means 15 minutes
	Pause   time.Duration // the first of the growing pauses; 0 means one second
}

// Validate returns every fault of the settings, as one [*etl.UsageError].
func (p Productiv) Validate() error {
	var faults []error
	fault := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, etl.Usagef(format, args...))
		}
	}
	fault(isURL(p.BaseURL), "productiv.base_url: %q is not a URL; write https://public-api.productiv.com", p.BaseURL)
	fault(isURL(p.TokenURL), "productiv.token_url: %q is not a URL; write https://login.api.productiv.com/oauth2/token", p.TokenURL)
	fault(p.AppID != "" || len(p.AppIDs) > 0, "productiv.app_id: is missing; Productiv gives one for every application that is set up")
	fault(p.BatchSize >= 1 && p.BatchSize <= MaxBatchSize,
		"productiv.batch_size: %d; write a number from 1 to %d", p.BatchSize, MaxBatchSize)
	fault(p.Concurrency >= 1, "productiv.concurrency: %d; write 1 or more", p.Concurrency)
	for _, choice := range []struct {
		key, value string
		allowed    []string
	}{
		{"token_auth", p.TokenAuth, []string{"body", "basic"}},
		{"record_schema", p.RecordSchema, []string{SchemaFinance, SchemaSpend}},
		{"on_change", p.OnChange, []string{OnChangeReport, OnChangeResend, OnChangeCompensate}},
		{"in_doubt", p.InDoubt, []string{InDoubtHold, InDoubtResend}},
		{"first_load", p.FirstLoad, []string{FirstLoadHold, FirstLoadPost}},
	} {
		fault(slices.Contains(choice.allowed, choice.value),
			"productiv.%s: %q; write one of %v", choice.key, choice.value, choice.allowed)
	}
	fault(p.RecordSchema != SchemaFinance || p.OnChange != OnChangeResend,
		"productiv.on_change: resend needs record_schema: spend, for a finance record has no key that Productiv could replace it by; write report or compensate")
	fault(p.RecordSchema != SchemaFinance || p.InDoubt != InDoubtResend,
		"productiv.in_doubt: resend needs record_schema: spend, for a finance record sent twice is counted twice; write hold")
	if len(faults) == 0 {
		return nil
	}
	return &etl.UsageError{Err: errors.Join(faults...)}
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// appID returns where a source's records go, "" for nowhere.
func (p Productiv) appID(source string) string {
	if id, ok := p.AppIDs[source]; ok {
		return id
	}
	return p.AppID
}
