package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"spendbridge/etl/config"
	"spendbridge/etl/httpretry"
)

const (
	probeTimeout = 20 * time.Second
	skewWarning  = time.Minute
	skewError    = 5 * time.Minute

	// enoughToJudge is how many expenses must lack a vendor or a person before
	// the token is suspected.
	enoughToJudge = 10
)

// examineAPIs asks each vendor for as little as shows that the job can be
// done. Nothing is posted.
func (d *doctor) examineAPIs(ctx context.Context) {
	client := httpretry.New(httpretry.Options{Tries: 1, Timeout: probeTimeout, Redact: d.Job.Redact})
	for _, s := range d.Config.Sources {
		switch s.Kind {
		case config.KindProductive:
			d.examineProductive(ctx, client, s)
		case config.KindProcurify:
			d.examineProcurify(ctx, client, s)
		}
	}
	d.examineProductiv(ctx, client)
}

// get asks once and looks at the server's clock by the way.
func (d *doctor) get(ctx context.Context, client *httpretry.Client, check, address string, header http.Header) (*httpretry.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header = header
	resp, err := client.Once(req)
	if resp != nil {
		d.examineClock(check, resp.Header)
	}
	return resp, err
}

// examineClock compares this machine's clock with a server's. It says so once.
func (d *doctor) examineClock(check string, header http.Header) {
	theirs, err := http.ParseTime(header.Get("Date"))
	for _, f := range d.findings {
		if f.Check == "clock" {
			return
		}
	}
	if err != nil {
		return
	}
	skew := d.Job.Now().Sub(theirs).Abs().Round(time.Second)
	const mend = "set the clock; systemd-timesyncd or chrony keeps it"
	switch {
	case skew > skewError:
		d.fail("clock", mend, "this machine and %s are %s apart", check, skew)
	case skew > skewWarning:
		d.warn("clock", mend, "this machine and %s are %s apart", check, skew)
	default:
		d.ok("clock", "agrees with that of %s", check)
	}
}

// examineProductive reads one page with the vendors and people of its
// expenses: a token without the permission sees the expenses and not those
// (schemas/README.md, Productive.io: access).
func (d *doctor) examineProductive(ctx context.Context, client *httpretry.Client, s config.Source) {
	header := http.Header{
		"X-Auth-Token": {s.Token.Reveal()}, "X-Organization-Id": {s.OrganizationID},
		"Content-Type": {"application/vnd.api+json"},
	}
	resp, err := d.get(ctx, client, s.Name, s.BaseURL+"/expenses?page%5Bnumber%5D=1&page%5Bsize%5D=200&include=person%2Cvendor", header)
	if err != nil {
		d.refused(s.Name, err, map[int]string{
			http.StatusUnauthorized: "make a new token (Productive.io, Settings, API integrations) and set sources." + s.Name + ".token",
			http.StatusForbidden:    "the token's owner must be an active member of organization_id " + s.OrganizationID + " who may see expenses",
			http.StatusNotFound:     "correct base_url; it ends in /api/v2",
		})
		return
	}
	d.examineExpenses(s.Name, resp.Body)
}

// examineExpenses looks for relationships that no expense shows.
func (d *doctor) examineExpenses(check string, body []byte) {
	var page struct {
		Data []struct {
			Relationships map[string]struct {
				Data json.RawMessage `json:"data"`
			} `json:"relationships"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &page); err != nil || page.Data == nil {
		d.fail(check, "correct base_url", "answered, but not with a list of expenses")
		return
	}
	n := len(page.Data)
	d.ok(check, "lets this token in; it sees %d expenses on the first page", n)
	for _, name := range []string{"vendor", "person"} {
		hidden := 0
		for _, expense := range page.Data {
			if data := expense.Relationships[name].Data; len(data) == 0 || string(data) == "null" {
				hidden++
			}
		}
		if n >= enoughToJudge && hidden == n {
			d.fail(check+" permission", "give the token's owner the right to view companies and people, then make a new token",
				"none of %d expenses shows a %s; the token may not see them", n, name)
		}
	}
}

// examineProcurify asks for a token and for one transaction.
func (d *doctor) examineProcurify(ctx context.Context, client *httpretry.Client, s config.Source) {
	token, err := httpretry.NewTokenCache(client, httpretry.Credentials{
		URL: s.BaseURL + "/oauth/token", ClientID: s.ClientID.Reveal(), ClientSecret: s.ClientSecret.Reveal(),
		Style: httpretry.JSONBody, Audience: "https://api.procurify.com/",
	}).Get(ctx)
	if err != nil {
		d.refused(s.Name, err, map[int]string{
			http.StatusUnauthorized: "correct sources." + s.Name + ".client_id and client_secret; the user who made them must be active",
			http.StatusNotFound:     "correct base_url; it is https://DOMAIN.procurify.com",
		})
		return
	}
	header := http.Header{"Authorization": {"Bearer " + token}, "X-Procurify-Client": {"api"}, "Accept": {"application/json"}}
	_, err = d.get(ctx, client, s.Name, s.BaseURL+"/api/public/v1/pay/transactions/?page=1&page_size=1", header)
	if err != nil {
		d.refused(s.Name, err, map[int]string{
			http.StatusForbidden: "give the user who made the credentials a role that may see card transactions",
		})
		return
	}
	d.ok(s.Name, "lets this client in and shows transactions")
	if s.AmountUnit == "" {
		d.warn(s.Name+" amounts", "set sources."+s.Name+".amount_unit to major or minor if records are set aside for it",
			"amount_unit is not set: amounts without a decimal point are set aside")
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
	d.ok("productiv", "gives this client a token for connector.write; the app id can be proven by posting only")
}

// refused says why an API cannot be used.
func (d *doctor) refused(check string, err error, mends map[int]string) {
	var status *httpretry.StatusError
	var dns *net.DNSError
	mend := "see the message; the server may be well again later"
	switch {
	case httpretry.InBetween(err):
		mend = "a firewall or proxy answered in its place: have this machine let through, and check the address and HTTPS_PROXY"
	case errors.As(err, &status) && mends[status.Code] != "":
		mend = mends[status.Code]
	case errors.As(err, &dns):
		mend = "correct the host name in the configuration, or this machine's DNS"
	case !errors.As(err, &status):
		mend = "see that this machine may reach the host (firewall, HTTPS_PROXY)"
	}
	d.fail(check, mend, "%s", fmt.Sprint(err))
}
