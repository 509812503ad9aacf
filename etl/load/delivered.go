package load

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A Delivered says what became of a list of the keys that Productiv has.
type Delivered struct {
	Booked     int      `json:"booked"`     // records, as accepted
	Unverified int      `json:"unverified"` // of them: the list has no amount
	Unlisted   int      `json:"unlisted"`   // records that stay held
	Strays     []string `json:"strays"`     // keys that were not booked, and why
}

func (b Delivered) String() string {
	return fmt.Sprintf("%d records are booked as accepted, %d of them with an unverified amount; %d that the file lacks stay held; %d keys were not booked",
		b.Booked, b.Unverified, b.Unlisted, len(b.Strays))
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
	keys, err := readDelivered(path)
	if err != nil {
		return result, err
	}
	if err := d.beforeMove(ctx, by); err != nil {
		return result, err
	}
	covers, err := json.Marshal(keys)
	if err != nil {
		return result, err
	}
	made, err := d.newDecision(ctx, "keys that Productiv has", decisionDelivered, by, nil)
	if err != nil {
		return result, err
	}
	if result, err = d.planDelivered(ctx, string(covers)); err != nil {
		return result, err
	}
	batches, err := d.plannedBatches(ctx)
	if err != nil {
		return result, err
	}
	for _, b := range batches {
		if err := d.bookCorrection(ctx, b, made); err != nil {
			return result, fmt.Errorf("book batch %s: %w", b.id, err)
		}
	}
	if len(batches) == 0 {
		if err := d.decide(ctx, made); err != nil {
			return result, err
		}
	}
	if err := d.renewMarker(ctx); err != nil {
		return result, err
	}
	if err := d.refresh(ctx); err != nil {
		return result, err
	}
	if len(result.Strays) > 0 {
		return result, &etl.NeedsPersonError{
			What: fmt.Sprintf("%d keys of the file were not booked: %s", len(result.Strays), someOf(result.Strays)),
			Mend: "look at these records in Productiv",
		}
	}
	return result, nil
}

// planDelivered plans what the keys say was accepted, and holds the rest.
func (d *Delivery) planDelivered(ctx context.Context, keys string) (Delivered, error) {
	var result Delivered
	err := d.DB.InConn(ctx, func(conn *warehouse.Conn) error {
		if _, err := conn.Exec(ctx, "queries/item_drop_planned.sql", nil); err != nil {
			return err
		}
		if err := d.diff(ctx, conn, OnChangeReport); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "queries/delivered_keys.sql", warehouse.Args{"keys": keys}); err != nil {
			return err
		}
		if err := conn.Get(ctx, "queries/delivered_count.sql", nil, &result.Booked, &result.Unverified, &result.Unlisted); err != nil {
			return err
		}
		strays, err := warehouse.Strings(ctx, conn, "queries/delivered_strays.sql", nil)
		if err != nil {
			return err
		}
		result.Strays = strays
		err = execAll(ctx, conn,
			step{"queries/gate_forget.sql", nil},
			step{"queries/delivered_hold.sql", nil},
			step{"queries/gate_hold.sql", warehouse.Args{"run_id": string(d.RunID), "at": d.Now().UTC()}},
			step{"queries/delivered_draft.sql", nil},
			step{"queries/delivered_reversals.sql", nil},
		)
		if err != nil {
			return err
		}
		return d.writePlan(ctx, conn, []invalidItem{})
	})
	return result, err
}

var plainAmount = regexp.MustCompile(`^-?[0-9]{1,14}(\.[0-9]{1,4})?$`)

// readDelivered reads the file. A row that cannot be understood is a usage
// error that names its line.
func readDelivered(path string) ([]deliveredKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, etl.Usagef("--delivered-keys: %w", err)
	}
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	head, err := rows.Read()
	if err != nil {
		return nil, etl.Usagef("--delivered-keys %s: %w; the first line names the columns", path, err)
	}
	column := columnsOf(head)
	key, ok := firstColumn(column, "transactionnumber", "signatureid", "key")
	if !ok {
		return nil, etl.Usagef("--delivered-keys %s: the first line has no column transactionNumber, signatureId or key", path)
	}
	var keys []deliveredKey
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return keys, nil
		}
		if err != nil {
			return nil, etl.Usagef("--delivered-keys %s: %w", path, err)
		}
		k := deliveredKey{Key: strings.TrimSpace(row[key])}
		if i, ok := column["amount"]; ok {
			k.Amount = strings.TrimSpace(row[i])
		}
		if i, ok := column["currency"]; ok {
			k.Currency = strings.ToUpper(strings.TrimSpace(row[i]))
		}
		if k.Amount != "" && !plainAmount.MatchString(k.Amount) {
			line, _ := rows.FieldPos(0)
			return nil, etl.Usagef("--delivered-keys %s: line %d: amount %q is not a number like -12.50", path, line, k.Amount)
		}
		if k.Key != "" {
			keys = append(keys, k)
		}
	}
}

// columnsOf returns where each column is, by its name in lower case.
func columnsOf(head []string) map[string]int {
	column := map[string]int{}
	for i, name := range head {
		column[strings.ToLower(strings.TrimSpace(name))] = i
	}
	return column
}

func firstColumn(column map[string]int, names ...string) (int, bool) {
	for _, name := range names {
		if i, ok := column[name]; ok {
			return i, true
		}
	}
	return 0, false
}
