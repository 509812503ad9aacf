package report

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// An Explanation is one record's whole life, from the raw page to the JSON
// that was posted.
type Explanation struct {
	SpendID  string          `json:"spend_id"`
	Source   string          `json:"source"`
	Stream   string          `json:"stream"`
	RecordID string          `json:"record_id"`
	State    string          `json:"state"`  // spend, excluded, quarantined
	Record   json.RawMessage `json:"record"` // its row of canonical

	Versions   []RawVersion   `json:"versions"`
	Deliveries []DeliveryItem `json:"deliveries"`
	Holds      []HeldItem     `json:"holds"`
	Snapshots  []SnapshotRow  `json:"snapshots"`
}

// A RawVersion is what a vendor said of the record at one time.
type RawVersion struct {
	Version   int             `json:"version"`
	SeenAt    time.Time       `json:"seen_at"`
	Tombstone bool            `json:"tombstone"` // a proven read no longer found it
	PageID    string          `json:"page_id"`
	Ordinal   int             `json:"ordinal"` // its place on the page
	RunID     string          `json:"run_id"`
	URL       string          `json:"url"`
	File      string          `json:"file"`
	Changes   []Change        `json:"changes"` // against the version before
	Payload   json.RawMessage `json:"payload"`
}

// A DeliveryItem is one time the record was posted, or was to be.
type DeliveryItem struct {
	Key        string          `json:"key"`
	Attempt    int             `json:"attempt"`
	Kind       string          `json:"kind"`
	State      string          `json:"state"`
	Target     string          `json:"target"`
	RunID      string          `json:"run_id"`
	BatchID    string          `json:"batch_id"`
	BatchState string          `json:"batch_state"`
	Status     int             `json:"status"` // HTTP, 0 without an answer
	SHA256     string          `json:"sha256"` // of the whole body
	File       string          `json:"file"`
	SentAt     time.Time       `json:"sent_at"`
	Message    string          `json:"message,omitempty"`
	Decision   string          `json:"decision,omitempty"`
	DecidedBy  string          `json:"decided_by,omitempty"`
	Note       string          `json:"note,omitempty"`
	Payload    json.RawMessage `json:"payload"`
}

// A HeldItem is one that a gate holds back.
type HeldItem struct {
	Key     string          `json:"key"`
	Gate    string          `json:"gate"`
	HeldAt  time.Time       `json:"held_at"`
	Payload json.RawMessage `json:"payload"`
}

// A SnapshotRow is one Parquet file that holds the record.
type SnapshotRow struct {
	Snapshot string `json:"snapshot"`
	File     string `json:"file"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// Explain finds the record that id means: a spend id, the id it has at its
// vendor, or the key Productiv got. An id that means none or several records
// is a [*etl.UsageError] that names the nearest or all of them. Snapshots are
// looked for in the folder.
func Explain(ctx context.Context, db warehouse.Runner, id, snapshots string) (*Explanation, error) {
	x, err := find(ctx, db, id)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, warehouse.Runner) error{x.record, x.versions, x.deliveries, x.holds} {
		if err := step(ctx, db); err != nil {
			return nil, fmt.Errorf("explain %s: %w", id, err)
		}
	}
	if err := x.snapshots(ctx, db, snapshots); err != nil {
		return nil, fmt.Errorf("explain %s: %w", id, err)
	}
	return x, nil
}

// ExplainCopy is [Explain] on the analysts' copy, which knows neither what the
// vendor said nor the exact JSON that was posted.
func ExplainCopy(ctx context.Context, db warehouse.Runner, id, snapshots string) (*Explanation, error) {
	x, err := find(ctx, db, id)
	if err != nil {
		return nil, err
	}
	x.Versions, x.Holds = []RawVersion{}, []HeldItem{}
	if err := errors.Join(x.record(ctx, db), x.deliveriesFrom(ctx, db, "report/explain.deliveries_copy"), x.snapshots(ctx, db, snapshots)); err != nil {
		return nil, fmt.Errorf("explain %s: %w", id, err)
	}
	return x, nil
}

func find(ctx context.Context, db warehouse.Runner, id string) (*Explanation, error) {
	found, err := warehouse.List(ctx, db, "report/explain.find", warehouse.Args{"id": id}, func(rows *sql.Rows, x *Explanation) error {
		return rows.Scan(&x.SpendID, &x.Source, &x.Stream, &x.RecordID, &x.State)
	})
	if err != nil {
		return nil, err
	}
	switch {
	case len(found) == 1, len(found) > 1 && found[0].SpendID == id:
		return &found[0], nil
	case len(found) > 1:
		var ids []string
		for _, x := range found {
			ids = append(ids, x.SpendID)
		}
		return nil, etl.Usagef("%s may be any of %s; name one of them", id, strings.Join(ids, ", "))
	}
	near, err := warehouse.Strings(ctx, db, "report/explain.near", warehouse.Args{"id": id})
	if err != nil {
		return nil, err
	}
	if len(near) == 0 {
		return nil, etl.Usagef("no record is called %s, for there are none yet", id)
	}
	return nil, etl.Usagef("no record is called %s; the nearest are %s", id, strings.Join(near, ", "))
}

func (x *Explanation) record(ctx context.Context, db warehouse.Runner) error {
	var text string
	err := db.Get(ctx, "report/explain.record", warehouse.Args{"spend_id": x.SpendID}, &text)
	x.Record = json.RawMessage(text)
	return err
}

func (x *Explanation) versions(ctx context.Context, db warehouse.Runner) (err error) {
	args := warehouse.Args{"source": x.Source, "stream": x.Stream, "record_id": x.RecordID}
	x.Versions, err = warehouse.List(ctx, db, "report/explain.versions", args, func(rows *sql.Rows, v *RawVersion) error {
		var payload string
		err := rows.Scan(&v.Version, &v.SeenAt, &v.Tombstone, &payload, &v.PageID, &v.Ordinal, &v.RunID, &v.URL, &v.File)
		v.Payload = json.RawMessage(payload)
		return err
	})
	for i := range x.Versions {
		if err != nil {
			return err
		}
		before := x.Versions[max(i-1, 0)].Payload // of the first: itself
		x.Versions[i].Changes, err = changesBetween(before, x.Versions[i].Payload)
	}
	return err
}

func (x *Explanation) deliveries(ctx context.Context, db warehouse.Runner) error {
	return x.deliveriesFrom(ctx, db, "report/explain.deliveries")
}

func (x *Explanation) deliveriesFrom(ctx context.Context, db warehouse.Runner, file string) (err error) {
	args := warehouse.Args{"spend_id": x.SpendID}
	x.Deliveries, err = warehouse.List(ctx, db, file, args, func(rows *sql.Rows, d *DeliveryItem) error {
		var payload string
		err := rows.Scan(&d.Key, &d.Attempt, &d.Kind, &d.State, &d.Target, &d.RunID, &d.BatchID, &d.BatchState,
			&d.Status, &d.SHA256, &d.File, &d.SentAt, &d.Message, &d.Decision, &d.DecidedBy, &d.Note, &payload)
		d.Payload = json.RawMessage(payload)
		return err
	})
	return err
}

func (x *Explanation) holds(ctx context.Context, db warehouse.Runner) (err error) {
	args := warehouse.Args{"spend_id": x.SpendID}
	x.Holds, err = warehouse.List(ctx, db, "report/explain.holds", args, func(rows *sql.Rows, h *HeldItem) error {
		var payload string
		err := rows.Scan(&h.Key, &h.Gate, &h.HeldAt, &payload)
		h.Payload = json.RawMessage(payload)
		return err
	})
	return err
}

// snapshots looks into the Parquet files themselves. The link `latest` would
// name one of them twice.
func (x *Explanation) snapshots(ctx context.Context, db warehouse.Runner, folder string) error {
	x.Snapshots = []SnapshotRow{}
	manifests, err := fs.Glob(os.DirFS(folder), "*/manifest.json")
	if err != nil {
		return err
	}
	for _, manifest := range manifests {
		name := path.Dir(manifest)
		if name == "latest" || strings.HasPrefix(name, ".") {
			continue
		}
		args := warehouse.Args{"spend_id": x.SpendID, "files": filepath.Join(warehouse.Literal(filepath.Join(folder, name)), "*", "*", "*.parquet")}
		rows, err := warehouse.List(ctx, db, "report/explain.snapshots", args, func(rows *sql.Rows, s *SnapshotRow) error {
			return rows.Scan(&s.File, &s.Amount, &s.Currency)
		})
		if err != nil {
			return errors.Join(fmt.Errorf("snapshot %s", name), err)
		}
		for i := range rows {
			rows[i].Snapshot = name
		}
		x.Snapshots = append(x.Snapshots, rows...)
	}
	return nil
}
