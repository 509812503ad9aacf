package extract

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A decision is about the records that the windows of a job no longer return.
type decision struct {
	windows []*slot             // that were proven
	own     []string            // their reads
	proofs  []Proof             // of them
	days    etl.Window          // from the first to the last window
	living  int                 // stored records of these days
	missing []string            // from all passes
	reads   map[string][]string // record → reads that missed it, earlier ones too
	listed  map[string]bool     // see notes

	gone   []string         // to mark as deleted
	waits  []string         // to list until accepted
	reason string           // why
	months map[string]links // how many links are blank
	blank  string           // why that is implausible
}

// decide finds what the proven windows of a job no longer return: that is to be
// marked as deleted. If it is implausibly much, the records are to be listed for
// manual review instead, and only those marked that were accepted before.
func (j *job) decide(ctx context.Context) error {
	d, err := j.decision(ctx)
	if err != nil || len(d.windows) == 0 {
		return err
	}
	if err := j.weigh(ctx, d); err != nil {
		return err
	}
	for _, s := range d.windows {
		s.state = d.stateOf(s)
	}
	j.decided = d
	return j.land.land(ctx) // the records fetched by id
}

// decision gathers the results of the job's windows, including those that an
// interrupted run has read.
func (j *job) decision(ctx context.Context) (*decision, error) {
	d := &decision{}
	for _, s := range j.slots {
		if s.state == stateRead {
			d.windows, d.own = append(d.windows, s), append(d.own, s.readID)
		}
	}
	if len(d.windows) == 0 {
		return d, nil
	}
	var err error
	if d.proofs, err = j.proofs(ctx, d.own); err != nil {
		return nil, err
	}
	for _, p := range d.proofs {
		d.living += p.Living
	}
	d.days = span(d.windows)
	n, err := j.noted(ctx)
	if err != nil {
		return nil, err
	}
	d.reads, d.listed = n.absences, n.listed
	for id, reads := range d.reads {
		if slices.ContainsFunc(reads, d.isOwn) {
			d.missing = append(d.missing, id)
		}
	}
	slices.Sort(d.missing)
	return d, j.compareLinks(ctx, d)
}

// isOwn reports whether a read belongs to the decision's windows.
func (d *decision) isOwn(readID string) bool { return slices.Contains(d.own, readID) }

// weigh decides which records are deleted and which wait.
func (j *job) weigh(ctx context.Context, d *decision) error {
	accepted := maps.Clone(d.listed)
	maps.DeleteFunc(accepted, func(id string, yes bool) bool { return !yes || id == linksListed })
	others := slices.DeleteFunc(slices.Clone(d.missing), func(id string) bool { return accepted[id] })
	var g guard
	if len(others) > 0 {
		var err error
		if g, err = j.guard(ctx, d); err != nil {
			return err
		}
	}
	if f, canAsk := j.source.(finder); canAsk {
		return j.weighAsked(ctx, d, g, f, slices.Sorted(maps.Keys(accepted)), others)
	}
	d.weighTwice(g, accepted, others)
	return nil
}

// weighAsked fetches each missing record by id. If the vendor returns it, it was
// only moved to another day, and its new state is kept. It stops once too many are
// deleted.
func (j *job) weighAsked(ctx context.Context, d *decision, g guard, f finder, accepted, others []string) error {
	gone, _, err := j.askEach(ctx, f, accepted, func(int) bool { return false })
	if err != nil {
		return err
	}
	before := 0 // of those missing from these windows
	for _, id := range gone {
		if slices.Contains(d.missing, id) {
			before++
		}
	}
	more, rest, err := j.askEach(ctx, f, others, func(n int) bool { return g.reason(before+n) != "" })
	if err != nil {
		return err
	}
	d.gone = gone
	if going := len(more) + len(rest); going > 0 {
		d.reason = g.reason(before + going)
	}
	if d.believed() {
		d.gone = append(d.gone, more...)
	} else {
		d.waits = slices.Concat(more, rest)
	}
	return nil
}

// weighTwice requires two consecutive proven reads, for a vendor that cannot be
// asked for one record. Too many records wait even if missing for the first time.
func (d *decision) weighTwice(g guard, accepted map[string]bool, others []string) {
	var once, twice []string
	for _, id := range d.missing {
		if slices.ContainsFunc(d.reads[id], func(read string) bool { return !d.isOwn(read) }) {
			twice = append(twice, id)
		} else {
			once = append(once, id)
		}
	}
	if len(others) > 0 {
		d.reason = g.reason(max(len(once), len(twice)))
	}
	if d.gone = twice; !d.believed() {
		d.gone = slices.DeleteFunc(twice, func(id string) bool { return !accepted[id] })
		d.waits = others
	}
}

// believed reports whether the disappearance is plausible.
func (d *decision) believed() bool { return d.reason == "" && d.blank == "" }

// why joins the reasons against it.
func (d *decision) why() string {
	reasons := slices.DeleteFunc([]string{d.reason, d.blank}, func(s string) bool { return s == "" })
	return strings.Join(reasons, ", and ")
}

// carryOut writes the tombstones, the list and what the decision was based on.
func (j *job) carryOut(ctx context.Context, tx *warehouse.Tx, d *decision) error {
	now := j.Now().UTC()
	checks, err := d.checks()
	if err != nil {
		return err
	}
	if err := j.markDeleted(ctx, tx, d.gone, now); err != nil {
		return err
	}
	if err := j.unlist(ctx, tx, j.found, now); err != nil {
		return err
	}
	if err := j.forgetMissing(ctx, tx, d); err != nil {
		return err
	}
	if err := j.list(ctx, tx, d, now); err != nil {
		return err
	}
	return j.check(ctx, tx, checks...)
}

// stateOf is the final state of a window: a backfill reads it again if any of its
// records wait.
func (d *decision) stateOf(s *slot) string {
	waits := d.blank != "" || slices.ContainsFunc(d.waits, func(id string) bool {
		return slices.Contains(d.reads[id], s.readID)
	})
	if waits {
		return stateHeld
	}
	return stateDone
}

// checks are the decision and what it was based on, and the number of blank links
// for the next run to compare with.
func (d *decision) checks() ([]check, error) {
	all := []check{{
		Name: "vanished_plausible", Subject: d.days.String(), Passed: d.believed(),
		Expected: strconv.Itoa(d.living), Actual: strconv.Itoa(d.living - len(d.gone) - len(d.waits)),
		Detail: d.why(),
	}}
	for _, month := range slices.Sorted(maps.Keys(d.months)) {
		detail, err := json.Marshal(d.months[month])
		if err != nil {
			return nil, err
		}
		all = append(all, check{Name: "links_present", Subject: month, Passed: d.blank == "", Detail: string(detail)})
	}
	return all, nil
}

func (j *job) holdError(d *decision) error {
	marked := "nothing was marked as gone"
	if len(d.gone) > 0 {
		marked = fmt.Sprintf("only the %d records that were accepted before were marked as gone", len(d.gone))
	}
	return &etl.NeedsPersonError{
		What: fmt.Sprintf("%s: %s; %s", d.days, d.why(), marked),
		Fix:  "check what the credentials of source " + j.about.Name + " can access; if the records really were deleted, run: spendbridge extract " + j.about.Name + ` --accept-vanished --note "it is true"`,
	}
}

// A guard limits how many records may be deleted without manual review: a token
// that lost a permission looks just like a company that deletes its records.
type guard struct {
	living int // records of the windows that were read
	weeks  [2]week
}

// A week counts some records and those of them deleted within seven days.
type week struct {
	living, gone int
}

// The bounds of a guard: one in leastShare of the living records, but at least
// leastRun in a run and leastWeek in a week.
const (
	leastShare = 50
	leastRun   = 3
	leastWeek  = 10
)

// guard counts the records of the windows' days, and those of the whole stream.
func (j *job) guard(ctx context.Context, d *decision) (guard, error) {
	g := guard{living: d.living}
	err := j.DB.Get(ctx, "extract/tombstone.counts", j.about.stream(warehouse.Args{
		"window_from": optionalDay(d.days.From), "window_to": optionalDay(d.days.To),
		"since": j.Now().UTC().Add(-7 * 24 * time.Hour),
	}), &g.weeks[0].living, &g.weeks[0].gone, &g.weeks[1].living, &g.weeks[1].gone)
	return g, err
}

// reason says why deleting so many records is implausible; it is empty if it is
// plausible.
func (g guard) reason(going int) string {
	switch {
	case going == 0:
		return ""
	case going >= g.living:
		return fmt.Sprintf("all of its %d records have vanished", g.living)
	case going > max(leastRun, g.living/leastShare):
		return fmt.Sprintf("%d of %d records have vanished", going, g.living)
	}
	for _, w := range g.weeks {
		if w.gone > 0 && w.gone+going > max(leastWeek, w.living/leastShare) {
			return fmt.Sprintf("%d records have vanished, and %d of %d within seven days", going, w.gone+going, w.gone+w.living)
		}
	}
	return ""
}

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
	if !manyBlank(d.months) {
		return nil
	}
	before, err := j.lastLinks(ctx)
	d.blank = worse(d.months, before)
	return err
}

// leastBlank is how many records more than before must lack a link.
const leastBlank = 10

// manyBlank reports whether some link is blank in so many records that it may be
// worse than before.
func manyBlank(now map[string]links) bool {
	blank := map[string]int{}
	for _, l := range now {
		for link, n := range l.Blank {
			if blank[link] += n; blank[link] >= leastBlank {
				return true
			}
		}
	}
	return false
}

// worse says which link is blank more than twice as often as before, and in at
// least leastBlank records more. Months that are read for the first time do not
// count.
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
		if n := float64(blank[link]); n > 2*usual[link] && n-usual[link] >= leastBlank {
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
