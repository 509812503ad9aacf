package report

import (
	"context"
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
	FetchedAt time.Time       `json:"-"` // the page
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
	return explain(ctx, db, id, snapshots, func(x *Explanation, spend warehouse.Args) []part {
		record := warehouse.Args{"source": x.Source, "stream": x.Stream, "record_id": x.RecordID}
		return []part{
			{&x.Versions, "report/explain.versions", record},
			{&x.Deliveries, "report/explain.deliveries", spend},
			{&x.Holds, "report/explain.holds", spend},
		}
	})
}

// ExplainCopy is [Explain] on the analysts' copy, which knows neither what the
// vendor said nor the exact JSON that was posted.
func ExplainCopy(ctx context.Context, db warehouse.Runner, id, snapshots string) (*Explanation, error) {
	return explain(ctx, db, id, snapshots, func(x *Explanation, spend warehouse.Args) []part {
		x.Versions, x.Holds = []RawVersion{}, []HeldItem{}
		return []part{{&x.Deliveries, "report/explain.deliveries_copy", spend}}
	})
}

func explain(ctx context.Context, db warehouse.Runner, id, snapshots string, parts func(*Explanation, warehouse.Args) []part) (*Explanation, error) {
	x, err := find(ctx, db, id)
	if err != nil {
		return nil, err
	}
	spend := warehouse.Args{"spend_id": x.SpendID}
	err = fillAll(ctx, db, append(parts(x, spend), part{x, "report/explain.record", spend})...)
	for i := range x.Versions {
		if err == nil {
			before := x.Versions[max(i-1, 0)].Payload // of the first: itself
			x.Versions[i].Changes, err = changesBetween(before, x.Versions[i].Payload)
		}
	}
	if err = errors.Join(err, x.snapshots(ctx, db, snapshots)); err != nil {
		return nil, fmt.Errorf("explain %s: %w", id, err)
	}
	return x, nil
}

func find(ctx context.Context, db warehouse.Runner, id string) (*Explanation, error) {
	var found []Explanation
	if err := warehouse.Fill(ctx, db, &found, "report/explain.find", warehouse.Args{"id": id}); err != nil {
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
		var rows []SnapshotRow
		files := filepath.Join(warehouse.Literal(filepath.Join(folder, name)), "*", "*", "*.parquet")
		if err := warehouse.Fill(ctx, db, &rows, "report/explain.snapshots", warehouse.Args{"spend_id": x.SpendID, "files": files}); err != nil {
			return fmt.Errorf("snapshot %s: %w", name, err)
		}
		for _, row := range rows {
			row.Snapshot = name
			x.Snapshots = append(x.Snapshots, row)
		}
	}
	return nil
}
