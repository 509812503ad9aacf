package deliver

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/config"
	"spendbridge/etl/plaintext"
	"spendbridge/etl/warehouse"
)

// A Delivered says what became of a list of the keys that Productiv has.
type Delivered struct {
	Booked     int      `json:"booked"`     // records, as accepted
	Unverified int      `json:"unverified"` // of them: the list has no amount
	Unlisted   int      `json:"unlisted"`   // records that stay held
	Orphans    []string `json:"strays"`     // keys that were not booked, and why
}

func (b Delivered) String() string {
	return fmt.Sprintf("%d records are booked as accepted, %d of them with an unverified amount; %d that the file lacks stay held; %d keys were not booked",
		b.Booked, b.Unverified, b.Unlisted, len(b.Orphans))
}

// A deliveredKey is one row of the file.
type deliveredKey struct {
	Key      string `json:"key"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// SettleDelivered books what a file exported from Productiv lists as accepted:
// a CSV file with the keys under transactionNumber, signatureId or key and, if
// it has them, amount and currency. This is the folder that posts afterwards;
// records that the file lacks stay held until they are approved.
func (d *Delivery) SettleDelivered(ctx context.Context, path string, by Decision) (Delivered, error) {
	var result Delivered
	listed, err := readDelivered(path)
	if err != nil {
		return result, err
	}
	keys, err := json.Marshal(listed)
	if err != nil {
		return result, err
	}
	if err := d.beforeDecision(ctx, by); err != nil {
		return result, err
	}
	made, err := d.newDecision(ctx, "keys that Productiv has", decisionDelivered, by, nil)
	if err != nil {
		return result, err
	}
	booked, err := d.bookDraft(ctx, config.OnChangeReport, &made, func(conn *warehouse.Conn) error {
		return d.draftDelivered(ctx, conn, string(keys), &result)
	})
	if err == nil && booked == 0 {
		err = d.record(ctx, made)
	}
	if err == nil {
		err = d.renewMarker(ctx)
	}
	if err == nil {
		err = d.refresh(ctx)
	}
	if err != nil {
		return result, err
	}
	if len(result.Orphans) > 0 {
		return result, &etl.NeedsPersonError{
			What: fmt.Sprintf("%d keys of the file were not booked: %s", len(result.Orphans), someOf(result.Orphans)),
			Fix:  "look at these records in Productiv",
		}
	}
	return result, nil
}

// draftDelivered leaves in the draft what the keys say was accepted, and holds
// the rest.
func (d *Delivery) draftDelivered(ctx context.Context, conn *warehouse.Conn, keys string, result *Delivered) (err error) {
	if _, err := conn.Exec(ctx, "deliver/delivered.keys", warehouse.Args{"keys": keys}); err != nil {
		return err
	}
	if err := warehouse.Fill(ctx, conn, result, "deliver/delivered.count", nil); err != nil {
		return err
	}
	if result.Orphans, err = warehouse.Strings(ctx, conn, "deliver/delivered.orphans", nil); err != nil {
		return err
	}
	return execAll(ctx, conn,
		step{"deliver/gate.forget", nil},
		step{"deliver/delivered.hold", nil},
		step{"deliver/gate.hold", warehouse.Args{"run_id": string(d.RunID), "at": d.Now().UTC()}},
		step{"deliver/delivered.draft", nil},
		step{"deliver/delivered.reversals", nil},
	)
}

var plainAmount = regexp.MustCompile(`^-?[0-9]{1,14}(\.[0-9]{1,4})?$`)

// readDelivered reads the file. A row that cannot be understood is a usage
// error that names its line.
func readDelivered(path string) ([]deliveredKey, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, etl.Usagef("--delivered-keys: %w", err)
	}
	table, err := plaintext.ReadTable(content)
	if err != nil {
		return nil, etl.Usagef("--delivered-keys %s: %w", path, err)
	}
	named := slices.IndexFunc(keyColumns, func(name string) bool { return slices.Contains(table.Columns, strings.ToLower(name)) })
	if named < 0 {
		return nil, etl.Usagef("--delivered-keys %s: line 1: write a column %s", path, strings.Join(keyColumns, " or "))
	}
	var keys []deliveredKey
	for _, row := range table.Rows {
		k := deliveredKey{
			Key: row.Fields[strings.ToLower(keyColumns[named])], Amount: row.Fields["amount"], Currency: strings.ToUpper(row.Fields["currency"]),
		}
		if k.Amount != "" && !plainAmount.MatchString(k.Amount) {
			return nil, etl.Usagef("--delivered-keys %s: line %d: amount %q is not a number like -12.50", path, row.Line, k.Amount)
		}
		if k.Key != "" {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// keyColumns are what a column with keys may be called.
var keyColumns = []string{"transactionNumber", "signatureId", "key"}
