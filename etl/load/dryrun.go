package load

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

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

	Items       int    `json:"items"`        // that would be posted, held ones included
	PayloadFile string `json:"payload_file"` // their exact JSON, one a line
	Preview
	First []DryRunFirst `json:"first"`
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

// DryRun finds out what a load would post now. It touches neither the network
// nor the ledger; it writes one file, below reports in the data folder.
func (d *Delivery) DryRun(ctx context.Context) (DryRun, error) {
	var dry DryRun
	if err := d.Productiv.Validate(); err != nil {
		return dry, err
	}
	err := d.DB.InConn(ctx, func(conn *warehouse.Conn) error {
		found, err := d.gatedDiff(ctx, conn)
		if err != nil {
			return err
		}
		dry = DryRun{
			New: found.classes["new"], Changed: found.classes["changed"], Touched: found.classes["touched"],
			Withdrawn: found.classes["withdrawn"], Frozen: found.classes["frozen"], NotDue: found.classes["not_due"],
			Held: found.states[stateHeld], First: []DryRunFirst{},
		}
		invalid, err := d.validate(ctx, conn)
		if err != nil {
			return err
		}
		dry.Invalid = len(invalid)
		return d.describe(ctx, conn, &dry)
	})
	if err != nil {
		return dry, fmt.Errorf("dry run: %w", err)
	}
	return dry, nil
}

func (d *Delivery) describe(ctx context.Context, conn *warehouse.Conn, dry *DryRun) error {
	var err error
	if dry.Preview, err = preview(ctx, conn, false); err != nil {
		return err
	}
	err = conn.Each(ctx, "queries/diff_first.sql", warehouse.Args{"most": firstItems}, func(rows *sql.Rows) error {
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
	return d.writePayloads(ctx, conn, dry)
}

// How much of a preview is shown.
const (
	previewVendors = 10
	previewSamples = 6
)

// preview describes the draft, or what the gates hold of it.
func preview(ctx context.Context, conn *warehouse.Conn, held bool) (Preview, error) {
	p := Preview{Cells: []DryRunCell{}, Vendors: []PreviewVendor{}, Samples: []PreviewSample{}}
	err := conn.Each(ctx, "queries/diff_months.sql", warehouse.Args{"held": held}, func(rows *sql.Rows) error {
		var c DryRunCell
		err := rows.Scan(&c.Class, &c.Source, &c.Currency, &c.Month, &c.Records, &c.Amount)
		p.Cells = append(p.Cells, c)
		return err
	})
	if err != nil {
		return p, err
	}
	err = conn.Each(ctx, "queries/diff_vendors.sql", warehouse.Args{"held": held, "most": previewVendors}, func(rows *sql.Rows) error {
		var v PreviewVendor
		err := rows.Scan(&v.Vendor, &v.Currency, &v.Records, &v.Amount)
		p.Vendors = append(p.Vendors, v)
		return err
	})
	if err != nil {
		return p, err
	}
	err = conn.Each(ctx, "queries/diff_samples.sql", warehouse.Args{"most": previewSamples}, func(rows *sql.Rows) error {
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

// writePayloads writes the draft into a file, one payload a line.
func (d *Delivery) writePayloads(ctx context.Context, conn *warehouse.Conn, dry *DryRun) error {
	dry.PayloadFile = filepath.Join(d.Folder, "reports", "dry-run-"+string(d.RunID)+".ndjson")
	if err := os.MkdirAll(filepath.Dir(dry.PayloadFile), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(dry.PayloadFile, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	err = conn.Each(ctx, "queries/item_draft_all.sql", nil, func(rows *sql.Rows) error {
		var payload string
		if err := rows.Scan(&payload); err != nil {
			return err
		}
		dry.Items++
		_, err := out.WriteString(payload + "\n")
		return err
	})
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}
