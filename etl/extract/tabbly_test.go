package extract

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/time/rate"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/httpretry"
)

// Tabbly is a vendor that does not exist.
var Tabbly = Vendor{
	Kind: config.Kind{
		Name: "tabbly", Settings: []string{"token", "organization_id"},
		Default: config.Source{BaseURL: "https://api.tabbly.example", MaxRequestsPerSecond: 1000},
	},
	Budget: func(float64) []*rate.Limiter { return nil },
	Client: func(s config.Source, client *httpretry.Client, schemas fs.FS) (Source, error) {
		shapes, err := compileShapes(schemas, "tabbly")
		return &tabbly{s, client, shapes}, err
	},
}

type tabbly struct {
	source config.Source
	client *httpretry.Client
	shapes *shapes
}

func (t *tabbly) About() About {
	return About{
		Name: t.source.Name, Stream: "claims", PageSize: 2, Lookback: t.source.Lookback.Days(),
		Parallel: 1, CountsPages: true, shapes: t.shapes,
	}
}

func (t *tabbly) Pages(ctx context.Context, q Query, after etl.Cursor) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		for {
			page, err := t.page(ctx, q, after)
			if !yield(page, err) || err != nil || page.Next == "" {
				return
			}
			after = page.Next
		}
	}
}

func (t *tabbly) Count(ctx context.Context, q Query) (int, error) {
	page, err := t.page(ctx, q, "")
	return page.Expected, err
}

func (t *tabbly) page(ctx context.Context, q Query, after etl.Cursor) (Page, error) {
	params := url.Values{"page": {cmp.Or(string(after), "1")}}
	for name, day := range map[string]time.Time{"from": q.From, "to": q.To} {
		if !day.IsZero() {
			params.Set(name, day.Format(time.DateOnly))
		}
	}
	target := "/claims?" + params.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.source.BaseURL+target, nil)
	if err != nil {
		return Page{}, err
	}
	req.Header.Set("Authorization", "Bearer "+t.source.Token.Reveal())
	resp, err := t.client.Do(req)
	if err != nil {
		return wholePage(target, resp), explain(err, t.source.Name, "token", "organization_id")
	}
	page, e, err := newPage(target, resp, "claims", t.shapes)
	if err != nil {
		return page, err
	}
	page.Numbered, page.Unsteady = true, true
	return page, errors.Join(e.member("total", &page.Expected), e.member("next", &page.Next))
}
