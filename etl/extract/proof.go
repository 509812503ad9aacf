package extract

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"spendbridge/etl"
	"spendbridge/etl/warehouse"
)

// A Proof says whether a window was read completely: whether the vendor's counts
// before and after equal the number of records found.
type Proof struct {
	Purpose string     `json:"purpose"` // window, created, backfill, sweep
	Window  etl.Window `json:"-"`
	Name    string     `json:"window"` // the window as text
	Proven  bool       `json:"proven"`
	Before  int        `json:"expected_before"`
	After   int        `json:"expected_after"`
	Found   int        `json:"found"` // distinct ids of the last pass
	Passes  int        `json:"passes"`
	Pages   int        `json:"pages"` // of all passes
	Reason  string     `json:"reason,omitempty"`
	ReadID  string     `json:"read_id"`

	Living int            `json:"living"`          // stored records of these days that are not deleted
	Blank  map[string]int `json:"blank,omitempty"` // link → found records without it
}

// check converts the proof into a row of ops.checks.
func (p Proof) check() (check, error) {
	detail, err := json.Marshal(p)
	return check{
		Name: "window_complete", Subject: p.Name, Passed: p.Proven,
		Expected: strconv.Itoa(p.After), Actual: strconv.Itoa(p.Found), Detail: string(detail),
	}, err
}

// proofs loads the proofs of some reads.
func (j *job) proofs(ctx context.Context, readIDs []string) ([]Proof, error) {
	details, err := warehouse.Strings(ctx, j.DB, "extract/proof.details",
		warehouse.Args{"source": j.about.Name, "since": j.started})
	if err != nil {
		return nil, err
	}
	var proofs []Proof
	for _, detail := range details {
		var p Proof
		if err := json.Unmarshal([]byte(detail), &p); err != nil {
			return nil, fmt.Errorf("proof of a window: %w", err)
		}
		if slices.Contains(readIDs, p.ReadID) {
			proofs = append(proofs, p)
		}
	}
	return proofs, nil
}

// A finding is the result of reading a window.
type finding struct {
	Proof
	slot     *slot
	seen     []map[string]look // ids of each pass
	nameless int               // records of the last pass without a usable id
	missing  []string          // ids that were expected and not found
}

func (f *finding) add(p *pass) {
	f.Passes = p.n
	f.Pages += p.pages
	f.Before, f.After, f.Found = p.before, p.after, len(p.seen)
	f.seen, f.Blank = append(f.seen, p.seen), p.blank
	f.nameless = 0
	for _, n := range p.nameless {
		f.nameless += n
	}
}

// early lists the records that only passes before the last one found.
func (f *finding) early() []string {
	var ids []string
	last := f.seen[len(f.seen)-1]
	for _, pass := range f.seen[:len(f.seen)-1] {
		for id := range pass {
			if _, ok := last[id]; !ok {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// saw reports whether any pass found the record.
func (f *finding) saw(id string) bool {
	for _, pass := range f.seen {
		if _, ok := pass[id]; ok {
			return true
		}
	}
	return false
}

// A pass is one reading of a window from its first page to its last.
type pass struct {
	n             int // of the read, from 1
	before, after int
	seen          map[string]look // id → how it looked
	blank         map[string]int
	nameless      map[string]int // generated id → number of equal records
	lastSeen      lastSeen
	pages         int
	size          int // records of the first page, if there is a second one
	numbered      bool
	unsteady      bool
	next          etl.Cursor
	ended         bool
}

func newPass(n int) *pass {
	return &pass{n: n, before: unknown, after: unknown, seen: map[string]look{}, blank: map[string]int{}, nameless: map[string]int{}, lastSeen: lastSeen{}}
}

func (p *pass) add(page Page) {
	p.pages++
	p.numbered, p.unsteady = page.Numbered, page.Unsteady
	p.next, p.ended = page.Next, page.Next == ""
	if page.Expected != unknown {
		if p.pages == 1 {
			p.before = page.Expected
		}
		p.after = page.Expected
	}
	if p.pages == 1 && !p.ended {
		p.size = len(page.objects)
	}
	for i := range page.objects {
		o := &page.objects[i]
		p.tellApart(o)
		p.seen[o.id] = o.look
		for _, link := range o.blank {
			p.blank[link]++
		}
	}
	for link, n := range page.blank {
		p.blank[link] += n
	}
}

// limit is how many pages a pass may have: enough for twice the announced number
// of records, and two more. A list that is longer has no end. A vendor may put
// fewer records on a page than requested.
func (p *pass) limit(asked int) int {
	size := asked
	if p.size > 0 {
		size = min(p.size, asked)
	}
	return (2*p.before+size-1)/size + 2
}

// tellApart numbers records without an id whose bytes are equal: the vendor
// counts each of them.
func (p *pass) tellApart(o *object) {
	if !o.nameless() {
		return
	}
	p.nameless[o.id]++
	if n := p.nameless[o.id]; n > 1 {
		o.id = fmt.Sprintf("%s-%d", o.id, n)
	}
}

// faults says why the pass proves nothing; it is empty for a proof. If records
// may come and go without changing the count, two consecutive passes must agree.
func (p *pass) faults(previous *pass) string {
	switch {
	case p.before != p.after:
		return fmt.Sprintf("the vendor counted %d records before and %d after", p.before, p.after)
	case p.before != len(p.seen):
		return fmt.Sprintf("the vendor counts %d records, %d were found", p.before, len(p.seen))
	case p.unsteady && p.pages > 1 && previous == nil:
		return "a list that may shift needs a second pass"
	case p.unsteady && p.pages > 1 && !maps.Equal(p.seen, previous.seen):
		return "two passes found different records"
	}
	return ""
}

// A check is a row of ops.checks.
type check struct {
	Name     string `json:"check_name"`
	Subject  string `json:"subject"`
	Passed   bool   `json:"passed"`
	Expected string `json:"expected,omitempty"`
	Actual   string `json:"actual,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

func (j *job) check(ctx context.Context, r warehouse.Runner, checks ...check) error {
	if len(checks) == 0 {
		return nil
	}
	text, err := json.Marshal(checks)
	if err != nil {
		return err
	}
	_, err = r.Exec(ctx, "extract/proof.add", warehouse.Args{
		"run_id": string(j.RunID), "stage": "extract/" + j.about.Name, "source": j.about.Name,
		"checks": string(text), "checked_at": j.Now().UTC(),
	})
	return err
}

// recordBadIncluded records the included objects that could not be read. Their
// previous versions remain current.
func (j *job) recordBadIncluded(ctx context.Context) error {
	var found []string
	for _, what := range slices.Sorted(maps.Keys(j.keep.badIncluded)) {
		found = append(found, fmt.Sprintf("%s (%s)", what, j.keep.badIncluded[what]))
	}
	if len(found) == 0 {
		return nil
	}
	j.Log.WarnContext(ctx, "included objects could not be read; what was known of them before still counts",
		etl.KeyRecords, len(found), etl.KeyReason, found[0])
	return j.check(ctx, j.DB, check{
		Name: "included_readable", Expected: "0", Actual: strconv.Itoa(len(found)),
		Detail: strings.Join(found[:min(len(found), 10)], "\n"),
	})
}

// recordNews records the members that are in no schema, each only once.
func (j *job) recordNews(ctx context.Context) error {
	known, err := warehouse.Strings(ctx, j.DB, "extract/proof.subjects",
		warehouse.Args{"source": j.about.Name, "check_name": "schema_news"})
	if err != nil {
		return err
	}
	var checks []check
	for _, name := range j.about.shapes.News() {
		if slices.Contains(known, name) {
			continue
		}
		checks = append(checks, check{Name: "schema_news", Subject: name, Passed: true})
		j.report.News = append(j.report.News, name)
	}
	return j.check(ctx, j.DB, checks...)
}
