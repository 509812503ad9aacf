package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/extract"
	"spendbridge/etl/httpretry"
)

const (
	probeTimeout = 20 * time.Second
	skewWarning  = time.Minute
	skewError    = 5 * time.Minute
)

// examineAPIs asks each vendor for as little as shows that the job can be
// done. Nothing is posted.
func (d *doctor) examineAPIs(ctx context.Context) {
	for _, s := range d.Config.Sources {
		d.examineSource(ctx, s)
	}
	d.examineProductiv(ctx, httpretry.New(httpretry.Options{Tries: 1, Timeout: probeTimeout, Redact: d.Job.Redact}))
}

// examineSource lets a vendor's client examine its source, and looks at the
// vendor's clock by the way. A tenant that is only an example gets no credentials.
func (d *doctor) examineSource(ctx context.Context, s config.Source) {
	if slices.ContainsFunc(d.examples, func(e config.Example) bool { return e.Source == s.Name }) {
		d.OK(s.Name, "not asked before the example is replaced")
		return
	}
	source, err := d.Job.OpenSource(s, httpretry.Options{Tries: 1, Timeout: probeTimeout})
	if err != nil {
		d.Fail(s.Name, "see the message", "%v", err)
		return
	}
	examiner, ok := source.(extract.Examiner)
	if !ok {
		return
	}
	e := examiner.Examine(ctx)
	d.examineClock(s.Name, e.Header)
	if e.Err != nil {
		d.refused(s.Name, e.Err, e.Mends)
	}
	d.Findings = append(d.Findings, e.Findings...)
}

// examineClock compares this machine's clock with a server's. It says so once.
func (d *doctor) examineClock(check string, header http.Header) {
	theirs, err := http.ParseTime(header.Get("Date"))
	if err != nil || slices.ContainsFunc(d.Findings, func(f etl.Finding) bool { return f.Check == "clock" }) {
		return
	}
	skew := d.Job.Now().Sub(theirs).Abs().Round(time.Second)
	const fix = "set the clock; systemd-timesyncd or chrony keeps it"
	switch {
	case skew > skewError:
		d.Fail("clock", fix, "this machine and %s are %s apart", check, skew)
	case skew > skewWarning:
		d.Warn("clock", fix, "this machine and %s are %s apart", check, skew)
	default:
		d.OK("clock", "agrees with that of %s", check)
	}
}

// examineProductiv asks for a token only: Productiv documents no request that
// would show more without posting (schemas/README.md, Productiv: answers).
func (d *doctor) examineProductiv(ctx context.Context, client *httpretry.Client) {
	p := d.Config.Productiv
	style := httpretry.FormBody
	if p.TokenAuth == "basic" {
		style = httpretry.FormBasic
	}
	_, err := httpretry.NewTokenCache(client, httpretry.Credentials{
		URL: p.TokenURL, ClientID: p.ClientID.Reveal(), ClientSecret: p.ClientSecret.Reveal(),
		Style: style, Scope: "https://api.productiv.com/connector.write",
	}).Get(ctx)
	if err != nil {
		d.refused("productiv", err, map[int]string{
			http.StatusUnauthorized: "correct productiv.client_id and client_secret, or try the other token_auth",
			http.StatusBadRequest:   "correct productiv.client_id and client_secret, or try the other token_auth; the scope is connector.write",
			http.StatusNotFound:     "correct productiv.token_url",
		})
		return
	}
	d.OK("productiv", "gives this client a token for connector.write; the app id can be proven by posting only")
}

// refused says why an API cannot be used.
func (d *doctor) refused(check string, err error, fixes map[int]string) {
	var status *httpretry.StatusError
	var dns *net.DNSError
	fix := "see the message; the server may recover by itself"
	switch {
	case httpretry.InBetween(err):
		fix = "a firewall or proxy answered in its place: allow this machine through, and check the address and HTTPS_PROXY"
	case errors.As(err, &status) && fixes[status.Code] != "":
		fix = fixes[status.Code]
	case errors.As(err, &dns):
		fix = "correct the host name in the configuration, or this machine's DNS"
	case !errors.As(err, &status):
		fix = "make sure that this machine can reach the host (firewall, HTTPS_PROXY)"
	}
	d.Fail(check, fix, "%s", fmt.Sprint(err))
}
