package report

import (
	"context"
	"encoding/json"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A Quarantined record waits until its cause is mended. The amount is as
// received, in the source's own units; empty = unreadable.
type Quarantined struct {
	SpendID    string    `json:"spend_id"`
	Reason     string    `json:"reason"`
	Detail     string    `json:"detail"`
	Source     string    `json:"source"`
	Amount     string    `json:"source_amount"`
	Currency   string    `json:"source_currency"`
	Vendor     string    `json:"vendor"`
	OccurredOn string    `json:"occurred_on"`
	ChangedAt  time.Time `json:"changed_at"`
}

// ListQuarantine lists what is in quarantine, by reason: one record, or all for
// no spend id.
func ListQuarantine(ctx context.Context, r warehouse.Runner, spendID string) (found []Quarantined, err error) {
	err = warehouse.Fill(ctx, r, &found, "report/quarantine.list", warehouse.Args{"spend_id": spendID})
	return found, err
}

// A QuarantinedSource is a record in quarantine with where it came from.
type QuarantinedSource struct {
	Quarantined
	Stream    string          `json:"stream"`
	RecordID  string          `json:"record_id"`
	Version   int             `json:"record_version"`
	File      string          `json:"page_file"`
	URL       string          `json:"page_url"`
	FetchedAt time.Time       `json:"page_fetched_at"`
	Ordinal   int             `json:"page_ordinal"`
	Payload   json.RawMessage `json:"payload"`
}

// ShowQuarantine returns the record that is explained, if it is in quarantine;
// else the error is an [*etl.UsageError].
func ShowQuarantine(ctx context.Context, r warehouse.Runner, x *Explanation) (QuarantinedSource, error) {
	found, err := ListQuarantine(ctx, r, x.SpendID)
	if err == nil && len(found) == 0 {
		err = etl.Usagef("%s is not in quarantine; see: spendbridge quarantine list, or: spendbridge explain %s", x.SpendID, x.SpendID)
	}
	if err != nil {
		return QuarantinedSource{}, err
	}
	q := QuarantinedSource{Quarantined: found[0], Stream: x.Stream, RecordID: x.RecordID}
	if len(x.Versions) > 0 {
		v := x.Versions[len(x.Versions)-1]
		q.Version, q.File, q.URL, q.FetchedAt, q.Ordinal, q.Payload = v.Version, v.File, v.URL, v.FetchedAt, v.Ordinal, v.Payload
	}
	return q, nil
}
