package extract

import (
	"context"
	"database/sql"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// nameless is what a job saw of records without a usable id. Such a record is
// known by its bytes, so it is another one as soon as the vendor mends it.
type nameless struct {
	seen   map[string]bool
	proven []etl.Window
}

func (n *nameless) add(s *slot, f *finding) {
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	for _, pass := range f.seen {
		for id := range pass {
			if o := (object{id: id}); o.nameless() {
				n.seen[id] = true
			}
		}
	}
	if f.Proven && s.purpose != purposeCreated {
		n.proven = append(n.proven, f.Window)
	}
}

// gone reports whether a record is no longer as it was: it was filed on a day
// that was read, and not found.
func (n *nameless) gone(id string, day time.Time) bool {
	if n.seen[id] {
		return false
	}
	for _, w := range n.proven {
		if !day.Before(w.From) && (w.To.IsZero() || day.Before(w.To)) {
			return true
		}
	}
	return false
}

// buryNameless marks the records without an id as gone that the vendor no
// longer sends so. Nobody can be asked for them.
func (j *job) buryNameless(ctx context.Context) error {
	var gone []string
	err := j.DB.Each(ctx, "queries/record_nameless.sql", j.about.stream(nil), func(rows *sql.Rows) error {
		var id string
		var day time.Time
		err := rows.Scan(&id, &day)
		if j.nameless.gone(id, day) {
			gone = append(gone, id)
		}
		return err
	})
	if err != nil {
		return err
	}
	return j.DB.InTx(ctx, func(tx *warehouse.Tx) error { return j.bury(ctx, tx, gone, j.Now().UTC()) })
}
