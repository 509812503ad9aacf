package deliver

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"

	"spendbridge/etl"
	"spendbridge/etl/durable"
	"spendbridge/etl/warehouse"
)

// A DryRun says what a load would post now.
type DryRun struct {
	Found
	Held    int `json:"held"`    // of these, by a gate
	Invalid int `json:"invalid"` // items that break the JSON Schema, to be rejected

	Again       int     `json:"again"`        // records in doubt whose batches would be posted again
	Items       int     `json:"items"`        // that would be posted, held ones included
	PayloadFile *string `json:"payload_file"` // their exact JSON, one a line; null unless asked for
	Preview
	Plan      *etl.HeldPlan `json:"held_plan,omitempty"` // what the gates would hold
	NotPosted []Sum         `json:"not_posted"`          // what the load leaves as it is
	First     []DryRunFirst `json:"first"`

	// Undelivered is what Productiv does not hold as canonical has it, this load
	// not counted.
	Undelivered []etl.Undelivered `json:"undelivered"`

	Posts `json:"-"`
}

// A Preview is what to look at before it is posted.
type Preview struct {
	Cells   []Sum           `json:"cells"`   // by month
	Vendors []PreviewVendor `json:"vendors"` // the largest ones
	Samples []PreviewSample `json:"samples"` // of what gates hold
}

// A PreviewVendor is a vendor under the name that would be posted.
type PreviewVendor struct {
	Vendor   string `json:"vendor"`
	Currency string `json:"currency"`
	Records  int    `json:"records"`
	Amount   string `json:"amount"` // major units, exact
}

// A PreviewSample is one record as the vendor sent it, in the members that
// amounts are made of, beside what would be posted.
type PreviewSample struct {
	SpendID  string          `json:"spend_id"`
	Shows    string          `json:"shows"` // why it was chosen
	Received json.RawMessage `json:"received"`
	Posted   json.RawMessage `json:"posted"`
}

// A DryRunFirst is one item: what Productiv holds and what it would get.
type DryRunFirst struct {
	SpendID string          `json:"spend_id"`
	Class   string          `json:"class"`
	Kind    string          `json:"kind"`
	Key     string          `json:"key"`
	Gate    string          `json:"gate,omitempty"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after"`
}

// How much is shown.
const (
	firstItems     = 10 // in full
	previewVendors = 10
	previewSamples = 6
)

// DryRun finds out what a load would post now: the same records with the same
// amounts and classes as the load after it, provided that nothing else changes.
// It works in the caller's transaction, which is to be rolled back, and writes
// nothing but the payload file, if one is named.
func (d *Delivery) DryRun(ctx context.Context, tx *warehouse.Tx, payloads string) (DryRun, error) {
	var dry DryRun
	if err := d.recoverIn(ctx, tx, false); err != nil {
		return dry, err
	}
	found, err := d.heldDiff(ctx, tx, "")
	if err != nil {
		return dry, fmt.Errorf("dry run: %w", err)
	}
	dry.Found, dry.Posts, dry.Held = found.Found, found.Posts, found.Held
	invalid, err := d.validate(ctx, tx)
	if err != nil {
		return dry, fmt.Errorf("dry run: %w", err)
	}
	dry.Invalid = len(invalid)
	doubts, err := d.inDoubt(ctx, tx)
	if err != nil {
		return dry, err
	}
	for _, b := range again(doubts) {
		dry.Again += b.records
	}
	return dry, d.describe(ctx, tx, &dry, payloads)
}

func (d *Delivery) describe(ctx context.Context, conn warehouse.Runner, dry *DryRun, payloads string) error {
	_, err := conn.Exec(ctx, "deliver/difference_save.sql", warehouse.Args{"run_id": string(d.RunID)})
	if err != nil {
		return err
	}
	if dry.Preview, err = preview(ctx, conn, false); err != nil {
		return err
	}
	if err := warehouse.Fill(ctx, conn, &dry.First, "deliver/diff.first", warehouse.Args{"most": firstItems}); err != nil {
		return err
	}
	if err := warehouse.Fill(ctx, conn, &dry.NotPosted, "deliver/diff.left", nil); err != nil {
		return err
	}
	plan, err := ReadPlan(ctx, conn)
	if err != nil {
		return err
	}
	if plan.Name != "" {
		dry.Plan = &plan
	}
	return d.writePayloads(ctx, conn, dry, payloads)
}

// preview describes the draft, or what the gates hold of it.
func preview(ctx context.Context, conn warehouse.Runner, held bool) (p Preview, err error) {
	if err := warehouse.Fill(ctx, conn, &p.Cells, "deliver/diff.months", warehouse.Args{"held": held}); err != nil {
		return p, err
	}
	err = warehouse.Fill(ctx, conn, &p.Vendors, "deliver/diff.vendors", warehouse.Args{"held": held, "most": previewVendors})
	if err != nil {
		return p, err
	}
	return p, warehouse.Fill(ctx, conn, &p.Samples, "deliver/diff_samples.sql", warehouse.Args{"most": previewSamples})
}

// writePayloads counts the items of the draft, and writes them into a file if
// one is named, one payload a line.
func (d *Delivery) writePayloads(ctx context.Context, conn warehouse.Runner, dry *DryRun, path string) error {
	out, commit := io.Discard, func() error { return nil }
	if path != "" {
		file, err := durable.Create(path, 0o600)
		if err != nil {
			return etl.Usagef("--payload: %w", err)
		}
		defer file.Discard()
		dry.PayloadFile, out, commit = &path, file, file.Commit
	}
	lines := bufio.NewWriter(out)
	err := conn.Each(ctx, "deliver/item.draft_all", nil, func(rows *sql.Rows) error {
		var payload string
		if err := rows.Scan(&payload); err != nil {
			return err
		}
		dry.Items++
		_, err := lines.WriteString(payload + "\n")
		return err
	})
	if err != nil {
		return err
	}
	if err := lines.Flush(); err != nil {
		return err
	}
	return commit()
}
