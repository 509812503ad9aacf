package report

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// An Explanation is the history of one record, from the raw page to the JSON that
// was posted.
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

// Explain explains the record that id names: a spend id, the id it has at its
// vendor, or the key Productiv got. An id of none or of several records is
// a [*etl.UsageError] that names the nearest or all of them. Snapshots are
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

// ExplainCopy is [Explain] on the analysts' copy, which has neither the raw
// versions nor the exact JSON that was posted.
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
	table := warehouse.Table("canonical." + strings.Replace(x.State, "quarantined", "quarantine", 1))
	x.Record, err = readRecord(ctx, db, warehouse.Args{"spend_id": x.SpendID, "table": table})
	err = errors.Join(err, fillAll(ctx, db, parts(x, spend)...))
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

// readRecord reads a row of canonical, with amounts and rates as text.
func readRecord(ctx context.Context, db warehouse.Runner, args warehouse.Args) (json.RawMessage, error) {
	record := &Answer{}
	err := db.Each(ctx, "report/explain.record", args, func(rows *sql.Rows) error {
		types, err := rows.ColumnTypes()
		if err != nil {
			return err
		}
		for _, column := range types {
			record.Columns = append(record.Columns, column.Name())
		}
		return record.scan(rows, types)
	})
	if err != nil {
		return nil, err
	}
	return record.object(0)
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
		example, err := warehouse.Strings(ctx, db, "report/explain.example", nil)
		switch {
		case err != nil:
			return nil, err
		case len(example) == 0:
			return nil, etl.Usagef("no record is called %s; there are none yet", id)
		}
		return nil, etl.Usagef("no record is called %s; write an id such as %s", id, example[0])
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
		files := filepath.Join(warehouse.Literal(filepath.Join(folder, name)), "**", "*.parquet")
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

// A Change is one value of a payload that differs between two versions. An
// absent value is the empty text.
type Change struct {
	Path   string `json:"path"` // as in attributes.amount
	Before string `json:"before"`
	After  string `json:"after"`
}

// changesBetween lists what differs between two JSON documents, by path.
func changesBetween(before, after json.RawMessage) ([]Change, error) {
	old, oldErr := leaves(before)
	young, youngErr := leaves(after)
	if err := errors.Join(oldErr, youngErr); err != nil {
		return nil, err
	}
	changes := []Change{}
	paths := maps.Clone(old)
	maps.Copy(paths, young)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if old[path] != young[path] {
			changes = append(changes, Change{path, old[path], young[path]})
		}
	}
	return changes, nil
}

// leaves returns the JSON text of every value that holds no others, by path.
func leaves(doc json.RawMessage) (map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	all := map[string]string{}
	walk("", value, all)
	return all, err
}

func walk(path string, value any, all map[string]string) {
	below := func(name string, value any) { walk(strings.TrimPrefix(path+"."+name, "."), value, all) }
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			below(name, member)
		}
	case []any:
		for i, element := range v {
			below(strconv.Itoa(i), element)
		}
	default:
		text, _ := json.Marshal(v) // what was JSON
		all[path] = string(text)
	}
}

// A Quarantined record waits until its cause is fixed.
type Quarantined struct {
	SpendID    string     `json:"spend_id"`
	Reason     string     `json:"reason"`
	Detail     string     `json:"detail"`
	Source     string     `json:"source"`
	Major      etl.Amount `json:"amount"`        // in major units; null if its unit is not known either
	Amount     etl.Amount `json:"source_amount"` // as received, in the source's own unit
	Currency   string     `json:"source_currency"`
	Vendor     string     `json:"vendor"`
	OccurredOn string     `json:"occurred_on"`
	ChangedAt  time.Time  `json:"changed_at"`
}

// ListQuarantine lists what is in quarantine, by reason: one record, or all for
// no spend id.
func ListQuarantine(ctx context.Context, r warehouse.Runner, spendID string) (found []Quarantined, err error) {
	if err = warehouse.Fill(ctx, r, &found, "report/quarantine.list", warehouse.Args{"spend_id": spendID}); err != nil {
		return nil, err
	}
	shifts, err := exponents(ctx, r)
	if err != nil {
		return nil, err
	}
	for i, q := range found {
		exponent, known := shifts[cellKey{q.Source, strings.ToUpper(q.Currency)}]
		if major, err := shift(string(q.Amount), exponent); known && err == nil {
			found[i].Major = etl.Amount(major)
		}
	}
	return found, nil
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

// ShowQuarantine returns the record that is explained, if it is in quarantine;
// else the error is an [*etl.UsageError].
func ShowQuarantine(ctx context.Context, r warehouse.Runner, x *Explanation) (QuarantinedSource, error) {
	found, err := ListQuarantine(ctx, r, x.SpendID)
	if err == nil && len(found) == 0 {
		err = etl.Usagef("%s is not in quarantine; see: spendbridge quarantine list, or: spendbridge explain %s", x.SpendID, x.SpendID)
	}
	if err != nil {
		return QuarantinedSource{}, err
	}
	q := QuarantinedSource{Quarantined: found[0], Stream: x.Stream, RecordID: x.RecordID}
	if len(x.Versions) > 0 {
		v := x.Versions[len(x.Versions)-1]
		q.Version, q.File, q.URL, q.FetchedAt, q.Ordinal, q.Payload = v.Version, v.File, v.URL, v.FetchedAt, v.Ordinal, v.Payload
	}
	return q, nil
}
