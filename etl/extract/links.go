package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"spendbridge/etl/warehouse"
)

// links counts the records without some link, such as a vendor.
type links struct {
	Records int            `json:"records"`
	Blank   map[string]int `json:"blank"`
}

// compareLinks adds up the blank links of a decision's windows by month, because
// the bounds of a look-back move from day to day, and compares them with the last
// numbers that were plausible or accepted.
func (j *job) compareLinks(ctx context.Context, d *decision) error {
	d.months = map[string]links{}
	for _, p := range d.proofs {
		s := d.windows[slices.Index(d.own, p.ReadID)]
		if s.purpose == purposeCreated {
			continue
		}
		month := s.query.From.Format("2006-01")
		sum := d.months[month]
		if sum.Blank == nil {
			sum.Blank = map[string]int{}
		}
		sum.Records += p.Found
		for link, n := range p.Blank {
			sum.Blank[link] += n
		}
		d.months[month] = sum
	}
	before, err := j.lastLinks(ctx)
	d.blank = worse(d.months, before)
	return err
}

// worse says which link is blank more than twice as often as before, and in at
// least ten records more. Months that are read for the first time do not count.
func worse(now, before map[string]links) string {
	blank, usual, records := map[string]int{}, map[string]float64{}, 0
	for month, l := range now {
		b := before[month]
		if b.Records == 0 {
			continue
		}
		records += l.Records
		for link, n := range l.Blank {
			blank[link] += n
			usual[link] += float64(b.Blank[link]) / float64(b.Records) * float64(l.Records)
		}
	}
	for _, link := range slices.Sorted(maps.Keys(blank)) {
		if n := float64(blank[link]); n > 2*usual[link] && n-usual[link] >= 10 {
			return fmt.Sprintf("%d of %d records have no %s, %.0f were expected", blank[link], records, link, usual[link])
		}
	}
	return ""
}

// lastLinks loads the last numbers of each month that were plausible or accepted.
func (j *job) lastLinks(ctx context.Context) (map[string]links, error) {
	months, passed := map[string]links{}, map[string]time.Time{}
	err := j.DB.Each(ctx, "extract/proof.last_passed",
		warehouse.Args{"source": j.about.Name, "check_name": "links_present", "now": j.Now().UTC()}, func(rows *sql.Rows) error {
			var month, detail string
			var at time.Time
			if err := rows.Scan(&month, &detail, &at); err != nil {
				return err
			}
			var l links
			err := json.Unmarshal([]byte(detail), &l)
			months[month], passed[month] = l, at
			return err
		})
	if err != nil {
		return nil, err
	}
	return months, j.DB.Each(ctx, "extract/vanished.links", j.about.stream(nil), func(rows *sql.Rows) error {
		var detail string
		var approved time.Time
		if err := rows.Scan(&detail, &approved); err != nil {
			return err
		}
		accepted := map[string]links{}
		err := json.Unmarshal([]byte(detail), &accepted)
		for month, l := range accepted {
			if approved.After(passed[month]) {
				months[month] = l
			}
		}
		return err
	})
}
