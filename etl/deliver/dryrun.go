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
	New       int `json:"new"`
	Changed   int `json:"changed"`
	Touched   int `json:"touched"`
	Withdrawn int `json:"withdrawn"`
	Frozen    int `json:"frozen"`
	NotDue    int `json:"not_due"`
	Held      int `json:"held"`    // of these, by a gate
	Invalid   int `json:"invalid"` // items that break the JSON Schema, to be rejected

	Again       int     `json:"again"`        // records in doubt whose batches would be posted again
	Items       int     `json:"items"`        // that would be posted, held ones included
	PayloadFile *string `json:"payload_file"` // their exact JSON, one a line; null unless asked for
	Preview
	Plan      *etl.HeldPlan `json:"held_plan,omitempty"` // what the gates would hold
	NotPosted []NotPosted   `json:"not_posted"`          // what the load leaves as it is
	First     []DryRunFirst `json:"first"`

	// Undelivered is what Productiv does not hold as canonical has it, this load
	// not counted.
	Undelivered []etl.Undelivered `json:"undelivered"`

	posts map[string]int // records by class that would be posted
}

// Posts is how many records of a class would be posted, held ones included.
func (d DryRun) Posts(class string) int { return d.posts[class] }

// A NotPosted is one cell of what the load leaves as it is.
type NotPosted struct {
	Class    string `json:"class"`
	State    string `json:"state"` // not_due, rejected, unknown, unsent_changes
	Source   string `json:"source"`
	Currency string `json:"currency"`
	Records  int    `json:"records"`
	Amount   string `json:"amount"` // what posting it would add
}

// A Preview is what a person looks at before it is posted.
type Preview struct {
	Cells   []DryRunCell    `json:"cells"`
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

// A DryRunCell is what a load would add at Productiv in one month.
type DryRunCell struct {
	Class    string `json:"class"`
	Source   string `json:"source"`
	Currency string `json:"currency"`
	Month    string `json:"month"` // 2026-03
	Records  int    `json:"records"`
	Amount   string `json:"amount"` // major units, exact
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

// firstItems is how many items a dry run shows in full.
const firstItems = 10

// DryRun finds out what a load would post now: the same records with the same
// amounts and classes as the load after it, provided that nothing else changes.
// It works in the caller's transaction, which is to be rolled back, and writes
// nothing but the payload file, if one is named.
func (d *Delivery) DryRun(ctx context.Context, tx *warehouse.Tx, payloads string) (DryRun, error) {
	dry := DryRun{First: []DryRunFirst{}, NotPosted: []NotPosted{}}
	if err := d.recoverIn(ctx, tx, false); err != nil {
		return dry, err
	}
	if _, err := tx.Exec(ctx, "deliver/item.drop_planned", nil); err != nil {
		return dry, err
	}
	found, err := d.gatedDiff(ctx, tx)
	if err != nil {
		return dry, fmt.Errorf("dry run: %w", err)
	}
	if err := d.reconcile(ctx, tx); err != nil {
		return dry, err
	}
	dry.New, dry.Changed, dry.Touched = found.classes["new"], found.classes["changed"], found.classes["touched"]
	dry.Withdrawn, dry.Frozen, dry.NotDue = found.classes["withdrawn"], found.classes["frozen"], found.classes["not_due"]
	dry.Held, dry.posts = found.states[stateHeld], found.posts
	invalid, err := d.validate(ctx, tx)
	if err != nil {
		return dry, fmt.Errorf("dry run: %w", err)
	}
	dry.Invalid = len(invalid)
	doubts, err := d.inDoubt(ctx, tx)
	if err != nil {
		return dry, err
	}
	for _, b := range doubts {
		if b.again {
			dry.Again += b.records
		}
	}
	return dry, d.describe(ctx, tx, &dry, payloads)
}

func (d *Delivery) describe(ctx context.Context, conn warehouse.Runner, dry *DryRun, payloads string) error {
	if _, err := conn.Exec(ctx, "deliver/difference_save.sql", warehouse.Args{"run_id": string(d.RunID)}); err != nil {
		return err
	}
	var err error
	if dry.Preview, err = preview(ctx, conn, false); err != nil {
		return err
	}
	err = conn.Each(ctx, "deliver/diff.first", warehouse.Args{"most": firstItems}, func(rows *sql.Rows) error {
		var (
			f             DryRunFirst
			before, after string
		)
		if err := rows.Scan(&f.SpendID, &f.Class, &f.Kind, &f.Key, &f.Gate, &before, &after); err != nil {
			return err
		}
		f.Before, f.After = json.RawMessage(before), json.RawMessage(after)
		dry.First = append(dry.First, f)
		return nil
	})
	if err != nil {
		return err
	}
	err = conn.Each(ctx, "deliver/diff.left", nil, func(rows *sql.Rows) error {
		var n NotPosted
		err := rows.Scan(&n.Class, &n.State, &n.Source, &n.Currency, &n.Records, &n.Amount)
		dry.NotPosted = append(dry.NotPosted, n)
		return err
	})
	if err != nil {
		return err
	}
	if err := d.hold(ctx, conn, ""); err != nil {
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

// How much of a preview is shown.
const (
	previewVendors = 10
	previewSamples = 6
)

// preview describes the draft, or what the gates hold of it.
func preview(ctx context.Context, conn warehouse.Runner, held bool) (Preview, error) {
	p := Preview{Cells: []DryRunCell{}, Vendors: []PreviewVendor{}, Samples: []PreviewSample{}}
	err := conn.Each(ctx, "deliver/diff.months", warehouse.Args{"held": held}, func(rows *sql.Rows) error {
		var c DryRunCell
		err := rows.Scan(&c.Class, &c.Source, &c.Currency, &c.Month, &c.Records, &c.Amount)
		p.Cells = append(p.Cells, c)
		return err
	})
	if err != nil {
		return p, err
	}
	err = conn.Each(ctx, "deliver/diff.vendors", warehouse.Args{"held": held, "most": previewVendors}, func(rows *sql.Rows) error {
		var v PreviewVendor
		err := rows.Scan(&v.Vendor, &v.Currency, &v.Records, &v.Amount)
		p.Vendors = append(p.Vendors, v)
		return err
	})
	if err != nil {
		return p, err
	}
	err = conn.Each(ctx, "deliver/diff_samples.sql", warehouse.Args{"most": previewSamples}, func(rows *sql.Rows) error {
		var (
			s                PreviewSample
			received, posted string
		)
		err := rows.Scan(&s.SpendID, &s.Shows, &received, &posted)
		s.Received, s.Posted = json.RawMessage(received), json.RawMessage(posted)
		p.Samples = append(p.Samples, s)
		return err
	})
	return p, err
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
