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

	Items       int           `json:"items"`        // that would be posted, held ones included
	PayloadFile string        `json:"payload_file"` // their exact JSON, one a line
	Cells       []DryRunCell  `json:"cells"`
	First       []DryRunFirst `json:"first"`
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
			Held: found.states[stateHeld], Cells: []DryRunCell{}, First: []DryRunFirst{},
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
	err := conn.Each(ctx, "queries/diff_months.sql", nil, func(rows *sql.Rows) error {
		var c DryRunCell
		err := rows.Scan(&c.Class, &c.Source, &c.Currency, &c.Month, &c.Records, &c.Amount)
		dry.Cells = append(dry.Cells, c)
		return err
	})
	if err != nil {
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
