package deliver

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A Selection is the records that one decision is about: those that the last
// ended run listed, narrowed by what is not zero.
type Selection struct {
	Classes        []string // of [etl.Undelivered]
	Source         string
	Currency       string    // ISO 4217
	OccurredBefore time.Time // a day
}

// Rejected selects what Productiv or this program rejected.
func Rejected() Selection { return Selection{Classes: []string{etl.ClassRejected, etl.ClassInvalid}} }

// Changes selects what changed or was withdrawn after it was posted.
func Changes() Selection { return Selection{Classes: []string{etl.ClassChanged, etl.ClassWithdrawn}} }

// String names the selection, as the ledger keeps it.
func (s Selection) String() string {
	text := "all " + strings.Join(s.Classes, " and ")
	if s.Source != "" {
		text += " of " + s.Source
	}
	if s.Currency != "" {
		text += " in " + s.Currency
	}
	if !s.OccurredBefore.IsZero() {
		text += " before " + s.OccurredBefore.Format(time.DateOnly)
	}
	return text
}

// RetryAll is [Delivery.SettleRetry] for all selected records, and returns how
// many they are.
func (d *Delivery) RetryAll(ctx context.Context, s Selection, by Decision) (int, error) {
	return d.settleAll(ctx, s, by, d.retry)
}

// DismissAll is [Delivery.SettleDismiss] for all selected records.
func (d *Delivery) DismissAll(ctx context.Context, s Selection, by Decision) (int, error) {
	return d.settleAll(ctx, s, by, d.dismiss)
}

// CorrectAll is [Delivery.SettleCorrected] for all selected records.
func (d *Delivery) CorrectAll(ctx context.Context, s Selection, by Decision) (int, error) {
	return d.settleAll(ctx, s, by, d.correct)
}

func (d *Delivery) settleAll(ctx context.Context, s Selection, by Decision, settle func(context.Context, covered, Decision) error) (int, error) {
	if err := d.beforeDecision(ctx, by); err != nil {
		return 0, err
	}
	before := ""
	if !s.OccurredBefore.IsZero() {
		before = s.OccurredBefore.Format(time.DateOnly)
	}
	var (
		records int
		covers  string
	)
	if err := d.DB.Get(ctx, "queries/settle_select.sql", warehouse.Args{
		"classes": s.Classes, "source": s.Source, "currency": s.Currency, "before": before,
	}, &records, &covers); err != nil {
		return 0, err
	}
	if records == 0 {
		return 0, etl.Usagef("%s: the last run listed none; spendbridge status shows what is open", s)
	}
	c := covered{subject: s.String(), covers: json.RawMessage(covers)}
	var err error
	if c.ids, err = (decided{Covers: c.covers}).records(); err != nil {
		return 0, err
	}
	return records, settle(ctx, c, by)
}
