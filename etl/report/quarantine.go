package report

import (
	"context"
	"database/sql"
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

func (q *Quarantined) columns() []any {
	return []any{&q.SpendID, &q.Reason, &q.Detail, &q.Source, &q.Amount, &q.Currency, &q.Vendor, &q.OccurredOn, &q.ChangedAt}
}

// ListQuarantine lists what is in quarantine, by reason.
func ListQuarantine(ctx context.Context, r warehouse.Runner) ([]Quarantined, error) {
	return warehouse.List(ctx, r, "report/quarantine.list", nil, func(rows *sql.Rows, q *Quarantined) error {
		return rows.Scan(q.columns()...)
	})
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

// ShowQuarantine returns the records in quarantine that have an id, which is a
// spend id or that of a vendor. Without any it is an [*etl.UsageError].
func ShowQuarantine(ctx context.Context, r warehouse.Runner, id string) ([]QuarantinedSource, error) {
	found, err := warehouse.List(ctx, r, "report/quarantine.show", warehouse.Args{"id": id}, func(rows *sql.Rows, q *QuarantinedSource) error {
		var payload string
		err := rows.Scan(append(q.columns(), &q.Stream, &q.RecordID, &q.Version,
			&q.File, &q.URL, &q.FetchedAt, &q.Ordinal, &payload)...)
		q.Payload = json.RawMessage(payload)
		return err
	})
	if err == nil && len(found) == 0 {
		err = etl.Usagef("%s is not in quarantine; see: spendbridge quarantine list, or: spendbridge explain %s", id, id)
	}
	return found, err
}

// ShowQuarantineCopy is [ShowQuarantine] on the analysts' copy, which does not
// know the payload.
func ShowQuarantineCopy(ctx context.Context, r warehouse.Runner, id string) ([]QuarantinedSource, error) {
	all, err := ListQuarantine(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, q := range all {
		if q.SpendID == id {
			return []QuarantinedSource{{Quarantined: q, Payload: json.RawMessage("null")}}, nil
		}
	}
	return nil, etl.Usagef("%s is not in quarantine; see: spendbridge quarantine list, or: spendbridge explain %s", id, id)
}
