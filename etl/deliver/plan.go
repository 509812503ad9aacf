package deliver

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"spendbridge/etl/config"
	"spendbridge/etl/warehouse"
	"spendbridge/schemas"
)

// plan compares, proves that the books balance, and writes what is to be
// posted into the ledger as planned: everything that no gate holds, or only
// what the approval is for. Records that break their JSON Schema are rejected
// there and then.
func (d *Delivery) plan(ctx context.Context, approval string, result *Result) (findings, error) {
	var found findings
	err := d.DB.InConn(ctx, func(conn *warehouse.Conn) (err error) {
		if _, err = conn.Exec(ctx, "queries/item_drop_planned.sql", nil); err != nil {
			return err
		}
		if found, err = d.gatedDiff(ctx, conn); err != nil {
			return err
		}
		if err = d.reconcile(ctx, conn); err != nil {
			return err
		}
		if err = d.hold(ctx, conn, approval); err != nil {
			return err
		}
		invalid, err := d.validate(ctx, conn)
		if err != nil {
			return err
		}
		result.Rejected += len(invalid)
		return d.writePlan(ctx, conn, invalid)
	})
	return found, err
}

// An invalidItem is one that breaks its schema.
type invalidItem struct {
	Key    string `json:"key"`
	Reason string `json:"reason"`
}

func (d *Delivery) validate(ctx context.Context, conn warehouse.Runner) ([]invalidItem, error) {
	schemas, err := openSchemas(d.Schemas)
	if err != nil {
		return nil, err
	}
	invalid := []invalidItem{}
	err = conn.Each(ctx, "queries/item_draft_payloads.sql", nil, func(rows *sql.Rows) error {
		var (
			key, schema string
			payload     sql.RawBytes
		)
		if err := rows.Scan(&key, &schema, &payload); err != nil {
			return err
		}
		if reason := schemas.fault(schema, payload); reason != "" {
			invalid = append(invalid, invalidItem{key, reason})
		}
		return nil
	})
	return invalid, err
}

func (d *Delivery) writePlan(ctx context.Context, conn warehouse.Runner, invalid []invalidItem) error {
	refused, err := json.Marshal(invalid)
	if err != nil {
		return err
	}
	run := string(d.RunID)
	var before int
	if err := conn.Get(ctx, "queries/batch_count.sql", warehouse.Args{"run_id": run}, &before); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "queries/item_plan.sql", warehouse.Args{
		"invalid": string(refused), "run_id": run, "batches_before": before,
		"batch_size": d.Productiv.BatchSize, "at": d.Now().UTC(),
	})
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	return nil
}

// recordSchemas are the JSON Schemas of a Productiv record, by name.
type recordSchemas map[string]*jsonschema.Schema

func openSchemas(fsys fs.FS) (recordSchemas, error) {
	all := recordSchemas{}
	for _, name := range []string{config.SchemaFinance, config.SchemaSpend} {
		compiled, _, err := schemas.Compile(fsys, "productiv/"+name+".json")
		if err != nil {
			return nil, err
		}
		all[name] = compiled
	}
	return all, nil
}

// fault says what is wrong with a payload, "" for nothing.
func (s recordSchemas) fault(name string, payload []byte) string {
	record, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
	if err != nil {
		return "the payload is not JSON: " + err.Error()
	}
	err = s[name].Validate(record)
	if err == nil {
		return ""
	}
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return err.Error()
	}
	var faults []string
	for _, cause := range invalid.Causes {
		faults = append(faults, strings.Join(cause.InstanceLocation, "/")+": "+
			cause.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
	}
	return strings.Join(faults, ", ")
}
