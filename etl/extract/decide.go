package extract

import (
	"context"
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

// A decision is what a job makes of the records that its windows no longer
// show.
type decision struct {
	windows []*slot             // that were proven
	own     []string            // their reads
	proofs  []Proof             // of them
	days    etl.Window          // from the first to the last of them
	living  int                 // records that were of these days
	missing []string            // absent from all passes of them
	reads   map[string][]string // that missed them, earlier ones too

	gone   []string         // to be marked as gone
	waits  []string         // to be listed until somebody accepts it
	reason string           // why
	months map[string]links // what the windows say about links
	blank  string           // why that is not to be believed
}

// decide marks what the proven windows of a job no longer show as gone. If
// that is more than a program may believe, it lists it, and a person has to
// look; what somebody accepted before is marked all the same.
func (j *job) decide(ctx context.Context) error {
	d, err := j.decision(ctx)
	if err != nil || len(d.windows) == 0 {
		return err
	}
	if err := j.weigh(ctx, d); err != nil {
		return err
	}
	if err := j.land.land(ctx); err != nil { // the answers about single records
		return err
	}
	return j.carryOut(ctx, d)
}

// decision gathers what the windows of the job have shown, those that an
// interrupted run had read included.
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
	if d.reads, err = j.absences(ctx); err != nil {
		return nil, err
	}
	for id, reads := range d.reads {
		if slices.ContainsFunc(reads, d.isOwn) {
			d.missing = append(d.missing, id)
		}
	}
	slices.Sort(d.missing)
	return d, j.compareLinks(ctx, d)
}

// isOwn reports whether a read is one of the decision's windows.
func (d *decision) isOwn(readID string) bool { return slices.Contains(d.own, readID) }

// weigh decides which records are gone and which wait.
func (j *job) weigh(ctx context.Context, d *decision) error {
	accepted, err := j.listed(ctx)
	if err != nil {
		return err
	}
	maps.DeleteFunc(accepted, func(_ string, yes bool) bool { return !yes })
	others := slices.DeleteFunc(slices.Clone(d.missing), func(id string) bool { return accepted[id] })
	g, err := j.guard(ctx, d)
	if err != nil {
		return err
	}
	if f, canAsk := j.source.(finder); canAsk {
		return j.weighAsked(ctx, d, g, f, slices.Sorted(maps.Keys(accepted)), others)
	}
	d.weighTwice(g, accepted, others)
	return nil
}

// weighAsked asks for each missing record by its id. One that answers was
// only moved to another day, and its new state is kept. It asks no further
// once too many are gone.
func (j *job) weighAsked(ctx context.Context, d *decision, g guard, f finder, accepted, others []string) error {
	gone, _, err := j.askEach(ctx, f, accepted, func(int) bool { return false })
	if err != nil {
		return err
	}
	before := 0 // of what these windows miss
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

// weighTwice goes by two proven reads in a row, for the vendor cannot be asked
// for one record. Too many that are missing for the first time wait already.
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

// believed reports whether nothing speaks against what vanished.
func (d *decision) believed() bool { return d.reason == "" && d.blank == "" }

// why joins the reasons not to believe it.
func (d *decision) why() string {
	reasons := slices.DeleteFunc([]string{d.reason, d.blank}, func(s string) bool { return s == "" })
	return strings.Join(reasons, ", and ")
}

// carryOut writes the tombstones, the list, and how the windows end, all or
// nothing.
func (j *job) carryOut(ctx context.Context, d *decision) error {
	now := j.Now().UTC()
	checks, err := d.checks()
	if err != nil {
		return err
	}
	for _, s := range d.windows {
		s.state = d.stateOf(s)
	}
	err = j.DB.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := j.bury(ctx, tx, d.gone, now); err != nil {
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
		if err := j.check(ctx, tx, checks...); err != nil {
			return err
		}
		return j.setSlots(ctx, tx, d.windows...)
	})
	if err != nil {
		return err
	}
	j.report.Held = len(d.waits)
	if !d.believed() {
		j.held = j.holdError(d)
	}
	return nil
}

// stateOf is how a window ends: a backfill reads it again if anything of it
// waits.
func (d *decision) stateOf(s *slot) string {
	waits := d.blank != "" || slices.ContainsFunc(d.waits, func(id string) bool {
		return slices.Contains(d.reads[id], s.readID)
	})
	if waits {
		return stateHeld
	}
	return stateDone
}

// checks are what was decided and what it was compared with, and how many links
// lack, for the next run to compare with.
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
		Mend: "check what the credentials of source " + j.about.Name + " may see; if it is true, run: spendbridge extract " + j.about.Name + ` --accept-vanished --note "it is true"`,
	}
}

// A guard says how many records may go before a person has to look: a token
// that lost a permission looks just like a company that deletes its records.
type guard struct {
	living int // records of the windows that were read
	weeks  [2]week
}

// A week is what the last seven days have left of some records.
type week struct {
	living, gone int
}

// The bounds of a guard: of the living records a share of one in leastShare,
// but never fewer than so many.
const (
	leastShare = 50
	leastRun   = 3
	leastWeek  = 10
)

// guard counts what the guard of some windows goes by: the records of their
// days, and for the week those of the whole stream as well.
func (j *job) guard(ctx context.Context, d *decision) (guard, error) {
	g := guard{living: d.living}
	err := j.DB.Get(ctx, "extract/tombstone.counts", j.about.stream(warehouse.Args{
		"window_from": optionalDay(d.days.From), "window_to": optionalDay(d.days.To),
		"since": j.Now().UTC().Add(-7 * 24 * time.Hour),
	}), &g.weeks[0].living, &g.weeks[0].gone, &g.weeks[1].living, &g.weeks[1].gone)
	return g, err
}

// reason says why so many records that would go are not to be believed, or
// nothing if they are.
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
