package transform

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
)

// defaultMaxShare is the share of quarantined records that is still normal.
const defaultMaxShare = "0.05"

// A Result is what a transform made of the raw records.
type Result struct {
	Counts    etl.Counts // spend records read, those that are spend, and those left out
	Parsed    int        // versions of spend records that were new to staging
	LeftOut   []Reason
	Share     Share
	Warnings  []Warning
	Attention []error // what needs attention, each an [*etl.NeedsPersonError]
}

// Err is what needs attention, nil if nothing does.
func (r Result) Err() error { return errors.Join(append(r.Attention, r.Share.Err())...) }

// A Reason counts the records of one source and currency that are not spend for
// the same reason.
type Reason struct {
	Place    string     `json:"place"` // excluded, quarantined
	Source   string     `json:"source"`
	Reason   string     `json:"reason"`
	Currency string     `json:"currency"` // as received, "?" if missing
	Records  int        `json:"records"`
	Amount   etl.Amount `json:"source_amount"` // in the source's own unit
}

// A Share is how much of all records is in quarantine.
type Share struct {
	Quarantined int    `json:"quarantined"`
	Records     int    `json:"records"`
	Max         string `json:"max_share"`
	Exceeded    bool   `json:"exceeded"`
}

// A Warning is something worth a look although nothing failed.
type Warning struct {
	Source string `json:"source"`
	Text   string `json:"warning"`
}

// summarise reads the result from the tables.
func (t *transformer) summarise(ctx context.Context) (Result, error) {
	var (
		r                  Result
		spend, quarantined int
	)
	err := t.tx.Get(ctx, "transform/check.counts", nil, &r.Parsed, &spend)
	if err == nil {
		err = warehouse.Fill(ctx, t.tx, &r.LeftOut, "transform/check.reasons", nil)
	}
	if err != nil {
		return r, err
	}
	r.Counts = etl.Counts{Read: spend, Written: spend}
	for _, reason := range r.LeftOut {
		r.Counts.Read += reason.Records
		r.Counts.Skipped += reason.Records
		if reason.Place == "quarantined" {
			quarantined += reason.Records
		}
	}
	if r.Share, err = newShare(quarantined, r.Counts.Read, t.opts.QuarantineMaxShare); err != nil {
		return r, err
	}
	if err := warehouse.Fill(ctx, t.tx, &r.Warnings, "transform/check.warnings", nil); err != nil {
		return r, err
	}
	rates, err := t.reportRates(ctx)
	if err != nil {
		return r, err
	}
	r.Warnings = append(r.Warnings, rates...)
	if err := t.hiddenLinks(ctx, &r); err != nil {
		return r, err
	}
	r.Attention = append(r.Attention, t.attention...)
	return r, nil
}

// newShare compares without rounding.
func newShare(quarantined, records int, limit string) (Share, error) {
	if limit == "" {
		limit = defaultMaxShare
	}
	share, ok := new(big.Rat).SetString(limit)
	if !ok {
		return Share{}, etl.Usagef("quarantine.max_share is %q; write a share such as 0.05", limit)
	}
	allowed := share.Mul(share, big.NewRat(int64(records), 1))
	exceeded := big.NewRat(int64(quarantined), 1).Cmp(allowed) > 0
	return Share{quarantined, records, limit, exceeded}, nil
}

// Err is nil unless the share is exceeded.
func (s Share) Err() error {
	if !s.Exceeded {
		return nil
	}
	return &etl.NeedsPersonError{
		What: fmt.Sprintf("%d of %d records are in quarantine, more than the share of %s", s.Quarantined, s.Records, s.Max),
		Fix:  "see: spendbridge quarantine list",
	}
}

// hiddenLinks lists the objects that records link and the token cannot see, as
// each vendor finds them. Whatever has a fix needs attention.
func (t *transformer) hiddenLinks(ctx context.Context, r *Result) error {
	configured := config.SourceNames(t.opts.Sources)
	return t.each(ctx, "transform/hidden_", func(rows *sql.Rows) error {
		var source, finding string
		var fix sql.NullString
		if err := rows.Scan(&source, &finding, &fix); err != nil {
			return err
		}
		if fix.Valid && slices.Contains(configured, source) {
			r.Attention = append(r.Attention, &etl.NeedsPersonError{What: source + ": " + finding, Fix: fix.String})
		} else {
			r.Warnings = append(r.Warnings, Warning{source, finding})
		}
		return nil
	})
}
