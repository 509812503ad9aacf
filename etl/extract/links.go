package extract

import (
	"context"
	"encoding/json"
	"fmt"

	"spendbridge/etl/warehouse"
)

// links counts how many records lack which link, such as a vendor.
type links struct {
	Records int            `json:"records"`
	Blank   map[string]int `json:"blank"`
}

func (f *finding) links() links { return links{Records: f.Found, Blank: f.blank} }

// worse says which link lacks at more than twice the share it did before, if
// that is more than a handful of records.
func (l links) worse(before links) string {
	if before.Records == 0 {
		return ""
	}
	for link, n := range l.Blank {
		usual := before.Blank[link] * l.Records // in units of before.Records
		now := n * before.Records
		if now > 2*usual && now-usual > max(10, l.Records/50)*before.Records {
			return fmt.Sprintf("%d of %d records have no %s, before it was %d of %d",
				n, l.Records, link, before.Blank[link], before.Records)
		}
	}
	return ""
}

// month is what the counted links of a window are compared by: the bounds of
// a look-back move from day to day.
func (s *slot) month() string { return s.query.From.Format("2006-01") }

// lastLinks reads how many links lacked when that was last believed.
func (j *job) lastLinks(ctx context.Context, s *slot) (links, error) {
	var last links
	details, err := warehouse.Strings(ctx, j.DB, "queries/proof_last_passed.sql",
		warehouse.Args{"source": j.about.Name, "check_name": "links_present", "subject": s.month()})
	if err != nil || len(details) == 0 {
		return last, err
	}
	return last, json.Unmarshal([]byte(details[0]), &last)
}

// recordLinks notes how many links lack, for the next run to compare with.
func (j *job) recordLinks(ctx context.Context, s *slot, f *finding, believed bool) error {
	detail, err := json.Marshal(f.links())
	if err != nil {
		return err
	}
	return j.check(ctx, check{name: "links_present", subject: s.month(), passed: believed, detail: string(detail)})
}
